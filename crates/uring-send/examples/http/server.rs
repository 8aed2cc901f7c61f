//! The loop: one thread, one ring.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;
use std::time::Duration;

use anyhow::Result;
use io_uring::IoUring;
use pool_core::{Lease, Pool};
use uring_send::{
    AcceptEvent, Acceptor, Completion, Doorbell, RecvEvent, RecvRing, Sender, SenderEvent,
    SenderStats, Socket, completions, new_ring, submit_and_wait,
};

use crate::Options;
use crate::connection::{Connection, Shared};
use crate::files::Files;

const SUBMISSIONS: u32 = 256;
/// Requests are small; a longer one takes several slots.
const RECEIVE_BYTES: usize = 4096;
const HEAD_BYTES: usize = 512;
/// How long connections get to end when the server does.
const END_TIME: Duration = Duration::from_secs(5);

pub(crate) struct Server {
    ring: IoUring,
    acceptor: Acceptor,
    bell: Doorbell,
    stop: Arc<AtomicBool>,
    pool: Pool,
    receives: RecvRing,
    shared: Shared,
    connections: Vec<Option<Connection>>,
    /// Connections that may have something to do.
    due: Vec<usize>,
    inbox: Vec<Completion>,
}

/// What a server did, and what it still held at its end.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) served: u64,
    pub(crate) stats: SenderStats,
    pub(crate) slots_in_use: usize,
    /// Messages that no client took.
    pub(crate) unsent: usize,
}

/// Ends a server that runs on another thread.
pub(crate) struct Stop(Arc<AtomicBool>, Waker);

impl Stop {
    pub(crate) fn stop(&self) {
        // Relaxed: a flag on its own; the bell makes the server look.
        self.0.store(true, Relaxed);
        self.1.wake_by_ref();
    }
}

impl Server {
    pub(crate) fn new(options: &Options, listener: TcpListener) -> Result<Self> {
        let ring = new_ring(SUBMISSIONS)?;
        let most = options.connections;
        let pool = Pool::builder()
            .slots(512)
            .slot_bytes(RECEIVE_BYTES)
            .build()?;
        let heads = Pool::builder()
            .slots(4 * most)
            .slot_bytes(HEAD_BYTES)
            .build()?;
        let sender = Sender::builder()
            .destinations(most)
            .bytes(most << 20)
            .bytes_per_destination(2 << 20)
            // A head is copied in front of its small body, and goes out with it.
            .copy_below(HEAD_BYTES)
            .build()?;
        Ok(Self {
            receives: RecvRing::new(&ring, &pool, 256, most)?,
            ring,
            acceptor: Acceptor::new(listener)?,
            bell: Doorbell::new()?,
            stop: Arc::default(),
            pool,
            shared: Shared {
                sender,
                files: Files::new(&options.root)?,
                heads,
                scratch: String::with_capacity(HEAD_BYTES),
                served: 0,
            },
            connections: (0..most).map(|_| None).collect(),
            due: Vec::with_capacity(most),
            inbox: Vec::new(),
        })
    }

    pub(crate) fn stopper(&self) -> Stop {
        Stop(self.stop.clone(), self.bell.waker())
    }

    /// Serves until it is stopped; then lets what is being sent end.
    pub(crate) fn run(mut self) -> Result<Report> {
        // Relaxed: a flag on its own.
        while !self.stop.load(Relaxed) {
            self.turn()?;
        }
        self.acceptor.stop();
        self.bell.stop();
        let mut foreign = Vec::new();
        let unsent = self.shared.sender.shutdown(
            &mut self.ring,
            END_TIME,
            |_| (),
            |completion| foreign.push(completion),
        )?;
        for connection in self.connections.iter_mut().flatten() {
            connection.socket.abort();
            connection.closed = true;
        }
        foreign.into_iter().for_each(|it| self.take_in(it));
        while self.acceptor.is_armed() || self.bell.is_armed() || self.connected() > 0 {
            self.turn()?;
        }
        self.receives.close(&self.ring)?;
        Ok(Report {
            served: self.shared.served,
            stats: self.shared.sender.stats(),
            slots_in_use: self.pool.in_use() + self.shared.heads.in_use(),
            unsent: unsent.messages,
        })
    }

    fn connected(&self) -> usize {
        self.connections.iter().flatten().count()
    }

    fn turn(&mut self) -> Result<()> {
        self.answer();
        self.flush()?;
        submit_and_wait(&self.ring, None)?;
        let mut inbox = std::mem::take(&mut self.inbox);
        inbox.extend(completions(&mut self.ring.completion()));
        inbox.drain(..).for_each(|it| self.take_in(it));
        self.inbox = inbox;
        Ok(())
    }

    /// Lets the connections that have something to do go on.
    fn answer(&mut self) {
        for place in self.due.drain(..) {
            if let Some(connection) = &mut self.connections[place] {
                connection.go_on(&mut self.shared);
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        loop {
            let (connections, due) = (&mut self.connections, &mut self.due);
            let on_event = |event| note(connections, due, event);
            let mut queue = self.ring.submission();
            let mut all = self.shared.sender.flush(&mut queue, on_event);
            all &= self.acceptor.flush(&mut queue) && self.bell.flush(&mut queue);
            drop(queue);
            all &= self.receives.flush(&mut self.ring);
            self.forget_the_gone();
            if all && self.due.is_empty() {
                return Ok(());
            }
            self.ring.submit()?;
            self.answer();
        }
    }

    fn take_in(&mut self, completion: Completion) {
        let completion = match self.receives.complete(completion) {
            Ok(event) => return self.received(event),
            Err(completion) => completion,
        };
        let (connections, due) = (&mut self.connections, &mut self.due);
        let on_event = |event| note(connections, due, event);
        let Err(completion) = self.shared.sender.complete(completion, on_event) else {
            return;
        };
        match self.acceptor.complete(completion) {
            Ok(AcceptEvent::Accepted(socket)) => self.accepted(socket),
            Ok(AcceptEvent::Failed(error)) => eprintln!("http: accept: {error}"),
            Ok(_) => {}
            Err(completion) => drop(self.bell.complete(completion)),
        }
    }

    fn accepted(&mut self, socket: Socket) {
        // Relaxed: a flag on its own.
        if self.stop.load(Relaxed) {
            return socket.abort();
        }
        let Some(place) = self.connections.iter().position(Option::is_none) else {
            // Peers that have everything and do not hang up make room for the next one.
            let lingering = self.connections.iter().flatten().filter(|it| it.closed);
            lingering.for_each(|it| it.socket.abort());
            return socket.abort();
        };
        let Ok(to) = self.shared.sender.add(&socket) else {
            return socket.abort();
        };
        if self.receives.add(&socket, place as u64).is_err() {
            let _ = self.shared.sender.abort(to);
            return;
        }
        self.connections[place] = Some(Connection::new(socket, to, place));
    }

    fn received(&mut self, event: RecvEvent) {
        match event {
            RecvEvent::Data { tag, lease, range } => self.data(tag, &lease, range),
            RecvEvent::Closed { tag } | RecvEvent::Failed { tag, .. } => {
                let place = place_of(tag);
                if let Some(connection) = &mut self.connections[place] {
                    connection.deaf = true;
                    self.due.push(place);
                }
                self.forget_the_gone();
            }
            _ => {}
        }
    }

    fn data(&mut self, tag: u64, lease: &Lease, range: Range<usize>) {
        let place = place_of(tag);
        if let Some(connection) = &mut self.connections[place] {
            connection.received(lease, range);
            self.due.push(place);
        }
    }

    /// Frees the places of connections that neither the receiving nor the sending part knows any more.
    fn forget_the_gone(&mut self) {
        for place in &mut self.connections {
            if place.as_ref().is_some_and(|it| it.deaf && it.closed) {
                *place = None;
            }
        }
    }
}

/// Room came, or a connection is gone.
fn note(connections: &mut [Option<Connection>], due: &mut Vec<usize>, event: SenderEvent) {
    match event {
        SenderEvent::Released { tag, .. } => due.push(place_of(tag)),
        SenderEvent::Closed { to } => {
            let mut all = connections.iter_mut().flatten();
            if let Some(connection) = all.find(|it| it.to == to) {
                connection.closed = true;
                connection.ending = true;
            }
        }
        _ => {}
    }
}

fn place_of(tag: u64) -> usize {
    usize::try_from(tag).expect("tags are places")
}
