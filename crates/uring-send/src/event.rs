//! What completions mean.

use std::io;
use std::ops::Range;

use pool_core::Lease;

use crate::part::Part;

/// What became of a send. `tag` is the one its draft was given.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendEvent {
    /// The kernel took only a part of the bytes; the rest waits for [`InFlight::flush`](crate::InFlight::flush).
    Short {
        /// The send's tag.
        tag: u64,
        /// Bytes taken so far.
        sent: usize,
        /// Bytes to go.
        left: usize,
    },
    /// Every byte is with the kernel; the socket takes the next send. The memory may still be in use.
    Sent {
        /// The send's tag.
        tag: u64,
        /// All the bytes of the send.
        bytes: usize,
    },
    /// The send ended early.
    Failed {
        /// The send's tag.
        tag: u64,
        /// Why.
        error: io::Error,
        /// Bytes that left before.
        sent: usize,
    },
    /// The kernel is done with the memory; the guards are dropped, the slot is free. The last event of each send.
    Released {
        /// The send's tag.
        tag: u64,
    },
}

/// What was received. `tag` is the one its socket was added with.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecvEvent {
    /// Bytes arrived in a slot of the pool; it is yours.
    Data {
        /// The socket's tag.
        tag: u64,
        /// The slot.
        lease: Lease,
        /// Where in the slot the bytes are; never empty.
        range: Range<usize>,
    },
    /// Bytes arrived in a slot that may be filled further: from [`RecvRing::incremental`](crate::RecvRing::incremental).
    Part {
        /// The socket's tag.
        tag: u64,
        /// The bytes; never none.
        part: Part,
    },
    /// The kernel had no buffer to fill; the receive goes on by itself when [`RecvRing::flush`](crate::RecvRing::flush)
    /// finds free slots in the pool.
    OutOfBuffers {
        /// The socket's tag.
        tag: u64,
    },
    /// The peer has sent everything. The socket was removed.
    Closed {
        /// The socket's tag.
        tag: u64,
    },
    /// The receive failed. The socket was removed.
    Failed {
        /// The socket's tag.
        tag: u64,
        /// Why.
        error: io::Error,
    },
    /// A completion that told the caller nothing new.
    Internal,
}

/// What became of a file read. `tag` is the one that it was begun with.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadEvent {
    /// Bytes of the file are in the slot; it is yours again.
    Read {
        /// The read's tag.
        tag: u64,
        /// The slot.
        lease: Lease,
        /// Where in the slot the bytes are: fewer than asked for at the end of the file, none behind it.
        range: Range<usize>,
    },
    /// The read failed. What lies in the slot's range is unspecified.
    Failed {
        /// The read's tag.
        tag: u64,
        /// The slot.
        lease: Lease,
        /// Why.
        error: io::Error,
    },
    /// A completion that told the caller nothing new.
    Internal,
}
