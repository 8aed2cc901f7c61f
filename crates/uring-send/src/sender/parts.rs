//! The parts of messages: a fixed number, in lists by number.

use std::mem;
use std::net::SocketAddr;

use super::copy_run::CopyRun;
use crate::guard_cell::GuardCell;

const NONE: u32 = u32::MAX;

/// What a part's bytes are in.
#[derive(Debug)]
pub(crate) enum Body {
    /// With the kernel's send, or nowhere.
    Gone,
    /// No bytes: what is to be said of the datagram that the message is.
    Terms(Terms),
    /// In the copy run of the nearest part before it that has one.
    Joined,
    Copies(CopyRun),
    Guard(GuardCell),
}

/// Where a datagram goes, and how it is cut.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    pub(crate) to: Option<SocketAddr>,
    pub(crate) segment_bytes: Option<u16>,
}

/// One part of a message.
#[derive(Debug)]
pub(crate) struct Part {
    next: u32,
    /// The tag of the message that ends with this part.
    pub(crate) ends: Option<u64>,
    pub(crate) bytes: usize,
    pub(crate) body: Body,
}

/// A list of parts. Not `Copy`: a part is in one list.
#[derive(Debug)]
pub(crate) struct Chain {
    first: u32,
    last: u32,
    len: usize,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            first: NONE,
            last: NONE,
            len: 0,
        }
    }
}

impl Chain {
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn first(&self) -> Option<u32> {
        (self.len > 0).then_some(self.first)
    }
}

/// What goes out together, whatever else does.
#[derive(Debug, Default)]
pub(crate) struct Measure {
    pub(crate) parts: usize,
    /// Parts with bytes of their own: each is a guard of the send.
    pub(crate) runs: usize,
    pub(crate) bytes: usize,
}

/// All parts.
///
/// - **PARTS-1** Each part is in exactly one chain: the free ones, a destination's queue, a send in flight, or a message being put together.
#[derive(Debug)]
pub(crate) struct Parts {
    all: Box<[Part]>,
    free: Chain,
}

impl Parts {
    /// `count` free parts, fewer than 2^32 - 1.
    pub(crate) fn new(count: usize) -> Self {
        let blank = || Part {
            next: NONE,
            ends: None,
            bytes: 0,
            body: Body::Gone,
        };
        let mut parts = Self {
            all: (0..count).map(|_| blank()).collect(),
            free: Chain::default(),
        };
        let mut free = Chain::default();
        for part in 0..u32::try_from(count).expect("checked when built") {
            parts.append(&mut free, part);
        }
        parts.free = free;
        parts
    }

    /// A part of no chain, with these contents. The caller's share says that there is one.
    pub(crate) fn take(&mut self, bytes: usize, body: Body) -> u32 {
        let mut free = mem::take(&mut self.free);
        let part = self.pop(&mut free).expect("as many parts as shares");
        self.free = free;
        let fresh = self.get_mut(part);
        fresh.ends = None;
        fresh.bytes = bytes;
        fresh.body = body;
        part
    }

    /// Frees the parts of a chain, whose bodies must have been taken out. What else they say stays readable until they are taken again.
    pub(crate) fn give(&mut self, mut chain: Chain) {
        let free = mem::take(&mut self.free);
        // In front: what was used last is warm.
        self.move_all(free, &mut chain);
        self.free = chain;
    }

    pub(crate) fn get(&self, part: u32) -> &Part {
        &self.all[part as usize]
    }

    pub(crate) fn get_mut(&mut self, part: u32) -> &mut Part {
        &mut self.all[part as usize]
    }

    /// Takes out what a part's bytes are in.
    pub(crate) fn take_body(&mut self, part: u32) -> Body {
        mem::replace(&mut self.get_mut(part).body, Body::Gone)
    }

    /// The part behind `part` in its chain.
    pub(crate) fn after(&self, part: u32) -> Option<u32> {
        Some(self.get(part).next).filter(|next| *next != NONE)
    }

    pub(crate) fn append(&mut self, chain: &mut Chain, part: u32) {
        self.get_mut(part).next = NONE;
        match chain.len {
            0 => chain.first = part,
            _ => self.get_mut(chain.last).next = part,
        }
        chain.last = part;
        chain.len += 1;
    }

    pub(crate) fn pop(&mut self, chain: &mut Chain) -> Option<u32> {
        let first = chain.first()?;
        chain.first = self.get(first).next;
        chain.len -= 1;
        Some(first)
    }

    /// Moves all of `from` behind the last of `to`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a chain that was moved is used up"
    )]
    pub(crate) fn move_all(&mut self, from: Chain, to: &mut Chain) {
        if from.is_empty() {
            return;
        }
        match to.len {
            0 => to.first = from.first,
            _ => self.get_mut(to.last).next = from.first,
        }
        to.last = from.last;
        to.len += from.len;
    }

    /// The first message of a queue, with those that were joined to its last part.
    pub(crate) fn next_message(&self, queue: &Chain) -> Option<Measure> {
        let mut next = queue.first();
        let mut measure = Measure::default();
        let mut ended = false;
        for _ in 0..queue.len() {
            let part = self.get(next?);
            let joined = matches!(part.body, Body::Joined);
            if ended && !joined {
                break;
            }
            measure.parts += 1;
            measure.runs += usize::from(part.bytes > 0 && !joined);
            measure.bytes += part.bytes;
            ended |= part.ends.is_some();
            next = Some(part.next);
        }
        (measure.parts > 0).then_some(measure)
    }

    /// The bytes of all parts of a chain.
    pub(crate) fn bytes_of(&self, chain: &Chain) -> usize {
        let mut next = chain.first();
        let mut bytes = 0;
        for _ in 0..chain.len() {
            let Some(number) = next else { break };
            let part = self.get(number);
            bytes += part.bytes;
            next = Some(part.next);
        }
        bytes
    }

    pub(crate) fn last(&self, chain: &Chain) -> Option<&Part> {
        (!chain.is_empty()).then(|| self.get(chain.last))
    }

    pub(crate) fn last_mut(&mut self, chain: &Chain) -> Option<&mut Part> {
        (!chain.is_empty()).then(|| self.get_mut(chain.last))
    }

    /// The number of the last part of a chain.
    pub(crate) fn last_number(chain: &Chain) -> Option<u32> {
        (!chain.is_empty()).then_some(chain.last)
    }
}
