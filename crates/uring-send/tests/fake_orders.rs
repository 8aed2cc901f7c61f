//! Sends on a kernel that answers in every order: no guard is dropped early (the guards themselves see to that), none is kept, and the peers get
//! exactly the bytes that the events speak of.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use proptest::prelude::*;
use uring_send::testing::{Answer, Choices, FakeKernel, Notice, explore};
use uring_send::{InFlight, Ring, SendEvent, Socket};

/// One send of a scenario, and what was told of it.
#[derive(Default)]
struct Told {
    payload: Vec<u8>,
    sent: usize,
    ended: bool,
    released: bool,
}

struct Peer {
    socket: Socket,
    is_stream: bool,
    /// The tags of its sends, in order.
    tags: Vec<u64>,
}

/// A loop with several sockets, as somebody would write it, and what must be true of it.
struct Scenario {
    kernel: FakeKernel,
    sends: InFlight,
    told: BTreeMap<u64, Told>,
    peers: Vec<Peer>,
    /// How long each send may take.
    limit: Option<Duration>,
}

impl Scenario {
    fn new(kernel: FakeKernel, sends: InFlight) -> Self {
        Self {
            kernel,
            sends,
            told: BTreeMap::new(),
            peers: Vec::new(),
            limit: None,
        }
    }

    fn add_peer(&mut self, is_stream: bool) {
        let socket = if is_stream {
            self.kernel.stream_socket()
        } else {
            self.kernel.datagram_socket()
        };
        let tags = Vec::new();
        self.peers.push(Peer {
            socket,
            is_stream,
            tags,
        });
    }

    /// Begins a send of `bytes` bytes, if there is room for one and the socket takes it.
    fn send(&mut self, peer: usize, bytes: usize) {
        let Peer { socket, tags, .. } = &mut self.peers[peer];
        if socket.is_sending() || self.sends.len() == self.sends.capacity() {
            return;
        }
        let tag = self.told.len() as u64;
        let payload: Vec<u8> = (0..bytes)
            .map(|at| {
                (tag.to_le_bytes()[0])
                    .wrapping_mul(37)
                    .wrapping_add(at.to_le_bytes()[0])
            })
            .collect();
        let mut draft = self.sends.send(socket).expect("a free slot");
        let (copied, guarded) = payload.split_at(bytes / 4);
        draft.copy(copied).expect("room");
        for part in guarded.chunks(bytes.div_ceil(3)) {
            draft.guard(self.kernel.guard(part)).expect("room");
        }
        draft.tag(tag);
        if let Some(limit) = self.limit {
            draft.timeout(limit);
        }
        if draft.submit(&mut self.kernel.submissions()).is_ok() {
            tags.push(tag);
            let told = Told {
                payload,
                ..Told::default()
            };
            self.told.insert(tag, told);
        }
    }

    /// One round: rests into the queue, wait, read.
    fn turn(&mut self, most: Option<Duration>) {
        while !self.sends.flush(&mut self.kernel.submissions()) {
            self.kernel.submit();
        }
        self.kernel.enter(most).expect("no error");
        let told = &mut self.told;
        for completion in self.kernel.completions() {
            let foreign = self.sends.complete(completion, |event| note(told, event));
            assert!(foreign.is_ok(), "nobody else is on this ring");
        }
    }

    fn drain(&mut self) {
        while !self.sends.is_empty() {
            self.turn(None);
        }
    }

    /// After [`drain`](Self::drain): all was told, all is free, and the peers have what was said to be sent.
    fn check(&self) {
        for peer in &self.peers {
            let told = peer.tags.iter().map(|tag| &self.told[tag]);
            let mut expected: Vec<u8> = told
                .inspect(|told| assert!(told.ended && told.released))
                .flat_map(|told| told.payload[..told.sent].iter().copied())
                .collect();
            let mut received = self.kernel.received(&peer.socket);
            if !peer.is_stream {
                // Datagrams may overtake one another.
                received.sort_unstable();
                expected.sort_unstable();
            }
            assert_eq!(received, expected);
        }
        assert_eq!(self.kernel.living_guards(), 0);
    }
}

fn note(told: &mut BTreeMap<u64, Told>, event: SendEvent) {
    match event {
        SendEvent::Short { tag, sent, left } => {
            let told = told.get_mut(&tag).expect("begun");
            assert!(!told.ended && sent >= told.sent && sent + left == told.payload.len());
            told.sent = sent;
        }
        SendEvent::Sent { tag, bytes } => {
            let told = told.get_mut(&tag).expect("begun");
            assert!(!told.ended && bytes == told.payload.len());
            (told.sent, told.ended) = (bytes, true);
        }
        SendEvent::Failed { tag, sent, .. } => {
            let told = told.get_mut(&tag).expect("begun");
            // The kernel may have taken some, and then been told to stop.
            assert!(!told.ended && sent >= told.sent && sent < told.payload.len());
            (told.sent, told.ended) = (sent, true);
        }
        SendEvent::Released { tag } => {
            let told = told.get_mut(&tag).expect("begun");
            assert!(told.ended && !told.released);
            told.released = true;
        }
        other => panic!("{other:?}"),
    }
}

/// All that Linux is known to say, and what it is not known to say.
fn every_answer() -> Vec<Answer> {
    vec![
        Answer::all(),
        Answer::half(),
        Answer::error(libc::EPIPE),
        Answer::error(libc::ECANCELED).with(Notice::Stray),
        Answer::error(libc::ENOMEM),
        Answer::all().with(Notice::Absent),
    ]
}

/// These, or with `URING_SEND_DEEP` in the environment all but the last: then a test takes minutes.
fn answers(few: &[Answer]) -> Vec<Answer> {
    if env::var_os("URING_SEND_DEEP").is_none() {
        return few.to_vec();
    }
    every_answer()[..5].to_vec()
}

/// A time that only the kernel, being the test, says is over.
const LONG: Duration = Duration::from_secs(3600);

/// More than any of the scenarios has.
const MOST: usize = 100_000_000;

fn sends(count: usize, zero_copy_from: usize) -> InFlight {
    let builder = InFlight::builder().sends(count).copy_bytes(64);
    let builder = builder.zero_copy_from(zero_copy_from).wait_all(false);
    builder.build().expect("sizes in range")
}

/// Two sends that may overtake one another, each answered in each way, each notification as early and as late as it can come.
#[test]
fn two_sends_end_well_in_every_order() {
    // One instance for all orders: a stray notification costs an instance's number for good.
    let mut idle = Some(sends(2, 1));
    let orders = explore(MOST, |choices| {
        let mut kernel = FakeKernel::new(4, choices);
        kernel.answers(&answers(&[Answer::all(), Answer::half()]));
        let sends = idle.take().expect("given back by the run before");
        let mut scenario = Scenario::new(kernel, sends);
        scenario.add_peer(false);
        scenario.send(0, 2);
        scenario.send(0, 2);
        scenario.drain();
        scenario.check();
        idle = Some(scenario.sends);
    });
    println!("{orders} orders");
    assert!(orders > 1000, "{orders}");
}

/// One send after the other through the only slot, with every answer there is: what comes late for the first must not touch the second.
#[test]
fn a_slot_has_two_owners_in_every_order() {
    let mut idle = Some(sends(1, 1));
    let orders = explore(MOST, |choices| {
        let mut kernel = FakeKernel::new(2, choices);
        let stray = Answer::error(libc::ECANCELED).with(Notice::Stray);
        kernel.answers(&answers(&[Answer::all(), Answer::half(), stray]));
        let sends = idle.take().expect("given back by the run before");
        let mut scenario = Scenario::new(kernel, sends);
        scenario.add_peer(true);
        for _ in 0..2 {
            scenario.send(0, 2);
            scenario.drain();
        }
        scenario.check();
        idle = Some(scenario.sends);
    });
    println!("{orders} orders");
    assert!(orders > 1000, "{orders}");
}

/// Dropped at each point of each order, with the ring or without it: what the kernel may read is leaked, and never written.
#[test]
fn dropped_at_any_time_nothing_is_freed_early() {
    let orders = explore(MOST, |choices| {
        let mut kernel = FakeKernel::new(4, choices);
        kernel.answers(&[Answer::all(), Answer::error(libc::EPIPE)]);
        let mut scenario = Scenario::new(kernel, sends(2, 1));
        scenario.add_peer(false);
        scenario.send(0, 2);
        scenario.send(0, 2);
        while !scenario.sends.is_empty() && choices.pick(2) == 0 {
            scenario.turn(None);
        }
        let Scenario {
            mut kernel,
            sends,
            peers,
            ..
        } = scenario;
        let (in_flight, before) = (sends.len(), kernel.received(&peers[0].socket));
        drop(sends);
        // Two guards of each of them.
        assert_eq!(kernel.living_guards(), 2 * in_flight);
        assert_eq!(kernel.received(&peers[0].socket), before);
        kernel.tear_down();
        assert!(kernel.received(&peers[0].socket).starts_with(&before));
    });
    println!("{orders} orders");
    assert!(orders > 100, "{orders}");
}

/// Two sends whose time is over at any moment of theirs, by the timeout's word or by the clock's: each has one outcome, and its memory is held until the timeout has
/// completed as well.
#[test]
fn sends_with_timeouts_end_well_in_every_order() {
    let (whole, half) = (&[Answer::all()][..], &[Answer::all(), Answer::half()][..]);
    for (limit, wait_all, few) in [
        (LONG, false, whole),
        (LONG, true, whole),
        (Duration::ZERO, true, half),
    ] {
        let build = || {
            let builder = InFlight::builder().sends(2).copy_bytes(64);
            let builder = builder.zero_copy_from(1).wait_all(wait_all);
            builder.build().expect("sizes in range")
        };
        let mut idle = Some(build());
        let orders = explore(MOST, |choices| {
            let mut kernel = FakeKernel::new(4, choices);
            kernel.answers(few);
            let sends = idle.take().expect("given back by the run before");
            let mut scenario = Scenario::new(kernel, sends);
            scenario.limit = Some(limit);
            scenario.add_peer(false);
            scenario.send(0, 2);
            scenario.send(0, 2);
            scenario.drain();
            scenario.check();
            idle = Some(scenario.sends);
        });
        println!("{orders} orders");
        assert!(orders > 100, "{orders}");
    }
}

/// Dropped at each point of each order, also between the two completions: what the kernel may read is leaked.
#[test]
fn dropped_while_a_timeout_is_due_nothing_is_freed_early() {
    let orders = explore(MOST, |choices| {
        let mut kernel = FakeKernel::new(4, choices);
        kernel.answers(&[Answer::all()]);
        let mut scenario = Scenario::new(kernel, sends(1, 1));
        scenario.limit = Some(LONG);
        scenario.add_peer(true);
        scenario.send(0, 2);
        while !scenario.sends.is_empty() && choices.pick(2) == 0 {
            scenario.turn(None);
        }
        let (in_flight, kernel) = (scenario.sends.len(), scenario.kernel);
        drop(scenario.sends);
        assert_eq!(kernel.living_guards(), 2 * in_flight);
    });
    println!("{orders} orders");
    assert!(orders > 5, "{orders}");
}

#[derive(Debug, Clone)]
enum Step {
    Send {
        peer: prop::sample::Index,
        bytes: usize,
    },
    Turn,
    Stall(prop::sample::Index),
    Resume(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<prop::sample::Index>;
    let step = prop_oneof![
        4 => (index(), 1..200_usize).prop_map(|(peer, bytes)| Step::Send { peer, bytes }),
        3 => Just(Step::Turn),
        1 => index().prop_map(Step::Stall),
        1 => index().prop_map(Step::Resume),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 200 }, ..ProptestConfig::default() })]

    /// Long scenarios: streams and datagrams, copied and not, with limited time and without, peers that stop reading for a while.
    #[test]
    fn long_scenarios_end_well(
        seed: u64,
        zero_copy_from in prop::sample::select(vec![1, 40, usize::MAX]),
        limit in prop::sample::select(vec![None, Some(LONG), Some(Duration::ZERO)]),
        steps in steps(),
    ) {
        let mut kernel = FakeKernel::new(3, &Choices::seeded(seed));
        kernel.answers(&every_answer());
        let mut scenario = Scenario::new(kernel, sends(5, zero_copy_from));
        scenario.limit = limit;
        for is_stream in [true, true, false] {
            scenario.add_peer(is_stream);
        }
        for step in steps {
            match step {
                Step::Send { peer, bytes } => scenario.send(peer.index(3), bytes),
                // With a peer that takes nothing, time may pass and nothing come.
                Step::Turn => scenario.turn(Some(Duration::ZERO)),
                Step::Stall(peer) => scenario.kernel.stall(&scenario.peers[peer.index(3)].socket),
                Step::Resume(peer) => scenario.kernel.resume(&scenario.peers[peer.index(3)].socket),
            }
        }
        for peer in &scenario.peers {
            scenario.kernel.resume(&peer.socket);
        }
        scenario.drain();
        scenario.check();
    }
}
