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

    /// The future that had the place is gone. Gives the waker that is not needed any more.
    pub(super) fn abandon(&mut self, place: Place) -> Option<Waker> {
        let place = place.into_index();
        let send = &mut self.sends[place];
        send.abandoned = true;
        let waker = send.waker.take();
        if send.released {
            self.free.push(place);
        }
        waker
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

    /// The outcome, once.
    ///
    /// # Errors
    ///
    /// If it is not there yet: `waker` is woken then, and not the one that this gives.
    pub(super) fn outcome(
        &mut self,
        place: &Place,
        waker: &Waker,
    ) -> Result<Outcome, Option<Waker>> {
        let send = &mut self.sends[place.0];
        let outcome = send.outcome.take();
        outcome.ok_or_else(|| send.waker.replace(waker.clone()))
    }

    /// Whether the memory is free.
    ///
    /// # Errors
    ///
    /// If it is not yet: as of [`outcome`](Self::outcome).
    pub(super) fn released(&mut self, place: &Place, waker: &Waker) -> Result<(), Option<Waker>> {
        let send = &mut self.sends[place.0];
        if send.released {
            return Ok(());
        }
        Err(send.waker.replace(waker.clone()))
    }
}
