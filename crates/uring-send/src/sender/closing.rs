//! The end of destinations, and of the sender.

use std::io;
use std::time::{Duration, Instant};

use super::record::State;
use super::{Destination, QueueError, Sender, SenderEvent};
use crate::completion::Completion;
use crate::queue::Ring;

/// How long a shutdown waits for the kernel to let go of what it aborted. It does so at once; this only ends a wait for a device that does not.
const ABORT_TIME: Duration = Duration::from_secs(1);

/// What did not leave until a [`Sender::shutdown`] ended. Nothing: all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[must_use = "it says whether everything left"]
pub struct Unsent {
    /// Messages that failed during the shutdown, those that were given up at its deadline among them.
    pub messages: usize,
    /// Their bytes that did not leave.
    pub bytes: usize,
    /// Sends whose memory the kernel still holds: dropping the sender leaks it.
    pub held: usize,
}

impl Sender {
    /// Ends a destination in order: what is queued is sent, a stream's peer then reads end of file, and [`SenderEvent::Closed`] comes when the
    /// kernel is done with all its memory. It takes no more messages from now on.
    ///
    /// # Errors
    ///
    /// [`QueueError::Closed`] if it is closed already.
    pub fn close(&mut self, to: Destination) -> Result<(), QueueError> {
        let at = self.open(to)?;
        self.record_mut(at).state = State::Draining;
        self.list(at);
        Ok(())
    }

    /// Ends a destination now: what is queued fails, and so does what is in flight, unless it left already; a stream's connection is
    /// [aborted](crate::Socket::abort). The events come with the next [`flush`](Self::flush) and completions, [`SenderEvent::Closed`] last.
    ///
    /// # Errors
    ///
    /// [`QueueError::Closed`] if it is gone already. One that is being closed can be aborted.
    pub fn abort(&mut self, to: Destination) -> Result<(), QueueError> {
        let at = self.find(to)?;
        self.abort_at(at);
        Ok(())
    }

    fn abort_at(&mut self, at: u16) {
        let record = self.record_mut(at);
        if let Some(socket) = record.socket.as_ref().filter(|it| it.is_ordered()) {
            socket.abort();
        }
        if !matches!(record.state, State::Broken { .. }) {
            let errno = libc::ECANCELED;
            record.state = State::Broken { errno };
        }
        self.list(at);
    }

    /// Closes every destination and works the ring until all have ended or `patience` is over; then aborts those that have not, and waits for the kernel
    /// to let go of them (at most a second more). Other users' completions go to `on_foreign`.
    ///
    /// # Errors
    ///
    /// What the kernel says of a submission.
    pub fn shutdown(
        &mut self,
        ring: &mut impl Ring,
        patience: Duration,
        mut on_event: impl FnMut(SenderEvent),
        mut on_foreign: impl FnMut(Completion),
    ) -> io::Result<Unsent> {
        let mut unsent = Unsent::default();
        let mut on_event = |event| {
            if let SenderEvent::Failed { left, .. } = event {
                unsent.messages += 1;
                unsent.bytes += left;
            }
            on_event(event);
        };
        self.each_place(|this, at| {
            if this.record_mut(at).state == State::Open {
                this.record_mut(at).state = State::Draining;
                this.list(at);
            }
        });
        let mut aborted = false;
        // A patience beyond what a clock can say is no deadline.
        let mut end = Instant::now().checked_add(patience);
        loop {
            let queued = self.flush(&mut ring.submissions(), &mut on_event);
            if self.is_empty() {
                break;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                if aborted {
                    break;
                }
                aborted = true;
                end = Instant::now().checked_add(ABORT_TIME);
                self.each_place(Self::abort_at);
                continue;
            }
            // What waits for room in the queue finds it when the kernel has taken what is there.
            ring.enter(if queued { left } else { Some(Duration::ZERO) })?;
            for completion in ring.completions() {
                if let Err(foreign) = self.complete(completion, &mut on_event) {
                    on_foreign(foreign);
                }
            }
        }
        unsent.held = self.in_flight.len();
        Ok(unsent)
    }

    fn each_place(&mut self, act: impl Fn(&mut Self, u16)) {
        for at in 0..self.records.len() {
            if self.records[at].state != State::Vacant {
                act(
                    self,
                    u16::try_from(at).expect("as many as the builder allows"),
                );
            }
        }
    }
}
