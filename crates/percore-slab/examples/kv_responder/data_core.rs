//! The core that owns the pages: it keeps the newest value of each key, and gives it to whoever asks.

use crate::{Options, Reply, Request, value};
use anyhow::{Context as _, Result};
use percore_slab::{
    Consumer, CoreSlab, EventFd, PopError, Producer, PushError, RemotePage, SlabStats,
};
use std::fmt;
use std::task::Context;

/// After so many answers a value is written anew, into another page.
const ANSWERS_PER_VERSION: u64 = 4;

pub(crate) struct DataCore {
    slab: CoreSlab,
    values: Vec<Option<Value>>,
    event: EventFd,
    answers: u64,
    stale_answers: u64,
}

struct Value {
    page: RemotePage,
    version: u64,
    answers: u64,
}

/// How it went, when everything is over.
pub(crate) struct DataReport {
    pub(crate) pages_out: usize,
    pub(crate) pages_lost: usize,
    answers: u64,
    stale_answers: u64,
    stats: SlabStats,
}

impl DataCore {
    /// On the thread that is to own the pages.
    pub(crate) fn new(options: &Options, event: EventFd) -> Result<Self> {
        Ok(Self {
            slab: CoreSlab::new(0, value::MOST_BYTES, options.pages)?,
            values: (0..options.keys).map(|_| None).collect(),
            event,
            answers: 0,
            stale_answers: 0,
        })
    }

    /// Answers until nobody asks any more.
    pub(crate) fn serve(
        mut self,
        mut requests: Consumer<Request>,
        mut replies: Producer<Reply>,
    ) -> Result<DataReport> {
        loop {
            match requests.try_pop() {
                Ok(Request { connection, key }) => {
                    let value = self.newest(key).context("no page for a first value")?;
                    self.send(&mut replies, Reply { connection, value })?;
                }
                Err(PopError::Closed) => break,
                Err(_) => {
                    self.event.clear()?;
                    if requests.prepare_wait() {
                        self.event.wait(None)?;
                    }
                }
            }
        }
        drop(replies);
        Ok(self.report())
    }

    /// The newest value of a key. If no page is free for a new version, the one before does once more.
    fn newest(&mut self, key: u64) -> Option<RemotePage> {
        let keys = self.values.len() as u64;
        let place = usize::try_from(key % keys).ok()?;
        let version = match &self.values[place] {
            Some(value) if value.answers < ANSWERS_PER_VERSION => None,
            Some(value) => Some(value.version + 1),
            None => Some(0),
        };
        if let Some(version) = version {
            let write = |bytes: &mut [u8]| value::write(bytes, key, version);
            match self.slab.alloc_with(value::bytes_of(key), write) {
                Some(page) => {
                    let page = page.into_remote();
                    let answers = 0;
                    self.values[place] = Some(Value {
                        page,
                        version,
                        answers,
                    });
                }
                None => self.stale_answers += 1,
            }
        }
        let value = self.values[place].as_mut()?;
        value.answers += 1;
        self.answers += 1;
        Some(value.page.clone())
    }

    /// Sleeps while there is no room.
    fn send(&self, replies: &mut Producer<Reply>, reply: Reply) -> Result<()> {
        let waker = self.event.waker();
        let mut left = reply;
        loop {
            match replies.try_push(left) {
                Ok(()) => return Ok(()),
                Err(PushError::Full(refused)) => left = refused,
                Err(error) => anyhow::bail!("a reply is not wanted: {error}"),
            }
            self.event.clear()?;
            if replies
                .poll_ready(&mut Context::from_waker(&waker))
                .is_pending()
            {
                self.event.wait(None)?;
            }
        }
    }

    /// Gives up the values; the answers are all out, so every page comes home.
    fn report(mut self) -> DataReport {
        self.values.clear();
        self.slab.tick();
        let stats = self.slab.stats();
        DataReport {
            pages_out: stats.in_use,
            pages_lost: stats.pages - stats.available - stats.in_use,
            answers: self.answers,
            stale_answers: self.stale_answers,
            stats,
        }
    }
}

impl fmt::Display for DataReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} answers, {} of them stale for want of a page; {} pages written; {}",
            self.answers, self.stale_answers, self.stats.allocs, self.stats
        )
    }
}
