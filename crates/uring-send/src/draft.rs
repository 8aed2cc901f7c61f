//! A send being put together.

use std::fmt;
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::time::Duration;

use io_uring::squeue;
use pool_core::StableBytes;

use crate::error::{DraftError, GuardError, SubmitError};
use crate::guard_cell::GuardCell;
use crate::in_flight::InFlight;
use crate::queue::Submissions;

/// A send being put together: parts are added in the order in which their bytes go out.
///
/// Dropping a draft drops its guards and frees its slot; nothing was sent.
pub struct Draft<'a> {
    in_flight: &'a mut InFlight,
    slot: u16,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(in_flight: &'a mut InFlight, slot: u16) -> Self {
        Self { in_flight, slot }
    }

    /// Adds bytes by copying them into this send's own area. For headers and small payloads.
    ///
    /// # Errors
    ///
    /// [`DraftError`] if they do not fit; the draft is as it was.
    pub fn copy(&mut self, bytes: &[u8]) -> Result<&mut Self, DraftError> {
        self.in_flight.add_copy(self.slot, bytes)?;
        Ok(self)
    }

    /// Adds a guard's bytes from where they lie. The guard is dropped when the kernel is done with them, or with the draft.
    ///
    /// A guard has at most [`MAX_GUARD_BYTES`](crate::MAX_GUARD_BYTES) (the handle, not the payload) and an alignment of at most 8;
    /// more is refused at compile time. One with no bytes is dropped at once.
    ///
    /// ```compile_fail,E0080
    /// # fn add(draft: &mut uring_send::Draft<'_>) {
    /// struct Wide(Vec<u8>, [u64; 4]); // 56 bytes
    /// unsafe impl pool_core::StableBytes for Wide {
    ///     fn stable_bytes(&self) -> &[u8] { &self.0 }
    /// }
    /// draft.guard(Wide(vec![1], [0; 4])).expect("room");
    /// # }
    /// # let mut sends = uring_send::InFlight::new(1).unwrap();
    /// # let socket = uring_send::Socket::datagram(std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
    /// # add(&mut sends.send(&socket).unwrap());
    /// ```
    ///
    /// A guard's promise cannot be made in safe code (`l_send_2_a_guard_needs_unsafe`):
    ///
    /// ```compile_fail,E0200
    /// struct Inline([u8; 64]);
    /// impl pool_core::StableBytes for Inline {
    ///     fn stable_bytes(&self) -> &[u8] { &self.0 }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`GuardError`] gives the guard back; the draft is as it was.
    pub fn guard<G>(&mut self, guard: G) -> Result<&mut Self, GuardError<G>>
    where
        G: StableBytes + Send + 'static,
    {
        match self
            .in_flight
            .check_guard(self.slot, guard.stable_bytes().len())
        {
            Ok(()) => self.in_flight.add_guard(self.slot, guard),
            Err(why) => return Err(GuardError { guard, why }),
        }
        Ok(self)
    }

    /// Which slot the send will have.
    pub(crate) fn slot(&self) -> u16 {
        self.slot
    }

    /// As [`guard`](Self::guard), of a guard in its cell. The caller has checked that there is room.
    pub(crate) fn cell(&mut self, cell: GuardCell) {
        self.in_flight.add_cell(self.slot, cell);
    }

    /// As [`submit`](Self::submit), by a caller that has the right to send to the socket, has added bytes and knows that the queue has
    /// room.
    pub(crate) fn submit_claimed(self, zero_copy: bool, queue: &mut impl Submissions) {
        let mut this = ManuallyDrop::new(self);
        let slot = this.slot;
        this.in_flight.submit_claimed(slot, zero_copy, queue);
    }

    /// Sets the number that this send's events will bear. 0 by default.
    pub fn tag(&mut self, tag: u64) -> &mut Self {
        self.in_flight.set_tag(self.slot, tag);
        self
    }

    /// Sets where a datagram goes, on a socket that is not connected or is to another peer. On a stream the kernel refuses or ignores it.
    pub fn to(&mut self, address: SocketAddr) -> &mut Self {
        self.in_flight.set_address(self.slot, address);
        self
    }

    /// Has the kernel, or the network card, cut what is sent into datagrams of `bytes` bytes each, the last one with what is left (`UDP_SEGMENT`): one
    /// operation for many. A UDP socket refuses more than 64 of them (128 from Linux 6.9 on), more than 65 507 bytes in all, and segments that do not
    /// fit the path's MTU; other sockets refuse it always.
    pub fn segment_bytes(&mut self, bytes: u16) -> &mut Self {
        self.in_flight.set_segment_bytes(self.slot, bytes);
        self
    }

    /// Limits the time that the send may take, from its submission until all its bytes are with the kernel. What is under way then is cancelled, and the send ends with
    /// [`Failed`](crate::SendEvent::Failed), an error of kind [`TimedOut`](std::io::ErrorKind::TimedOut) without a number, and the bytes that left: a stream's next send would go
    /// on in the middle of this one. No time at all sends what the socket takes at once. More than a clock can say is no limit.
    ///
    /// The rest of a short send has the time that is left. The memory of a zero-copy send is held up to its notification all the same. The time of a send that is linked
    /// behind another one runs from its submission too, but it is ended when it has begun.
    ///
    /// It costs an entry and a completion more for each operation: a queue needs room for both at once. Of rings that share one kernel thread (`SQPOLL`, attached), the kernel may
    /// take the two apart: then that operation has no limit.
    pub fn timeout(&mut self, limit: Duration) -> &mut Self {
        self.in_flight.set_timeout(self.slot, limit);
        self
    }

    /// How many bytes the send has so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.in_flight.total_bytes(self.slot)
    }

    /// Whether no byte was added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes [`copy`](Self::copy) has room for.
    #[must_use]
    pub fn copy_room(&self) -> usize {
        self.in_flight.copy_room(self.slot)
    }

    /// How many more guards the send takes.
    #[must_use]
    pub fn guard_room(&self) -> usize {
        self.in_flight.guard_room(self.slot)
    }

    /// Puts the send into the submission queue; the kernel sees it when the queue is submitted.
    ///
    /// # Errors
    ///
    /// Gives the draft back, with all that was added to it, and says why.
    ///
    /// # Panics
    ///
    /// If it has a [timeout](Self::timeout) and the queue holds a single entry.
    pub fn submit(self, queue: &mut impl Submissions) -> Result<(), (Self, SubmitError)> {
        match self.in_flight.submit_draft(self.slot, queue) {
            Ok(()) => {
                std::mem::forget(self);
                Ok(())
            }
            Err(why) => Err((self, why)),
        }
    }

    /// The send as an entry, for a loop that fills its queue itself.
    ///
    /// # Errors
    ///
    /// Gives the draft back and says why; [`SubmitError::TwoEntries`] of one with a [timeout](Self::timeout).
    ///
    /// # Safety
    ///
    /// The caller pushes the entry exactly once, unchanged but for the flags `IO_LINK`, `IO_HARDLINK`, `IO_DRAIN` and `ASYNC`, and
    /// gives each of its completions once to [`InFlight::complete`] or [`InFlight::complete_raw`].
    pub unsafe fn into_entry(self) -> Result<squeue::Entry, (Self, SubmitError)> {
        if self.in_flight.has_timeout(self.slot) {
            return Err((self, SubmitError::TwoEntries));
        }
        // SAFETY: the caller's promise; there is no second entry.
        unsafe { self.into_entries() }.map(|(entry, _none)| entry)
    }

    /// The send as an entry, and the entry of its [timeout](Self::timeout) if it has one, for a loop that fills its queue itself.
    ///
    /// # Errors
    ///
    /// Gives the draft back and says why.
    ///
    /// # Safety
    ///
    /// As [`into_entry`](Self::into_entry), for both entries. The second one is pushed right behind the first, and both become visible to the kernel together. To link another
    /// entry behind the send, it is the second one that takes the flag `IO_LINK`.
    pub unsafe fn into_entries(
        self,
    ) -> Result<(squeue::Entry, Option<squeue::Entry>), (Self, SubmitError)> {
        match self.in_flight.begin(self.slot) {
            Ok(entry) => {
                let this = ManuallyDrop::new(self);
                Ok((entry, this.in_flight.timeout_entry(this.slot)))
            }
            Err(why) => Err((self, why)),
        }
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        self.in_flight.abandon(self.slot);
    }
}

impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
