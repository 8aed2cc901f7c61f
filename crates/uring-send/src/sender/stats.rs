//! What a sender has counted.

use crate::stats::SendStats;

/// Counts of a [`Sender`](crate::Sender).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SenderStats {
    /// Messages queued.
    pub messages: u64,
    /// Sends begun; each carried one message or more. (Rests of short ones are [`SendStats::resubmissions`].)
    pub sends: u64,
    /// Messages that were copied behind the one before, into the same slot.
    pub joined: u64,
    /// Payload bytes that were copied.
    pub bytes_copied: u64,
    /// Payload bytes that were sent from where they lay.
    pub bytes_guarded: u64,
    /// Entries taken now: by parts that are queued, and by those that the kernel may be using.
    pub entries: usize,
    /// Bytes in those entries.
    pub bytes: usize,
    /// Destinations now, those that are being closed among them.
    pub destinations: usize,
    /// What the kernel was given.
    pub operations: SendStats,
}
