//! Pool regions that a ring knows as fixed buffers.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use io_uring::IoUring;
use pool_core::Pool;

use crate::error::SetupError;
use crate::probe;

/// Linux registers at most this many bytes as one buffer.
const MOST_BYTES: usize = 1 << 30;

/// Regions of pools, registered with one ring as fixed buffers: their pages are pinned once and not for each send.
///
/// What lies in them is found by its address. So the slots, shares, frames and views of these pools need no mark, and the same pool may serve a
/// [`RecvRing`](crate::RecvRing) too. An [`InFlight`](crate::InFlight) that was told ([`InFlight::use_registered`](crate::InFlight::use_registered)) sends a zero-copy message whose parts
/// all lie in one region as one fixed vectored send, and [`FileReads`](crate::FileReads) reads into it. All else goes as without it.
///
/// The registration ends with the ring or with [`unregister`](Self::unregister), not when this is dropped. The pools' regions are kept as long as
/// this or anybody who was told of it lives.
///
/// # What must not be done to the regions
///
/// A registered page stays the page that it was. A region whose pages are given back to the system, or that another mapping is put over, would be sent as it was
/// before. So pools that [give pages back](Pool::gives_back_pages) are refused; nothing else in safe code does that.
pub struct Registered {
    table: Arc<Table>,
    ring_fd: RawFd,
}

/// Where the registered buffers lie.
///
/// - **FIXED-1** Each span is memory of one of `pools`, which are kept and give no pages back, so an address in it means the memory that was registered.
#[derive(Debug)]
pub(crate) struct Table {
    spans: Box<[Span]>,
    _pools: Box<[Pool]>,
    vectored: bool,
}

/// One registered buffer; its index is its place in the table.
#[derive(Debug)]
struct Span {
    base: usize,
    bytes: usize,
}

impl Span {
    fn contains(&self, address: usize, bytes: usize) -> bool {
        let end = address
            .checked_sub(self.base)
            .and_then(|offset| offset.checked_add(bytes));
        end.is_some_and(|end| end <= self.bytes)
    }
}

impl Table {
    fn of(pools: &[&Pool], vectored: bool) -> Self {
        let regions = pools.iter().map(|pool| pool.region());
        let spans = regions.flat_map(|region| {
            let (base, all) = (region.base().addr(), region.bytes());
            (0..all).step_by(MOST_BYTES).map(move |from| Span {
                base: base + from,
                bytes: MOST_BYTES.min(all - from),
            })
        });
        Self {
            spans: spans.collect(),
            _pools: pools.iter().copied().cloned().collect(),
            vectored,
        }
    }

    /// The buffer that has all these bytes. Cost: one comparison for each registered buffer.
    pub(crate) fn index_of(&self, address: usize, bytes: usize) -> Option<u16> {
        let place = self
            .spans
            .iter()
            .position(|span| span.contains(address, bytes))?;
        Some(u16::try_from(place).expect("checked by `Registered::new`"))
    }

    /// Whether a message of several parts can be sent from one of the buffers.
    pub(crate) fn is_vectored(&self) -> bool {
        self.vectored
    }
}

impl Registered {
    /// Registers the regions of these pools with `ring`, each as one buffer or, beyond 1 GiB, as several. Pins their pages: a quarter of a second for 64 MiB
    /// that nobody has touched.
    ///
    /// # Errors
    ///
    /// [`SetupError::PagesGoBack`] if a pool may give the memory of its slots back. [`SetupError::OutOfRange`] if there would be no buffer or more than 16 384. [`SetupError::Kernel`] with the kernel's answer and what to do: `ENOMEM` if the process may not pin
    /// as much (`RLIMIT_MEMLOCK`), `EBUSY` if the ring has fixed buffers already. Everything works without a registration; a loop that gets an
    /// error goes on without one.
    pub fn new(ring: &IoUring, pools: &[&Pool]) -> Result<Self, SetupError> {
        if pools.iter().any(|pool| pool.gives_back_pages()) {
            return Err(SetupError::PagesGoBack);
        }
        let table = Table::of(pools, probe::has_vectored_fixed_sends());
        let count = table.spans.len();
        if count == 0 || count > 16_384 {
            return Err(SetupError::OutOfRange {
                field: "pools",
                bound: "1 to 16384 pieces of up to 1 GiB",
                value: count,
            });
        }
        let buffer = |span: &Span| libc::iovec {
            iov_base: std::ptr::with_exposed_provenance_mut(span.base),
            iov_len: span.bytes,
        };
        let buffers: Vec<_> = table.spans.iter().map(buffer).collect();
        // SAFETY: the spans are live memory of the pools, which the table keeps (FIXED-1). What the kernel writes there it is told to by
        // entries, each of which answers for its own bytes.
        let answer = unsafe { ring.submitter().register_buffers(&buffers) };
        answer.map_err(|source| SetupError::Kernel {
            what: advice(&source),
            source,
        })?;
        Ok(Self {
            table: Arc::new(table),
            ring_fd: ring.as_raw_fd(),
        })
    }

    /// Whether this kernel sends several parts of one region as one fixed send (Linux 6.15). Where it does not, such sends go as if nothing
    /// were registered; sends of one part and [`FileReads`](crate::FileReads) gain all the same.
    #[must_use]
    pub fn is_vectored(&self) -> bool {
        self.table.is_vectored()
    }

    /// Whether these bytes all lie in one of the registered buffers. Cost: one comparison for each.
    #[must_use]
    pub fn contains(&self, bytes: &[u8]) -> bool {
        let address = bytes.as_ptr().addr();
        self.table.index_of(address, bytes.len()).is_some()
    }

    pub(crate) fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// Ends the registration and unpins the pages once no operation uses them. Who was told of it goes on as if nothing were registered, after one refusal
    /// for each send.
    ///
    /// # Errors
    ///
    /// Gives this back, with what the kernel said; or if `ring` is another one (`EINVAL`).
    pub fn unregister(self, ring: &IoUring) -> Result<(), (Self, io::Error)> {
        if ring.as_raw_fd() != self.ring_fd {
            return Err((self, io::Error::from_raw_os_error(libc::EINVAL)));
        }
        ring.submitter()
            .unregister_buffers()
            .map_err(|error| (self, error))
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOMEM) => {
            "register fixed buffers: raise RLIMIT_MEMLOCK (ulimit -l) or go on without"
        }
        Some(libc::EBUSY) => "register fixed buffers: this ring has some already",
        Some(libc::EFAULT) => "register fixed buffers: memory that cannot be pinned",
        _ => "register fixed buffers",
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered")
            .field("buffers", &self.table.spans.len())
            .field("is_vectored", &self.is_vectored())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pool_core::RegionSource;

    #[test]
    fn a_region_beyond_a_gigabyte_is_several_buffers() {
        let builder = Pool::builder().slots(3).slot_bytes(MOST_BYTES / 2);
        // Address space that nobody touches.
        let Ok(pool) = builder.region(RegionSource::Mmap).build() else {
            println!("skipped: no address space of 1.5 GiB");
            return;
        };
        let table = Table::of(&[&pool], true);
        let base = pool.region().base().addr();
        assert_eq!(table.spans.len(), 2);
        assert_eq!(table.index_of(base, MOST_BYTES), Some(0));
        assert_eq!(table.index_of(base + MOST_BYTES, MOST_BYTES / 2), Some(1));
        assert_eq!(table.index_of(base + MOST_BYTES - 1, 1), Some(0));
        for (address, bytes) in [
            (base + MOST_BYTES - 1, 2),
            (base + MOST_BYTES, MOST_BYTES / 2 + 1),
            (base - 1, 1),
            (base, usize::MAX),
            (usize::MAX, 1),
            (usize::MAX, usize::MAX),
        ] {
            assert_eq!(table.index_of(address, bytes), None);
        }
    }
}
