//! From queues to the submission queue: what each destination needs next is done here.

use std::time::Instant;

use super::parts::{Body, Chain};
use super::record::State;
use super::{Destination, Flight, Sender, SenderEvent};
use crate::guard_cell::GuardCell;
use crate::in_flight::error_of;
use crate::queue::{Submissions, has_room};

/// What a look at a destination came to.
enum Visit {
    /// Nothing more to do until something completes or is queued.
    Done,
    /// More datagrams are to be sent: when the others had their turn.
    More,
    /// Every send that it could have is in flight.
    Starved,
}

impl Sender {
    /// Puts what is queued into the submission queue, as far as there is room, one destination after the other; and ends destinations whose time has come. Tells
    /// whether nothing waits for room in the queue: if something does, submit and call again.
    ///
    /// Look at its events before you wait: what a loop waits for may be among them.
    #[must_use = "what waits for room goes on only if this is called again"]
    pub fn flush(
        &mut self,
        queue: &mut impl Submissions,
        mut on_event: impl FnMut(SenderEvent),
    ) -> bool {
        if !self.in_flight.flush(queue) {
            return false;
        }
        self.ready.append(&mut self.starved);
        let places = 1 + usize::from(self.options.send_timeout.is_some());
        while let Some(at) = self.ready.front().copied() {
            if !has_room(queue, places) {
                return false;
            }
            let visit = self.visit(at, queue, &mut on_event);
            self.ready.pop_front();
            match visit {
                Visit::Done => self.records[usize::from(at)].listed = false,
                Visit::More => self.ready.push_back(at),
                Visit::Starved => self.starved.push_back(at),
            }
        }
        true
    }

    /// Notes that a destination is to be looked at.
    pub(super) fn list(&mut self, at: u16) {
        let record = self.record_mut(at);
        if !record.listed {
            record.listed = true;
            self.ready.push_back(at);
        }
    }

    /// The queue has room for one send.
    fn visit(
        &mut self,
        at: u16,
        queue: &mut impl Submissions,
        on_event: &mut impl FnMut(SenderEvent),
    ) -> Visit {
        // After what is being sent, whose outcome is still to come: outcomes are in the order of the queue.
        if let State::Broken { errno } = self.record_mut(at).state {
            if !self.record_mut(at).sending {
                self.fail_queue(at, errno, on_event);
            }
        }
        let record = self.record_mut(at);
        match record.state {
            State::Open | State::Draining if !record.queue.is_empty() => {
                return if record.sending {
                    Visit::Done
                } else {
                    self.begin_send(at, queue)
                };
            }
            State::Draining if !record.sending => {
                if let Some(socket) = record.socket.as_ref().filter(|it| it.is_ordered()) {
                    socket.finish();
                }
                record.state = State::Finished;
            }
            _ => {}
        }
        if matches!(record.state, State::Finished | State::Broken { .. }) && record.sends == 0 {
            let to = self.name(at);
            self.records[usize::from(at)].vacate();
            self.vacant.push(at);
            on_event(SenderEvent::Closed { to });
        }
        Visit::Done
    }

    /// Fails what a broken destination has queued. Goes on where it stopped if a guard's drop or `on_event` panics.
    fn fail_queue(&mut self, at: u16, errno: i32, on_event: &mut impl FnMut(SenderEvent)) {
        let to = self.name(at);
        self.record_mut(at).open_run = None;
        while let Some(part) = self.pop_queued(at) {
            let (bytes, ends) = (self.parts.get(part).bytes, self.parts.get(part).ends);
            let record = self.record_mut(at);
            record.failing += bytes;
            let left = record.failing;
            if ends.is_some() {
                record.failing = 0;
            }
            drop(self.free_part(at, part));
            if let Some(tag) = ends {
                let error = error_of(errno);
                on_event(SenderEvent::Failed {
                    to,
                    tag,
                    error,
                    sent: 0,
                    left,
                });
                on_event(SenderEvent::Released { to, tag });
            }
        }
    }

    fn pop_queued(&mut self, at: u16) -> Option<u32> {
        self.parts.pop(&mut self.records[usize::from(at)].queue)
    }

    /// Sends as many whole messages as one send takes: of datagrams, one.
    fn begin_send(&mut self, at: u16, queue: &mut impl Submissions) -> Visit {
        let record = &mut self.records[usize::from(at)];
        let socket = record.socket.as_ref().expect("not vacant");
        let stream = socket.is_ordered();
        if !self.sends.take(record.sends) {
            return Visit::Starved;
        }
        if !socket.begin_send() {
            // Somebody else sends on it, against our advice: it is looked at again with the next flush.
            self.sends.give(record.sends + 1);
            return Visit::Starved;
        }
        let mut draft = self.in_flight.send(socket).expect("a slot for each share");
        let (mut chain, mut bytes, mut guarded) = (Chain::default(), 0, 0);
        while let Some(next) = self.parts.next_message(&record.queue) {
            let fits = next.runs <= draft.guard_room()
                && bytes + next.bytes <= self.options.bytes_per_send;
            if !(chain.is_empty() || stream && fits) {
                break;
            }
            bytes += next.bytes;
            for _ in 0..next.parts {
                let part = self.parts.pop(&mut record.queue).expect("counted");
                match self.parts.take_body(part) {
                    Body::Guard(cell) => {
                        guarded += self.parts.get(part).bytes;
                        draft.cell(cell);
                    }
                    Body::Copies(run) => draft.cell(GuardCell::new(run)),
                    Body::Terms(terms) => {
                        terms.to.map(|to| draft.to(to));
                        terms.segment_bytes.map(|bytes| draft.segment_bytes(bytes));
                    }
                    Body::Joined | Body::Gone => {}
                }
                self.parts.append(&mut chain, part);
            }
        }
        record.open_run = record.open_run.filter(|_| !record.queue.is_empty());
        record.sends += 1;
        record.sending = stream;
        let asks = record.choice.asks(guarded);
        self.stats.sends += 1;
        self.flights[usize::from(draft.slot())] = Flight {
            at,
            chain,
            bytes,
            asked: asks.then(Instant::now),
            answered: false,
        };
        if let Some(limit) = self.options.send_timeout {
            draft.timeout(limit);
        }
        draft.submit_claimed(asks, queue);
        if stream || record.queue.is_empty() {
            Visit::Done
        } else {
            Visit::More
        }
    }

    pub(super) fn name(&self, at: u16) -> Destination {
        Destination {
            sender: self.in_flight.number(),
            at,
            generation: self.records[usize::from(at)].generation,
        }
    }
}
