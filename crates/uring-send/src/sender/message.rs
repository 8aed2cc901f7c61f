//! A message being put together.

use std::fmt;
use std::mem;
use std::net::SocketAddr;

use pool_core::StableBytes;

use super::copy_run::CopyRun;
use super::parts::{Body, Chain, Parts, Terms};
use super::{QueueError, Refused, Sender};
use crate::guard_cell::GuardCell;
use crate::wire::MAX_GUARDS;

/// A message being put together: parts are added in the order in which their bytes go out. On a stream a message only decides what shares a tag; a datagram is one
/// message.
///
/// Dropping it drops its guards and frees its entries; nothing was queued.
pub struct Message<'a> {
    sender: &'a mut Sender,
    at: u16,
    chain: Chain,
    /// The part that says more of a datagram.
    terms: Option<u32>,
    bytes: usize,
    tag: u64,
}

impl<'a> Message<'a> {
    pub(super) fn new(sender: &'a mut Sender, at: u16) -> Self {
        Self {
            sender,
            at,
            chain: Chain::default(),
            terms: None,
            bytes: 0,
            tag: 0,
        }
    }

    /// Adds bytes by copying them.
    ///
    /// # Errors
    ///
    /// [`QueueError`]; the message is as it was.
    pub fn copy(&mut self, bytes: &[u8]) -> Result<&mut Self, QueueError> {
        if bytes.is_empty() {
            return Ok(self);
        }
        self.sender.check_copy(bytes.len())?;
        let last = self.sender.parts.last_mut(&self.chain);
        let has_room = last.is_some_and(
            |last| matches!(&last.body, Body::Copies(run) if run.room() >= bytes.len()),
        );
        if has_room {
            self.sender.charge(self.at, bytes.len())?;
            let last = self.sender.parts.last_mut(&self.chain).expect("seen above");
            last.bytes += bytes.len();
            if let Body::Copies(run) = &mut last.body {
                run.push(bytes);
            }
        } else {
            self.check_room()?;
            let part = self.sender.copied_part(self.at, bytes)?;
            self.sender.parts.append(&mut self.chain, part);
        }
        self.bytes += bytes.len();
        self.sender.stats.bytes_copied += bytes.len() as u64;
        Ok(self)
    }

    /// Adds a guard's bytes from where they lie, or by copying them if they are [few](crate::SenderBuilder::copy_below). The guard is dropped when the kernel
    /// is done with them, or with the message; one that was copied, or has no bytes, at once.
    ///
    /// What a guard may be is said at [`Draft::guard`](crate::Draft::guard).
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the guard back; the message is as it was.
    pub fn guard<G>(&mut self, guard: G) -> Result<&mut Self, Refused<G>>
    where
        G: StableBytes + Send + 'static,
    {
        let bytes = guard.stable_bytes();
        let len = bytes.len();
        let options = &self.sender.options;
        if len < options.copy_below && len <= options.copy_bytes {
            match self.copy(bytes) {
                Ok(_) => return Ok(self),
                Err(why) => return Err(Refused { guard, why }),
            }
        }
        if len == 0 {
            return Ok(self);
        }
        let room = self
            .check_room()
            .and_then(|()| self.sender.take_entry(self.at, len));
        if let Err(why) = room {
            return Err(Refused { guard, why });
        }
        let body = Body::Guard(GuardCell::new(guard));
        let part = self.sender.parts.take(len, body);
        self.sender.parts.append(&mut self.chain, part);
        self.bytes += len;
        self.sender.stats.bytes_guarded += len as u64;
        Ok(self)
    }

    /// Sets the number that this message's events will bear. 0 by default.
    pub fn tag(&mut self, tag: u64) -> &mut Self {
        self.tag = tag;
        self
    }

    /// Sets where a datagram goes, on a socket that is not connected or is to another peer. Takes an entry.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoDatagram`] on a stream, [`QueueError::NoEntry`]; the message is as it was.
    pub fn to(&mut self, address: SocketAddr) -> Result<&mut Self, QueueError> {
        self.terms()?.to = Some(address);
        Ok(self)
    }

    /// Has the kernel cut the message into datagrams of `bytes` bytes each, as [`Draft::segment_bytes`](crate::Draft::segment_bytes) says. Takes an entry, which it
    /// shares with [`to`](Self::to).
    ///
    /// # Errors
    ///
    /// [`QueueError::NoDatagram`] on a stream, [`QueueError::NoEntry`]; the message is as it was.
    pub fn segment_bytes(&mut self, bytes: u16) -> Result<&mut Self, QueueError> {
        self.terms()?.segment_bytes = Some(bytes);
        Ok(self)
    }

    fn terms(&mut self) -> Result<&mut Terms, QueueError> {
        let part = match self.terms {
            Some(part) => part,
            None => self.add_terms()?,
        };
        match &mut self.sender.parts.get_mut(part).body {
            Body::Terms(terms) => Ok(terms),
            _ => unreachable!(
                "`add_terms` makes one, and nobody takes it out before the message is queued"
            ),
        }
    }

    fn add_terms(&mut self) -> Result<u32, QueueError> {
        if self.sender.record_mut(self.at).is_stream() {
            return Err(QueueError::NoDatagram);
        }
        self.sender.take_entry(self.at, 0)?;
        let part = self.sender.parts.take(0, Body::Terms(Terms::default()));
        self.sender.parts.append(&mut self.chain, part);
        self.terms = Some(part);
        Ok(part)
    }

    /// How many bytes the message has so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether no byte was added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Puts the message behind those that are queued. It goes out with the next [`Sender::flush`] that finds room.
    ///
    /// # Errors
    ///
    /// [`QueueError::Empty`] if it has no bytes.
    pub fn queue(mut self) -> Result<(), QueueError> {
        if self.is_empty() {
            return Err(QueueError::Empty);
        }
        let last = self.sender.parts.last_mut(&self.chain);
        let last = last.expect("bytes are in parts");
        last.ends = Some(self.tag);
        let chain = mem::take(&mut self.chain);
        self.sender.enqueue(self.at, chain);
        Ok(())
    }

    fn check_room(&self) -> Result<(), QueueError> {
        if self.chain.len() - usize::from(self.terms.is_some()) == MAX_GUARDS {
            return Err(QueueError::TooManyParts { bound: MAX_GUARDS });
        }
        Ok(())
    }
}

impl Drop for Message<'_> {
    fn drop(&mut self) {
        self.sender.discard(self.at, &mut self.chain);
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// What a message asks of its sender.
impl Sender {
    pub(super) fn check_copy(&self, value: usize) -> Result<(), QueueError> {
        let bound = self.options.copy_bytes;
        if value > bound {
            return Err(QueueError::CopyTooLong { bound, value });
        }
        Ok(())
    }

    pub(super) fn charge(&mut self, at: u16, bytes: usize) -> Result<(), QueueError> {
        Ok(self.record_mut(at).charged().grow(bytes)?)
    }

    /// Takes an entry and bytes for a destination, or neither.
    pub(super) fn take_entry(&mut self, at: u16, bytes: usize) -> Result<(), QueueError> {
        let held = self.record_mut(at).entries;
        if !self.entries.take(held) {
            let (used, total) = (self.entries.used(), self.entries.total());
            return Err(QueueError::NoEntry { held, used, total });
        }
        if let Err(why) = self.charge(at, bytes) {
            self.entries.give(held + 1);
            return Err(why);
        }
        self.record_mut(at).entries += 1;
        Ok(())
    }

    fn copied_part(&mut self, at: u16, bytes: &[u8]) -> Result<u32, QueueError> {
        self.take_entry(at, bytes.len())?;
        let lease = self.copies.alloc().expect("a slot for each entry");
        let mut run = CopyRun::new(lease);
        run.push(bytes);
        Ok(self.parts.take(bytes.len(), Body::Copies(run)))
    }

    /// Copies a message behind the last one, if that was copied too and its slot has room. Tells whether it did.
    pub(super) fn join(&mut self, at: u16, tag: u64, bytes: &[u8]) -> Result<bool, QueueError> {
        let Some(open) = self.record_mut(at).open_run else {
            return Ok(false);
        };
        if !matches!(&self.parts.get(open).body, Body::Copies(run) if run.room() >= bytes.len()) {
            return Ok(false);
        }
        self.take_entry(at, bytes.len())?;
        if let Body::Copies(run) = &mut self.parts.get_mut(open).body {
            run.push(bytes);
        }
        let part = self.parts.take(bytes.len(), Body::Joined);
        self.parts.get_mut(part).ends = Some(tag);
        let record = &mut self.records[usize::from(at)];
        self.parts.append(&mut record.queue, part);
        self.stats.messages += 1;
        self.stats.joined += 1;
        self.stats.bytes_copied += bytes.len() as u64;
        Ok(true)
    }

    fn enqueue(&mut self, at: u16, chain: Chain) {
        let record = &mut self.records[usize::from(at)];
        let last = self.parts.last(&chain).expect("not empty");
        let can_be_joined = record.is_stream() && matches!(last.body, Body::Copies(_));
        record.open_run = Parts::last_number(&chain).filter(|_| can_be_joined);
        self.parts.move_all(chain, &mut record.queue);
        self.stats.messages += 1;
        self.list(at);
    }

    /// Gives up the parts of a chain of this destination. If a guard's drop panics, the rest stays in the chain.
    pub(super) fn discard(&mut self, at: u16, chain: &mut Chain) {
        while let Some(part) = self.parts.pop(chain) {
            drop(self.free_part(at, part));
        }
    }

    /// Frees a part that is in no chain, with its entry and bytes. What its bytes are in is the caller's to drop.
    pub(super) fn free_part(&mut self, at: u16, part: u32) -> Body {
        let body = self.parts.take_body(part);
        let bytes = self.parts.get(part).bytes;
        let mut alone = Chain::default();
        self.parts.append(&mut alone, part);
        self.release_chain(at, alone, bytes);
        body
    }

    /// Frees the parts of a chain, whose bodies are gone, with their entries and bytes.
    pub(super) fn release_chain(&mut self, at: u16, chain: Chain, bytes: usize) {
        let record = &mut self.records[usize::from(at)];
        for _ in 0..chain.len() {
            self.entries.give(record.entries);
            record.entries -= 1;
        }
        self.parts.give(chain);
        record.charged().shrink(bytes);
    }
}
