//! The ring of buffers that the kernel takes from: its layout, and the one word that is shared with the kernel.

use io_uring::types::BufRingEntry;
use pool_core::{Lease, Pool, RegionSource};

use crate::error::SetupError;
use crate::sync::atomic::AtomicU16;
use crate::sync::atomic::Ordering::Release;

/// The array of a provided-buffer ring.
///
/// - **BUFRING-1** `memory` holds `entries` zeroed or written `BufRingEntry`s, page-aligned, at an address that stays.
/// - **BUFRING-2** Entries that are not posted are this value's alone. Those from a post up to the completion that names their buffer are the kernel's, which reads them and, where
///   it fills buffers in parts or in bundles, writes their addresses and lengths.
#[derive(Debug)]
pub(crate) struct BufferRing {
    memory: Lease,
    entries: u16,
    tail: u16,
}

impl BufferRing {
    pub(crate) fn new(entries: u16) -> Result<Self, SetupError> {
        let bytes = usize::from(entries) * size_of::<BufRingEntry>();
        let pool = Pool::builder()
            .slots(1)
            .slot_bytes(bytes)
            .region(RegionSource::Mmap)
            .build()?;
        let memory = pool.alloc().expect("one slot, not taken yet");
        Ok(Self {
            memory,
            entries,
            tail: 0,
        })
    }

    /// The array's address, to register it.
    pub(crate) fn address(&mut self) -> u64 {
        self.base().expose_provenance() as u64
    }

    fn base(&mut self) -> *mut BufRingEntry {
        self.memory.as_mut_ptr().cast()
    }

    /// Writes the next entry; the kernel sees it after [`publish`](Self::publish). The caller keeps the buffer until the kernel
    /// has named it in a completion, and posts at most `entries` at a time.
    pub(crate) fn post(&mut self, id: u16, buffer: *mut u8, bytes: u32) {
        let index = usize::from(self.tail & (self.entries - 1));
        // SAFETY: below `entries` by the mask (a power of two), so inside the array (BUFRING-1).
        let place = unsafe { self.base().add(index) };
        // SAFETY: validity: an initialised entry (BUFRING-1). Aliasing: the caller posts at most `entries` at a time, so it is not posted, and the kernel does not touch it
        // before it is published (BUFRING-2).
        let entry = unsafe { &mut *place };
        entry.set_addr(buffer.expose_provenance() as u64);
        entry.set_len(bytes);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Shows the kernel all that was posted.
    pub(crate) fn publish(&mut self) {
        let base = self.base();
        // SAFETY: the array's first entry is initialised (BUFRING-1); this only computes an address in it.
        let tail = unsafe { BufRingEntry::tail(base) }.cast_mut();
        // SAFETY: validity: an aligned `u16` inside the first entry. Aliasing: we write it only here; the kernel reads it.
        let shared = unsafe { AtomicU16::from_ptr(tail) };
        // [BUFFERS-PUBLISH] Release: the entries are written before the kernel sees the tail that covers them. Pairs with the kernel's
        // load-acquire of the tail when it selects a buffer (io_uring/kbuf.c).
        shared.store(self.tail, Release);
    }
}
