//! What completions make of the streams and the slots.

use std::io;

use super::RecvRing;
use super::posted::{Filled, Filling};
use crate::completion::Completion;
use crate::event::RecvEvent;

impl RecvRing {
    /// Takes in one completion.
    ///
    /// In a ring with [bundles](Self::bundled) it may have several events: the others come from [`next_event`](Self::next_event). Events that were not asked for
    /// come first the next time, so the order of a stream's bytes is kept in any case.
    ///
    /// # Errors
    ///
    /// Gives a completion back that is not this instance's.
    pub fn complete(&mut self, completion: Completion) -> Result<RecvEvent, Completion> {
        if completion.token().nonce != self.nonce.number() {
            return Err(completion);
        }
        let event = self.take_in(&completion);
        if self.filling == Filling::Bundled {
            return Ok(self.next_of_bundle(event));
        }
        Ok(event)
    }

    /// The next event of a bundle whose first one [`complete`](Self::complete) gave. Always `None` in a ring without [bundles](Self::bundled).
    pub fn next_event(&mut self) -> Option<RecvEvent> {
        self.waiting.pop_front()
    }

    /// Queues the event and those of the slots behind it, and gives the first that waits.
    fn next_of_bundle(&mut self, event: RecvEvent) -> RecvEvent {
        let of_stream = match &event {
            RecvEvent::Data { tag, .. } => Some(*tag),
            _ => None,
        };
        self.waiting.push_back(event);
        while let Some((lease, range)) = self.rest.pop_front() {
            // Of a stream that is gone, the slots just come home.
            if let Some(tag) = of_stream {
                let event = self.received(tag, Filled::Whole(lease, range));
                self.waiting.push_back(event);
            }
        }
        self.waiting.pop_front().expect("pushed just now")
    }

    fn take_in(&mut self, completion: &Completion) -> RecvEvent {
        let token = completion.token();
        let filled = self.take_slot(completion);
        let Some(stream) = self
            .streams
            .get_mut(usize::from(token.slot))
            .filter(|stream| stream.arming.owns(token))
        else {
            self.stats.stale += 1;
            return RecvEvent::Internal;
        };
        stream.arming.completed(completion);
        let tag = stream.tag;
        match (completion.result(), filled) {
            (1.., Some(filled)) => self.received(tag, filled),
            // A datagram without bytes: nothing to hand on, and no end.
            (0, _) if !stream.is_ordered() => RecvEvent::Internal,
            (0, _) => {
                self.remove(token.slot);
                RecvEvent::Closed { tag }
            }
            (1.., None) => self.failed(token.slot, libc::EIO),
            (result, _) => self.refused(token.slot, result),
        }
    }

    /// What the completion's slot has, if it names one that can be.
    fn take_slot(&mut self, completion: &Completion) -> Option<Filled> {
        let id = completion.buffer_id()?;
        let bytes = usize::try_from(completion.result()).unwrap_or(0);
        let posted = self.posted.as_mut()?;
        let taken = if self.filling == Filling::Bundled {
            posted.take_bundle(id, bytes, &mut self.rest)
        } else {
            posted.take(id, bytes, completion.buffer_goes_on())
        };
        let Ok(filled) = taken else {
            self.stats.stale += 1;
            return None;
        };
        filled
    }

    fn received(&mut self, tag: u64, filled: Filled) -> RecvEvent {
        self.stats.received += 1;
        match filled {
            Filled::Whole(lease, range) => {
                self.stats.bytes += range.len() as u64;
                RecvEvent::Data { tag, lease, range }
            }
            Filled::Part(part) => {
                self.stats.bytes += part.len() as u64;
                RecvEvent::Part { tag, part }
            }
        }
    }

    fn refused(&mut self, place: u16, result: i32) -> RecvEvent {
        match result.checked_neg() {
            Some(libc::ENOBUFS) => {
                self.stats.out_of_buffers += 1;
                RecvEvent::OutOfBuffers {
                    tag: self.streams[usize::from(place)].tag,
                }
            }
            Some(libc::EINTR) => RecvEvent::Internal,
            errno => self.failed(place, errno.unwrap_or(libc::EIO)),
        }
    }

    fn failed(&mut self, place: u16, errno: i32) -> RecvEvent {
        let tag = self.streams[usize::from(place)].tag;
        self.remove(place);
        RecvEvent::Failed {
            tag,
            error: io::Error::from_raw_os_error(errno),
        }
    }

    /// Forgets a socket whose operation ended. One that "failed" while armed stays until it has.
    fn remove(&mut self, place: u16) {
        let stream = &mut self.streams[usize::from(place)];
        if !stream.arming.is_armed() {
            stream.socket = None;
            self.free_streams.push(place);
        }
    }
}
