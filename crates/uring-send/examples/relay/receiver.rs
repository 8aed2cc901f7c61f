//! The receiving thread: pieces of the publishers' streams arrive in pool slots and go on as views.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use anyhow::Result;
use framebuf::FrameBuf;
use percore_slab::{Producer, PushError};
use pool_core::{Lease, Pool};
use uring_send::{RecvEvent, RecvRing, RecvStats, Socket};
use zerocopy_view::View;

use crate::framing::Framing;
use crate::options::Options;
use crate::relay::{Core, Part, Progress, Work, run_turns};

/// How soon a receiver that found the pool empty looks again.
const STARVED_PAUSE: Duration = Duration::from_millis(1);

struct Publisher {
    socket: Socket,
    /// None of one that was dropped: what still arrives from it is nobody's.
    framing: Option<Framing>,
    /// The message that has not arrived whole.
    pieces: VecDeque<View>,
}

/// The receiving thread.
pub(crate) struct Receiver {
    pub(crate) core: Core,
    options: Options,
    recv: RecvRing,
    bridge: Producer<Part>,
    /// Parts that the bridge had no room for.
    outbox: VecDeque<Part>,
    publishers: Vec<Option<Publisher>>,
    waker: Waker,
}

impl Receiver {
    pub(crate) fn new(
        options: &Options,
        pool: &Pool,
        listener: TcpListener,
        bridge: Producer<Part>,
        progress: &Arc<Progress>,
    ) -> Result<Self> {
        let core = Core::new(listener, progress)?;
        let posted = u16::try_from((pool.capacity() / 4).clamp(1, 1024))?;
        let entries = if posted.is_power_of_two() {
            posted
        } else {
            posted.next_power_of_two() / 2
        };
        let recv = RecvRing::new(&core.ring, pool, entries, options.most_publishers)?;
        Ok(Self {
            waker: core.bell.waker(),
            core,
            options: options.clone(),
            recv,
            bridge,
            outbox: VecDeque::with_capacity(2 * pool.capacity()),
            publishers: (0..options.most_publishers).map(|_| None).collect(),
        })
    }

    pub(crate) fn run(mut self) -> Result<Work<RecvStats>> {
        let turns = run_turns(&mut self, |this| &mut this.core, Self::turn);
        let stats = self.recv.stats();
        self.recv.close(&self.core.ring)?;
        self.core.work(stats, turns)
    }

    fn turn(&mut self) -> Result<bool> {
        if self.core.is_stopping() {
            self.core.end();
            self.publishers
                .iter()
                .flatten()
                .for_each(|publisher| publisher.socket.abort());
        }
        self.push_parts();
        while !self.recv.flush(&mut self.core.ring) {
            self.core.ring.submit()?;
        }
        let pause = self.recv.is_starved().then_some(STARVED_PAUSE);
        let mut inbox = self.core.wait(pause)?;
        for completion in inbox.drain(..) {
            match self.recv.complete(completion) {
                Ok(event) => self.received(event),
                Err(completion) => {
                    if let Some(socket) = self.core.complete(completion) {
                        self.joined(socket);
                    }
                }
            }
        }
        self.core.inbox = inbox;
        let idle = self.outbox.is_empty() && self.recv.stats().streams == 0;
        Ok(self.core.is_stopping() && idle && !self.core.is_armed())
    }

    fn push_parts(&mut self) {
        while let Some(part) = self.outbox.pop_front() {
            match self.bridge.try_push(part) {
                Ok(()) => {}
                Err(PushError::Full(part)) => {
                    self.outbox.push_front(part);
                    let mut context = TaskContext::from_waker(&self.waker);
                    if self.bridge.poll_ready(&mut context).is_pending() {
                        return;
                    }
                }
                // The sending thread is gone.
                Err(_) => self.outbox.clear(),
            }
        }
    }

    fn joined(&mut self, socket: Socket) {
        let Some(place) = self.publishers.iter().position(Option::is_none) else {
            eprintln!(
                "relay: publisher refused: {} are connected",
                self.publishers.len()
            );
            return socket.abort();
        };
        if let Err(error) = self.recv.add(&socket, place as u64) {
            eprintln!("relay: publisher refused: {error}");
            return socket.abort();
        }
        let framing = Some(Framing::new(self.options.most_message_bytes));
        let pieces = VecDeque::with_capacity(self.options.most_pieces + 1);
        self.publishers[place] = Some(Publisher {
            socket,
            framing,
            pieces,
        });
    }

    fn received(&mut self, event: RecvEvent) {
        match event {
            RecvEvent::Data { tag, lease, range } => self.data(tag, lease, range),
            RecvEvent::Closed { tag } => self.left(tag, None),
            RecvEvent::Failed { tag, error } => self.left(tag, Some(error)),
            RecvEvent::OutOfBuffers { .. } => self.shed_if_stuck(),
            _ => {}
        }
    }

    /// A piece of a publisher's stream: whole messages go on, the rest waits for its end.
    fn data(&mut self, tag: u64, lease: Lease, range: Range<usize>) {
        let Some(publisher) = self.publishers[place_of(tag)].as_mut() else {
            return;
        };
        let Some(framing) = publisher.framing.as_mut() else {
            return;
        };
        let frame = FrameBuf::from_lease(lease, range).expect("the kernel filled that range");
        let mut rest = View::from(frame);
        let scan = match framing.scan(&rest) {
            Ok(scan) => scan,
            Err(too_long) => return self.dismiss(tag, &too_long),
        };
        let complete = rest.split_to(scan.complete);
        if scan.messages > 0 {
            let (mut begins, small) = (true, !scan.has_large);
            for view in publisher.pieces.drain(..).chain([complete]) {
                self.outbox.push_back(Part {
                    view,
                    begins,
                    small,
                });
                begins = false;
            }
            // Relaxed: a count on its own.
            self.core
                .progress
                .messages
                .fetch_add(scan.messages, Relaxed);
        }
        if !rest.is_empty() {
            publisher.pieces.push_back(rest);
        }
        let most = self.options.most_pieces;
        if publisher.pieces.len() > most {
            self.dismiss(tag, &format_args!("a message in more than {most} pieces"));
        }
        self.push_parts();
    }

    /// Ends a publisher that does not keep to the bounds.
    fn dismiss(&mut self, tag: u64, why: &dyn Display) {
        self.core.churn = true;
        if let Some(publisher) = self.publishers[place_of(tag)].as_mut() {
            eprintln!("relay: publisher {tag} dropped: {why}");
            publisher.pieces.clear();
            publisher.framing = None;
            publisher.socket.abort();
        }
    }

    /// If the slots are all in unfinished messages, no publisher could ever finish: the one that holds most goes.
    fn shed_if_stuck(&mut self) {
        let held = |publisher: &Option<Publisher>| publisher.as_ref().map_or(0, |p| p.pieces.len());
        let all: usize = self.publishers.iter().map(held).sum();
        let most = (0..self.publishers.len()).max_by_key(|place| held(&self.publishers[*place]));
        if let Some(place) = most.filter(|_| all * 2 > self.outbox.capacity() / 2) {
            self.dismiss(place as u64, &"unfinished messages hold most of the slots");
        }
    }

    fn left(&mut self, tag: u64, error: Option<io::Error>) {
        self.core.churn = true;
        let Some(publisher) = self.publishers[place_of(tag)].take() else {
            return;
        };
        // Why one was dropped has been said.
        if let Some(framing) = publisher.framing {
            if let Some(error) = error {
                eprintln!("relay: publisher {tag}: {error}");
            }
            if !framing.at_boundary() {
                eprintln!(
                    "relay: publisher {tag} left in the middle of a message; its pieces are dropped"
                );
            }
        }
        // Relaxed: a count on its own.
        self.core.progress.publishers_gone.fetch_add(1, Relaxed);
    }
}

fn place_of(tag: u64) -> usize {
    usize::try_from(tag).expect("tags are places")
}
