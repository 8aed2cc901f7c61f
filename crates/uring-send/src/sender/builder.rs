//! Options of a [`Sender`].

use std::collections::VecDeque;
use std::time::Duration;

use pool_core::{Budget, Pool, RegionSource};

use super::parts::Parts;
use super::record::Record;
use super::shares::Shares;
use super::{Flight, Sender, SenderStats};
use crate::error::SetupError;
use crate::in_flight::{InFlight, MAX_SEND_BYTES};
use crate::wire::MAX_GUARDS;

/// What a message takes that has as many parts as it can have, and an address.
const MOST_ENTRIES: usize = MAX_GUARDS + 1;
const _: () = assert!(
    MOST_ENTRIES == 9,
    "the number stands in errors and documentation"
);

/// Options of a [`Sender`]; see [`Sender::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct SenderBuilder {
    destinations: usize,
    sends: Option<usize>,
    sends_per_destination: usize,
    entries: Option<usize>,
    entries_per_destination: usize,
    bytes: usize,
    pub(super) bytes_per_destination: usize,
    pub(super) bytes_per_send: usize,
    pub(super) copy_below: usize,
    pub(super) copy_bytes: usize,
    pub(super) zero_copy_from: usize,
    pub(super) send_timeout: Option<Duration>,
    budget: Option<Budget>,
}

impl SenderBuilder {
    pub(super) fn new() -> Self {
        Self {
            destinations: 64,
            sends: None,
            sends_per_destination: 32,
            entries: None,
            entries_per_destination: 1024,
            bytes: 64 << 20,
            bytes_per_destination: 4 << 20,
            bytes_per_send: 256 * 1024,
            copy_below: 256,
            copy_bytes: 4096,
            zero_copy_from: 32 * 1024,
            send_timeout: None,
            budget: None,
        }
    }

    /// How many destinations there can be at a time, those that are being closed among them: 1 to 65 535. 64 by default.
    pub fn destinations(mut self, destinations: usize) -> Self {
        self.destinations = destinations;
        self
    }

    /// How many sends can be in flight: at least one for each destination, which is kept for it, and at most 65 535. Each takes about 1.2 KiB. By
    /// default twice as many as destinations, and 64 more.
    pub fn sends(mut self, sends: usize) -> Self {
        self.sends = Some(sends);
        self
    }

    /// How many of them one destination may have. A stream has one that is being sent, the others wait for the kernel to let go of their memory;
    /// datagrams are sent at the same time. 32 by default.
    pub fn sends_per_destination(mut self, sends: usize) -> Self {
        self.sends_per_destination = sends;
        self
    }

    /// How many entries there are: at least 18 and two for each destination, and fewer than 2^32 - 1. A message takes one for each part, and one for an address or segments. Half of them are kept, evenly, for the
    /// destinations; the others are for whoever needs more. Each takes about 100 bytes, and [`copy_bytes`](Self::copy_bytes) of address space. By default 64 for each destination.
    pub fn entries(mut self, entries: usize) -> Self {
        self.entries = Some(entries);
        self
    }

    /// How many entries one destination may have: at least 9, what the largest message takes. 1024 by default.
    pub fn entries_per_destination(mut self, entries: usize) -> Self {
        self.entries_per_destination = entries;
        self
    }

    /// How many bytes may be queued and in flight in total, up to the kernel's last word about each. Half of them are kept, evenly, for the destinations; the others are for whoever needs
    /// more. 64 MiB by default.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// How many bytes one destination may have queued and in flight: 1 to 2 147 479 552. 4 MiB by default.
    pub fn bytes_per_destination(mut self, bytes: usize) -> Self {
        self.bytes_per_destination = bytes;
        self
    }

    /// No message is added to a send that would then have more bytes. 256 KiB by default.
    pub fn bytes_per_send(mut self, bytes: usize) -> Self {
        self.bytes_per_send = bytes;
        self
    }

    /// Guards with fewer bytes are copied behind one another and dropped at once: keeping them until the kernel is done costs more. 256 by default.
    pub fn copy_below(mut self, bytes: usize) -> Self {
        self.copy_below = bytes;
        self
    }

    /// How many bytes are copied behind one another into one slot, and the most that [`Sender::copy`] takes. 4096 by default.
    pub fn copy_bytes(mut self, bytes: usize) -> Self {
        self.copy_bytes = bytes;
        self
    }

    /// From how many guarded bytes on a send asks the kernel not to copy, to begin with; each destination then learns. 32 KiB by default. `usize::MAX` never
    /// asks.
    pub fn zero_copy_from(mut self, bytes: usize) -> Self {
        self.zero_copy_from = bytes;
        self
    }

    /// Limits the time that one send may take, as [`Draft::timeout`](crate::Draft::timeout) does: from when its entry is in the submission queue until all its bytes are with
    /// the kernel. A stream that takes fewer than [`bytes_per_send`](Self::bytes_per_send) bytes in that time has failed, with
    /// [`TimedOut`](std::io::ErrorKind::TimedOut), and is [aborted](crate::Socket::abort), so that its memory comes free; of datagrams, the one has. What waits behind a send
    /// waits longer. No limit by default.
    ///
    /// It costs an entry and a completion more for each send, and a submission queue of two entries at least ([`flush`](Sender::flush) panics at a smaller one).
    pub fn send_timeout(mut self, limit: Duration) -> Self {
        self.send_timeout = Some(limit);
        self
    }

    /// Charges all bytes to a part of `budget`, beside the sender's own limits: bytes in flight and what else the process keeps are then under one limit.
    pub fn budget(mut self, budget: &Budget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Builds it.
    ///
    /// # Errors
    ///
    /// [`SetupError`] names the option and its range, or says what there is too little of.
    pub fn build(self) -> Result<Sender, SetupError> {
        let destinations = self.destinations;
        within("destinations", "1 to 65535", destinations, 1, 65_535)?;
        let count = u16::try_from(destinations).expect("checked above");
        let sends = self.sends.unwrap_or((2 * destinations + 64).min(65_535));
        let bound = "at least the destinations, at most 65535";
        within("sends", bound, sends, destinations, 65_535)?;
        let entries = self.entries.unwrap_or(64 * destinations);
        let bound = "at least 18 and two for each destination, fewer than 2^32 - 1";
        let least = (2 * MOST_ENTRIES).max(2 * destinations);
        within("entries", bound, entries, least, (1 << 32) - 2)?;
        let per = self.sends_per_destination;
        within("sends_per_destination", "at least 1", per, 1, usize::MAX)?;
        let floor = entries / 2 / destinations;
        let (per, least) = (self.entries_per_destination, MOST_ENTRIES);
        within(
            "entries_per_destination",
            "at least 9",
            per,
            least,
            usize::MAX,
        )?;
        let most = MAX_SEND_BYTES;
        let per = self.bytes_per_destination;
        within("bytes_per_destination", "1 to 2147479552", per, 1, most)?;
        within("copy_bytes", "1 to 2147479552", self.copy_bytes, 1, most)?;
        let bound = "at least two for each destination";
        within("bytes", bound, self.bytes, 2 * destinations, usize::MAX)?;
        let copies = Pool::builder()
            .slots(entries)
            .slot_bytes(self.copy_bytes)
            // Address space until it is used: most entries never copy.
            .region(RegionSource::Mmap)
            .build()?;
        let per = self.entries_per_destination;
        Ok(Sender {
            in_flight: InFlight::builder().sends(sends).copy_bytes(1).build()?,
            flights: (0..sends).map(|_| Flight::default()).collect(),
            records: (0..destinations).map(|_| Record::new()).collect(),
            vacant: (0..count).rev().collect(),
            ready: VecDeque::with_capacity(destinations),
            starved: VecDeque::with_capacity(destinations),
            sends: Shares::new(sends, destinations, 1, self.sends_per_destination),
            entries: Shares::new(entries, destinations, floor.min(per), per),
            parts: Parts::new(entries),
            copies,
            bytes: self.byte_budget()?,
            floor_bytes: (self.bytes / 2 / destinations).min(self.bytes_per_destination),
            stats: SenderStats::default(),
            options: self,
        })
    }

    fn byte_budget(&self) -> Result<Budget, SetupError> {
        match &self.budget {
            None => Ok(Budget::builder()
                .name("sender")
                .limit_bytes(self.bytes)
                .build()),
            Some(budget) => Ok(budget
                .child()
                .name("sender")
                .ceiling_bytes(self.bytes)
                .build()?),
        }
    }
}

fn within(
    field: &'static str,
    bound: &'static str,
    value: usize,
    least: usize,
    most: usize,
) -> Result<(), SetupError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(SetupError::OutOfRange {
        field,
        bound,
        value,
    })
}
