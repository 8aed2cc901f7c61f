//! A counted box: any owner of bytes on the heap, behind a thin pointer, with the count in front of it.
//!
//! # Why not `Arc<dyn StableBytes>`
//!
//! It is two words, and a view has room for one: the other sixteen bytes are the address, and eight of the rest are slot, kind
//! and tenant. A thin pointer to a header that knows how to free its own type is the standard answer.

use alloc::boxed::Box;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use pool_core::StableBytes;

use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Half the range of the count: clones stop here, far from where it would wrap.
const MAX_SHARERS: usize = usize::MAX / 2;

/// What every body begins with.
struct Header {
    refs: AtomicUsize,
    retained_bytes: usize,
    /// Frees the body that this header begins; to be called once, by who brought `refs` to zero.
    free: unsafe fn(NonNull<Header>),
}

/// `repr(C)`: the header lies at the body's own address.
#[repr(C)]
struct Body<T> {
    header: Header,
    owner: T,
}

/// A counted right to an owner of bytes in a box of its own. One word, and `Option<Counted>` no larger.
///
/// - **COUNTED-1** The body lives while its count is above zero, and the count is the number of its `Counted` values.
/// - **COUNTED-2** `header` was made from the pointer to a whole `Body<T>`, `T: Send + Sync`, and `free` is `free_body::<T>` of that `T`.
/// - **COUNTED-3** After [`Counted::new`] nobody makes a reference to the owner, until it is dropped.
pub(crate) struct Counted {
    header: NonNull<Header>,
}

// SAFETY: the owner is `Send + Sync` (COUNTED-2), the count is atomic, the rest of the header never changes.
unsafe impl Send for Counted {}
// SAFETY: `&Counted` gives `&Header` and clones, both fine on any thread for the reasons given at `Send`.
unsafe impl Sync for Counted {}

impl Counted {
    /// Boxes an owner, and asks it nothing before: it has moved for the last time by then. `retained_bytes` tells how much memory the
    /// owner keeps.
    ///
    /// The bytes stay until the last `Counted` of this owner is dropped.
    pub(crate) fn new<T>(owner: T, retained_bytes: fn(&T) -> usize) -> (Self, NonNull<[u8]>)
    where
        T: StableBytes + Send + Sync + 'static,
    {
        let header = Header {
            refs: AtomicUsize::new(1),
            retained_bytes: 0,
            free: free_body::<T>,
        };
        let body = Box::leak(Box::new(Body { header, owner }));
        body.header.retained_bytes = retained_bytes(&body.owner);
        let body = NonNull::from(body);
        let counted = Self {
            header: body.cast(),
        };
        // SAFETY: validity: boxed just now. Aliasing: nobody else knows the address, and the box is not touched meanwhile.
        let owner = &unsafe { body.as_ref() }.owner;
        (counted, NonNull::from(owner.stable_bytes()))
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: validity: this value is counted, so the body lives (COUNTED-1). Aliasing: until the count is zero only
        // shared references to a header exist.
        unsafe { self.header.as_ref() }
    }

    /// How many there are of this owner.
    ///
    /// If it says 1, no other thread can change that: the only one is the caller's. A higher number may be stale.
    pub(crate) fn sharers(&self) -> usize {
        // [COUNT-READ] Acquire: if the answer is 1, every other sharer's last use has happened. Pairs with [COUNT-DROP].
        self.header().refs.load(Acquire)
    }

    /// How many bytes of memory the owner keeps, as far as it says.
    pub(crate) fn retained_bytes(&self) -> usize {
        self.header().retained_bytes
    }

    /// Gives up this right without giving it back.
    pub(crate) fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).header.cast()
    }

    /// Makes the right of [`into_raw`](Self::into_raw) again.
    ///
    /// # Safety
    ///
    /// `raw` comes from `Counted::into_raw`, and each result of that is used here at most once (a value that is never
    /// dropped, in a `ManuallyDrop`, may be made any number of times while the real one is kept).
    #[inline]
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> Self {
        Self { header: raw.cast() }
    }
}

impl Clone for Counted {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: the new one is made from one that exists, which keeps the body; handing it to another thread orders it.
        let before = self.header().refs.fetch_add(1, Relaxed);
        if before >= MAX_SHARERS {
            too_many(&self.header().refs);
        }
        Self {
            header: self.header,
        }
    }
}

#[cold]
#[inline(never)]
fn too_many(refs: &AtomicUsize) -> ! {
    // Relaxed: undoes this thread's own increment.
    refs.fetch_sub(1, Relaxed);
    panic!("sharers of one storage: at most {MAX_SHARERS}");
}

impl Drop for Counted {
    #[inline]
    fn drop(&mut self) {
        // [COUNT-DROP] Release: our use of the bytes happens before the owner is dropped, or used again by who finds itself
        // alone. Pairs with [COUNT-LAST] and [COUNT-READ].
        if self.header().refs.fetch_sub(1, Release) > 1 {
            return;
        }
        // [COUNT-LAST] Acquire: every other sharer's last use happened. A load and no fence, so that thread sanitizers see it.
        // Pairs with [COUNT-DROP].
        self.header().refs.load(Acquire);
        let free = self.header().free;
        // SAFETY: the count went from 1 to 0 here, once, so the body is ours to free (COUNTED-1), and `free` is of its
        // type (COUNTED-2). The header is not used after this.
        unsafe { free(self.header) }
    }
}

/// Drops the owner and frees its box.
///
/// # Safety
///
/// `header` begins a `Body<T>` from `Counted::new`, its count is zero, and nobody uses it any more.
unsafe fn free_body<T>(header: NonNull<Header>) {
    let body = header.cast::<Body<T>>();
    // SAFETY: validity: leaked by `Counted::new` from a box of this type, and the pointer is still good for all of it
    // (COUNTED-2). Aliasing: no other `Counted` is left (COUNTED-1).
    drop(unsafe { Box::from_raw(body.as_ptr()) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(loom))]
    #[test]
    fn a_count_near_its_limit_refuses_a_clone_and_stays_what_it_was() {
        extern crate std;
        use alloc::{vec, vec::Vec};
        let (first, _) = Counted::new(vec![1_u8], Vec::capacity);
        // Relaxed, all: one thread.
        first.header().refs.store(MAX_SHARERS, Relaxed);
        let clone = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| first.clone()));
        assert!(clone.is_err());
        assert_eq!(first.header().refs.load(Relaxed), MAX_SHARERS);
        first.header().refs.store(1, Relaxed);
    }

    #[test]
    fn one_word() {
        assert_eq!(size_of::<Option<Counted>>(), size_of::<usize>());
    }
}
