//! Sends as futures, for any executor.

mod future;
mod progress;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use io_uring::squeue;

use crate::completion::Completion;
use crate::draft::Draft;
use crate::error::{AsyncSendError, DraftError};
use crate::in_flight::InFlight;
use crate::queue::{Submissions, has_room};
use crate::socket::Socket;

pub use future::{Idle, Released, Sending, Sent};
use progress::{Place, Progresses};

/// An [`InFlight`] whose sends are futures. Clones share it; they and the futures may be used on any thread and in any executor.
///
/// Who owns the ring drives it: [`flush`](Self::flush) before sleeping in the ring, [`complete`](Self::complete) with what came. If futures are polled on
/// other threads than the ring's, give it what wakes that one ([`wake_loop_with`](Self::wake_loop_with); a [`Doorbell`](crate::Doorbell) has one).
///
/// Dropping a future before its send began drops the parts and sends nothing. Afterwards the send goes on by itself, its memory kept as
/// ever.
///
/// A lock is held while the kernel's answers are taken in and guards dropped, and while the parts of a send are added. A guard's drop and the
/// closure of [`send`](Self::send) must not use the same `AsyncSends`: they would wait for themselves.
///
/// ```
/// use std::{future::Future, pin::pin, sync::Arc, task::{Context, Poll, Wake, Waker}};
/// use uring_send::{AsyncSends, FallbackRing, InFlight, Ring, Socket};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (near, far) = std::os::unix::net::UnixStream::pair()?;
/// let (near, sends) = (Socket::stream(near)?, AsyncSends::new(InFlight::new(8)?));
/// let task = async {
///     let sent = sends.send(&near, |draft| {
///         draft.copy(b"a header, ")?;
///         draft.guard(vec![7; 1000])?;
///         Ok(())
///     });
///     let sent = sent.await?;
///     assert_eq!(sent.bytes(), 1010);
///     sent.released().await; // the memory is free
///     Ok::<_, uring_send::AsyncSendError>(())
/// };
/// // The smallest loop there is: one task, polled after each turn of the ring.
/// let mut ring = FallbackRing::new(8);
/// let mut task = pin!(task);
/// while task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
///     assert!(sends.flush(&mut ring.submissions()));
///     ring.enter(None)?;
///     for completion in ring.completions() {
///         sends.complete(completion).map_err(|foreign| format!("{foreign:?}"))?;
///     }
/// }
/// # drop(far);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AsyncSends {
    state: Arc<Mutex<State>>,
}

/// A waker that leaves it is dropped after the lock: it may be the last owner of a task, and so of a future of this very instance, which takes the lock when it is dropped.
struct State {
    in_flight: InFlight,
    /// Sends that were begun and wait for room in the queue, in order, with their timeouts.
    entries: VecDeque<(squeue::Entry, Option<squeue::Entry>)>,
    progresses: Progresses,
    /// Futures whose sends could not begin, by the order in which they came.
    starters: BTreeMap<u64, Waker>,
    /// Who waits until nothing is in flight, likewise.
    idlers: BTreeMap<u64, Waker>,
    /// The number of the next future that waits for one of both.
    next_waiter: u64,
    loop_waker: Option<Waker>,
}

impl AsyncSends {
    /// Makes futures of this instance's sends.
    ///
    /// # Panics
    ///
    /// If it has sends in flight already: their events would be told to nobody.
    #[must_use]
    pub fn new(in_flight: InFlight) -> Self {
        assert!(
            in_flight.is_empty(),
            "in_flight: must have no sends, has {}",
            in_flight.len()
        );
        let state = State {
            in_flight,
            entries: VecDeque::new(),
            progresses: Progresses::default(),
            starters: BTreeMap::new(),
            idlers: BTreeMap::new(),
            next_waiter: 0,
            loop_waker: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Wakes the thread that sleeps in the ring, whenever a future has a send for it.
    pub fn wake_loop_with(&self, waker: Waker) {
        let replaced = self.state().loop_waker.replace(waker);
        drop(replaced);
    }

    /// A send to `socket` of what `parts` adds to its draft. It begins when the future is first polled, there is a free slot, and the stream takes its next send;
    /// `parts` is called then, once. The draft's tag is this crate's own here.
    ///
    /// Of several futures that wait for one stream, which goes first is decided by who is polled first. All sends of a stream must go through one `AsyncSends`: of the
    /// end of others nobody is told here.
    pub fn send<P>(&self, socket: &Socket, parts: P) -> Sending<P>
    where
        P: FnOnce(&mut Draft<'_>) -> Result<(), DraftError>,
    {
        Sending::new(self.clone(), socket.clone(), parts)
    }

    /// Waits until no send is in flight: dropping all clones then leaks nothing.
    pub fn idle(&self) -> Idle {
        Idle::new(self.clone())
    }

    /// Puts what was begun, and the rests of short sends, into the queue. Tells whether nothing is left waiting for room: if something is, submit
    /// and call again.
    #[must_use = "what is waiting goes on only if this is called again"]
    pub fn flush(&self, queue: &mut impl Submissions) -> bool {
        let state = &mut *self.state();
        if !state.in_flight.flush(queue) {
            return false;
        }
        while let Some((send, timeout)) = state.entries.front() {
            if !has_room(queue, 1 + usize::from(timeout.is_some())) {
                return false;
            }
            for entry in [Some(send), timeout.as_ref()].into_iter().flatten() {
                // SAFETY: what the entry names stays until its terminal completion (SLOT-1).
                let pushed = unsafe { queue.push(entry) };
                assert!(pushed, "there was room above");
            }
            state.entries.pop_front();
        }
        true
    }

    /// Takes in one completion and wakes whose future can go on.
    ///
    /// # Errors
    ///
    /// Gives a completion back that is not this instance's.
    ///
    /// # Panics
    ///
    /// If a guard's drop panics: the send is over then, and its own futures hear nothing of it. If a waker panics.
    pub fn complete(&self, completion: Completion) -> Result<(), Completion> {
        // Dropped after the lock, and also if a guard's drop panics: a wake-up that is lost would stop a task for ever.
        let mut woken = Woken::default();
        let state = &mut *self.state();
        // A slot comes free, or a stream takes its next send: whose wish that was, each finds out.
        woken.starters.append(&mut state.starters);
        let progresses = &mut state.progresses;
        let answer = state.in_flight.complete(completion, |event| {
            woken.told = progresses.note(event).or(woken.told.take());
        });
        if state.in_flight.is_empty() {
            woken.idlers.append(&mut state.idlers);
        }
        answer
    }

    /// How many sends the kernel may still be using the memory of.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.state().in_flight.len()
    }

    /// The future that had the place is gone.
    fn abandon(&self, place: Place) {
        let waker = self.state().progresses.abandon(place);
        drop(waker);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes all when it is dropped.
#[derive(Default)]
struct Woken {
    told: Option<Waker>,
    starters: BTreeMap<u64, Waker>,
    idlers: BTreeMap<u64, Waker>,
}

impl Drop for Woken {
    fn drop(&mut self) {
        let starters = std::mem::take(&mut self.starters).into_values();
        let idlers = std::mem::take(&mut self.idlers).into_values();
        let all = self.told.take().into_iter().chain(starters);
        all.chain(idlers).for_each(Waker::wake);
    }
}

impl State {
    /// Begins a send, if it can begin now.
    fn begin(
        &mut self,
        socket: &Socket,
        parts: impl FnOnce(&mut Draft<'_>) -> Result<(), DraftError>,
    ) -> Result<Place, AsyncSendError> {
        let mut draft = self.in_flight.send(socket)?;
        parts(&mut draft)?;
        let place = self.progresses.take_place();
        draft.tag(place.as_tag());
        // SAFETY: pushed once, unchanged and together, by `flush`; their completions come through `complete`.
        let entries = unsafe { draft.into_entries() };
        match entries {
            Ok(entries) => {
                self.entries.push_back(entries);
                Ok(place)
            }
            Err((draft, why)) => {
                drop(draft);
                self.progresses.give_back(place);
                Err(why.into())
            }
        }
    }

    /// The number under which a future waits, which it has or is given.
    fn number(&mut self, number: &mut Option<u64>) -> u64 {
        *number.get_or_insert_with(|| {
            self.next_waiter += 1;
            self.next_waiter
        })
    }

    fn can_begin(&self, socket: &Socket) -> bool {
        self.in_flight.len() < self.in_flight.capacity() && !socket.is_sending()
    }
}

impl fmt::Debug for AsyncSends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncSends")
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
