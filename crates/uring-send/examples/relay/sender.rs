//! The sending thread: every subscriber gets its own view of each part, sent from where the bytes lie.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::Result;
use percore_slab::{Consumer, PopError};
use uring_send::{Draft, InFlight, SendEvent, SendStats, Socket, SubmitError};

use crate::framing::SMALL_BYTES;
use crate::options::Options;
use crate::relay::{Core, Part, Progress, Work, run_turns};

/// How often an ending relay looks whether its time is up.
const DRAIN_PAUSE: Duration = Duration::from_millis(20);
/// How long subscribers get to take what is queued when the relay ends.
const DRAIN_TIME: Duration = Duration::from_secs(10);

struct Subscriber {
    socket: Socket,
    tag: u64,
    queue: VecDeque<Part>,
    queued_bytes: usize,
    /// Whether its stream has begun: it begins with a whole message.
    begun: bool,
    sending: bool,
}

/// The sending thread.
pub(crate) struct Sender {
    pub(crate) core: Core,
    options: Options,
    in_flight: InFlight,
    bridge: Consumer<Part>,
    subscribers: Vec<Subscriber>,
    next_tag: u64,
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
        let zero_copy_from = options.zero_copy_from;
        let in_flight = InFlight::builder()
            .sends(4096)
            .zero_copy_from(zero_copy_from)
            .build()?;
        let options = options.clone();
        let subscribers = Vec::new();
        Ok(Self {
            core,
            options,
            in_flight,
            bridge,
            subscribers,
            next_tag: 0,
            ending: None,
        })
    }

    pub(crate) fn run(mut self) -> Result<Work<SendStats>> {
        let turns = run_turns(&mut self, |this| &mut this.core, Self::turn);
        let stats = self.in_flight.stats();
        self.core.work(stats, turns)
    }

    fn turn(&mut self) -> Result<bool> {
        self.take_parts();
        self.send_all()?;
        self.end_drained();
        let pause = self.ending.map(|_| DRAIN_PAUSE);
        let may_sleep = self.ending.is_some() || self.bridge.prepare_wait();
        let mut inbox = self.core.wait(if may_sleep {
            pause
        } else {
            Some(Duration::ZERO)
        })?;
        for completion in inbox.drain(..) {
            let subscribers = &mut self.subscribers;
            let mut failed = None;
            let on_event = |event| failed = sent(subscribers, event).or(failed.take());
            if let Err(completion) = self.in_flight.complete(completion, on_event) {
                if let Some(socket) = self.core.complete(completion) {
                    self.joined(socket);
                }
            } else if let Some((tag, error)) = failed {
                self.dismiss(tag, &error);
            }
        }
        self.core.inbox = inbox;
        let over = self.subscribers.is_empty() && self.in_flight.is_empty();
        Ok(self.ending.is_some() && over && !self.core.is_armed())
    }

    /// Gives every subscriber its own view of each part.
    fn take_parts(&mut self) {
        loop {
            match self.bridge.try_pop() {
                Ok(part) => self.enqueue(&part),
                Err(PopError::Closed) if self.ending.is_none() => {
                    self.core.end();
                    self.ending = Some(Instant::now());
                    return;
                }
                Err(_) => return,
            }
        }
    }

    fn enqueue(&mut self, part: &Part) {
        let (bytes, parts) = (self.options.behind_bytes, self.options.behind_parts);
        let mut behind = None;
        for subscriber in &mut self.subscribers {
            subscriber.begun |= part.begins;
            if subscriber.begun {
                subscriber.queued_bytes += part.view.len();
                let Part { begins, small, .. } = *part;
                subscriber.queue.push_back(Part {
                    view: part.view.clone(),
                    begins,
                    small,
                });
            }
            if subscriber.queued_bytes > bytes || subscriber.queue.len() > parts {
                behind = Some(subscriber.tag);
            }
        }
        if let Some(tag) = behind {
            // Relaxed: a count on its own.
            self.core.progress.dropped_behind.fetch_add(1, Relaxed);
            self.dismiss(
                tag,
                &format_args!("more than {bytes} bytes or {parts} parts behind"),
            );
        }
    }

    fn send_all(&mut self) -> Result<()> {
        while !self.in_flight.flush(&mut self.core.ring.submission()) {
            self.core.ring.submit()?;
        }
        for subscriber in self.subscribers.iter_mut().filter(|it| !it.sending) {
            if subscriber.queue.is_empty() {
                continue;
            }
            // No room now: the next released send makes some.
            let Ok(mut draft) = self.in_flight.send(&subscriber.socket) else {
                break;
            };
            draft.tag(subscriber.tag);
            subscriber.fill(&mut draft);
            subscriber.sending = true;
            let mut refused = draft.submit(&mut self.core.ring.submission()).err();
            while let Some((draft, why)) = refused {
                anyhow::ensure!(why == SubmitError::QueueFull, "submit: {why}");
                self.core.ring.submit()?;
                refused = draft.submit(&mut self.core.ring.submission()).err();
            }
        }
        Ok(())
    }

    fn joined(&mut self, socket: Socket) {
        let tag = self.next_tag;
        self.next_tag += 1;
        let queue = VecDeque::with_capacity(self.options.behind_parts + 2);
        let fresh = Subscriber {
            socket,
            tag,
            queue,
            queued_bytes: 0,
            begun: false,
            sending: false,
        };
        self.subscribers.push(fresh);
        self.count_subscribers();
    }

    fn dismiss(&mut self, tag: u64, why: &dyn Display) {
        self.core.churn = true;
        let Some(at) = self.subscribers.iter().position(|it| it.tag == tag) else {
            return;
        };
        eprintln!("relay: subscriber {tag} dropped: {why}");
        self.subscribers.swap_remove(at).socket.abort();
        self.count_subscribers();
    }

    /// When the relay ends: closes the connections of those who have everything, and after a while those of all.
    fn end_drained(&mut self) {
        let Some(since) = self.ending else { return };
        self.core.churn = true;
        let late = since.elapsed() > DRAIN_TIME;
        self.subscribers.retain(|subscriber| {
            let done = subscriber.queue.is_empty() && !subscriber.sending;
            match (done, late) {
                (true, _) => subscriber.socket.finish(),
                (false, true) => subscriber.socket.abort(),
                (false, false) => return true,
            }
            false
        });
    }

    fn count_subscribers(&self) {
        // Relaxed: a count on its own.
        self.core
            .progress
            .subscribers
            .store(self.subscribers.len() as u64, Relaxed);
    }
}

impl Subscriber {
    /// Moves as much of the queue into the draft as fits.
    fn fill(&mut self, draft: &mut Draft<'_>) {
        while let Some(part) = self.queue.pop_front() {
            let bytes = part.view.len();
            let refused = if part.small && bytes < SMALL_BYTES {
                draft.copy(&part.view).is_err().then_some(part.view)
            } else {
                let view = part.view;
                draft.guard(view).err().map(|refused| refused.into_guard())
            };
            if let Some(view) = refused {
                self.queue.push_front(Part { view, ..part });
                return;
            }
            self.queued_bytes -= bytes;
        }
    }
}

/// What a send's event changes; gives the subscriber to dismiss.
fn sent(subscribers: &mut [Subscriber], event: SendEvent) -> Option<(u64, io::Error)> {
    let (tag, error) = match event {
        SendEvent::Sent { tag, .. } => (tag, None),
        SendEvent::Failed { tag, error, .. } => (tag, Some(error)),
        _ => return None,
    };
    let subscriber = subscribers.iter_mut().find(|it| it.tag == tag)?;
    subscriber.sending = false;
    error.map(|error| (tag, error))
}
