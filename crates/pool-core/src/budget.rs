//! Limits in bytes, in trees.
//!
//! A decision that concerns more than one level is made under one lock for the whole tree. So a charge goes up through all its levels in one step: what a
//! refused attempt took at a lower level is never seen, and nobody is refused because of it. What a budget may take without asking anybody it takes without the
//! lock, by one exchange on a word of its own (`quick.rs`).

mod account;
mod books;
mod builder;
mod charge;
mod charging;
mod error;
mod ledger;
pub(crate) mod lock;
mod node;
mod queue;
mod quick;
mod report;
#[cfg(not(feature = "std"))]
mod spin_lock;
#[cfg(all(feature = "std", not(loom)))]
mod timeout;
mod wakers;

use alloc::sync::Arc;
use core::fmt;

pub use builder::{BudgetBuilder, ChildBuilder};
pub use charge::Charge;
pub use charging::Charging;
pub use error::{BudgetError, ChargeError};
pub use report::{BudgetReport, BudgetUse};

use crate::tenant::Tenant;
use node::Node;

/// A limit in bytes over anything: slots, heap memory, bytes in flight. A cheap handle; clones are the same budget.
///
/// Who holds memory holds a [`Charge`] for it, and the bytes are charged exactly as long as that lives.
///
/// ```
/// use pool_core::{Budget, Tenant};
///
/// let memory = Budget::builder().name("memory").limit_bytes(1000).build();
/// let alice = memory.child().tenant(Tenant::new(1)).floor_bytes(300).ceiling_bytes(800).build()?;
///
/// let charge = memory.try_charge(700)?;
/// assert!(memory.try_charge(1).is_err(), "the rest is kept for alice");
/// let hers = memory.tenant(Tenant::new(1)).expect("her budget is there").try_charge(300)?;
/// assert!(alice.try_charge(1).is_err(), "no more than her floor: `memory` is full");
/// drop(charge);
/// assert_eq!(alice.available(), 500);
/// println!("{}", memory.snapshot());
/// # drop(hers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Children
///
/// A charge to a child is one to its parent too, and so on up. A child's *ceiling* bounds what is charged to it and those below it. Its *floor* is kept in
/// the parent from the start, charged or not: within its floor a child is never refused, and the parent can give the others no more than the rest. The floors
/// within a budget never exceed its limit. A tree may be of any depth.
///
/// A child ends when its last handle, charge, request and child are gone; then its floor is the parent's again. Charges may outlive all handles.
///
/// # What is exact
///
/// [`try_charge`](Self::try_charge) refuses only if at some instant of the call the bytes, with those that were charged or set aside for floors, were more than a
/// limit: others' failed attempts are not among them, nor what waits. If the sum of what a number of threads ever hold at a time is within the limits, none of
/// them is ever refused. (These are counts: to get bytes that another thread gave back does not order the memory that the two of them use.)
///
/// # Who waits
///
/// Requests of [`charge_async`](Self::charge_async) and [`charge_timeout`](Self::charge_timeout) are served by age, so that a large one is not starved by small ones
/// that came after it. A younger request goes first only if the older one waits for room in a budget that the younger one does not need any of. Charges that
/// do not wait ([`try_charge`](Self::try_charge), [`Charge::grow`], [`Charge::move_to`]) ask the limits alone and may get ahead; to ask in turn without waiting, use
/// `charge_timeout` with a time of zero.
///
/// # Cost
///
/// A budget that is part of no other and has no children, and a child without children that holds no more than its floor, takes and gives back by one compare-exchange
/// on a word of its own (if its limit was never [changed](Self::set_limit)); with the count that keeps the budget, a charge and its drop are four locked instructions.
/// Everything else takes the lock of the tree for a few additions at each level. While requests wait, each such step also goes over the oldest request of each budget that has some; when none does, that is one look.
///
/// Without `std` the lock is a spin lock: do not share a tree with an interrupt handler, nor between threads of which one can keep another from running.
#[derive(Clone)]
pub struct Budget(Arc<Node>);

impl Budget {
    /// A budget of `limit_bytes` that is part of no other.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self::builder().limit_bytes(limit_bytes).build()
    }

    /// A budget that is part of no other, with more options.
    pub fn builder() -> BudgetBuilder {
        BudgetBuilder::new()
    }

    /// A budget that is part of this one.
    pub fn child(&self) -> ChildBuilder {
        ChildBuilder::new(self.clone())
    }

    pub(crate) fn of(node: Arc<Node>) -> Self {
        Self(node)
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.0
    }

    /// The child of this budget that was built for `tenant`, while it lives. Takes time logarithmic in the number of tenants.
    #[must_use]
    pub fn tenant(&self, tenant: Tenant) -> Option<Self> {
        self.0.tenant(tenant).map(Self)
    }

    /// The budget that this one is part of.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.parent().map(|parent| Self(Arc::clone(parent)))
    }

    /// Whether both are handles of one budget.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Charges `bytes` here and in each budget that this one is part of, or nothing at all. Never waits for others to give bytes back. No bytes are
    /// always granted.
    ///
    /// # Errors
    ///
    /// [Exhausted](ChargeError::is_exhausted) if a limit was reached at some instant of the call, [too large](ChargeError::is_too_large) if the limits and floors
    /// leave no room for so many bytes ever.
    ///
    /// # Panics
    ///
    /// If a waker panics: a request that waits may be granted because an older one lost room to this charge. Nothing is charged then.
    #[inline]
    pub fn try_charge(&self, bytes: usize) -> Result<Charge, ChargeError> {
        self.0.charge(bytes)?;
        Ok(Charge::new(Arc::clone(&self.0), bytes))
    }

    /// Charges `bytes` whatever the limits say: for memory that there is already. What goes beyond a limit is counted (`overdrawn`, `overdrafts` and
    /// `overdraft_bytes` of the [snapshot](Self::snapshot)), and the `try_` and waiting forms get nothing until it was given back.
    ///
    /// # Panics
    ///
    /// If the bytes in one budget would be more than `usize::MAX`; if a waker panics, as for [`try_charge`](Self::try_charge). Nothing is charged then.
    pub fn charge_overdrawn(&self, bytes: usize) -> Charge {
        let counted = bytes == 0 || self.0.quick().try_charge(bytes) || self.0.overdraw(bytes);
        assert!(counted, "bytes charged to one budget: at most usize::MAX");
        Charge::new(Arc::clone(&self.0), bytes)
    }

    /// Charges `bytes` when it is this request's turn. The future belongs to no executor, and may be dropped at any time.
    ///
    /// Its errors are those that no waiting would help: [too large](ChargeError::is_too_large), at once, or when a lowered limit or a new floor makes it so.
    pub fn charge_async(&self, bytes: usize) -> Charging {
        Charging::new(Arc::clone(&self.0), bytes)
    }

    /// Charges `bytes` when it is this request's turn, blocking the thread for at most `timeout`. With a time of zero it asks in turn and does not block.
    ///
    /// # Errors
    ///
    /// [Timed out](ChargeError::is_timed_out), or [too large](ChargeError::is_too_large), for which it does not wait.
    ///
    /// # Panics
    ///
    /// If another request's waker panics that this wakes.
    #[cfg(all(feature = "std", not(loom)))]
    pub fn charge_timeout(
        &self,
        bytes: usize,
        timeout: core::time::Duration,
    ) -> Result<Charge, ChargeError> {
        timeout::wait(self.charge_async(bytes), timeout)
    }

    /// Gives this budget another limit (a child: another ceiling). What is charged stays charged; if that is more, it counts as overdrawn. Requests that wait
    /// are granted, or told that they are too large, accordingly. From then on its charges take the lock of the tree.
    ///
    /// # Errors
    ///
    /// If it is less than the floors of the children need, or than this budget's own floor. The limit stays what it was.
    ///
    /// # Panics
    ///
    /// If a waker that this wakes panics. The limit is the new one then.
    pub fn set_limit(&self, limit_bytes: usize) -> Result<(), BudgetError> {
        self.0.set_limit(limit_bytes)
    }

    /// The limit, or ceiling, in bytes. `usize::MAX`: none of its own.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.0.with(|books, at| books.ledger[at].terms.limit)
    }

    /// Bytes charged here and to the budgets below. Others may change it at once. Of a budget with children it takes time in proportion to the number of
    /// budgets in the tree.
    #[must_use]
    pub fn used(&self) -> usize {
        let quick = self.0.quick().bytes();
        quick.unwrap_or_else(|| {
            self.0
                .with(|books, at| books.ledger.guard_all(|it| it[at].used))
        })
    }

    /// The most bytes that [`try_charge`](Self::try_charge) would grant at this instant. Others may change it at once.
    #[must_use]
    pub fn available(&self) -> usize {
        self.0.with(|books, at| books.ledger.available(at))
    }

    /// What this budget and those below it hold, at one instant. Allocates under the lock, in proportion to the number of budgets in the tree.
    #[must_use]
    pub fn snapshot(&self) -> BudgetReport {
        self.0.with(|books, at| {
            books
                .ledger
                .guard_all(|ledger| BudgetReport::read(ledger, at))
        })
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.with(|books, at| books.ledger[at].terms.name.clone());
        f.debug_struct("Budget")
            .field("name", &name)
            .field("used", &self.used())
            .field("limit", &self.limit())
            .finish_non_exhaustive()
    }
}
