//! What was told of each send, until its futures have heard it.

use std::io;
use std::task::Waker;

use crate::event::SendEvent;

/// What became of a send: all its bytes, or why not and how many.
pub(super) type Outcome = Result<usize, (io::Error, usize)>;

/// A send's place, from its beginning until it is released and no future asks for it any more: whichever is later.
///
/// Neither `Copy` nor `Clone`: there is one for each send, and one future has it.
#[derive(Debug)]
pub(super) struct Place(usize);

impl Place {
    pub(super) fn as_tag(&self) -> u64 {
        self.0 as u64
    }

    fn into_index(self) -> usize {
        self.0
    }
}

/// Sends by place.
#[derive(Debug, Default)]
pub(super) struct Progresses {
    sends: Vec<Progress>,
    free: Vec<usize>,
}

#[derive(Debug, Default)]
struct Progress {
    outcome: Option<Outcome>,
    released: bool,
    /// Whether no future has the place any more.
    abandoned: bool,
    waker: Option<Waker>,
}

impl Progresses {
    pub(super) fn take_place(&mut self) -> Place {
        let place = self.free.pop().unwrap_or_else(|| {
            self.sends.push(Progress::default());
            self.sends.len() - 1
        });
        self.sends[place] = Progress::default();
        Place(place)
    }

    /// Of a send that was not begun after all.
    pub(super) fn give_back(&mut self, place: Place) {
        self.free.push(place.into_index());
    }

    /// The future that had the place is gone.
    pub(super) fn abandon(&mut self, place: Place) {
        let place = place.into_index();
        let send = &mut self.sends[place];
        (send.abandoned, send.waker) = (true, None);
        if send.released {
            self.free.push(place);
        }
    }

    /// Takes in an event. Tells whom to wake.
    pub(super) fn note(&mut self, event: SendEvent) -> Option<Waker> {
        let (tag, outcome) = match event {
            SendEvent::Short { .. } => return None,
            SendEvent::Sent { tag, bytes } => (tag, Some(Ok(bytes))),
            SendEvent::Failed { tag, error, sent } => (tag, Some(Err((error, sent)))),
            SendEvent::Released { tag } => (tag, None),
        };
        let place = usize::try_from(tag).expect("made of a place");
        let send = &mut self.sends[place];
        send.released |= outcome.is_none();
        if send.released && send.abandoned {
            self.free.push(place);
            return None;
        }
        send.outcome = outcome.or(send.outcome.take());
        send.waker.take()
    }

    /// The outcome, once; until it is there, `waker` is woken.
    pub(super) fn outcome(&mut self, place: &Place, waker: &Waker) -> Option<Outcome> {
        let send = &mut self.sends[place.0];
        if send.outcome.is_none() {
            send.waker = Some(waker.clone());
        }
        send.outcome.take()
    }

    /// Whether the memory is free; until it is, `waker` is woken.
    pub(super) fn is_released(&mut self, place: &Place, waker: &Waker) -> bool {
        let send = &mut self.sends[place.0];
        if !send.released {
            send.waker = Some(waker.clone());
        }
        send.released
    }
}
