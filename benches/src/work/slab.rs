//! One core's pages, and pages that another core gives back.

use std::hint::black_box;
use std::time::Duration;

use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::case::{Case, in_bulk, use_and_drop};
use crate::threads::{Gate, Pause, need_two_cores, together};
use crate::work::memory::check_apart;
use crate::work::pool::{CHUNK, in_chunks};
use crate::work::{LINE_BYTES, Line, Memory};

/// How many bytes a page has.
pub const PAGE_BYTES: usize = 64 * 1024;
/// How many pages the owner has: more than the ring holds, so that it rarely waits for one.
pub const PAGES: usize = 512;
/// How many pages are on their way at once.
const RING: usize = 256;
/// How many different messages there are.
const LINES: u8 = 64;

/// Pages for one thread.
pub trait LocalPages: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// A page; dropping it gives it back.
    type Page<'a>: Memory
    where
        Self: 'a;

    /// For the calling thread.
    fn new() -> Self;

    /// Takes a page of [`PAGE_BYTES`] and writes `line` to its front.
    fn take(&self, line: &Line) -> Option<Self::Page<'_>>;
}

/// Pages that may be dropped on another core.
pub trait Pages: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// A page; dropping it gives it back.
    type Page: Memory + Send + 'static;

    /// With [`PAGES`] pages for the calling thread, which owns them; each has been written to, so that its memory exists.
    fn new() -> Self;

    /// Takes a page of [`PAGE_BYTES`]; `None` if all are out.
    fn take(&self) -> Option<Self::Page>;
}

/// Messages of 64 bytes from one core to another.
pub trait Messages: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// A message; dropping it gives back what it took.
    type Message: AsRef<[u8]> + Send + 'static;
    /// The sending end of what messages cross by.
    type There: PushEnd<Self::Message> + Send + 'static;
    /// Its other end.
    type Arrivals: PopEnd<Self::Message> + Send + 'static;

    /// What messages cross by, with room for `capacity`.
    fn bridge(capacity: usize) -> (Self::There, Self::Arrivals);

    /// For the calling thread, which makes the messages.
    fn new() -> Self;

    /// A message of these bytes; `None` if there is no memory for one now.
    fn make(&self, line: &Line) -> Option<Self::Message>;
}

/// Where messages go in.
pub trait PushEnd<T> {
    /// Gives the message back if there is no room.
    fn try_push(&mut self, message: T) -> Result<(), T>;
}

/// Where messages come out.
pub trait PopEnd<T> {
    /// The next one, if there is one.
    fn try_pop(&mut self) -> Option<T>;
}

impl<T> PushEnd<T> for Producer<T> {
    #[inline]
    fn try_push(&mut self, message: T) -> Result<(), T> {
        self.push(message)
            .map_err(|PushError::Full(refused)| refused)
    }
}

impl<T> PopEnd<T> for Consumer<T> {
    #[inline]
    fn try_pop(&mut self) -> Option<T> {
        self.pop().ok()
    }
}

/// Takes a page, writes 64 bytes, gives it back, all on its own core.
pub fn local<L: LocalPages>(case: &mut Case<'_>) {
    let check = || {
        let pages = L::new();
        let held: Vec<_> = (0..8)
            .filter_map(|_| pages.take(&[1; LINE_BYTES]))
            .collect();
        if held.len() < 8 {
            return Err(format!("gave {} pages of 8", held.len()));
        }
        check_apart(&held, PAGE_BYTES)
    };
    case.time(L::NAME, check, L::new, |bencher, pages| {
        let line = black_box([7; LINE_BYTES]);
        bencher.iter(|| use_and_drop(pages.take(&line)));
    });
}

/// The owner takes pages and sends them through a ring to another core, which gives them back. They use the ring in chunks of 64, so that what is timed
/// is the way home and not the ring. Per page.
pub fn round_trip<P: Pages>(case: &mut Case<'_>) {
    let check = || {
        need_two_cores()?;
        let pages = P::new();
        let held: Vec<_> = (0..PAGES).map_while(|_| pages.take()).collect();
        if held.len() < PAGES {
            return Err(format!("gave {} pages of {PAGES}", held.len()));
        }
        check_apart(&held, PAGE_BYTES)
    };
    case.time(
        P::NAME,
        check,
        || (),
        |bencher, ()| {
            in_chunks(bencher, |chunks| {
                let (there, arrivals) = RingBuffer::new(RING);
                together(
                    move |gate| own::<P>(gate, there, chunks),
                    move |gate| give_back::<P>(gate, arrivals, chunks),
                )
            });
        },
    );
}

fn own<P: Pages>(gate: &Gate, mut ring: Producer<P::Page>, chunks: u64) -> Duration {
    let pages = P::new();
    let start = gate.wait();
    for _ in 0..chunks {
        wait_for(|| (ring.slots() >= CHUNK).then_some(()));
        let chunk = ring.write_chunk_uninit(CHUNK).expect("it has room");
        chunk.fill_from_iter((0..CHUNK).map(|_| wait_for(|| pages.take())));
    }
    start.elapsed()
}

fn give_back<P: Pages>(gate: &Gate, mut ring: Consumer<P::Page>, chunks: u64) -> Duration {
    let start = gate.wait();
    for _ in 0..chunks {
        wait_for(|| (ring.slots() >= CHUNK).then_some(()));
        let chunk = ring.read_chunk(CHUNK).expect("they are there");
        chunk.into_iter().for_each(use_and_drop);
    }
    start.elapsed()
}

/// One core makes messages of 64 bytes and sends them over a bridge to another, which reads and drops them. Per message.
pub fn cross<M: Messages>(case: &mut Case<'_>) {
    let check = || {
        need_two_cores()?;
        let message = M::new().make(&[5; LINE_BYTES]);
        match message {
            Some(message) if message.as_ref() == [5; LINE_BYTES] => Ok(()),
            _ => Err("made no message, or another one".into()),
        }
    };
    case.time(
        M::NAME,
        check,
        || (),
        |bencher, ()| {
            in_bulk(bencher, |times| {
                let (there, arrivals) = M::bridge(RING);
                together(
                    move |gate| send::<M>(gate, there, times),
                    move |gate| read::<M>(gate, arrivals, times),
                )
            });
        },
    );
}

/// Lines that differ, so that a message that is missing shows.
///
/// Not one line that is written anew for each message: it would be read right after a narrower store to it, which waits for every store before, and so for the
/// other core. That wait would be most of every row.
fn lines() -> Vec<Line> {
    black_box((0..LINES).map(|n| [n; LINE_BYTES]).collect())
}

fn send<M: Messages>(gate: &Gate, mut there: M::There, count: u64) -> Duration {
    let (messages, lines) = (M::new(), lines());
    let start = gate.wait();
    for line in lines.iter().cycle().take(in_memory(count)) {
        let mut message = wait_for(|| messages.make(line));
        let mut pause = Pause::default();
        while let Err(refused) = there.try_push(message) {
            message = refused;
            pause.once();
        }
    }
    start.elapsed()
}

fn read<M: Messages>(gate: &Gate, mut arrivals: M::Arrivals, count: u64) -> Duration {
    let mut line = [0; LINE_BYTES];
    let start = gate.wait();
    for expected in (0..LINES).cycle().take(in_memory(count)) {
        let message = wait_for(|| arrivals.try_pop());
        line.copy_from_slice(message.as_ref());
        assert_eq!(black_box(&line)[0], expected, "in order");
    }
    start.elapsed()
}

fn in_memory(count: u64) -> usize {
    usize::try_from(count).expect("no more messages than a machine has bytes")
}

fn wait_for<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let mut pause = Pause::default();
    loop {
        match attempt() {
            Some(value) => return value,
            None => pause.once(),
        }
    }
}
