//! What becomes of messages and destinations.

use std::io;

use super::Destination;

/// What a [`Sender`](crate::Sender) reports. `tag` is the one its message was given.
///
/// Each message has one `Sent` or `Failed`, and then one `Released`.
#[derive(Debug)]
#[non_exhaustive]
pub enum SenderEvent {
    /// Every byte of the message is with the kernel. Its memory may still be in use.
    Sent {
        /// Where it went.
        to: Destination,
        /// The message's tag.
        tag: u64,
        /// All its bytes.
        bytes: usize,
    },
    /// The message did not leave, or not whole.
    Failed {
        /// Where it was to go.
        to: Destination,
        /// The message's tag.
        tag: u64,
        /// Why. After a stream's send failed, its queue fails for the same reason. `ECANCELED`: the destination was aborted.
        error: io::Error,
        /// Bytes of the message that left before.
        sent: usize,
        /// Bytes of the message that did not leave.
        left: usize,
    },
    /// The kernel is done with the message's memory; its guards are dropped, its bytes and entries are free. The last event of each message.
    Released {
        /// Where it went, or was to go.
        to: Destination,
        /// The message's tag.
        tag: u64,
    },
    /// The destination is gone: all its messages are released, its socket is let go. The last event of each destination.
    Closed {
        /// Which one.
        to: Destination,
    },
}
