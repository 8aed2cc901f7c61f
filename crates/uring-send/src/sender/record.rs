//! What a sender knows about one destination.

use pool_core::Charge;

use super::choice::Choice;
use super::parts::Chain;
use crate::socket::Socket;

/// Where a destination is in its life; see [`Destination`](super::Destination).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Vacant,
    Open,
    Draining,
    Finished,
    Broken { errno: i32 },
}

/// - **RECORD-1** A stream has at most one send of which not all bytes are with the kernel (`sending`).
/// - **RECORD-2** It is in at most one of the lists of those to be looked at (`listed`).
/// - **RECORD-3** `entries`, and the bytes of `charge`, are those of the parts in `queue` and in its sends in flight, and of a message being put together, or forgotten.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) generation: u32,
    pub(crate) state: State,
    pub(crate) socket: Option<Socket>,
    /// `None` of a vacant place only.
    pub(crate) charge: Option<Charge>,
    pub(crate) choice: Choice,
    pub(crate) queue: Chain,
    /// The part in the queue behind whose copied bytes more can be copied.
    pub(crate) open_run: Option<u32>,
    pub(crate) sending: bool,
    pub(crate) sends: usize,
    pub(crate) entries: usize,
    pub(crate) listed: bool,
    /// Bytes of a message of which some parts were failed already.
    pub(crate) failing: usize,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            generation: 0,
            state: State::Vacant,
            socket: None,
            charge: None,
            choice: Choice::new(usize::MAX),
            queue: Chain::default(),
            open_run: None,
            sending: false,
            sends: 0,
            entries: 0,
            listed: false,
            failing: 0,
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.socket.as_ref().is_some_and(Socket::is_ordered)
    }

    pub(crate) fn charged(&mut self) -> &mut Charge {
        self.charge.as_mut().expect("not vacant")
    }

    /// Gives the place up. The next destination here has another generation. Entries of messages that were forgotten stay taken, and the place's.
    pub(crate) fn vacate(&mut self) {
        *self = Self {
            generation: self.generation.wrapping_add(1),
            listed: self.listed,
            entries: self.entries,
            ..Self::new()
        };
    }
}
