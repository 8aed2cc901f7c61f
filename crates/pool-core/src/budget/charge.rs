//! Bytes that are charged to a budget.

use alloc::sync::Arc;
use core::fmt;
use core::mem;

use super::Budget;
use super::error::ChargeError;
use super::node::Node;
use crate::tenant::Tenant;

/// Bytes that are charged to a [`Budget`], until this is dropped, on any thread.
///
/// It may outlive every handle of its budget. 16 bytes on a 64-bit machine, and `Option<Charge>` no larger, so that it can lie beside the memory it is for.
/// Forgetting it (as [`mem::forget`](core::mem::forget) does) leaves the bytes charged, and the budget in existence, for good.
///
/// Nor can it be had twice, or made up:
///
/// ```compile_fail
/// let charge = pool_core::Budget::new(100).try_charge(10).unwrap();
/// let again = charge.clone();
/// ```
///
/// A charge of zero bytes is one too: it always succeeds, and keeps its budget. Dropping a charge gives the bytes back and wakes those whose requests can be
/// granted then. If a waker panics, the bytes are given back and the others are woken before the panic goes on.
#[must_use = "dropping it gives the bytes back at once"]
pub struct Charge {
    node: Arc<Node>,
    bytes: usize,
}

impl Charge {
    /// For bytes that were charged to `node` just now.
    #[inline]
    pub(crate) fn new(node: Arc<Node>, bytes: usize) -> Self {
        Self { node, bytes }
    }

    /// How many bytes it is for.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The budget it is charged to.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget::of(Arc::clone(&self.node))
    }

    /// Whom the budget that it is charged to was built for: [`Tenant::NONE`] if for nobody in particular.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        self.node.is_for()
    }

    /// Whether it is charged to `budget` itself, not to one below or above.
    #[must_use]
    pub fn is_to(&self, budget: &Budget) -> bool {
        Arc::ptr_eq(&self.node, budget.node())
    }

    /// Charges `bytes` more.
    ///
    /// # Errors
    ///
    /// As [`Budget::try_charge`]; this charge stays what it was.
    pub fn grow(&mut self, bytes: usize) -> Result<(), ChargeError> {
        self.node.charge(bytes)?;
        // No overflow: the budget's own sum has not.
        self.bytes += bytes;
        Ok(())
    }

    /// Gives `bytes` back, or all it has if that is less. Says how many it gave back.
    ///
    /// # Panics
    ///
    /// If a waker that this wakes panics, when everything is done.
    pub fn shrink(&mut self, bytes: usize) -> usize {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.node.release(bytes);
        bytes
    }

    /// Takes a charge for `bytes` of these away. `None`, and nothing changes, if there are fewer. The budget sees no difference.
    #[must_use = "dropping it gives the bytes back at once"]
    pub fn split(&mut self, bytes: usize) -> Option<Self> {
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(Self::new(Arc::clone(&self.node), bytes))
    }

    /// Adds the bytes of another charge to the same budget. The budget sees no difference.
    ///
    /// # Errors
    ///
    /// Gives the other back if it is to another budget.
    pub fn merge(&mut self, mut other: Self) -> Result<(), Self> {
        if !Arc::ptr_eq(&self.node, &other.node) {
            return Err(other);
        }
        // No overflow: the budget's own sum has not.
        self.bytes += mem::take(&mut other.bytes);
        Ok(())
    }

    /// Charges the bytes to another budget instead.
    ///
    /// In one tree this is one step: a budget that both are part of has the same bytes before, after and between, so only what they do not share can
    /// refuse, and nobody else is refused for it. Into another tree the bytes are charged there first and given back here then.
    ///
    /// # Errors
    ///
    /// As [`Budget::try_charge`] on `budget`; this charge stays where it was.
    ///
    /// # Panics
    ///
    /// If a waker that this wakes panics, when everything is done.
    pub fn move_to(&mut self, budget: &Budget) -> Result<(), ChargeError> {
        let to = budget.node();
        if Arc::ptr_eq(&self.node, to) {
            return Ok(());
        }
        if !self.node.is_in_tree_of(to) {
            *self = budget.try_charge(self.bytes)?;
            return Ok(());
        }
        let (bytes, to_account) = (self.bytes, to.account());
        let woken = self.node.with(|books, from| {
            books.ledger.guard(to_account);
            books.ledger.sub(from, bytes);
            let answer = books.charge(to_account, bytes);
            if answer.is_err() {
                books.ledger.put_back(from, bytes);
            }
            books.ledger.let_be_quick(to_account);
            answer.map(|()| books.settle())
        })?;
        // Dropped last: with it a budget may end, and wake others.
        let old = core::mem::replace(&mut self.node, Arc::clone(to));
        super::wakers::wake_all(woken);
        drop(old);
        Ok(())
    }
}

impl Drop for Charge {
    #[inline]
    fn drop(&mut self) {
        self.node.release(self.bytes);
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
