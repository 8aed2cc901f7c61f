//! The futures.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::AsyncSends;
use super::progress::Place;
use crate::draft::Draft;
use crate::error::{AsyncSendError, DraftError};
use crate::socket::Socket;

/// A send: resolves when all its bytes are with the kernel. Made by [`AsyncSends::send`].
#[must_use = "nothing is sent before it is polled"]
pub struct Sending<P> {
    sends: AsyncSends,
    step: Step<P>,
}

enum Step<P> {
    /// Not begun: what is needed to, and under which number it waits.
    Before {
        socket: Socket,
        parts: P,
        starter: Option<u64>,
    },
    Begun(Place),
    Over,
}

// Nothing in it is ever pinned: `parts` is called by value.
impl<P> Unpin for Sending<P> {}

impl<P> Sending<P> {
    pub(super) fn new(sends: AsyncSends, socket: Socket, parts: P) -> Self {
        let starter = None;
        let step = Step::Before {
            socket,
            parts,
            starter,
        };
        Self { sends, step }
    }
}

impl<P> Sending<P>
where
    P: FnOnce(&mut Draft<'_>) -> Result<(), DraftError>,
{
    /// Begins, or waits for its turn.
    fn begin(&mut self, waker: &Waker) -> Result<(), AsyncSendError> {
        let mut guard = self.sends.state();
        let state = &mut *guard;
        let Step::Before {
            socket, starter, ..
        } = &mut self.step
        else {
            return Ok(());
        };
        if !state.can_begin(socket) {
            let number = state.number(starter);
            let replaced = state.starters.insert(number, waker.clone());
            drop(guard);
            drop(replaced);
            return Ok(());
        }
        let Step::Before { socket, parts, .. } = std::mem::replace(&mut self.step, Step::Over)
        else {
            return Ok(());
        };
        let begun = state.begin(&socket, parts);
        let loop_waker = state.loop_waker.clone();
        drop(guard);
        self.step = Step::Begun(begun?);
        loop_waker.iter().for_each(Waker::wake_by_ref);
        Ok(())
    }
}

impl<P> Future for Sending<P>
where
    P: FnOnce(&mut Draft<'_>) -> Result<(), DraftError>,
{
    type Output = Result<Sent, AsyncSendError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(
            !matches!(this.step, Step::Over),
            "polled after it was ready"
        );
        this.begin(context.waker())?;
        let Step::Begun(place) = &this.step else {
            return Poll::Pending;
        };
        let outcome = this
            .sends
            .state()
            .progresses
            .outcome(place, context.waker());
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(_replaced) => return Poll::Pending,
        };
        let Step::Begun(place) = std::mem::replace(&mut this.step, Step::Over) else {
            return Poll::Pending;
        };
        let released = Released {
            sends: this.sends.clone(),
            place: Some(place),
        };
        Poll::Ready(match outcome {
            Ok(bytes) => Ok(Sent { bytes, released }),
            Err((error, sent)) => Err(AsyncSendError::failed(error, sent)),
        })
    }
}

impl<P> Drop for Sending<P> {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.step, Step::Over) {
            Step::Before {
                starter: Some(number),
                ..
            } => {
                let waker = self.sends.state().starters.remove(&number);
                drop(waker);
            }
            Step::Begun(place) => self.sends.abandon(place),
            Step::Before { .. } | Step::Over => {}
        }
    }
}

/// All bytes of a send are with the kernel. The memory may still be in use.
#[derive(Debug)]
pub struct Sent {
    bytes: usize,
    released: Released,
}

impl Sent {
    /// How many bytes there were.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Waits until the kernel is done with the memory and the guards are dropped.
    pub fn released(self) -> Released {
        self.released
    }
}

/// Resolves when the memory of a send is free: see [`Sent::released`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Released {
    sends: AsyncSends,
    /// `None` once it has resolved.
    place: Option<Place>,
}

impl Future for Released {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(place) = &self.place else {
            return Poll::Ready(());
        };
        let released = self
            .sends
            .state()
            .progresses
            .released(place, context.waker());
        if let Err(_replaced) = released {
            return Poll::Pending;
        }
        if let Some(place) = self.place.take() {
            self.sends.abandon(place);
        }
        Poll::Ready(())
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.sends.abandon(place);
        }
    }
}

/// Resolves when no send is in flight: see [`AsyncSends::idle`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is polled"]
pub struct Idle {
    sends: AsyncSends,
    /// Under which number it waits.
    number: Option<u64>,
}

impl Idle {
    pub(super) fn new(sends: AsyncSends) -> Self {
        let number = None;
        Self { sends, number }
    }
}

impl Future for Idle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { sends, number } = &mut *self;
        let mut state = sends.state();
        if state.in_flight.is_empty() {
            return Poll::Ready(());
        }
        let number = state.number(number);
        let replaced = state.idlers.insert(number, context.waker().clone());
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let waker = self.sends.state().idlers.remove(&number);
            drop(waker);
        }
    }
}

impl<P> fmt::Debug for Sending<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.step {
            Step::Before { .. } => "before",
            Step::Begun(_) => "begun",
            Step::Over => "over",
        };
        f.debug_struct("Sending")
            .field("step", &step)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Released {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Released").finish_non_exhaustive()
    }
}
