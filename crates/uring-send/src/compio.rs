//! Our buffers for runtimes that take `compio-buf`'s traits.
//!
//! `IoBufMut` is implemented for nothing here: it lets safe code make bytes uninitialised, and a pool's bytes are read by their next owner.

use compio_buf::IoBuf;
use pool_core::StableBytes;

use crate::part::Part;

/// A guard as an `IoBuf`: a lease, a share, a view, a received part … goes through another runtime's sends as it goes through ours.
///
/// The other way round, [`Kept::new(buf, IoBuf::as_init)`](crate::Kept::new) makes a guard of any `IoBuf`.
///
/// ```
/// use compio_buf::IoBuf;
/// use uring_send::Stable;
///
/// let pool = pool_core::Pool::builder().slots(2).slot_bytes(64).build()?;
/// let mut lease = pool.alloc().expect("two are free");
/// lease[..5].copy_from_slice(b"bytes");
/// let buf = Stable(lease).slice(..5);
/// assert_eq!(buf.as_init(), b"bytes");
/// # Ok::<(), pool_core::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stable<G>(
    /// The guard.
    pub G,
);

impl<G: StableBytes + 'static> IoBuf for Stable<G> {
    fn as_init(&self) -> &[u8] {
        self.0.stable_bytes()
    }
}

impl IoBuf for Part {
    fn as_init(&self) -> &[u8] {
        self
    }
}
