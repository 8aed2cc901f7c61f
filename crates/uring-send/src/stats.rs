//! What the sending and the receiving part have counted.

/// Counts of an [`InFlight`](crate::InFlight).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SendStats {
    /// Operations submitted as `SEND` (one part) or `SENDMSG`.
    pub copied_sends: u64,
    /// Operations submitted as `SEND_ZC` (one part) or `SENDMSG_ZC`.
    pub zero_copy_sends: u64,
    /// Of these, the ones from a fixed buffer: see [`Registered`](crate::Registered).
    pub fixed_sends: u64,
    /// Of the operations, those that carried the rest of a short send.
    pub resubmissions: u64,
    /// Times that a send went on as `SENDMSG` because the kernel refused to do it without a copy, or from the memory because it refused to do it from a fixed
    /// buffer.
    pub fallbacks: u64,
    /// Sends that failed because their [time](crate::Draft::timeout) was over.
    pub timed_out: u64,
    /// Payload bytes this crate copied: [`Draft::copy`](crate::Draft::copy).
    pub bytes_copied: u64,
    /// Payload bytes sent from where they lay: [`Draft::guard`](crate::Draft::guard).
    pub bytes_guarded: u64,
    /// Notifications received.
    pub notifications: u64,
    /// Of those, the ones that said the kernel copied after all.
    pub kernel_copied: u64,
    /// Completions that bore an old generation or belonged to no operation: ignored.
    pub stale: u64,
    /// Sends that the kernel may still be using.
    pub in_flight: usize,
}

/// Counts of a [`RecvRing`](crate::RecvRing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecvStats {
    /// Slots that arrived with bytes in them, or parts of slots.
    pub received: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Times the kernel had no buffer.
    pub out_of_buffers: u64,
    /// Completions that bore an old generation or named no posted buffer: ignored.
    pub stale: u64,
    /// Slots that the kernel may fill now.
    pub posted: usize,
    /// Sockets being received from.
    pub streams: usize,
}
