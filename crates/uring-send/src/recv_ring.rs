//! Receiving straight into a pool's slots.

mod completing;
mod posted;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use io_uring::{IoUring, opcode, types};
use pool_core::{Pool, Reservation};

use crate::arming::Arming;
use crate::error::{RecvError, SetupError};
use crate::event::RecvEvent;
use crate::leaks;
use crate::nonce::Nonce;
use crate::queue::Submissions;
use crate::socket::Socket;
use crate::stats::RecvStats;

use posted::{Filling, Posted, Rest, Stock};

/// `IOU_PBUF_RING_INC`: a buffer is filled by one completion after the other.
const INCREMENTAL: u16 = 2;

/// Slots of a pool, given to the kernel to receive into, and the sockets it receives from.
///
/// Each completion gives a slot with bytes in it: a `Lease`, yours (or, if it was made with [`incremental`](Self::incremental), a part of one). [`flush`](Self::flush) gives the kernel fresh slots from the
/// pool, so a slot that anybody drops anywhere comes back by itself. When the pool is empty, receiving pauses: the peers feel it as
/// back-pressure.
///
/// Dropping it while the kernel has slots leaks those on purpose and counts them in [`leaks`](crate::leaks()).
/// [`close`](Self::close) gives them back.
pub struct RecvRing {
    ring_fd: RawFd,
    pool: Pool,
    /// `None` once closed.
    posted: Option<Posted>,
    filling: Filling,
    nonce: Nonce,
    streams: Box<[Stream]>,
    free_streams: Vec<u16>,
    stats: RecvStats,
    /// Slots of the bundle that is being taken in; empty in between.
    rest: Rest,
    /// Events of bundles that nobody has asked for yet.
    waiting: VecDeque<RecvEvent>,
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
        Self::register(ring, pool, entries, streams, Filling::Whole)
    }

    /// As [`new`](Self::new), but a slot is filled by one completion after the other (`IOU_PBUF_RING_INC`, Linux 6.12): small messages do not take a large slot
    /// each. What arrives are [`Part`](crate::Part)s of slots.
    ///
    /// For streams only: of a datagram, what does not fit into the rest of a slot would be lost.
    ///
    /// # Errors
    ///
    /// As `new`; `EINVAL` from the kernel if it is older.
    pub fn incremental(
        ring: &IoUring,
        pool: &Pool,
        entries: u16,
        streams: usize,
    ) -> Result<Self, SetupError> {
        Self::register(ring, pool, entries, streams, Filling::Incremental)
    }

    /// As [`new`](Self::new), but one completion may tell of several slots (a bundle, Linux 6.10): right for streams that bring more at a time than a slot
    /// holds. After each [`complete`](Self::complete), ask [`next_event`](Self::next_event) for the others.
    ///
    /// For streams only: datagrams would lose their bounds.
    ///
    /// # Errors
    ///
    /// As `new`; [`SetupError::Kernel`] with `EOPNOTSUPP` if the kernel is older.
    pub fn bundled(
        ring: &IoUring,
        pool: &Pool,
        entries: u16,
        streams: usize,
    ) -> Result<Self, SetupError> {
        if !ring.params().is_feature_recvsend_bundle() {
            return Err(SetupError::Kernel {
                what: "receive bundles",
                source: io::Error::from_raw_os_error(libc::EOPNOTSUPP),
            });
        }
        Self::register(ring, pool, entries, streams, Filling::Bundled)
    }

    fn register(
        ring: &IoUring,
        pool: &Pool,
        entries: u16,
        streams: usize,
        filling: Filling,
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
        let mut posted = Posted::new(entries, filling)?;
        let is_bundled = filling == Filling::Bundled;
        let most = if is_bundled { entries.into() } else { 0 };
        let flags = if filling == Filling::Incremental {
            INCREMENTAL
        } else {
            0
        };
        // SAFETY: the array is valid for `entries` entries and stays until it is unregistered or leaked (BUFRING-1).
        unsafe {
            ring.submitter().register_buf_ring_with_flags(
                posted.buffers.address(),
                entries,
                nonce.number(),
                flags,
            )
        }
        .map_err(|source| SetupError::Kernel {
            what: "register a buffer ring",
            source,
        })?;
        Ok(Self {
            ring_fd: ring.as_raw_fd(),
            pool: pool.clone(),
            posted: Some(posted),
            filling,
            nonce,
            streams: (0..stream_count).map(|_| Stream::default()).collect(),
            free_streams: (0..stream_count).rev().collect(),
            stats: RecvStats::default(),
            rest: Rest::with_capacity(most),
            waiting: VecDeque::with_capacity(most),
        })
    }

    /// Begins to receive from a socket with the next [`flush`](Self::flush). Its events bear `tag`.
    ///
    /// # Errors
    ///
    /// [`RecvError::TooManyStreams`]: no room now. [`RecvError::NoStream`]: [incremental](Self::incremental) rings and those with [bundles](Self::bundled) are not for
    /// datagrams.
    pub fn add(&mut self, socket: &Socket, tag: u64) -> Result<(), RecvError> {
        if self.filling != Filling::Whole && !socket.is_ordered() {
            return Err(RecvError::NoStream);
        }
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
        if let Some(posted) = &mut self.posted {
            posted.refill(Stock::Pool(&self.pool));
        }
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

    /// Gives the kernel slots of a reservation, as many as it has room for. Tells how many. [`flush`](Self::flush) takes what the pool has; this one keeps
    /// receiving when others have emptied the pool.
    ///
    /// # Panics
    ///
    /// If the slots are another pool's.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn refill(&mut self, reserved: &mut Reservation) -> usize {
        let same = reserved.pool().region() == self.pool.region();
        assert!(same, "reserved: must be of the pool of `RecvRing::new`");
        match &mut self.posted {
            Some(posted) => posted.refill(Stock::Reserved(reserved)),
            None => 0,
        }
    }

    fn arm(&mut self, place: usize, queue: &mut impl Submissions) -> bool {
        let stream = &mut self.streams[place];
        let Some(socket) = stream.socket.as_ref().filter(|_| !stream.arming.is_armed()) else {
            return true;
        };
        let place = u16::try_from(place).expect("at most 65 535 streams");
        let (fd, group) = (types::Fd(socket.raw_fd()), self.nonce.number());
        let entry = match self.filling {
            Filling::Bundled => opcode::RecvMultiBundle::new(fd, group).build(),
            Filling::Whole | Filling::Incremental => opcode::RecvMulti::new(fd, group).build(),
        };
        let token = stream.arming.token(&self.nonce, place);
        // SAFETY: the socket is kept (or leaked) as long as the operation is armed; the memory it fills is the group's, which
        // stays until it is unregistered with nothing armed, or leaked.
        unsafe { stream.arming.arm(queue, entry, token) }
    }

    fn posted_count(&self) -> usize {
        self.posted.as_ref().map_or(0, Posted::count)
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
        if self.posted.is_none() {
            return Ok(());
        }
        if ring.as_raw_fd() != self.ring_fd {
            return Err(RecvError::OtherRing);
        }
        ring.submitter().unregister_buf_ring(self.nonce.number())?;
        self.posted = None;
        Ok(())
    }
}

impl Drop for RecvRing {
    fn drop(&mut self) {
        let Some(posted) = self.posted.take() else {
            return;
        };
        let (slots, armed) = (posted.count() as u64, self.armed_count() as u64);
        leaks::count(|leaks| {
            leaks.receive_buffers += slots;
            leaks.descriptors += armed;
        });
        std::mem::forget(posted);
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
