//! A request that waits for its bytes.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::books::{Asked, Books};
use super::charge::Charge;
use super::error::ChargeError;
use super::node::Node;
use super::queue::{Outcome, Ticket};
use super::wakers::wake_all;

/// The future of [`Budget::charge_async`](crate::Budget::charge_async).
///
/// It takes its place in the queue when it is first polled. Dropping it gives up that place, or the bytes if they were granted already, and lets those
/// behind it go on: no byte and no wake-up is lost. (Forgetting it does lose them: those behind it wait until it is granted, and its bytes stay charged.)
#[must_use = "a future does nothing until it is polled"]
pub struct Charging {
    node: Arc<Node>,
    bytes: usize,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    New,
    Waits(Ticket),
    Ended,
}

impl Charging {
    pub(crate) fn new(node: Arc<Node>, bytes: usize) -> Self {
        Self {
            node,
            bytes,
            state: State::New,
        }
    }

    /// Whether it waits in line, and its own budget has no room for it, whatever those above have. If so, its task is woken when that changes, even
    /// if it is not granted then.
    ///
    /// For who can make room in a budget above, which helps nobody who waits at their own limit. Cost: the lock of the tree.
    #[must_use]
    pub fn is_held_by_own_limit(&self) -> bool {
        let State::Waits(ticket) = self.state else {
            return false;
        };
        self.node.with(|books, at| {
            let Books { ledger, queue, .. } = books;
            queue.is_held_by_own_limit(ledger, at, ticket)
        })
    }

    /// To be called once.
    fn ended(&mut self, outcome: Outcome) -> Result<Charge, ChargeError> {
        self.state = State::Ended;
        outcome.map(|()| Charge::new(Arc::clone(&self.node), self.bytes))
    }

    /// Ends the waiting in one step: with the bytes if they were granted, without them if not.
    #[cfg(all(feature = "std", not(loom)))]
    pub(super) fn time_out(mut self) -> Result<Charge, ChargeError> {
        let State::Waits(ticket) = self.state else {
            unreachable!("who has not asked, or has the answer, has nothing to wait for");
        };
        let (waker, outcome, woken) = self.node.with(|books, at| {
            let waker = books.leave(at, ticket);
            let outcome = books.time_out(at, ticket, self.bytes);
            (waker, outcome, books.settle())
        });
        let ended = self.ended(outcome);
        // In this order: a waker that panics when it is dropped keeps nobody from being woken.
        wake_all(woken);
        drop(waker);
        ended
    }
}

impl Future for Charging {
    type Output = Result<Charge, ChargeError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready, and if a waker panics, its own when cloned or another that this wakes.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (bytes, state) = (this.bytes, this.state);
        assert!(
            !matches!(state, State::Ended),
            "charging: polled again after it was ready"
        );
        if matches!(state, State::New) && this.node.quick().try_charge(bytes) {
            return Poll::Ready(this.ended(Ok(())));
        }
        // Cloned before the lock, and what it replaces is dropped after it: both run code of others.
        let mut waker = Some(context.waker().clone());
        let (asked, woken) = this.node.with(|books, at| {
            let (asked, woken) = if let State::Waits(ticket) = state {
                let outcome = books.queue.take_outcome(ticket);
                let asked = outcome.map_or(Asked::Waits(ticket), Asked::Ended);
                (asked, Vec::new())
            } else {
                books.request(at, bytes)
            };
            if let (Asked::Waits(ticket), Some(ours)) = (&asked, waker.take()) {
                waker = books.queue.set_waker(at, *ticket, ours);
            }
            (asked, woken)
        });
        let answer = match asked {
            Asked::Ended(outcome) => Poll::Ready(this.ended(outcome)),
            Asked::Waits(ticket) => {
                this.state = State::Waits(ticket);
                Poll::Pending
            }
        };
        // In this order: a waker that panics when it is dropped keeps nobody from being woken.
        wake_all(woken);
        drop(waker);
        answer
    }
}

impl Drop for Charging {
    fn drop(&mut self) {
        let State::Waits(ticket) = self.state else {
            return;
        };
        let (waker, woken) = self.node.with(|books, at| {
            let waker = books.leave(at, ticket);
            if let Some(Ok(())) = books.queue.take_outcome(ticket) {
                books.ledger.sub(at, self.bytes);
            }
            (waker, books.settle())
        });
        // In this order: a waker that panics when it is dropped keeps nobody from being woken.
        wake_all(woken);
        drop(waker);
    }
}

impl fmt::Debug for Charging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charging")
            .field("bytes", &self.bytes)
            .field("waits", &matches!(self.state, State::Waits(_)))
            .finish_non_exhaustive()
    }
}
