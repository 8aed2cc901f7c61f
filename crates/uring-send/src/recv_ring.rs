//! Receiving straight into a pool's slots.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use io_uring::{IoUring, opcode, types};
use pool_core::{Lease, Pool};

use crate::arming::Arming;
use crate::buffer_ring::BufferRing;
use crate::completion::Completion;
use crate::error::{RecvError, SetupError};
use crate::event::RecvEvent;
use crate::leaks;
use crate::nonce::Nonce;
use crate::queue::Submissions;
use crate::socket::Socket;
use crate::stats::RecvStats;

/// Slots of a pool, given to the kernel to receive into, and the sockets it receives from.
///
/// Each completion gives a slot with bytes in it: a [`Lease`], yours. [`flush`](Self::flush) gives the kernel fresh slots from the
/// pool, so a slot that anybody drops anywhere comes back by itself. When the pool is empty, receiving pauses: the peers feel it as
/// back-pressure.
///
/// Dropping it while the kernel has slots leaks those on purpose and counts them in [`leaks`](crate::leaks()).
/// [`close`](Self::close) gives them back.
pub struct RecvRing {
    ring_fd: RawFd,
    pool: Pool,
    buffers: Option<BufferRing>,
    /// By buffer id: the slot the kernel may fill.
    posted: Box<[Option<Lease>]>,
    /// Ids that name no slot now.
    idle_ids: Vec<u16>,
    nonce: Nonce,
    streams: Box<[Stream]>,
    free_streams: Vec<u16>,
    stats: RecvStats,
}

#[derive(Debug, Default)]
struct Stream {
    arming: Arming,
    /// `None` while the place is free.
    socket: Option<Socket>,
    tag: u64,
}

impl Stream {
    fn is_ordered(&self) -> bool {
        self.socket.as_ref().is_some_and(Socket::is_ordered)
    }
}

impl RecvRing {
    /// Registers a buffer ring of `entries` (a power of two, 1 to 32 768) with `ring`, for up to `streams` sockets at a time
    /// (1 to 65 535). Slots of `pool` are given to the kernel by [`flush`](Self::flush).
    ///
    /// The buffer group's number is this instance's own in the whole process. So a receive that is put into another ring's queue
    /// by mistake finds no such group there, instead of buffers whose numbers mean something else.
    ///
    /// # Errors
    ///
    /// [`SetupError`] names the argument and its range, or what the kernel said (`EEXIST`: other code on this ring uses the
    /// number).
    pub fn new(
        ring: &IoUring,
        pool: &Pool,
        entries: u16,
        streams: usize,
    ) -> Result<Self, SetupError> {
        if !entries.is_power_of_two() || entries > 32_768 {
            let bound = "a power of two from 1 to 32768";
            return Err(SetupError::OutOfRange {
                field: "entries",
                bound,
                value: entries.into(),
            });
        }
        let stream_count = u16::try_from(streams)
            .ok()
            .filter(|count| *count > 0)
            .ok_or(SetupError::OutOfRange {
                field: "streams",
                bound: "1 to 65535",
                value: streams,
            })?;
        if u32::try_from(pool.slot_bytes()).is_err() {
            let (bound, value) = ("at most 4294967295", pool.slot_bytes());
            return Err(SetupError::OutOfRange {
                field: "slot_bytes",
                bound,
                value,
            });
        }
        let nonce = Nonce::take()?;
        let mut buffers = BufferRing::new(entries)?;
        // SAFETY: the array is valid for `entries` entries and stays until it is unregistered or leaked (BUFRING-1).
        unsafe {
            ring.submitter().register_buf_ring_with_flags(
                buffers.address(),
                entries,
                nonce.number(),
                0,
            )
        }
        .map_err(|source| SetupError::Kernel {
            what: "register a buffer ring",
            source,
        })?;
        Ok(Self {
            ring_fd: ring.as_raw_fd(),
            pool: pool.clone(),
            buffers: Some(buffers),
            posted: (0..entries).map(|_| None).collect(),
            idle_ids: (0..entries).rev().collect(),
            nonce,
            streams: (0..stream_count).map(|_| Stream::default()).collect(),
            free_streams: (0..stream_count).rev().collect(),
            stats: RecvStats::default(),
        })
    }

    /// Begins to receive from a socket with the next [`flush`](Self::flush). Its events bear `tag`.
    ///
    /// # Errors
    ///
    /// [`RecvError::TooManyStreams`]: no room now.
    pub fn add(&mut self, socket: &Socket, tag: u64) -> Result<(), RecvError> {
        let place = self.free_streams.pop().ok_or(RecvError::TooManyStreams {
            bound: self.streams.len(),
        })?;
        let stream = &mut self.streams[usize::from(place)];
        stream.socket = Some(socket.clone());
        stream.tag = tag;
        Ok(())
    }

    /// Gives the kernel fresh slots and arms the receives that are not. Tells whether nothing waits for room in the queue.
    ///
    /// A receive is armed only while the kernel has slots to fill.
    ///
    /// # Panics
    ///
    /// If `ring` is not the one this was made for: another one's buffers would be taken for this one's.
    #[must_use = "if the queue was full, submit and call again"]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn flush(&mut self, ring: &mut IoUring) -> bool {
        assert_eq!(
            ring.as_raw_fd(),
            self.ring_fd,
            "ring: must be the one of `RecvRing::new`"
        );
        self.refill();
        if self.posted_count() == 0 {
            return true;
        }
        let mut queue = ring.submission();
        for place in 0..self.streams.len() {
            if !self.arm(place, &mut queue) {
                return false;
            }
        }
        true
    }

    /// Whether receives wait for free slots in the pool: call [`flush`](Self::flush) when some came home.
    #[must_use]
    pub fn is_starved(&self) -> bool {
        self.posted_count() == 0
            || self
                .streams
                .iter()
                .any(|stream| stream.socket.is_some() && !stream.arming.is_armed())
    }

    #[cfg_attr(feature = "track", track_caller)]
    fn refill(&mut self) {
        let Some(buffers) = &mut self.buffers else {
            return;
        };
        let before = self.idle_ids.len();
        while let Some(id) = self.idle_ids.last().copied() {
            let Some(mut lease) = self.pool.alloc() else {
                break;
            };
            self.idle_ids.pop();
            let bytes = u32::try_from(lease.len()).expect("checked by `new`");
            buffers.post(id, lease.as_mut_ptr(), bytes);
            self.posted[usize::from(id)] = Some(lease);
        }
        if self.idle_ids.len() < before {
            buffers.publish();
        }
    }

    fn arm(&mut self, place: usize, queue: &mut impl Submissions) -> bool {
        let stream = &mut self.streams[place];
        let Some(socket) = stream.socket.as_ref().filter(|_| !stream.arming.is_armed()) else {
            return true;
        };
        let place = u16::try_from(place).expect("at most 65 535 streams");
        let entry = opcode::RecvMulti::new(types::Fd(socket.raw_fd()), self.nonce.number()).build();
        let token = stream.arming.token(&self.nonce, place);
        // SAFETY: the socket is kept (or leaked) as long as the operation is armed; the memory it fills is the group's, which
        // stays until it is unregistered with nothing armed, or leaked.
        unsafe { stream.arming.arm(queue, entry, token) }
    }

    /// Takes in one completion.
    ///
    /// # Errors
    ///
    /// Gives a completion back that is not this instance's.
    pub fn complete(&mut self, completion: Completion) -> Result<RecvEvent, Completion> {
        let token = completion.token();
        if token.nonce != self.nonce.number() {
            return Err(completion);
        }
        let lease = completion.buffer_id().and_then(|id| self.unpost(id));
        let Some(stream) = self
            .streams
            .get_mut(usize::from(token.slot))
            .filter(|stream| stream.arming.owns(token))
        else {
            self.stats.stale += 1;
            return Ok(RecvEvent::Internal);
        };
        stream.arming.completed(&completion);
        let tag = stream.tag;
        Ok(match (usize::try_from(completion.result()), lease) {
            (Ok(bytes), Some(lease)) if (1..=lease.len()).contains(&bytes) => {
                self.stats.received += 1;
                self.stats.bytes += bytes as u64;
                RecvEvent::Data {
                    tag,
                    lease,
                    range: 0..bytes,
                }
            }
            // A datagram without bytes: nothing to hand on, and no end.
            (Ok(0), _) if !stream.is_ordered() => RecvEvent::Internal,
            (Ok(0), _) => {
                self.remove(token.slot);
                RecvEvent::Closed { tag }
            }
            (Ok(_), _) => self.failed(token.slot, libc::EIO),
            (Err(_), _) => self.refused(token.slot, completion.result()),
        })
    }

    fn unpost(&mut self, id: u16) -> Option<Lease> {
        let lease = self.posted.get_mut(usize::from(id)).and_then(Option::take);
        match lease {
            Some(_) => self.idle_ids.push(id),
            None => self.stats.stale += 1,
        }
        lease
    }

    fn refused(&mut self, place: u16, result: i32) -> RecvEvent {
        match result.checked_neg() {
            Some(libc::ENOBUFS) => {
                self.stats.out_of_buffers += 1;
                RecvEvent::OutOfBuffers {
                    tag: self.streams[usize::from(place)].tag,
                }
            }
            Some(libc::EINTR) => RecvEvent::Internal,
            errno => self.failed(place, errno.unwrap_or(libc::EIO)),
        }
    }

    fn failed(&mut self, place: u16, errno: i32) -> RecvEvent {
        let tag = self.streams[usize::from(place)].tag;
        self.remove(place);
        RecvEvent::Failed {
            tag,
            error: io::Error::from_raw_os_error(errno),
        }
    }

    /// Forgets a socket whose operation ended. One that "failed" while armed stays until it has.
    fn remove(&mut self, place: u16) {
        let stream = &mut self.streams[usize::from(place)];
        if !stream.arming.is_armed() {
            stream.socket = None;
            self.free_streams.push(place);
        }
    }

    fn posted_count(&self) -> usize {
        self.posted.len() - self.idle_ids.len()
    }

    fn armed_count(&self) -> usize {
        self.streams
            .iter()
            .filter(|stream| stream.arming.is_armed())
            .count()
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> RecvStats {
        let streams = self.streams.len() - self.free_streams.len();
        RecvStats {
            posted: self.posted_count(),
            streams,
            ..self.stats
        }
    }

    /// Takes the slots back from the kernel and gives them to the pool; afterwards this receives nothing any more. No receive may
    /// be armed: end the sockets (their peers', or with [`Socket::abort`]) and take in the completions first.
    ///
    /// # Errors
    ///
    /// Says why the kernel may still fill the slots; nothing was changed.
    pub fn close(&mut self, ring: &IoUring) -> Result<(), RecvError> {
        let armed = self.armed_count();
        if armed > 0 {
            return Err(RecvError::StillArmed { armed });
        }
        if self.buffers.is_none() {
            return Ok(());
        }
        if ring.as_raw_fd() != self.ring_fd {
            return Err(RecvError::OtherRing);
        }
        ring.submitter().unregister_buf_ring(self.nonce.number())?;
        self.buffers = None;
        self.posted = Box::default();
        self.idle_ids.clear();
        Ok(())
    }
}

impl Drop for RecvRing {
    fn drop(&mut self) {
        let Some(buffers) = self.buffers.take() else {
            return;
        };
        let (posted, armed) = (self.posted_count() as u64, self.armed_count() as u64);
        leaks::count(|leaks| {
            leaks.receive_buffers += posted;
            leaks.descriptors += armed;
        });
        std::mem::forget(buffers);
        std::mem::forget(std::mem::take(&mut self.posted));
        std::mem::forget(std::mem::take(&mut self.streams));
        self.nonce.retire();
    }
}

impl fmt::Debug for RecvRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvRing")
            .field("posted", &self.posted_count())
            .field("armed", &self.armed_count())
            .finish_non_exhaustive()
    }
}
