//! All that the budgets of one tree share, and what is done to it in one step, under the tree's lock.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::task::Waker;

use super::account::{AccountId, Terms};
use super::error::{BudgetError, BudgetErrorKind, ChargeError, Label};
use super::ledger::Ledger;
use super::node::Node;
use super::queue::{Outcome, Queue, Ticket};
use crate::tenant::Tenant;

/// All that the budgets of one tree share.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) queue: Queue,
    /// The children that bear a tenant's name, by their parent.
    tenants: BTreeMap<(AccountId, Tenant), (AccountId, Weak<Node>)>,
}

/// What became of a request when it was made.
pub(crate) enum Asked {
    Ended(Outcome),
    Waits(Ticket),
}

impl Books {
    /// After bytes became free: serves who waits for them.
    #[inline]
    pub(crate) fn settle(&mut self) -> Vec<Waker> {
        if self.queue.is_empty() {
            return Vec::new();
        }
        self.queue.settle(&mut self.ledger)
    }

    /// Charges, or says why not. Asks the limits only, not those who wait.
    #[inline]
    pub(crate) fn charge(&mut self, at: AccountId, bytes: usize) -> Result<(), ChargeError> {
        if bytes == 0 {
            return Ok(());
        }
        match self.ledger.obstacle(at, bytes) {
            None => {
                self.ledger.add(at, bytes);
                Ok(())
            }
            Some(by) => Err(self.refusal(at, by, bytes)),
        }
    }

    /// Ends the waiting of a request whose time is over, unless it was granted meanwhile.
    #[cfg(all(feature = "std", not(loom)))]
    pub(crate) fn time_out(&mut self, at: AccountId, ticket: Ticket, bytes: usize) -> Outcome {
        self.queue.take_outcome(ticket).unwrap_or_else(|| {
            self.ledger[at].counts.refused += 1;
            // None if older requests keep the room that there is.
            let by = self.ledger.obstacle(at, bytes).unwrap_or(at);
            Err(ChargeError::timed_out(&self.ledger[by], bytes))
        })
    }

    #[cold]
    fn refusal(&mut self, at: AccountId, by: AccountId, bytes: usize) -> ChargeError {
        self.ledger[at].counts.refused += 1;
        match self.ledger.never(at, bytes) {
            Some(by) => ChargeError::too_large(&self.ledger[by], bytes),
            None => ChargeError::exhausted(&self.ledger[by], bytes),
        }
    }

    /// Charges whatever the limits say, and counts by how much it went beyond them. `false`: the sums cannot be that large.
    pub(crate) fn overdraw(&mut self, at: AccountId, bytes: usize) -> bool {
        if self.ledger.obstacle(at, bytes).is_none() {
            self.ledger.add(at, bytes);
            return true;
        }
        if !self.ledger.countable(at, bytes) {
            return false;
        }
        let over = self.ledger.excess(at, bytes);
        self.ledger.add(at, bytes);
        let counts = &mut self.ledger[at].counts;
        counts.overdrafts += 1;
        counts.overdraft_bytes = counts.overdraft_bytes.saturating_add(over as u64);
        true
    }

    pub(crate) fn open_child(
        &mut self,
        parent: AccountId,
        terms: Terms,
    ) -> Result<(AccountId, Vec<Waker>), BudgetError> {
        self.check_child(parent, &terms)?;
        let max = u32::MAX;
        let opened = self.ledger.open(Some(parent), terms);
        let opened = opened.ok_or(BudgetErrorKind::TooMany { max })?;
        Ok((opened, self.settle_anew()))
    }

    /// After what could ever be granted became less, or more.
    fn settle_anew(&mut self) -> Vec<Waker> {
        if self.queue.is_empty() {
            return Vec::new();
        }
        let mut woken = self.queue.refuse_hopeless(&mut self.ledger);
        woken.extend(self.settle());
        woken
    }

    pub(crate) fn set_limit(
        &mut self,
        at: AccountId,
        limit: usize,
    ) -> Result<Vec<Waker>, BudgetError> {
        let account = &mut self.ledger[at];
        let Terms { floor, .. } = account.terms;
        if limit < account.idle {
            let (idle, by) = (account.idle, Label::of(account));
            return Err(BudgetErrorKind::LimitBelowFloors { by, idle, limit }.into());
        }
        if limit < floor {
            let ceiling = limit;
            return Err(BudgetErrorKind::FloorAboveCeiling { floor, ceiling }.into());
        }
        account.terms.limit = limit;
        account.limit_was_set = true;
        Ok(self.settle_anew())
    }

    /// Asks in turn: grants at once if no older request claims the room, else takes a place in the queue.
    pub(crate) fn request(&mut self, at: AccountId, bytes: usize) -> (Asked, Vec<Waker>) {
        let never = (bytes > 0).then(|| self.ledger.never(at, bytes)).flatten();
        if let Some(by) = never {
            self.ledger[at].counts.refused += 1;
            let error = ChargeError::too_large(&self.ledger[by], bytes);
            return (Asked::Ended(Err(error)), Vec::new());
        }
        if bytes == 0 || self.queue.is_empty() && self.ledger.obstacle(at, bytes).is_none() {
            return (Asked::Ended(self.charge(at, bytes)), Vec::new());
        }
        let ticket = self.queue.join(&mut self.ledger, at, bytes);
        let woken = self.settle();
        if let Some(outcome) = self.queue.take_outcome(ticket) {
            return (Asked::Ended(outcome), woken);
        }
        self.ledger[at].counts.waited += 1;
        (Asked::Waits(ticket), woken)
    }

    fn check_child(&self, parent: AccountId, terms: &Terms) -> Result<(), BudgetError> {
        let floor = terms.floor;
        if let Some(by) = self.ledger.never(parent, floor) {
            let by = &self.ledger[by];
            let (limit, floors, by) = (by.terms.limit, by.idle, Label::of(by));
            return Err(BudgetErrorKind::FloorsAboveLimit {
                by,
                limit,
                floors,
                floor,
            }
            .into());
        }
        if let Some(by) = self.ledger.obstacle(parent, floor) {
            let by = &self.ledger[by];
            let (limit, reserved, by) = (by.terms.limit, by.reserved, Label::of(by));
            return Err(BudgetErrorKind::NoRoomNow {
                by,
                limit,
                reserved,
                floor,
            }
            .into());
        }
        let name = (parent, terms.tenant);
        let living = self.tenants.get(&name);
        if living.is_some_and(|(_, node)| node.strong_count() > 0) {
            return Err(BudgetErrorKind::TenantTaken(terms.tenant).into());
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self, at: AccountId, ticket: Ticket) -> Option<Waker> {
        self.queue.leave(&mut self.ledger, at, ticket)
    }

    pub(crate) fn name_tenant(
        &mut self,
        parent: AccountId,
        tenant: Tenant,
        account: AccountId,
        node: Weak<Node>,
    ) {
        self.tenants.insert((parent, tenant), (account, node));
    }

    /// Not to be dropped under the lock: it may be the last.
    pub(crate) fn tenant(&self, parent: AccountId, tenant: Tenant) -> Option<Arc<Node>> {
        self.tenants.get(&(parent, tenant))?.1.upgrade()
    }

    /// After all that kept an account is gone.
    pub(crate) fn close(&mut self, at: AccountId) -> Vec<Waker> {
        let account = &self.ledger[at];
        if let Some(parent) = account.parent {
            let name = (parent, account.terms.tenant);
            // Another child may bear the name since this one died.
            if self.tenants.get(&name).is_some_and(|(of, _)| *of == at) {
                self.tenants.remove(&name);
            }
        }
        self.ledger.close(at);
        self.settle()
    }
}
