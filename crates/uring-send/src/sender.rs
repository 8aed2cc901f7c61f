//! Messages to many destinations: queued, put together, budgeted, and sent by whatever means is cheapest.

mod builder;
mod choice;
mod closing;
mod completing;
mod copy_run;
mod error;
mod event;
mod flushing;
mod message;
mod parts;
mod record;
mod shares;
mod stats;

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::time::Instant;

use pool_core::{Budget, Pool, StableBytes};

use crate::error::SetupError;
use crate::in_flight::InFlight;
use crate::registered::Registered;
use crate::socket::Socket;
use parts::{Chain, Parts};
use record::{Record, State};
use shares::Shares;

pub use builder::SenderBuilder;
pub use closing::Unsent;
pub use error::{QueueError, Refused};
pub use event::SenderEvent;
pub use message::Message;
pub use stats::SenderStats;

/// Sends messages to many sockets, in the order in which they were queued for each, through any `io_uring::IoUring`.
///
/// What it does that [`InFlight`](crate::InFlight) leaves to its caller:
///
/// - *Order.* A stream has one send at a time, what is queued meanwhile waits; what came short goes on before anything else. Datagrams go at the same time.
/// - *Fewer operations.* What is queued for a stream goes out together, as far as one send takes it; small messages are copied behind one another into one slot.
/// - *The cheapest operation.* `SEND` for one part, `SENDMSG` for several, from [fixed buffers](Self::use_registered) if there are any; without a copy by the kernel where that wins: it begins at
///   [a threshold](SenderBuilder::zero_copy_from), asks with one send, and learns for each destination from what the notification says. Over loopback, where the kernel
///   copies always, that one is the only one for long.
/// - *Budgets.* Bytes, entries and sends in flight are limited for each destination and in total, and a part of each is kept for each destination. One whose peer does
///   not read fills its own budget, gets [no room](QueueError::is_no_room_now), and delays nobody.
/// - *Orderly ends.* [`close`](Self::close) sends what is queued, then end of file; [`shutdown`](Self::shutdown) does it for all of them and says what did not leave.
///
/// A loop calls [`flush`](Self::flush), waits on its ring, gives the completions to [`complete`](Self::complete) or [`reap`](Self::reap), and begins again. Nothing is allocated
/// per message. All memory but the messages' own is taken when it is built.
///
/// Dropping it with sends in flight leaks their memory on purpose, as dropping an [`InFlight`](crate::InFlight) does; what is only queued is dropped.
pub struct Sender {
    in_flight: InFlight,
    /// By send slot.
    flights: Box<[Flight]>,
    records: Box<[Record]>,
    vacant: Vec<u16>,
    /// Destinations to be looked at by `flush`, each once.
    ready: VecDeque<u16>,
    /// Of those, the ones for which there was no send: looked at again with the next `flush`.
    starved: VecDeque<u16>,
    sends: Shares,
    entries: Shares,
    parts: Parts,
    /// A slot for each entry.
    copies: Pool,
    bytes: Budget,
    /// Kept for each destination.
    floor_bytes: usize,
    options: SenderBuilder,
    stats: SenderStats,
}

/// Names a destination of one [`Sender`]: a number, which another sender, or the same one after the destination has ended, refuses.
///
/// # Life
///
/// ```text
///        close             queue empty, nothing being sent      last memory released
/// Open ---------> Draining --------------------------> Finished --------------------> gone (Closed)
///   |                |                (end of file)                                     ^
///   +----------------+--- a stream's send failed, or abort ---> Broken -----------------+
/// ```
///
/// A message's memory is, one after the other: the queue's; the send's, from the moment its entry is in the submission queue until the kernel's last word about it
/// ([`SenderEvent::Released`]); nobody's. A stream's next send begins when all bytes of the last are with the kernel ([`SenderEvent::Sent`]), so several of its sends may be
/// waiting to be released, in any order; each holds its own entries and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Destination {
    sender: u16,
    at: u16,
    generation: u32,
}

/// What a send slot is carrying.
#[derive(Debug, Default)]
struct Flight {
    at: u16,
    chain: Chain,
    bytes: usize,
    /// When it was submitted, if it asked for zero copy.
    asked: Option<Instant>,
    answered: bool,
}

impl Sender {
    /// Starts building.
    pub fn builder() -> SenderBuilder {
        SenderBuilder::new()
    }

    /// Adds a socket. Its sending side is this sender's from now on: whoever else sends on a stream delays it.
    ///
    /// Allocates its budget.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if there are as many destinations as it was built for, or if the [budget](SenderBuilder::budget) it was built with has no room for what is kept for each.
    pub fn add(&mut self, socket: &Socket) -> Result<Destination, SetupError> {
        let Some(at) = self.vacant.last().copied() else {
            return Err(SetupError::OutOfRange {
                field: "destinations",
                bound: "as many as the sender was built for",
                value: self.records.len() + 1,
            });
        };
        let budget = self
            .bytes
            .child()
            .floor_bytes(self.floor_bytes)
            .ceiling_bytes(self.options.bytes_per_destination)
            .build()?;
        let nothing = budget.try_charge(0).expect("no bytes always find room");
        self.vacant.pop();
        let choice = choice::Choice::new(self.options.zero_copy_from);
        let record = self.record_mut(at);
        record.state = State::Open;
        record.socket = Some(socket.clone());
        record.charge = Some(nothing);
        record.choice = choice;
        Ok(self.name(at))
    }

    /// From now on, zero-copy sends whose bytes all lie in one registered region are [fixed sends](InFlight::use_registered).
    pub fn use_registered(&mut self, registered: &Registered) {
        self.in_flight.use_registered(registered);
    }

    /// Begins a message of several parts.
    ///
    /// # Errors
    ///
    /// [`QueueError::Closed`].
    pub fn message(&mut self, to: Destination) -> Result<Message<'_>, QueueError> {
        let at = self.open(to)?;
        Ok(Message::new(self, at))
    }

    /// Queues a message that is one guard.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the guard back and says why.
    pub fn send<G>(&mut self, to: Destination, tag: u64, guard: G) -> Result<(), Refused<G>>
    where
        G: StableBytes + Send + 'static,
    {
        let bytes = guard.stable_bytes();
        if bytes.is_empty() || bytes.len() < self.options.copy_below.min(self.options.copy_bytes) {
            return match self.copy(to, tag, bytes) {
                Ok(()) => Ok(()),
                Err(why) => Err(Refused { guard, why }),
            };
        }
        let mut message = match self.message(to) {
            Ok(message) => message,
            Err(why) => return Err(Refused { guard, why }),
        };
        message.guard(guard)?.tag(tag);
        message.queue().expect("it has bytes");
        Ok(())
    }

    /// Queues a message that is a copy of `bytes`: at most [`copy_bytes`](SenderBuilder::copy_bytes).
    ///
    /// # Errors
    ///
    /// [`QueueError`]; nothing was queued.
    pub fn copy(&mut self, to: Destination, tag: u64, bytes: &[u8]) -> Result<(), QueueError> {
        let at = self.open(to)?;
        self.check_copy(bytes.len())?;
        if !bytes.is_empty() && self.join(at, tag, bytes)? {
            return Ok(());
        }
        let mut message = Message::new(self, at);
        message.copy(bytes)?.tag(tag);
        message.queue()
    }

    /// How many bytes more the destination would take now, if it has an entry for them. 0 if it is closed.
    #[must_use]
    pub fn room(&self, to: Destination) -> usize {
        let Ok(at) = self.open(to) else { return 0 };
        let charge = self.records[usize::from(at)].charge.as_ref();
        charge.map_or(0, |charge| charge.budget().available())
    }

    /// How many destinations there are, those that are being closed among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len() - self.vacant.len()
    }

    /// Whether there is no destination: dropping now leaks nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nothing is queued and the kernel uses no memory of ours: dropping now leaks nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.entries.used() == 0
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> SenderStats {
        SenderStats {
            entries: self.entries.used(),
            bytes: self.bytes.used(),
            destinations: self.len(),
            operations: self.in_flight.stats(),
            ..self.stats
        }
    }

    /// Where a destination that has not ended is.
    fn find(&self, to: Destination) -> Result<u16, QueueError> {
        let known = to.sender == self.in_flight.number()
            && self
                .records
                .get(usize::from(to.at))
                .is_some_and(|it| it.generation == to.generation && it.state != State::Vacant);
        if known {
            Ok(to.at)
        } else {
            Err(QueueError::Closed)
        }
    }

    /// Where a destination that takes messages is.
    fn open(&self, to: Destination) -> Result<u16, QueueError> {
        let at = self.find(to)?;
        match self.records[usize::from(at)].state {
            State::Open => Ok(at),
            _ => Err(QueueError::Closed),
        }
    }

    fn record_mut(&mut self, at: u16) -> &mut Record {
        &mut self.records[usize::from(at)]
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // The memory in flight is leaked with the sends, so it stays charged. First, for all: guards that are queued may panic when they are dropped, later.
        for record in self.records.iter_mut().filter(|record| record.sends > 0) {
            let queued = self.parts.bytes_of(&record.queue);
            if let Some(mut charge) = record.charge.take() {
                charge.shrink(queued);
                mem::forget(charge);
            }
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("destinations", &self.len())
            .field("entries", &self.entries.used())
            .field("in_flight", &self.in_flight.len())
            .finish_non_exhaustive()
    }
}
