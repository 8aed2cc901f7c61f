//! Those who wait for a slot, first come, first served.
//!
//! Places are numbers into one vector, linked into lists, so that joining, serving and leaving take the same time however many wait, and allocate
//! nothing once as many have waited at a time before. A place is its waiter's from joining to leaving: whoever serves it never frees it.

use alloc::vec::Vec;
use core::mem;
use core::task::Waker;
use std::thread::Thread;

use crate::free_list::OwnedSlot;

/// How a waiter is told to look again.
#[derive(Debug)]
pub(crate) enum Sleeper {
    Task(Waker),
    Thread(Thread),
}

impl Sleeper {
    /// Runs code of the caller's choice if this is a task: never under a lock.
    pub(crate) fn wake(self) {
        match self {
            Self::Task(waker) => waker.wake(),
            Self::Thread(thread) => thread.unpark(),
        }
    }
}

/// What a waiter gets in the end.
#[derive(Debug)]
pub(crate) enum Grant {
    Slot(OwnedSlot),
    Closed,
}

/// A waiter's right to its place, ended by [`WaitQueue::leave`].
#[derive(Debug)]
pub(crate) struct Ticket(u32);

#[derive(Debug)]
enum State {
    /// In the list of vacant places.
    Vacant,
    /// In the list of those who wait.
    Waiting(Sleeper),
    /// In the list of those who have their grant and are to be woken.
    Served(Grant, Sleeper),
    /// In no list: woken, or on the point of it.
    Woken(Grant),
}

const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Place {
    state: State,
    before: u32,
    after: u32,
}

/// The ends of a list of places.
#[derive(Debug)]
struct List {
    first: u32,
    last: u32,
}

impl List {
    const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
    };

    fn push(&mut self, places: &mut [Place], number: u32) {
        let place = &mut places[number as usize];
        (place.before, place.after) = (self.last, NONE);
        match self.last {
            NONE => self.first = number,
            last => places[last as usize].after = number,
        }
        self.last = number;
    }

    fn remove(&mut self, places: &mut [Place], number: u32) {
        let Place { before, after, .. } = places[number as usize];
        match before {
            NONE => self.first = after,
            before => places[before as usize].after = after,
        }
        match after {
            NONE => self.last = before,
            after => places[after as usize].before = before,
        }
    }

    fn pop(&mut self, places: &mut [Place]) -> Option<u32> {
        let first = Some(self.first).filter(|first| *first != NONE)?;
        self.remove(places, first);
        Some(first)
    }
}

#[derive(Debug)]
pub(crate) struct WaitQueue {
    places: Vec<Place>,
    vacant: List,
    waiting: List,
    served: List,
}

impl WaitQueue {
    pub(crate) const fn new() -> Self {
        Self {
            places: Vec::new(),
            vacant: List::EMPTY,
            waiting: List::EMPTY,
            served: List::EMPTY,
        }
    }

    /// Whether nobody waits who has not been served.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.first == NONE
    }

    /// Takes the last place.
    pub(crate) fn join(&mut self, sleeper: Sleeper) -> Ticket {
        let number = self.vacant.pop(&mut self.places).unwrap_or_else(|| {
            let number = u32::try_from(self.places.len()).expect("fewer than 2^32 waiters");
            self.places.push(Place {
                state: State::Vacant,
                before: NONE,
                after: NONE,
            });
            number
        });
        self.set(number, State::Waiting(sleeper));
        self.waiting.push(&mut self.places, number);
        Ticket(number)
    }

    /// Gives a slot to who waits longest.
    ///
    /// # Errors
    ///
    /// Gives it back if nobody waits.
    pub(crate) fn serve(&mut self, slot: OwnedSlot) -> Result<(), OwnedSlot> {
        let Some(number) = self.waiting.pop(&mut self.places) else {
            return Err(slot);
        };
        self.grant(number, Grant::Slot(slot));
        Ok(())
    }

    /// Tells everybody who waits that the pool is closed.
    pub(crate) fn refuse_all(&mut self) {
        while let Some(number) = self.waiting.pop(&mut self.places) {
            self.grant(number, Grant::Closed);
        }
    }

    fn grant(&mut self, number: u32, grant: Grant) {
        if let State::Waiting(sleeper) = self.set(number, State::Vacant) {
            self.set(number, State::Served(grant, sleeper));
            self.served.push(&mut self.places, number);
        }
    }

    /// Who is to be woken next.
    pub(crate) fn next_served(&mut self) -> Option<Sleeper> {
        let number = self.served.pop(&mut self.places)?;
        match self.set(number, State::Vacant) {
            State::Served(grant, sleeper) => {
                self.set(number, State::Woken(grant));
                Some(sleeper)
            }
            _ => None,
        }
    }

    pub(crate) fn is_served(&self, ticket: &Ticket) -> bool {
        matches!(
            self.places[ticket.0 as usize].state,
            State::Served(..) | State::Woken(_)
        )
    }

    /// Changes who is woken for a place that was not served yet; gives the other sleeper, to be dropped without the lock.
    pub(crate) fn sleep_on(&mut self, ticket: &Ticket, sleeper: Sleeper) -> Sleeper {
        match &mut self.places[ticket.0 as usize].state {
            State::Waiting(old) => mem::replace(old, sleeper),
            _ => sleeper,
        }
    }

    /// Ends a place: what it was granted, and a sleeper that nobody woke, to be dropped without the lock.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the right to the place ends here"
    )]
    pub(crate) fn leave(&mut self, ticket: Ticket) -> (Option<Grant>, Option<Sleeper>) {
        let Ticket(number) = ticket;
        let left = match self.set(number, State::Vacant) {
            State::Vacant => (None, None),
            State::Waiting(sleeper) => {
                self.waiting.remove(&mut self.places, number);
                (None, Some(sleeper))
            }
            State::Served(grant, sleeper) => {
                self.served.remove(&mut self.places, number);
                (Some(grant), Some(sleeper))
            }
            State::Woken(grant) => (Some(grant), None),
        };
        self.vacant.push(&mut self.places, number);
        left
    }

    fn set(&mut self, number: u32, state: State) -> State {
        mem::replace(&mut self.places[number as usize].state, state)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;

    fn sleeper() -> Sleeper {
        Sleeper::Task(Waker::noop().clone())
    }

    /// Any order of joining, serving and leaving, beside a naive queue. Numbers from a linear congruence.
    #[test]
    fn the_queue_does_what_a_naive_one_does_and_reuses_its_places() {
        let (mut queue, mut naive) = (WaitQueue::new(), VecDeque::new());
        let (mut tickets, mut most, mut random) = (Vec::new(), 0, 1_u32);
        for round in 0..2000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let dice = random >> 16;
            match dice % 4 {
                0 | 1 if tickets.len() < 8 => {
                    tickets.push((round, queue.join(sleeper())));
                    naive.push_back(round);
                }
                2 => {
                    let served = queue.serve(OwnedSlot::assume(round)).is_ok();
                    assert_eq!(naive.pop_front().is_some(), served);
                    assert_eq!(queue.next_served().is_some(), served);
                }
                _ if !tickets.is_empty() => {
                    let (who, ticket) = tickets.swap_remove(dice as usize % tickets.len());
                    let waited = naive.iter().position(|other| *other == who);
                    assert_eq!(queue.is_served(&ticket), waited.is_none());
                    waited.map(|place| naive.remove(place));
                    assert_eq!(queue.leave(ticket).0.is_none(), waited.is_some());
                }
                _ => {}
            }
            assert_eq!(queue.is_empty(), naive.is_empty());
            most = most.max(tickets.len());
        }
        assert_eq!(queue.places.len(), most);
    }
}
