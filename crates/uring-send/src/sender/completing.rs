//! From completions to what becomes of messages.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use io_uring::cqueue::CompletionQueue;

use super::record::State;
use super::{Destination, Sender, SenderEvent};
use crate::completion::{Completion, completions};
use crate::event::SendEvent;
use crate::in_flight::{errno_of, error_of};
use crate::stats::SendStats;

/// What one completion meant for a send.
#[derive(Default)]
struct News {
    /// All bytes left, or why not and how many did.
    outcome: Option<Result<(), (i32, usize)>>,
    released: bool,
}

impl Sender {
    /// Reads the queue: what is ours becomes events, what is not is handed on.
    ///
    /// Call [`flush`](Self::flush) afterwards: what was short or queued goes on there.
    pub fn reap(
        &mut self,
        queue: &mut CompletionQueue<'_>,
        mut on_event: impl FnMut(SenderEvent),
        mut on_foreign: impl FnMut(Completion),
    ) {
        for completion in completions(queue) {
            if let Err(foreign) = self.complete(completion, &mut on_event) {
                on_foreign(foreign);
            }
        }
    }

    /// Takes in one completion, for a loop that reads its queue with [`completions`](crate::completions()) and has several parts.
    ///
    /// # Errors
    ///
    /// Gives a completion back that is not this instance's.
    pub fn complete(
        &mut self,
        completion: Completion,
        mut on_event: impl FnMut(SenderEvent),
    ) -> Result<(), Completion> {
        if !self.in_flight.owns(&completion) {
            return Err(completion);
        }
        let flight = completion.token().slot;
        let before = self.in_flight.stats();
        let mut news = News::default();
        // A guard's drop may panic in there; the books are kept all the same.
        let result = completion.result();
        self.in_flight.take_ended();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let taken = self
                .in_flight
                .complete(completion, |event| news.note(&event));
            debug_assert!(taken.is_ok(), "it is ours");
        }));
        if unwound.is_err() {
            news.released = self.in_flight.len() < before.in_flight;
            news.outcome = self.in_flight.take_ended();
        }
        self.learn(flight, result, &before);
        self.account(flight, &news, &mut on_event);
        match unwound {
            Ok(()) => Ok(()),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Tells the destination's threshold what the kernel said about copying.
    fn learn(&mut self, flight: u16, result: i32, before: &SendStats) {
        let now = self.in_flight.stats();
        let flight = &mut self.flights[usize::from(flight)];
        let choice = &mut self.records[usize::from(flight.at)].choice;
        if now.fallbacks > before.fallbacks {
            // A fixed buffer that is not there any more says nothing about zero copy.
            if !matches!(result.checked_neg(), Some(libc::EFAULT | libc::EINVAL)) {
                choice.refused();
            }
        } else if now.notifications > before.notifications {
            if let Some(asked) = flight.asked {
                flight.answered = true;
                choice.notified(now.kernel_copied > before.kernel_copied, asked.elapsed());
            }
        }
    }

    /// Changes everything first and tells about it afterwards: an `on_event` that panics loses events, nothing else.
    fn account(&mut self, flight: u16, news: &News, on_event: &mut impl FnMut(SenderEvent)) {
        let News { outcome, released } = *news;
        if outcome.is_none() && !released {
            return;
        }
        let state = &mut self.flights[usize::from(flight)];
        let (at, first, parts) = (state.at, state.chain.first(), state.chain.len());
        let to = self.name(at);
        if let Some(outcome) = outcome {
            let record = self.record_mut(at);
            record.sending = false;
            let may_break = record.is_stream() && !matches!(record.state, State::Broken { .. });
            if let (Err((errno, _)), true) = (outcome, may_break) {
                record.state = State::Broken { errno };
                // The connection is whole, and the peer may never read: it would keep the memory of zero-copy sends for as long.
                if let (libc::ETIME, Some(socket)) = (errno, &record.socket) {
                    socket.abort();
                }
            }
        }
        if released {
            self.release(flight);
        }
        self.list(at);
        // The parts' tags and lengths can be read until the parts are taken again, which needs `&mut self`.
        if let Some(outcome) = outcome {
            self.tell_outcome(to, first, parts, outcome, on_event);
        }
        if released {
            for (tag, _) in self.messages(first, parts) {
                on_event(SenderEvent::Released { to, tag });
            }
        }
    }

    /// The kernel is done with the memory of a send.
    fn release(&mut self, flight: u16) {
        let state = &mut self.flights[usize::from(flight)];
        let (at, bytes) = (state.at, state.bytes);
        let chain = mem::take(&mut state.chain);
        let unanswered = state.asked.take().is_some() && !state.answered;
        let record = &mut self.records[usize::from(at)];
        if unanswered {
            record.choice.unanswered();
        }
        self.sends.give(record.sends);
        record.sends -= 1;
        self.release_chain(at, chain, bytes);
    }

    fn tell_outcome(
        &self,
        to: Destination,
        first: Option<u32>,
        parts: usize,
        outcome: Result<(), (i32, usize)>,
        on_event: &mut impl FnMut(SenderEvent),
    ) {
        let (errno, mut sent) = match outcome {
            Ok(()) => (0, usize::MAX),
            Err(why) => why,
        };
        for (tag, bytes) in self.messages(first, parts) {
            let left = bytes.saturating_sub(sent);
            on_event(if left == 0 {
                SenderEvent::Sent { to, tag, bytes }
            } else {
                SenderEvent::Failed {
                    to,
                    tag,
                    error: error_of(errno),
                    sent: bytes - left,
                    left,
                }
            });
            sent = sent.saturating_sub(bytes);
        }
    }

    /// The tags and lengths of the messages that `parts` parts from `first` on are.
    fn messages(&self, first: Option<u32>, parts: usize) -> impl Iterator<Item = (u64, usize)> {
        let mut next = first;
        let mut bytes = 0;
        (0..parts).filter_map(move |_| {
            let part = next?;
            next = self.parts.after(part);
            let part = self.parts.get(part);
            bytes += part.bytes;
            Some((part.ends?, mem::take(&mut bytes)))
        })
    }
}

impl News {
    fn note(&mut self, event: &SendEvent) {
        match event {
            SendEvent::Sent { .. } => self.outcome = Some(Ok(())),
            SendEvent::Failed { error, sent, .. } => {
                self.outcome = Some(Err((errno_of(error), *sent)));
            }
            SendEvent::Released { .. } => self.released = true,
            SendEvent::Short { .. } => {}
        }
    }
}
