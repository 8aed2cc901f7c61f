//! Memory from elsewhere than a class: counted, charged, and back with the system when its buffer is dropped.

use alloc::sync::{Arc, Weak};
use alloc::vec;
use alloc::vec::Vec;

use pool_core::{Budget, Charge, Lease, Pool, RegionSource};

use crate::rack::Rack;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::Relaxed;

/// From here on memory is mapped for its buffer alone, and unmapped with it: an allocator would keep it.
const MAPPED_FROM: usize = 128 * 1024;
/// What a vector of bytes is aligned to, whatever the allocator.
const HEAP_ALIGN: usize = 1;

/// How often a class, or none, got memory from elsewhere, and how much.
#[derive(Debug, Default)]
pub(crate) struct Fallbacks {
    count: AtomicU64,
    bytes: AtomicU64,
    bytes_out: AtomicU64,
}

/// What [`Fallbacks`] had counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FallbackCounts {
    pub(crate) count: u64,
    pub(crate) bytes: u64,
    pub(crate) bytes_out: u64,
}

impl Fallbacks {
    pub(crate) fn count(&self, bytes: usize) {
        // Relaxed, both: counts on their own.
        self.count.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    fn come(&self, bytes: usize) {
        // Relaxed: a count on its own.
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    fn go(&self, bytes: usize) {
        // Relaxed: a count on its own. Each buffer that goes has come.
        self.bytes_out.fetch_sub(bytes as u64, Relaxed);
    }

    pub(crate) fn read(&self) -> FallbackCounts {
        // Relaxed, all: counts on their own, not tied to each other.
        FallbackCounts {
            count: self.count.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
        }
    }
}

/// Memory of one buffer alone, all of it initialised.
pub(crate) enum Memory {
    /// The slot of a pool of one, which nobody else knows. Its charge lies with its region.
    Slot(Lease),
    Heap(Vec<u8>),
}

/// Memory that stands in for a slot.
pub(crate) struct Fallback {
    memory: Memory,
    /// Given back after the memory.
    charge: Option<Charge>,
    /// Who pays, if it is a tenant.
    tenant: Option<Budget>,
    bytes: usize,
    rack: Weak<Rack>,
}

impl Fallback {
    /// Memory of `bytes` zeros, aligned as the pool's classes are; charged to the tenant, or else to the pool's budget, whatever that says, and counted.
    ///
    /// Aborts or panics, as `Vec` does, if there is no memory.
    pub(crate) fn new(rack: &Rack, bytes: usize, tenant: Option<&Budget>) -> Self {
        let payer = rack.payer(tenant);
        let counts = rack.fallbacks(bytes);
        counts.count(bytes);
        counts.come(bytes);
        let align = rack.rules.align;
        let mapped = if bytes >= MAPPED_FROM || align > HEAP_ALIGN {
            map(bytes, align, payer)
        } else {
            None
        };
        let (memory, charge) = if let Some(lease) = mapped {
            (Memory::Slot(lease), None)
        } else {
            let charge = payer.map(|budget| budget.charge_overdrawn(bytes));
            (Memory::Heap(vec![0; bytes]), charge)
        };
        Self {
            memory,
            charge,
            tenant: tenant.cloned(),
            bytes,
            rack: rack.me(),
        }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.memory {
            Memory::Slot(lease) => lease,
            Memory::Heap(vec) => vec,
        }
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Slot(lease) => lease,
            Memory::Heap(vec) => vec,
        }
    }

    pub(crate) fn is_slot(&self) -> bool {
        matches!(self.memory, Memory::Slot(_))
    }

    pub(crate) fn tenant(&self) -> Option<Budget> {
        self.tenant.clone()
    }

    /// The pool that it stands in for a slot of, if that lives.
    pub(crate) fn rack(&self) -> Option<Arc<Rack>> {
        self.rack.upgrade()
    }

    /// The memory alone. What is charged for it stays so while it is a slot.
    pub(crate) fn into_memory(mut self) -> Memory {
        drop(self.charge.take());
        core::mem::replace(&mut self.memory, Memory::Heap(Vec::new()))
    }
}

impl Drop for Fallback {
    fn drop(&mut self) {
        if let Some(rack) = self.rack.upgrade() {
            rack.fallbacks(self.bytes).go(self.bytes);
        }
    }
}

impl Rack {
    /// Where memory from elsewhere of so many bytes is counted.
    fn fallbacks(&self, bytes: usize) -> &Fallbacks {
        match self.sizes.index_of(bytes) {
            Some(index) => &self.classes[index].counts.0.misses,
            None => &self.oversize.0,
        }
    }

    /// Counts memory that somebody else got from elsewhere.
    pub(crate) fn count_fallback(&self, bytes: usize) {
        self.fallbacks(bytes).count(bytes);
    }
}

/// A pool of one slot, unmapped when that comes home; `None` if the system refuses.
fn map(bytes: usize, align: usize, payer: Option<&Budget>) -> Option<Lease> {
    let region = if cfg!(all(feature = "os", unix)) {
        RegionSource::Mmap
    } else {
        RegionSource::Heap
    };
    let mut builder = Pool::builder()
        .slots(1)
        .slot_bytes(bytes.max(1))
        .align(align)
        .region(region)
        .page_by_page(true);
    if let Some(budget) = payer {
        builder = builder.budget(budget).overdraw(true);
    }
    builder.build().ok()?.alloc()
}
