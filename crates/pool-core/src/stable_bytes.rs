//! The promise a kernel needs: an address that stays.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::{Lease, Shared};

/// Bytes whose address does not change while the value is moved, until it is dropped.
///
/// Whoever sends a value's bytes through the kernel keeps the value, may move it, and frees nothing
/// until the kernel is done. No more than this trait says is trusted; in particular, whether the bytes lie in a
/// registered region is derived from their address.
///
/// # Safety
///
/// For an implementor `T` and a value `v: T`, from the first call of `stable_bytes(&v)` until `v` is dropped:
///
/// 1. each call returns the same address and length, wherever `v` has been moved to in between;
/// 2. the bytes stay readable, initialised and unchanged, unless code that holds `&mut v` changes them;
///    an `&mut v` must not free or move them while another copy of the address may be in use. A value
///    whose holder keeps it private fulfils this trivially;
/// 3. `stable_bytes` does not unwind.
///
/// A wrong implementation, and why:
///
/// ```ignore
/// struct Inline([u8; 64]);
/// // WRONG: the bytes move with the value (rule 1). The kernel would send whatever lies there later.
/// unsafe impl StableBytes for Inline {
///     fn stable_bytes(&self) -> &[u8] { &self.0 }
/// }
/// ```
pub unsafe trait StableBytes {
    /// The bytes.
    fn stable_bytes(&self) -> &[u8];
}

// SAFETY: a slot lies in a region that never moves and lives at least as long as the lease (SLOTS-1).
unsafe impl StableBytes for Lease {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

// SAFETY: as for `Lease`; and no `&mut` to a shared slot's bytes exists (SHARED-1).
unsafe impl StableBytes for Shared {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

// SAFETY: static bytes never move and are never freed.
unsafe impl StableBytes for &'static [u8] {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

// SAFETY: static bytes never move and are never freed.
unsafe impl StableBytes for &'static str {
    fn stable_bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

// SAFETY: the bytes lie on the heap and stay there when the `Vec` value is moved.
unsafe impl StableBytes for Vec<u8> {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

// SAFETY: the bytes lie on the heap and stay there when the `Box` value is moved.
unsafe impl StableBytes for Box<[u8]> {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

// SAFETY: the bytes lie on the heap, stay when the `Arc` value is moved, and are shared, so unchanged.
unsafe impl StableBytes for Arc<[u8]> {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

#[cfg(feature = "bytes")]
// SAFETY: `Bytes` documents cheap clones of the same memory: the bytes live behind a pointer and are immutable.
unsafe impl StableBytes for bytes::Bytes {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}
