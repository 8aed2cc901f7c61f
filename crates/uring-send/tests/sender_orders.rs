//! A sender on a kernel that answers in every order: no guard is dropped early (the guards themselves see to that), none is kept, each message has one outcome in its
//! turn, and the peers get exactly the bytes that the events speak of.

use std::time::Duration;

use proptest::prelude::*;
use uring_send::testing::{Answer, Choices, FakeKernel, Notice, explore};
use uring_send::{Destination, Ring, Sender, SenderBuilder, SenderEvent, Socket};

struct Peer {
    to: Destination,
    socket: Socket,
    is_stream: bool,
    /// What was taken and has no outcome: tag and bytes.
    pending: Vec<(u64, Vec<u8>)>,
    unreleased: Vec<u64>,
    /// Of each message, what is said to have left.
    sent: Vec<Vec<u8>>,
    failed: bool,
    closed: bool,
}

struct Scenario {
    kernel: FakeKernel,
    sender: Sender,
    peers: Vec<Peer>,
    next_tag: u64,
}

impl Scenario {
    fn new(kernel: FakeKernel, streams: &[bool], copy_below: usize, zero_copy_from: usize) -> Self {
        Self::with(kernel, streams, |options| {
            options
                .copy_below(copy_below)
                .zero_copy_from(zero_copy_from)
        })
    }

    fn with(
        kernel: FakeKernel,
        streams: &[bool],
        options: impl FnOnce(SenderBuilder) -> SenderBuilder,
    ) -> Self {
        let builder = Sender::builder()
            .destinations(streams.len())
            .sends(streams.len() + 2)
            .sends_per_destination(2)
            .entries(streams.len() * 18)
            .bytes_per_send(120)
            .copy_bytes(32);
        let mut sender = options(builder).build().expect("sizes in range");
        let add = |is_stream: &bool| {
            let socket = if *is_stream {
                kernel.stream_socket()
            } else {
                kernel.datagram_socket()
            };
            Peer {
                to: sender.add(&socket).expect("a place"),
                socket,
                is_stream: *is_stream,
                pending: Vec::new(),
                unreleased: Vec::new(),
                sent: Vec::new(),
                failed: false,
                closed: false,
            }
        };
        let peers = streams.iter().map(add).collect();
        Self {
            kernel,
            sender,
            peers,
            next_tag: 0,
        }
    }

    fn send(&mut self, peer: usize, bytes: usize) {
        self.next_tag += 1;
        let tag = self.next_tag;
        let payload: Vec<u8> = (0..bytes)
            .map(|at| (tag * 37).to_le_bytes()[0].wrapping_add(at.to_le_bytes()[0]))
            .collect();
        let peer = &mut self.peers[peer];
        let guard = self.kernel.guard(payload.as_slice());
        if self.sender.send(peer.to, tag, guard).is_ok() {
            peer.pending.push((tag, payload));
            peer.unreleased.push(tag);
        }
    }

    fn turn(&mut self, most: Option<Duration>) {
        let peers = &mut self.peers;
        loop {
            let all = self
                .sender
                .flush(&mut self.kernel.submissions(), |event| note(peers, event));
            if all {
                break;
            }
            self.kernel.submit();
        }
        if self.sender.is_empty() {
            return;
        }
        self.kernel.enter(most).expect("no error");
        for completion in self.kernel.completions() {
            let foreign = self.sender.complete(completion, |event| note(peers, event));
            assert!(foreign.is_ok(), "nobody else is on this ring");
        }
    }

    /// Lets everything end, and looks at what the peers got.
    fn end(mut self) {
        for peer in &self.peers {
            // It may have failed and be gone.
            let _ = self.sender.close(peer.to);
        }
        while !self.sender.is_empty() {
            self.turn(Some(Duration::ZERO));
        }
        for peer in &mut self.peers {
            assert!(peer.closed && peer.pending.is_empty() && peer.unreleased.is_empty());
            let mut received = self.kernel.received(&peer.socket);
            let mut sent = peer.sent.concat();
            if !peer.is_stream {
                // Datagrams may overtake one another.
                received.sort_unstable();
                sent.sort_unstable();
            }
            assert_eq!(received, sent);
        }
        assert_eq!(self.kernel.living_guards(), 0);
        let stats = self.sender.stats();
        assert_eq!((stats.entries, stats.bytes), (0, 0));
    }
}

fn note(peers: &mut [Peer], event: SenderEvent) {
    let (SenderEvent::Sent { to, .. }
    | SenderEvent::Failed { to, .. }
    | SenderEvent::Released { to, .. }
    | SenderEvent::Closed { to }) = event
    else {
        panic!("{event:?}");
    };
    let peer = peers.iter_mut().find(|peer| peer.to == to);
    let peer = peer.expect("one of ours");
    assert!(!peer.closed);
    match event {
        SenderEvent::Sent { tag, bytes, .. } => {
            let payload = take(peer, tag);
            assert!(payload.len() == bytes && !(peer.failed && peer.is_stream));
            peer.sent.push(payload);
        }
        SenderEvent::Failed {
            tag, sent, left, ..
        } => {
            let mut payload = take(peer, tag);
            assert!(payload.len() == sent + left && left > 0);
            assert!(sent == 0 || !(peer.failed && peer.is_stream));
            peer.failed = true;
            payload.truncate(sent);
            peer.sent.push(payload);
        }
        SenderEvent::Released { tag, .. } => {
            let at = peer.unreleased.iter().position(|it| *it == tag);
            peer.unreleased.remove(at.expect("released once"));
            assert!(peer.pending.iter().all(|(pending, _)| *pending != tag));
        }
        _ => peer.closed = true,
    }
}

/// The message with this tag; of a stream, it must be the oldest.
fn take(peer: &mut Peer, tag: u64) -> Vec<u8> {
    let at = peer.pending.iter().position(|it| it.0 == tag);
    let at = at.expect("one outcome each");
    assert!(at == 0 || !peer.is_stream, "out of turn");
    peer.pending.remove(at).1
}

/// Two streams with two messages each, in small and in large: answered in each way, notified as early and as late as can be.
#[test]
fn two_streams_end_well_in_every_order() {
    for (bytes, zero_copy_from) in [(2, usize::MAX), (80, 1)] {
        let orders = explore(10_000_000, |choices| {
            let mut kernel = FakeKernel::new(2, choices);
            kernel.answers(&[Answer::all(), Answer::error(libc::EPIPE)]);
            let mut scenario = Scenario::new(kernel, &[true, true], 8, zero_copy_from);
            for peer in [0, 1, 0, 1] {
                scenario.send(peer, bytes);
            }
            scenario.end();
        });
        println!("{orders} orders");
        assert!(orders > 5, "{orders}");
    }
}

/// A stream whose send took too long has failed, and a datagram's socket has not.
#[test]
fn limited_sends_end_well_in_every_order() {
    for is_stream in [true, false] {
        let orders = explore(10_000_000, |choices| {
            let mut kernel = FakeKernel::new(2, choices);
            kernel.answers(&[Answer::all()]);
            let mut scenario = Scenario::with(kernel, &[is_stream], |options| {
                let options = options.copy_below(1).zero_copy_from(1);
                options.send_timeout(Duration::from_secs(3600))
            });
            scenario.send(0, 2);
            scenario.turn(None);
            scenario.send(0, 2);
            scenario.end();
        });
        println!("{orders} orders");
        assert!(orders > 20, "{orders}");
    }
}

/// Sends come short while others wait for their notifications.
#[test]
fn short_sends_end_well_in_every_order() {
    let orders = explore(10_000_000, |choices| {
        let mut kernel = FakeKernel::new(1, choices);
        kernel.answers(&[Answer::all(), Answer::half()]);
        let mut scenario = Scenario::new(kernel, &[true], 1, 1);
        scenario.send(0, 2);
        scenario.turn(None);
        scenario.send(0, 2);
        scenario.end();
    });
    println!("{orders} orders");
    assert!(orders > 20, "{orders}");
}

#[derive(Debug, Clone)]
enum Step {
    Send(usize, usize),
    Turn,
    Stall(usize),
    Resume(usize),
    Close(usize),
    Abort(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let peer = 0..3_usize;
    let step = prop_oneof![
        8 => (peer.clone(), 1..100_usize).prop_map(|(peer, bytes)| Step::Send(peer, bytes)),
        6 => Just(Step::Turn),
        1 => peer.clone().prop_map(Step::Stall),
        1 => peer.clone().prop_map(Step::Resume),
        1 => peer.clone().prop_map(Step::Close),
        1 => peer.prop_map(Step::Abort),
    ];
    prop::collection::vec(step, 1..100)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 300 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// Long scenarios: streams and datagrams, copied and not, peers that stop reading for a while, destinations that end at any time.
    #[test]
    fn long_scenarios_end_well(
        seed: u64,
        zero_copy_from in prop::sample::select(vec![1, 40, usize::MAX]),
        limit in prop::sample::select(vec![None, Some(Duration::from_secs(3600)), Some(Duration::ZERO)]),
        steps in steps(),
    ) {
        let mut kernel = FakeKernel::new(2, &Choices::seeded(seed));
        kernel.answers(&[
            Answer::all(),
            Answer::all(),
            Answer::half(),
            Answer::error(libc::EPIPE),
            Answer::error(libc::ECANCELED).with(Notice::Stray),
            Answer::error(libc::ENOMEM),
            Answer::all().with(Notice::Absent),
        ]);
        let mut scenario = Scenario::with(kernel, &[true, true, false], |options| {
            let options = options.copy_below(8).zero_copy_from(zero_copy_from);
            match limit {
                Some(limit) => options.send_timeout(limit),
                None => options,
            }
        });
        for step in steps {
            match step {
                Step::Send(peer, bytes) => scenario.send(peer, bytes),
                // With a peer that takes nothing, time may pass and nothing come.
                Step::Turn => scenario.turn(Some(Duration::ZERO)),
                Step::Stall(peer) => scenario.kernel.stall(&scenario.peers[peer].socket),
                Step::Resume(peer) => scenario.kernel.resume(&scenario.peers[peer].socket),
                // Ended already, it may refuse.
                Step::Close(peer) => drop(scenario.sender.close(scenario.peers[peer].to)),
                Step::Abort(peer) => drop(scenario.sender.abort(scenario.peers[peer].to)),
            }
        }
        for peer in &scenario.peers {
            scenario.kernel.resume(&peer.socket);
        }
        scenario.end();
    }
}
