//! Which memory the fake kernel may still read, and guards that look there before they go.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{mem, thread};

use pool_core::StableBytes;

use super::operation::OpId;

/// The memory that is named by operations which have not had their terminal completion.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    held: Vec<Held>,
    living_guards: usize,
}

struct Held {
    by: OpId,
    addresses: Range<usize>,
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hold(&self, by: OpId, addresses: Range<usize>) {
        self.state().held.push(Held { by, addresses });
    }

    pub(super) fn release(&self, by: OpId) {
        self.state().held.retain(|held| held.by != by);
    }

    /// Who may still read any of these addresses.
    fn holder(&self, addresses: &Range<usize>) -> Option<OpId> {
        let overlaps = |held: &&Held| {
            held.addresses.start < addresses.end && addresses.start < held.addresses.end
        };
        self.state().held.iter().find(overlaps).map(|held| held.by)
    }

    pub(super) fn living_guards(&self) -> usize {
        self.state().living_guards
    }

    pub(super) fn guard(&self, bytes: Box<[u8]>) -> Watched {
        self.state().living_guards += 1;
        Watched {
            bytes,
            ledger: self.clone(),
        }
    }
}

/// A guard that knows whether the fake kernel may still read its bytes: made by [`FakeKernel::guard`](super::FakeKernel::guard).
///
/// # Panics
///
/// Dropping it panics if they may still be read (and leaks them, so that nothing else happens). Otherwise they are overwritten.
pub struct Watched {
    bytes: Box<[u8]>,
    ledger: Ledger,
}

// SAFETY: the bytes lie in the box: they stay when the value moves, and only its drop changes them.
unsafe impl StableBytes for Watched {
    fn stable_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.ledger.state().living_guards -= 1;
        let start = self.bytes.as_ptr().addr();
        let Some(holder) = self.ledger.holder(&(start..start + self.bytes.len())) else {
            return self.bytes.fill(0xdd);
        };
        mem::forget(mem::take(&mut self.bytes));
        assert!(
            thread::panicking(),
            "a guard was dropped while {holder:?} may still read its bytes"
        );
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
