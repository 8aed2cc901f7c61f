//! The core that talks to clients. It sleeps in one place, for sockets and for the bridge.

use crate::connection::Connection;
use crate::{Reply, Request};
use anyhow::{Result, bail};
use mio::net::TcpListener;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use percore_slab::{Consumer, EventFd, PopError, Pressure, Producer, PushError};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;

const LISTENER: Token = Token(0);
const BRIDGE: Token = Token(1);
const FIRST_CONNECTION: usize = 2;

pub(crate) struct ControlCore {
    poll: Poll,
    listener: TcpListener,
    event: EventFd,
    requests: Producer<Request>,
    replies: Consumer<Reply>,
    /// Requests that found no room on the bridge.
    waiting: VecDeque<Request>,
    connections: HashMap<usize, Connection>,
    next_connection: usize,
    report: ControlReport,
}

/// How it went.
#[derive(Default)]
pub(crate) struct ControlReport {
    connections: u64,
    requests: u64,
    answers: u64,
    high_pressure: u64,
}

impl ControlCore {
    pub(crate) fn new(
        listener: std::net::TcpListener,
        event: EventFd,
        requests: Producer<Request>,
        replies: Consumer<Reply>,
    ) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let (poll, mut listener) = (Poll::new()?, TcpListener::from_std(listener));
        let registry = poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        registry.register(
            &mut SourceFd(&event.as_raw_fd()),
            BRIDGE,
            Interest::READABLE,
        )?;
        Ok(Self {
            poll,
            listener,
            event,
            requests,
            replies,
            waiting: VecDeque::new(),
            connections: HashMap::new(),
            next_connection: FIRST_CONNECTION,
            report: ControlReport::default(),
        })
    }

    /// Serves until so many answers are out.
    pub(crate) fn serve(mut self, expected: u64) -> Result<ControlReport> {
        let mut events = Events::with_capacity(256);
        while self.report.answers < expected {
            self.pass_on()?;
            let may_sleep = self.take_replies()? && self.replies.prepare_wait();
            // Requests that wait for room go on after the next reply, at the latest.
            let at_most = (!may_sleep).then_some(std::time::Duration::ZERO);
            match self.poll.poll(&mut events, at_most) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    BRIDGE => drop(self.event.clear()?),
                    Token(connection) => self.work(connection)?,
                }
            }
        }
        Ok(self.report)
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nodelay(true)?;
            let number = self.next_connection;
            self.next_connection += 1;
            self.report.connections += 1;
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, Token(number), interest)?;
            self.connections.insert(number, Connection::new(stream));
        }
    }

    /// Reads and writes what one connection has to read and write.
    fn work(&mut self, number: usize) -> Result<()> {
        let Some(connection) = self.connections.get_mut(&number) else {
            return Ok(());
        };
        let waiting = &mut self.waiting;
        let on_key = |key| {
            waiting.push_back(Request {
                connection: number,
                key,
            })
        };
        let alive = connection.read(on_key).or_else(gone)?;
        self.report.answers += connection.write().or_else(|error| gone(error).map(|_| 0))?;
        if !alive && let Some(mut connection) = self.connections.remove(&number) {
            self.poll.registry().deregister(connection.stream_mut())?;
        }
        self.pass_on()
    }

    /// Asks the data core for what the clients asked for.
    fn pass_on(&mut self) -> Result<()> {
        while let Some(request) = self.waiting.pop_front() {
            match self.requests.try_push(request) {
                Ok(()) => self.report.requests += 1,
                Err(PushError::Full(refused)) => {
                    self.waiting.push_front(refused);
                    break;
                }
                Err(_) => bail!("the data core is gone"),
            }
            self.report.high_pressure += u64::from(self.requests.pressure() > Pressure::Normal);
        }
        Ok(())
    }

    /// Answers what the data core gave; tells whether that was all.
    fn take_replies(&mut self) -> Result<bool> {
        loop {
            match self.replies.try_pop() {
                // A client that left does not want its answer: the page goes home.
                Ok(Reply { connection, value }) => {
                    if let Some(connection) = self.connections.get_mut(&connection) {
                        connection.answer(value);
                        self.report.answers += connection.write()?;
                    }
                }
                Err(PopError::Closed) => bail!("the data core is gone"),
                Err(_) => return Ok(true),
            }
        }
    }
}

/// A client may leave as it likes.
fn gone(error: io::Error) -> io::Result<bool> {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Ok(false),
        _ => Err(error),
    }
}

impl fmt::Display for ControlReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} connections, {} requests passed on ({} under pressure), {} answers written",
            self.connections, self.requests, self.high_pressure, self.answers
        )
    }
}
