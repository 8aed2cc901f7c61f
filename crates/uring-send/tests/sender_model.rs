//! A sender on a real ring beside a naive model: whatever order things are done in, every message has one outcome, in order; what was sent arrives; bytes, entries and
//! room are what the model says.

mod loopback;
mod sending;

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use loopback::{narrow_tcp, pattern, stream};
use proptest::prelude::*;
use sending::Sending;
use uring_send::{Destination, SenderEvent};

const ENDS: usize = 3;
const BYTES: usize = 300_000;
const ENTRIES: usize = 12;
const COPY_BELOW: usize = 100;

#[derive(Debug, Clone)]
enum Step {
    Copy(usize, usize),
    Guard(usize, usize),
    Parts(usize, Vec<(bool, usize)>),
    GiveUp(usize, usize),
    Push,
    PushAndRead,
    Receive(usize, usize),
    Reset(usize),
    Close(usize),
    Abort(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let end = 0..ENDS;
    let small = 1_usize..200;
    let large = 1_usize..60_000;
    let part = (any::<bool>(), 1_usize..1000);
    prop_oneof![
        6 => (end.clone(), small.clone()).prop_map(|(end, len)| Step::Copy(end, len)),
        6 => (end.clone(), large).prop_map(|(end, len)| Step::Guard(end, len)),
        3 => (end.clone(), prop::collection::vec(part, 1..8)).prop_map(|(end, parts)| Step::Parts(end, parts)),
        1 => (end.clone(), small).prop_map(|(end, len)| Step::GiveUp(end, len)),
        3 => Just(Step::Push),
        6 => Just(Step::PushAndRead),
        6 => (end.clone(), 1_usize..200_000).prop_map(|(end, len)| Step::Receive(end, len)),
        1 => end.clone().prop_map(Step::Reset),
        1 => end.clone().prop_map(Step::Close),
        1 => end.prop_map(Step::Abort),
    ]
}

/// A message that was taken.
struct Taken {
    tag: u64,
    bytes: usize,
    entries: usize,
}

/// What the model knows of one destination.
struct End {
    to: Destination,
    far: Option<TcpStream>,
    open: bool,
    gone: bool,
    /// Reset by the peer or aborted by us: not all of it arrives.
    cut: bool,
    failed: bool,
    /// All that was taken, in order.
    stream: Vec<u8>,
    received: Vec<u8>,
    sent: usize,
    /// Without an outcome so far.
    pending: VecDeque<Taken>,
    /// With an outcome, not released.
    settled: Vec<Taken>,
}

impl End {
    fn bytes(&self) -> usize {
        let all = self.pending.iter().chain(&self.settled);
        all.map(|it| it.bytes).sum()
    }

    fn entries(&self) -> usize {
        let all = self.pending.iter().chain(&self.settled);
        all.map(|it| it.entries).sum()
    }

    fn receive(&mut self, most: usize) -> usize {
        let Some(far) = &mut self.far else { return 0 };
        let mut buffer = vec![0; most];
        match far.read(&mut buffer) {
            Ok(bytes) => {
                self.received.extend_from_slice(&buffer[..bytes]);
                bytes
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => {
                assert!(self.cut, "a connection broke by itself");
                self.far = None;
                0
            }
        }
    }
}

struct World {
    sending: Sending,
    ends: Vec<End>,
    next_tag: u64,
}

impl World {
    fn new(zero_copy_from: usize) -> Option<Self> {
        let mut sending = Sending::new(4, |options| {
            options
                .destinations(ENDS)
                .sends(ENDS + 4)
                .sends_per_destination(3)
                .entries(ENDS * 2 * ENTRIES)
                .entries_per_destination(ENTRIES)
                .bytes(ENDS * 2 * BYTES)
                .bytes_per_destination(BYTES)
                .bytes_per_send(40_000)
                .copy_below(COPY_BELOW)
                .copy_bytes(1000)
                .zero_copy_from(zero_copy_from)
        })?;
        let ends = (0..ENDS)
            .map(|_| {
                let (near, far) = narrow_tcp();
                far.set_nonblocking(true).expect("a socket");
                End {
                    to: sending.sender.add(&stream(near)).expect("a place"),
                    far: Some(far),
                    open: true,
                    gone: false,
                    cut: false,
                    failed: false,
                    stream: Vec::new(),
                    received: Vec::new(),
                    sent: 0,
                    pending: VecDeque::new(),
                    settled: Vec::new(),
                }
            })
            .collect();
        Some(Self {
            sending,
            ends,
            next_tag: 0,
        })
    }

    fn tag(&mut self) -> u64 {
        self.next_tag += 1;
        self.next_tag
    }

    /// What the model says of a message of one entry.
    fn has_room(&self, end: usize, bytes: usize) -> bool {
        let end = &self.ends[end];
        end.open && end.bytes() + bytes <= BYTES && end.entries() < ENTRIES
    }

    fn take(&mut self, end: usize, tag: u64, bytes: &[u8], entries: usize) {
        let end = &mut self.ends[end];
        end.stream.extend_from_slice(bytes);
        end.pending.push_back(Taken {
            tag,
            bytes: bytes.len(),
            entries,
        });
    }

    fn act(&mut self, step: Step) {
        match step {
            Step::Copy(end, len) => {
                let (tag, room) = (self.tag(), self.has_room(end, len));
                let bytes = pattern(tag, len);
                let taken = self.sending.sender.copy(self.ends[end].to, tag, &bytes);
                assert_eq!(taken.is_ok(), room, "{taken:?}");
                if room {
                    self.take(end, tag, &bytes, 1);
                }
            }
            Step::Guard(end, len) => {
                let (tag, room) = (self.tag(), self.has_room(end, len));
                let bytes = pattern(tag, len);
                let to = self.ends[end].to;
                match self.sending.sender.send(to, tag, bytes.clone()) {
                    Ok(()) => {
                        assert!(room);
                        self.take(end, tag, &bytes, 1);
                    }
                    Err(refused) => {
                        assert!(!room, "{refused}");
                        assert!(refused.into_guard() == bytes);
                    }
                }
            }
            Step::Parts(end, parts) => self.parts(end, &parts),
            Step::GiveUp(end, len) => {
                if let Ok(mut message) = self.sending.sender.message(self.ends[end].to) {
                    // Refused or not: it leaves no trace.
                    let _ = message.copy(&pattern(0, len));
                    let _ = message.guard(pattern(1, len));
                }
            }
            Step::Push => self.sending.push(),
            Step::PushAndRead => {
                self.sending.push();
                self.sending.read();
            }
            Step::Receive(end, most) => {
                self.ends[end].receive(most);
            }
            Step::Reset(end) => {
                let end = &mut self.ends[end];
                end.cut = true;
                end.far = None;
            }
            Step::Close(end) => {
                let end = &mut self.ends[end];
                assert_eq!(self.sending.sender.close(end.to).is_ok(), end.open);
                end.open = false;
            }
            Step::Abort(end) => {
                let end = &mut self.ends[end];
                let done = self.sending.sender.abort(end.to).is_ok();
                assert_eq!(done, !end.gone);
                end.cut |= done;
                end.open = false;
            }
        }
        self.listen();
        self.compare();
    }

    fn parts(&mut self, end: usize, parts: &[(bool, usize)]) {
        let tag = self.tag();
        let Ok(mut message) = self.sending.sender.message(self.ends[end].to) else {
            assert!(!self.ends[end].open);
            return;
        };
        let (mut all, mut entries) = (Vec::new(), 0);
        let before = self.ends[end].entries();
        for (place, (copy, len)) in (0..).zip(parts) {
            let bytes = pattern(tag * 8 + place, *len);
            let taken = if *copy {
                message.copy(&bytes).is_ok()
            } else {
                message.guard(bytes.clone()).is_ok()
            };
            if !taken {
                assert!(
                    before + parts.len() > ENTRIES
                        || self.ends[end].bytes() + all.len() + len > BYTES,
                    "refused with room"
                );
                return;
            }
            all.extend(bytes);
            entries += 1;
        }
        assert_eq!(message.len(), all.len());
        message.tag(tag);
        message.queue().expect("not empty");
        // Copies that follow each other share an entry if they fit: the sender says how many it took.
        let others: usize = self.ends.iter().map(End::entries).sum();
        let took = self.sending.sender.stats().entries - others;
        assert!((1..=entries).contains(&took));
        self.take(end, tag, &all, took);
    }

    /// Follows the events.
    fn listen(&mut self) {
        for event in std::mem::take(&mut self.sending.log) {
            let to = match &event {
                SenderEvent::Sent { to, .. }
                | SenderEvent::Failed { to, .. }
                | SenderEvent::Released { to, .. }
                | SenderEvent::Closed { to } => *to,
                other => panic!("{other:?}"),
            };
            let end = self.ends.iter_mut().find(|it| it.to == to);
            let end = end.expect("one of ours");
            assert!(!end.gone, "after the last event: {event:?}");
            match event {
                SenderEvent::Sent { tag, bytes, .. } => {
                    let taken = end.pending.pop_front().expect("one is pending");
                    assert_eq!((taken.tag, taken.bytes), (tag, bytes));
                    assert!(!end.failed, "sent after one that failed");
                    end.sent += bytes;
                    end.settled.push(taken);
                }
                SenderEvent::Failed {
                    tag, sent, left, ..
                } => {
                    let taken = end.pending.pop_front().expect("one is pending");
                    assert_eq!((taken.tag, taken.bytes), (tag, sent + left));
                    assert!(end.cut && left > 0 && (sent == 0 || !end.failed));
                    end.failed = true;
                    end.open = false;
                    end.sent += sent;
                    end.settled.push(taken);
                }
                SenderEvent::Released { tag, .. } => {
                    let at = end.settled.iter().position(|it| it.tag == tag);
                    end.settled.remove(at.expect("its outcome came before"));
                }
                _ => {
                    assert!(end.pending.is_empty() && end.settled.is_empty() && !end.open);
                    end.gone = true;
                }
            }
        }
    }

    fn compare(&self) {
        let stats = self.sending.sender.stats();
        let sum = |of: fn(&End) -> usize| self.ends.iter().map(of).sum::<usize>();
        assert_eq!(stats.bytes, sum(End::bytes));
        assert_eq!(stats.entries, sum(End::entries));
        for end in &self.ends {
            let room = if end.open { BYTES - end.bytes() } else { 0 };
            assert_eq!(self.sending.sender.room(end.to), room);
            assert!(end.stream.starts_with(&end.received), "other bytes arrived");
            assert!(end.sent <= end.stream.len());
        }
    }

    /// Closes what is open, reads everything, and looks at what arrived.
    fn end(mut self) {
        for end in 0..ENDS {
            self.act(Step::Close(end));
        }
        let began = Instant::now();
        while !self.sending.sender.is_empty() {
            assert!(began.elapsed() < Duration::from_secs(30), "it hangs");
            self.act(Step::PushAndRead);
            for end in 0..ENDS {
                self.act(Step::Receive(end, 100_000));
            }
        }
        for end in &mut self.ends {
            assert!(end.gone);
            // The kernel may still be bringing the last bytes: they are waited for, up to the end of the stream.
            if let Some(far) = &end.far {
                far.set_nonblocking(false).expect("a socket");
                far.set_read_timeout(Some(Duration::from_secs(30)))
                    .expect("a time");
            }
            while !end.cut && end.receive(100_000) > 0 {}
            assert!(end.cut || (end.received == end.stream && !end.failed));
            assert!(end.cut || end.sent == end.stream.len());
        }
        assert_eq!(self.sending.sender.stats().operations.stale, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sender_does_what_the_model_says(
        zero_copy_from in prop_oneof![Just(usize::MAX), Just(1), Just(10_000)],
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let Some(mut world) = World::new(zero_copy_from) else { return Ok(()) };
        for step in steps {
            world.act(step);
        }
        world.end();
    }
}
