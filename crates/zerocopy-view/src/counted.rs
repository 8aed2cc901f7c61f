//! A counted box: any owner of bytes on the heap, behind a thin pointer, with the count in front of it.
//!
//! # Why not `Arc<dyn StableBytes>`
//!
//! It is two words, and a view has room for one: the other sixteen bytes are the address, and eight of the rest are slot, kind
//! and tenant. A thin pointer to a header that knows the type of its own body is the standard answer.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::TypeId;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use pool_core::{Charge, DigestCell, StableBytes};

use crate::sync::UnsafeCell;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Half the range of the count: clones stop here, far from where it would wrap.
const MAX_SHARERS: usize = usize::MAX / 2;

/// What every body begins with.
pub(crate) struct Header {
    pub(crate) refs: AtomicUsize,
    pub(crate) first_byte: NonNull<u8>,
    pub(crate) retained_bytes: usize,
    pub(crate) owner_type: OwnerType,
    pub(crate) digest: DigestCell,
    /// See COUNTED-4.
    pub(crate) charge: UnsafeCell<Option<Charge>>,
}

/// What has to be known of an owner whose type was forgotten.
pub(crate) struct OwnerType {
    pub(crate) id: TypeId,
    /// Frees the body that a header begins; to be called once, by who has it alone.
    free: unsafe fn(NonNull<Header>),
}

/// `repr(C)`: the header lies at the body's own address.
#[repr(C)]
pub(crate) struct Body<T> {
    header: Header,
    pub(crate) owner: T,
}

impl<T> Body<T> {
    pub(crate) fn into_parts(self) -> (T, Option<Charge>) {
        (self.owner, self.header.charge.into_inner())
    }

    pub(crate) fn forget_digest(&mut self) {
        self.header.digest = DigestCell::new();
    }
}

/// A counted right to an owner of bytes in a box of its own. One word, and `Option<Counted>` no larger.
///
/// - **COUNTED-1** The body lives while its count is above zero, and the count is the number of its `Counted` values.
/// - **COUNTED-2** `header` was made from the pointer to a whole `Body<T>`, `T: Send + Sync + 'static`, and the header's `owner_type` is that `T`'s.
/// - **COUNTED-3** After [`Counted::new`] only shared references to the owner are made, until it is moved out or dropped, but by who is alone: through an `&mut`
///   of the only `Counted`.
/// - **COUNTED-4** The charge is changed by who is alone: through an `&mut` of the only `Counted`, or having brought the count to zero; and read by who
///   has one.
pub(crate) struct Counted {
    pub(crate) header: NonNull<Header>,
}

// SAFETY: the owner is `Send + Sync` (COUNTED-2), the count is atomic, the charge is `Send` and changed by one alone (COUNTED-4), the rest of the header never
// changes.
unsafe impl Send for Counted {}
// SAFETY: `&Counted` gives `&Header`, of which only a `Sync` charge is read, and clones: both fine on any thread for the reasons given at `Send`.
unsafe impl Sync for Counted {}

impl Counted {
    /// What a box takes from the heap for an owner that is a `Vec`, beside what that keeps.
    pub(crate) const BOX_BYTES: usize = size_of::<Body<Vec<u8>>>();

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
            first_byte: NonNull::dangling(),
            retained_bytes: 0,
            owner_type: OwnerType {
                id: TypeId::of::<T>(),
                free: free_body::<T>,
            },
            digest: DigestCell::new(),
            charge: UnsafeCell::new(None),
        };
        // In its box, which drops it if it panics when asked.
        let mut body = Box::new(Body { header, owner });
        let bytes = NonNull::from(body.owner.stable_bytes());
        body.header.first_byte = bytes.cast();
        body.header.retained_bytes = retained_bytes(&body.owner);
        let counted = Self {
            header: NonNull::from(Box::leak(body)).cast(),
        };
        (counted, bytes)
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: validity: this value is counted, so the body lives (COUNTED-1). Aliasing: until the count is zero only
        // shared references to a header exist.
        unsafe { self.header.as_ref() }
    }

    /// How many there are of this owner.
    ///
    /// If it says 1, no other thread can change that: the only one is the caller's. A higher number may be stale.
    #[inline]
    pub(crate) fn sharers(&self) -> usize {
        // [COUNT-READ] Acquire: if the answer is 1, every other sharer's last use has happened. Pairs with [COUNT-DROP].
        self.header().refs.load(Acquire)
    }

    /// Another one. If this is the only one, it costs no locked instruction, because nobody else can clone meanwhile.
    #[inline]
    pub(crate) fn clone_mut(&mut self) -> Self {
        let refs = &self.header().refs;
        // [COUNT-AGAIN] Acquire: if we are alone, the store below takes the place of what the other sharers released when they went: it has to come
        // after all they did. Pairs with [COUNT-DROP].
        if refs.load(Acquire) != 1 {
            return self.clone();
        }
        // Relaxed: as in `clone`. Not read and written in one step: the only one is borrowed here (COUNTED-1), so nobody else counts.
        refs.store(2, Relaxed);
        Self {
            header: self.header,
        }
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
        // alone. Pairs with [COUNT-LAST], [COUNT-AGAIN] and [COUNT-READ].
        if self.header().refs.fetch_sub(1, Release) > 1 {
            return;
        }
        // SAFETY: we brought the count from 1 to 0, once: so the body is ours to free (COUNTED-1). It is not used after this.
        unsafe { end(self.header) }
    }
}

/// Frees a body that nobody shares any more. By itself, so that it is not part of every drop.
///
/// # Safety
///
/// The body is the caller's, who had the last `Counted` of it and uses it no more.
#[inline(never)]
unsafe fn end(header: NonNull<Header>) {
    // SAFETY: alive until it is freed below; only shared references exist.
    let head = unsafe { header.as_ref() };
    // [COUNT-LAST] Acquire: every other sharer's last use happened. A load and no fence, so that thread sanitizers see it.
    // Pairs with [COUNT-DROP].
    head.refs.load(Acquire);
    let free = head.owner_type.free;
    // SAFETY: the body is ours, by this function's own promise, and `free` is of its type (COUNTED-2).
    unsafe { free(header) }
}

/// Drops the owner, frees its box, and gives back the charge for it.
///
/// # Safety
///
/// `header` begins a `Body<T>` from `Counted::new`, and nobody else uses it any more.
unsafe fn free_body<T>(header: NonNull<Header>) {
    let body = header.cast::<Body<T>>();
    // SAFETY: validity: leaked by `Counted::new` from a box of this type, and the pointer is still good for all of it
    // (COUNTED-2). Aliasing: no other `Counted` is left (COUNTED-1).
    let body = unsafe { Box::from_raw(body.as_ptr()) };
    let charge = body.header.charge.with_mut(|charge| {
        // SAFETY: validity: inside the body. Aliasing: no other `Counted` is left (COUNTED-4).
        unsafe { &mut *charge }.take()
    });
    // Where it lies: it stays there until its drop is over.
    drop(body);
    // Last, when the memory is free: it may wake who waits for room, and a waker may panic.
    drop(charge);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(loom))]
    #[test]
    fn a_count_near_its_limit_refuses_a_clone_and_stays_what_it_was() {
        extern crate std;
        use alloc::vec;
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
