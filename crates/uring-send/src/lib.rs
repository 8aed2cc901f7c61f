#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![warn(clippy::pedantic)]
#![allow(
    clippy::module_name_repetitions,
    reason = "a file is named by the thing it holds, and so is the thing"
)]
#![allow(
    clippy::missing_panics_doc,
    reason = "an `expect` says why it cannot fail; a panic that a caller can cause is documented"
)]

mod acceptor;
mod arming;
mod async_sends;
mod buffer_ring;
#[cfg(feature = "compio-buf")]
mod compio;
mod completion;
mod datagram;
mod deadline;
mod doorbell;
mod draft;
mod error;
mod event;
mod fallback;
mod file_reads;
mod guard_cell;
mod in_flight;
mod kept;
mod leaks;
mod message;
mod nonce;
mod part;
mod probe;
mod queue;
mod recv_ring;
mod registered;
mod ring;
mod send_slot;
mod sender;
mod sign;
mod socket;
mod sqe;
mod stats;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod wire;

pub use acceptor::{AcceptEvent, Acceptor};
pub use async_sends::{AsyncSends, Idle, Released, Sending, Sent};
#[cfg(feature = "compio-buf")]
pub use compio::Stable;
pub use completion::{Completion, completions};
pub use doorbell::Doorbell;
pub use draft::Draft;
pub use error::{
    AsyncSendError, DraftError, GuardError, ReadError, RecvError, RingError, SetupError,
    SubmitError,
};
pub use event::{ReadEvent, RecvEvent, SendEvent};
pub use fallback::{FallbackQueue, FallbackRing};
pub use file_reads::FileReads;
pub use guard_cell::MAX_GUARD_BYTES;
pub use in_flight::{InFlight, InFlightBuilder};
pub use kept::Kept;
pub use leaks::{Leaks, leaks};
pub use part::Part;
pub use queue::{Ring, Submissions};
pub use recv_ring::RecvRing;
pub use registered::Registered;
pub use ring::{new_ring, submit_and_wait};
pub use sender::{
    Destination, Message, QueueError, Refused, Sender, SenderBuilder, SenderEvent, SenderStats,
    Unsent,
};
pub use socket::Socket;
pub use stats::{RecvStats, SendStats};
pub use wire::{MAX_GUARDS, MAX_PARTS};
