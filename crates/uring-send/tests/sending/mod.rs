//! A loop around a `Sender`, and what its tests look at.
#![allow(
    dead_code,
    reason = "each test file compiles this module for itself and uses its part of it"
)]

use io_uring::IoUring;
use uring_send::{Destination, Sender, SenderBuilder, SenderEvent};

use crate::loopback::{ring, wait};

/// A ring, a sender, and all events so far.
pub(crate) struct Sending {
    pub(crate) ring: IoUring,
    pub(crate) sender: Sender,
    pub(crate) log: Vec<SenderEvent>,
}

impl Sending {
    /// `None`, with the reason printed, where there is no io_uring.
    pub(crate) fn new(
        entries: u32,
        options: impl FnOnce(SenderBuilder) -> SenderBuilder,
    ) -> Option<Self> {
        Some(Self::on(ring(entries)?, options))
    }

    pub(crate) fn on(ring: IoUring, options: impl FnOnce(SenderBuilder) -> SenderBuilder) -> Self {
        let builder = Sender::builder().destinations(8);
        Self {
            ring,
            sender: options(builder).build().expect("sizes in range"),
            log: Vec::new(),
        }
    }

    /// Everything that can go to the kernel goes there.
    pub(crate) fn push(&mut self) {
        let Self { ring, sender, log } = self;
        while !sender.flush(&mut ring.submission(), |event| log.push(event)) {
            ring.submit().expect("a live ring");
        }
        ring.submit().expect("a live ring");
    }

    /// Takes in what has completed, without waiting.
    pub(crate) fn read(&mut self) {
        let Self { ring, sender, log } = self;
        sender.reap(
            &mut ring.completion(),
            |event| log.push(event),
            |foreign| panic!("nobody else is on this ring: {foreign:?}"),
        );
    }

    /// One round: out with what is queued, wait for something unless that told something, take it in.
    pub(crate) fn turn(&mut self) {
        let heard = self.log.len();
        self.push();
        if self.in_flight() > 0 && self.log.len() == heard {
            wait(&self.ring);
            self.read();
        }
    }

    /// Turns until everything is released.
    pub(crate) fn drain(&mut self) {
        while !self.sender.is_idle() {
            self.turn();
        }
    }

    /// Closes what is open and turns until there is no destination.
    pub(crate) fn finish(&mut self, destinations: &[Destination]) {
        for to in destinations {
            self.sender.close(*to).expect("open");
        }
        while !self.sender.is_empty() {
            self.turn();
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.sender.stats().operations.in_flight
    }

    /// The events of one destination: `Sent 1, Released 1, Closed`.
    pub(crate) fn story(&self, of: Destination) -> String {
        let word = |event: &SenderEvent| match event {
            SenderEvent::Sent { to, tag, .. } if *to == of => Some(format!("Sent {tag}")),
            SenderEvent::Failed { to, tag, .. } if *to == of => Some(format!("Failed {tag}")),
            SenderEvent::Released { to, tag } if *to == of => Some(format!("Released {tag}")),
            SenderEvent::Closed { to } if *to == of => Some("Closed".into()),
            _ => None,
        };
        self.log
            .iter()
            .filter_map(word)
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn count_sent(&self, of: Destination) -> usize {
        let sent =
            |event: &&SenderEvent| matches!(event, SenderEvent::Sent { to, .. } if *to == of);
        self.log.iter().filter(sent).count()
    }
}
