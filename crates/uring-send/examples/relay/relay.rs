//! The relay: one thread receives messages into pool slots, another sends each to every subscriber from where it lies.
//!
//! ```text
//! publishers -> RecvRing -> Lease -> FrameBuf -> View -> Bridge -> View per subscriber -> Sender -> subscribers
//! ```

use std::mem;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::task::Waker;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use cpu_time::ThreadTime;
use io_uring::IoUring;
use percore_slab::Bridge;
use pool_core::Pool;
use uring_send::{
    AcceptEvent, Acceptor, Completion, Doorbell, RecvStats, SenderStats, Socket, completions,
    new_ring, submit_and_wait,
};
use zerocopy_view::View;

use crate::options::Options;
use crate::receiver::Receiver;
use crate::sender::Sender;

const SUBMISSIONS: u32 = 256;
/// As many completions as `new_ring` makes room for: taking them all in allocates nothing.
const COMPLETIONS: usize = 4 * SUBMISSIONS as usize;
const BRIDGE_PARTS: usize = 1024;

/// What other threads may look at while the relay runs.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) messages: AtomicU64,
    pub(crate) subscribers: AtomicU64,
    pub(crate) publishers_gone: AtomicU64,
    pub(crate) dropped_behind: AtomicU64,
    stop: AtomicBool,
}

/// What one data thread did.
#[derive(Debug)]
pub(crate) struct Work<S> {
    pub(crate) stats: S,
    /// Heap allocations in turns of the loop in which nobody came or went.
    pub(crate) steady_allocations: u64,
    pub(crate) cpu: Duration,
}

#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) receiver: Work<RecvStats>,
    pub(crate) sender: Work<SenderStats>,
}

/// A relay at work.
pub(crate) struct Relay {
    pub(crate) publish: SocketAddr,
    pub(crate) subscribe: SocketAddr,
    pub(crate) progress: Arc<Progress>,
    receiver: JoinHandle<Result<Work<RecvStats>>>,
    sender: JoinHandle<Result<Work<SenderStats>>>,
    bells: [Waker; 2],
}

impl Relay {
    pub(crate) fn start(options: &Options, pool: &Pool) -> Result<Self> {
        let progress = Arc::new(Progress::default());
        let publishers = TcpListener::bind(options.publish).context("publish address")?;
        let subscribers = TcpListener::bind(options.subscribe).context("subscribe address")?;
        let (publish, subscribe) = (publishers.local_addr()?, subscribers.local_addr()?);
        let (producer, consumer) = Bridge::new(BRIDGE_PARTS)?;
        let receiver = Receiver::new(options, pool, publishers, producer, &progress)?;
        let sender = Sender::new(options, subscribers, consumer, &progress)?;
        let bells = [receiver.core.bell.waker(), sender.core.bell.waker()];
        let receiver = thread::spawn(move || receiver.run());
        let sender = thread::spawn(move || sender.run());
        Ok(Self {
            publish,
            subscribe,
            progress,
            receiver,
            sender,
            bells,
        })
    }

    /// Waits for ever, unless something breaks.
    pub(crate) fn wait(self) -> Result<()> {
        self.receiver
            .join()
            .map_err(|_| anyhow!("the receiver panicked"))??;
        self.sender
            .join()
            .map_err(|_| anyhow!("the sender panicked"))??;
        Ok(())
    }

    /// Ends it in order: what was received is sent, then every connection is closed.
    pub(crate) fn stop(self) -> Result<Report> {
        // Relaxed: a flag on its own; the bells make the threads look.
        self.progress.stop.store(true, Relaxed);
        self.bells.iter().for_each(Waker::wake_by_ref);
        let receiver = self
            .receiver
            .join()
            .map_err(|_| anyhow!("the receiver panicked"))?;
        let sender = self
            .sender
            .join()
            .map_err(|_| anyhow!("the sender panicked"))?;
        Ok(Report {
            receiver: receiver?,
            sender: sender?,
        })
    }
}

/// What both threads have: a ring, a listener, a bell.
pub(crate) struct Core {
    pub(crate) ring: IoUring,
    acceptor: Acceptor,
    pub(crate) bell: Doorbell,
    pub(crate) inbox: Vec<Completion>,
    pub(crate) progress: Arc<Progress>,
    /// Whether somebody came or went in this turn: then it may allocate.
    pub(crate) churn: bool,
    steady_allocations: u64,
}

impl Core {
    pub(crate) fn new(listener: TcpListener, progress: &Arc<Progress>) -> Result<Self> {
        Ok(Self {
            ring: new_ring(SUBMISSIONS)?,
            acceptor: Acceptor::new(listener)?,
            bell: Doorbell::new()?,
            inbox: Vec::with_capacity(COMPLETIONS),
            progress: progress.clone(),
            churn: true,
            steady_allocations: 0,
        })
    }

    pub(crate) fn is_stopping(&self) -> bool {
        // Relaxed: a flag on its own.
        self.progress.stop.load(Relaxed)
    }

    pub(crate) fn end(&mut self) {
        self.churn = true;
        self.acceptor.stop();
        self.bell.stop();
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.acceptor.is_armed() || self.bell.is_armed()
    }

    /// Sleeps until something completes, or `most` has passed; then reads all completions.
    pub(crate) fn wait(&mut self, most: Option<Duration>) -> Result<Vec<Completion>> {
        while !(self.acceptor.flush(&mut self.ring.submission())
            && self.bell.flush(&mut self.ring.submission()))
        {
            self.ring.submit()?;
        }
        submit_and_wait(&self.ring, most)?;
        let mut inbox = mem::take(&mut self.inbox);
        inbox.extend(completions(&mut self.ring.completion()));
        Ok(inbox)
    }

    /// Takes in what is neither a receive nor a send; gives the peer if one came.
    pub(crate) fn complete(&mut self, completion: Completion) -> Option<Socket> {
        match self.acceptor.complete(completion) {
            Ok(AcceptEvent::Accepted(socket)) => {
                self.churn = true;
                return Some(socket);
            }
            Ok(AcceptEvent::Failed(error)) => eprintln!("relay: accept: {error}"),
            Ok(_) => {}
            Err(completion) => drop(self.bell.complete(completion)),
        }
        None
    }

    pub(crate) fn work<S>(&mut self, stats: S, turns: Result<ThreadTime>) -> Result<Work<S>> {
        let cpu = turns?.elapsed();
        Ok(Work {
            stats,
            steady_allocations: self.steady_allocations,
            cpu,
        })
    }
}

/// Runs turns until one says that it was the last, and counts what the steady ones allocate.
pub(crate) fn run_turns<T>(
    state: &mut T,
    core: impl Fn(&mut T) -> &mut Core,
    turn: impl Fn(&mut T) -> Result<bool>,
) -> Result<ThreadTime> {
    let cpu = ThreadTime::now();
    loop {
        core(state).churn = false;
        let mut over = Ok(false);
        let info = allocation_counter::measure(|| over = turn(state));
        let core = core(state);
        if !core.churn {
            core.steady_allocations += info.count_total;
        }
        if over? {
            return Ok(cpu);
        }
    }
}

/// A piece of the stream on its way to the sending thread.
pub(crate) struct Part {
    pub(crate) view: View,
    /// Whether it begins at a message's first byte; parts up to the next such one belong together.
    pub(crate) begins: bool,
    /// Whether it may be copied: all its messages are small.
    pub(crate) small: bool,
}
