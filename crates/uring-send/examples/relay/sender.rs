//! The sending thread: every subscriber gets its own view of each part, sent from where the bytes lie.

use std::fmt::Display;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::Result;
use percore_slab::{Consumer, PopError};
use uring_send::{Destination, QueueError, SenderEvent, SenderStats, Socket};

use crate::framing::SMALL_BYTES;
use crate::options::Options;
use crate::relay::{Core, Part, Progress, Work, run_turns};

/// Small messages are copied behind one another into slots of so many bytes.
const COPY_BYTES: usize = 2048;
/// How often an ending relay looks whether its time is up.
const DRAIN_PAUSE: Duration = Duration::from_millis(20);
/// How long subscribers get to take what is queued when the relay ends.
const DRAIN_TIME: Duration = Duration::from_secs(10);

struct Subscriber {
    number: u64,
    to: Destination,
    /// Whether its stream has begun: it begins with a whole message.
    begun: bool,
}

/// The sending thread.
pub(crate) struct Sender {
    pub(crate) core: Core,
    sender: uring_send::Sender,
    bridge: Consumer<Part>,
    subscribers: Vec<Subscriber>,
    joined: u64,
    /// Set when the bridge is closed and drained.
    ending: Option<Instant>,
}

impl Sender {
    pub(crate) fn new(
        options: &Options,
        listener: TcpListener,
        mut bridge: Consumer<Part>,
        progress: &Arc<Progress>,
    ) -> Result<Self> {
        let core = Core::new(listener, progress)?;
        bridge.set_waker(&core.bell.waker());
        let most = options.most_subscribers;
        let sender = uring_send::Sender::builder()
            .destinations(most)
            .entries(most * options.behind_parts)
            .entries_per_destination(options.behind_parts)
            .bytes(most * options.behind_bytes)
            .bytes_per_destination(options.behind_bytes)
            .copy_bytes(COPY_BYTES)
            // What may be copied is known here better than by its length.
            .copy_below(0)
            .zero_copy_from(options.zero_copy_from)
            .build()?;
        Ok(Self {
            core,
            sender,
            bridge,
            subscribers: Vec::with_capacity(most),
            joined: 0,
            ending: None,
        })
    }

    pub(crate) fn run(mut self) -> Result<Work<SenderStats>> {
        let turns = run_turns(&mut self, |this| &mut this.core, Self::turn);
        let stats = self.sender.stats();
        self.core.work(stats, turns)
    }

    fn turn(&mut self) -> Result<bool> {
        self.take_parts();
        self.give_up_if_late();
        self.flush()?;
        let pause = self.ending.map(|_| DRAIN_PAUSE);
        let may_sleep = self.ending.is_some() || self.bridge.prepare_wait();
        let mut inbox = self.core.wait(if may_sleep {
            pause
        } else {
            Some(Duration::ZERO)
        })?;
        for completion in inbox.drain(..) {
            let (subscribers, core) = (&mut self.subscribers, &mut self.core);
            let on_event = |event| note(subscribers, core, event);
            if let Err(completion) = self.sender.complete(completion, on_event)
                && let Some(socket) = self.core.complete(completion)
            {
                self.joined(&socket);
            }
        }
        self.core.inbox = inbox;
        Ok(self.ending.is_some() && self.sender.is_empty() && !self.core.is_armed())
    }

    /// Gives every subscriber its own view of each part.
    fn take_parts(&mut self) {
        loop {
            match self.bridge.try_pop() {
                Ok(part) => self.enqueue(&part),
                Err(PopError::Closed) if self.ending.is_none() => return self.end(),
                Err(_) => return,
            }
        }
    }

    fn enqueue(&mut self, part: &Part) {
        let mut behind = None;
        for subscriber in &mut self.subscribers {
            subscriber.begun |= part.begins;
            if subscriber.begun
                && let Err(why) = give(&mut self.sender, subscriber.to, part)
            {
                behind = Some((subscriber.to, why));
            }
        }
        if let Some((to, why)) = behind {
            // Relaxed: a count on its own.
            self.core.progress.dropped_behind.fetch_add(1, Relaxed);
            // It fails what it has queued, and is gone then.
            self.sender.abort(to).expect("it is a subscriber's");
            dismiss(&mut self.subscribers, &mut self.core, to, &why);
        }
    }

    fn flush(&mut self) -> Result<()> {
        loop {
            // Nothing but who failed or is gone: steady turns have none.
            let mut news = Vec::new();
            let on_event = |event| news.push(event);
            let all = self
                .sender
                .flush(&mut self.core.ring.submission(), on_event);
            for event in news {
                note(&mut self.subscribers, &mut self.core, event);
            }
            if all {
                return Ok(());
            }
            self.core.ring.submit()?;
        }
    }

    fn joined(&mut self, socket: &Socket) {
        let to = match self.sender.add(socket) {
            Ok(to) => to,
            Err(error) => {
                eprintln!("relay: subscriber refused: {error}");
                return socket.abort();
            }
        };
        self.subscribers.push(Subscriber {
            number: self.joined,
            to,
            begun: false,
        });
        self.joined += 1;
        count(&self.subscribers, &self.core);
    }

    /// Everything is queued: each connection ends when its subscriber has it.
    fn end(&mut self) {
        self.core.end();
        self.ending = Some(Instant::now());
        for subscriber in &self.subscribers {
            self.sender.close(subscriber.to).expect("open until now");
        }
    }

    fn give_up_if_late(&mut self) {
        let Some(since) = self.ending else { return };
        self.core.churn = true;
        if since.elapsed() > DRAIN_TIME {
            for subscriber in self.subscribers.drain(..) {
                // Those that have everything are gone already.
                let _ = self.sender.abort(subscriber.to);
            }
        }
    }
}

fn give(sender: &mut uring_send::Sender, to: Destination, part: &Part) -> Result<(), QueueError> {
    if part.small && part.view.len() < SMALL_BYTES {
        return sender.copy(to, 0, &part.view);
    }
    sender
        .send(to, 0, part.view.clone())
        .map_err(|refused| refused.why().clone())
}

/// A failed send is the last of its subscriber.
fn note(subscribers: &mut Vec<Subscriber>, core: &mut Core, event: SenderEvent) {
    match event {
        SenderEvent::Failed { to, error, .. } => dismiss(subscribers, core, to, &error),
        SenderEvent::Closed { .. } => core.churn = true,
        _ => {}
    }
}

fn dismiss(subscribers: &mut Vec<Subscriber>, core: &mut Core, to: Destination, why: &dyn Display) {
    core.churn = true;
    let Some(at) = subscribers.iter().position(|it| it.to == to) else {
        return;
    };
    let number = subscribers.swap_remove(at).number;
    eprintln!("relay: subscriber {number} dropped: {why}");
    count(subscribers, core);
}

fn count(subscribers: &[Subscriber], core: &Core) {
    let subscribers = subscribers.len() as u64;
    // Relaxed: a count on its own.
    core.progress.subscribers.store(subscribers, Relaxed);
}
