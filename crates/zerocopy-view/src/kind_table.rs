//! The slugs registered so far: a table that only grows, without a lock, so that it works without `std`.
//!
//! A word is empty or names a slug for good, and words are filled in order. Whoever adds a slug compares it with every filled word on
//! the way to the first empty one and fills that by compare-exchange; who loses looks at what the winner put there, and goes on.
//! So two threads that add the same slug meet at one word.

use alloc::boxed::Box;
use core::ptr;

use crate::kind::MAX_REGISTERED;
use crate::sync::atomic::AtomicPtr;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{Witness, global};

global!(REGISTERED: KindTable = KindTable::empty());

/// - **TABLE-1** A word changes once: from null to the address of a leaked [`Slug`], which is never written again.
/// - **TABLE-2** No two words name equal slugs, and no word after an empty one is filled.
pub(crate) struct KindTable([AtomicPtr<Slug>; MAX_REGISTERED]);

/// One word wide behind a pointer, unlike a `str`.
struct Slug {
    text: Box<str>,
    witness: Witness,
}

impl Slug {
    fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            witness: Witness::written(),
        }
    }
}

impl KindTable {
    #[cfg(not(loom))]
    const fn empty() -> Self {
        Self([const { AtomicPtr::new(ptr::null_mut()) }; MAX_REGISTERED])
    }

    #[cfg(loom)]
    fn empty() -> Self {
        Self(core::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())))
    }

    pub(crate) fn get(&self, index: usize) -> Option<&'static str> {
        Self::read(self.0.get(index)?)
    }

    pub(crate) fn find(&self, slug: &str) -> Option<usize> {
        let mut filled = self.0.iter().map_while(Self::read);
        filled.position(|known| known == slug)
    }

    /// The word that names `slug`; `None` if the table is full of others.
    pub(crate) fn find_or_add(&self, slug: &str) -> Option<usize> {
        let mut fresh: Option<Box<Slug>> = None;
        for (index, word) in self.0.iter().enumerate() {
            if Self::read(word).is_none() {
                let new = fresh.take().unwrap_or_else(|| Box::new(Slug::new(slug)));
                fresh = Self::fill(word, new).err();
            }
            if Self::read(word) == Some(slug) {
                return Some(index);
            }
        }
        None
    }

    fn read(word: &AtomicPtr<Slug>) -> Option<&'static str> {
        // [SLUG-READ] Acquire: the slug was written before its address. Pairs with [SLUG-FILL].
        let slug = word.load(Acquire);
        // SAFETY: validity: null, or the address of a leaked slug (TABLE-1). Aliasing: nobody writes to it again.
        let slug = unsafe { slug.as_ref() };
        let slug = slug?;
        slug.witness.read();
        Some(&slug.text)
    }

    /// Fills an empty word, or gives the slug back if another thread did meanwhile.
    fn fill(word: &AtomicPtr<Slug>, slug: Box<Slug>) -> Result<(), Box<Slug>> {
        let address = Box::into_raw(slug);
        match word.compare_exchange(
            ptr::null_mut(),
            address,
            // [SLUG-FILL] Release: the slug is visible to whoever reads its address. Pairs with [SLUG-READ].
            Release,
            // Relaxed: the caller reads the word again.
            Relaxed,
        ) {
            Ok(_) => Ok(()),
            // SAFETY: validity: from `Box::into_raw`. Aliasing: the exchange failed, so nobody else was given the address.
            Err(_) => Err(unsafe { Box::from_raw(address) }),
        }
    }
}
