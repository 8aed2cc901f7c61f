//! The requests that wait, oldest first.
//!
//! Requests to one budget are served in order. Those to different budgets compete only where they need the same room, so each pass goes over the
//! oldest request of each budget, by age. One that cannot be met claims what it needs, from its own budget up to the first that has no room for it, and
//! no younger one gets past that claim in this pass. Above that it claims nothing: who waits at its own ceiling does not hold up the others.
//!
//! Wakers are somebody else's code, also when they are cloned or dropped. None of that is done here: they are handed out, for after the lock.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound::{Excluded, Unbounded};
use core::task::Waker;

use super::account::AccountId;
use super::error::ChargeError;
use super::ledger::Ledger;

/// A request's place in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

#[derive(Debug)]
struct Waiter {
    bytes: usize,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    tickets: u64,
    lines: BTreeMap<(AccountId, Ticket), Waiter>,
    /// Those that want to be woken when their own budget has room for them, whatever those above have.
    at_own_limit: BTreeSet<(AccountId, Ticket)>,
    /// The oldest of each line.
    fronts: BTreeMap<Ticket, AccountId>,
    /// How it ended for those that have not come to ask since.
    ended: BTreeMap<Ticket, Outcome>,
}

/// A grant's bytes are charged already.
pub(crate) type Outcome = Result<(), ChargeError>;

impl Queue {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.fronts.is_empty()
    }

    /// Joins the end of the line of `at`. The caller settles then.
    pub(crate) fn join(&mut self, ledger: &mut Ledger, at: AccountId, bytes: usize) -> Ticket {
        ledger[at].waiting += 1;
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        if self.front(at).is_none() {
            self.fronts.insert(ticket, at);
        }
        let waker = None;
        self.lines.insert((at, ticket), Waiter { bytes, waker });
        ticket
    }

    /// Grants what can be granted, and gives the wakers of those who were asleep.
    pub(crate) fn settle(&mut self, ledger: &mut Ledger) -> Vec<Waker> {
        let mut woken = Vec::new();
        ledger.begin_pass();
        let mut last = None;
        while let Some((ticket, at)) = self.next_front(last) {
            last = Some(ticket);
            let bytes = self.lines[&(at, ticket)].bytes;
            if let Some(obstacle) = ledger.obstacle_in_pass(at, bytes) {
                ledger.claim(at, obstacle);
            } else {
                ledger.add(at, bytes);
                woken.extend(self.end(ledger, at, ticket, Ok(())));
            }
        }
        self.wake_from_own_limits(ledger, &mut woken);
        woken
    }

    /// Whether a request waits for room in its own budget. If so, it is woken when there is some, even if it is not granted then.
    pub(crate) fn is_held_by_own_limit(
        &mut self,
        ledger: &Ledger,
        at: AccountId,
        ticket: Ticket,
    ) -> bool {
        let waiter = self.lines.get(&(at, ticket));
        let is_held = waiter.is_some_and(|waiter| waiter.bytes > ledger[at].room());
        if is_held {
            self.at_own_limit.insert((at, ticket));
        }
        is_held
    }

    fn wake_from_own_limits(&mut self, ledger: &Ledger, woken: &mut Vec<Waker>) {
        let lines = &mut self.lines;
        self.at_own_limit.retain(|place| {
            let waiter = lines.get_mut(place).expect("who leaves is taken out");
            let is_held = waiter.bytes > ledger[place.0].room();
            if !is_held {
                woken.extend(waiter.waker.take());
            }
            is_held
        });
    }

    /// Ends the waiting of those whose request can no longer ever be granted, after a limit came down or a floor was set aside.
    pub(crate) fn refuse_hopeless(&mut self, ledger: &mut Ledger) -> Vec<Waker> {
        let mut hopeless = Vec::new();
        for (&(at, ticket), waiter) in &self.lines {
            if let Some(by) = ledger.never(at, waiter.bytes) {
                let error = ChargeError::too_large(&ledger[by], waiter.bytes);
                hopeless.push((at, ticket, error));
            }
        }
        let mut woken = Vec::new();
        for (at, ticket, error) in hopeless {
            ledger[at].counts.refused += 1;
            woken.extend(self.end(ledger, at, ticket, Err(error)));
        }
        woken
    }

    /// How it ended, once; `None` while it waits.
    pub(crate) fn take_outcome(&mut self, ticket: Ticket) -> Option<Outcome> {
        self.ended.remove(&ticket)
    }

    /// Who is to be woken; gives back who was.
    pub(crate) fn set_waker(
        &mut self,
        at: AccountId,
        ticket: Ticket,
        waker: Waker,
    ) -> Option<Waker> {
        let waiter = self.lines.get_mut(&(at, ticket));
        waiter.and_then(|waiter| waiter.waker.replace(waker))
    }

    /// Leaves the line; gives back who would have been woken. The caller settles then.
    pub(crate) fn leave(
        &mut self,
        ledger: &mut Ledger,
        at: AccountId,
        ticket: Ticket,
    ) -> Option<Waker> {
        let waiter = self.lines.remove(&(at, ticket))?;
        self.at_own_limit.remove(&(at, ticket));
        ledger[at].waiting -= 1;
        if self.fronts.remove(&ticket).is_some() {
            if let Some(next) = self.front(at) {
                self.fronts.insert(next, at);
            }
        }
        waiter.waker
    }

    fn end(
        &mut self,
        ledger: &mut Ledger,
        at: AccountId,
        ticket: Ticket,
        outcome: Outcome,
    ) -> Option<Waker> {
        self.ended.insert(ticket, outcome);
        self.leave(ledger, at, ticket)
    }

    fn front(&self, at: AccountId) -> Option<Ticket> {
        let line = (at, Ticket(0))..=(at, Ticket(u64::MAX));
        let mut line = self.lines.range(line);
        line.next().map(|(&(_, ticket), _)| ticket)
    }

    fn next_front(&self, last: Option<Ticket>) -> Option<(Ticket, AccountId)> {
        let from = last.map_or(Unbounded, Excluded);
        let mut later = self.fronts.range((from, Unbounded));
        later.next().map(|(&ticket, &at)| (ticket, at))
    }
}
