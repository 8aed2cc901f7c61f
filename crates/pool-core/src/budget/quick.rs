//! The word on which a budget decides alone, without the lock.
//!
//! What a budget may take without asking anybody is known when it is built: a budget without a parent its limit, a child its floor. As long as it holds no more
//! than that, has no children and nobody waits for it, its account is *quick*: its bytes are in this word, and the books say zero. Whatever needs more takes the
//! lock, puts [`GUARDED`] into the word and the bytes into the books; as long as the word says so, everybody takes the lock.
//!
//! The word is exact: it is changed by exchanges only, so whoever guards it gets every byte, and a charge that saw an older value fails and looks again.

use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;

/// The books have the account.
const GUARDED: usize = usize::MAX;

/// More than any number of bytes that there are.
const MOST: usize = usize::MAX / 2;

#[derive(Debug)]
pub(crate) struct Quick {
    /// - **QUICK-1** GUARDED, or all bytes that are charged to this budget, at most `most`. Only who holds the tree's lock changes it from or to GUARDED.
    word: AtomicUsize,
    /// Never changes, so that a charge may compare with it before it exchanges the word.
    most: usize,
    peak: AtomicUsize,
}

impl Quick {
    /// Guarded at first.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            word: AtomicUsize::new(GUARDED),
            most: most.min(MOST),
            peak: AtomicUsize::new(0),
        }
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// `false`: ask the books.
    #[inline]
    pub(crate) fn try_charge(&self, bytes: usize) -> bool {
        // Relaxed, all of them: the word tells of no other memory, and an exchange finds its newest value.
        let mut seen = self.word.load(Relaxed);
        loop {
            if seen == GUARDED || bytes > self.most - seen {
                return false;
            }
            let next = seen + bytes;
            match self
                .word
                .compare_exchange_weak(seen, next, Relaxed, Relaxed)
            {
                Ok(_) => {
                    self.note_high(next);
                    return true;
                }
                Err(now) => seen = now,
            }
        }
    }

    #[inline]
    fn note_high(&self, bytes: usize) {
        // Relaxed, both: a figure for reports, which misses only calls that have not returned.
        if bytes > self.peak.load(Relaxed) {
            self.peak.fetch_max(bytes, Relaxed);
        }
    }

    /// `false`: tell the books.
    #[inline]
    pub(crate) fn try_release(&self, bytes: usize) -> bool {
        // Relaxed, all of them: as in `try_charge`.
        let mut seen = self.word.load(Relaxed);
        while seen != GUARDED {
            // No underflow: while the account is quick, the word has all its bytes (QUICK-1).
            let next = seen - bytes;
            match self
                .word
                .compare_exchange_weak(seen, next, Relaxed, Relaxed)
            {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// What is charged, if the word has it.
    pub(crate) fn bytes(&self) -> Option<usize> {
        // Relaxed: any value that was there at some instant of the call will do.
        Some(self.word.load(Relaxed)).filter(|&it| it != GUARDED)
    }

    /// From the books to the word. Under the lock, while guarded.
    pub(crate) fn give(&self, bytes: usize) {
        debug_assert!(bytes <= self.most, "QUICK-1");
        // Relaxed: nobody exchanges the word while it is guarded, and who guards it again comes later under the same lock.
        self.word.store(bytes, Relaxed);
    }

    /// From the word to the books: the bytes, and the most there were at a time. Under the lock, while not guarded.
    pub(crate) fn take(&self) -> (usize, usize) {
        // Relaxed: an exchange finds the newest value.
        let bytes = self.word.swap(GUARDED, Relaxed);
        debug_assert!(bytes != GUARDED, "QUICK-1");
        // Relaxed: see `note_high`.
        (bytes, self.peak.load(Relaxed).max(bytes))
    }
}
