//! Sends whose time is limited, on the ring, on plain system calls, and on a kernel that is told when the time is over.

mod loopback;

use std::future::Future;
use std::io::{ErrorKind, Read};
use std::iter;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use io_uring::squeue::Flags;
use loopback::{Drops, names, narrow_tcp, pattern, reader, ring, sends, stream, tcp};
use uring_send::testing::{Answer, Choices, FakeKernel, Stage, Usage};
use uring_send::{
    AsyncSends, FallbackRing, InFlight, Ring, SendEvent, Sender, SenderEvent, Socket, Submissions,
    SubmitError, Unsent,
};

/// A loop that hears nothing for this long is stuck: the test fails. Never waited for when all is well.
const STUCK: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(3600);

/// One completion: of which operation of which send (or of its timeout), the result, whether more will come, whether it is a notification.
type Said = (u64, i32, bool, bool);

/// All of a completion's word but its instance.
const OPERATION: u64 = (1 << 48) - 1;

struct Loop<R> {
    ring: R,
    sends: InFlight,
    log: Vec<SendEvent>,
    trace: Vec<Said>,
}

impl<R: Ring> Loop<R> {
    fn new(ring: R, sends: InFlight) -> Self {
        let (log, trace) = (Vec::new(), Vec::new());
        Self {
            ring,
            sends,
            log,
            trace,
        }
    }

    fn send(&mut self, to: &Socket, bytes: &[u8], drops: &Drops, limit: Duration) {
        let mut draft = self.sends.send(to).expect("a free slot");
        draft.guard(drops.guard(bytes)).expect("room");
        draft.timeout(limit);
        let submitted = draft.submit(&mut self.ring.submissions());
        submitted.map_err(|(_, why)| why).expect("room");
    }

    fn read(&mut self) {
        for completion in self.ring.completions() {
            let (more, notification) = (completion.flags() & 2 != 0, completion.flags() & 8 != 0);
            let op = completion.user_data() & OPERATION;
            self.trace
                .push((op, completion.result(), more, notification));
            let log = &mut self.log;
            let ours = self.sends.complete(completion, |event| log.push(event));
            ours.expect("nobody else is on this ring");
        }
    }

    fn turn(&mut self) {
        assert!(self.sends.flush(&mut self.ring.submissions()), "room");
        let began = Instant::now();
        self.ring.enter(Some(STUCK)).expect("a live ring");
        assert!(began.elapsed() < STUCK, "stuck: {:?}", self.trace);
        self.read();
    }

    fn until_ended(&mut self) {
        let ends =
            |event: &SendEvent| matches!(event, SendEvent::Sent { .. } | SendEvent::Failed { .. });
        while !self.log.iter().any(ends) {
            self.turn();
        }
    }

    fn drain(&mut self) {
        while !self.sends.is_empty() {
            self.turn();
        }
    }

    /// What the only failure says.
    fn failure(&self) -> (ErrorKind, Option<i32>, usize) {
        let failed = self.log.iter().find_map(|event| match event {
            SendEvent::Failed { error, sent, .. } => {
                Some((error.kind(), error.raw_os_error(), *sent))
            }
            _ => None,
        });
        failed.unwrap_or_else(|| panic!("{}", names(&self.log)))
    }
}

fn options() -> impl Iterator<Item = InFlight> {
    let all = [
        (usize::MAX, true),
        (usize::MAX, false),
        (1, true),
        (1, false),
    ];
    all.into_iter().map(|(zero_copy_from, wait_all)| {
        sends(|options| options.zero_copy_from(zero_copy_from).wait_all(wait_all))
    })
}

/// The peer reads only when the send has failed: what it gets is what was said to have left, also of memory that is held for it.
fn ends_in_time(ring: impl Ring, sends: InFlight) {
    let mut all = Loop::new(ring, sends);
    let (near, far) = narrow_tcp();
    let (near, drops, payload) = (stream(near), Drops::default(), pattern(1, 3_000_000));
    all.send(&near, &payload, &drops, SOON);
    all.until_ended();
    let (kind, errno, sent) = all.failure();
    assert_eq!((kind, errno), (ErrorKind::TimedOut, None));
    assert!(sent > 0 && sent < payload.len(), "{sent}");
    assert!(!near.is_sending());
    near.finish();
    let reader = reader(far);
    all.drain();
    assert!(reader.join().expect("reads") == payload[..sent]);
    assert!(names(&all.log).ends_with("Failed Released"));
    let stats = all.sends.stats();
    assert_eq!((drops.count(), stats.stale, stats.timed_out), (1, 0, 1));
}

#[test]
fn a_send_to_a_peer_that_does_not_read_ends_in_time_and_says_what_left() {
    for sends in options() {
        let Some(ring) = ring(8) else { break };
        ends_in_time(ring, sends);
    }
    for sends in options() {
        ends_in_time(FallbackRing::new(8), sends);
    }
}

fn changes_nothing_in_time(ring: impl Ring, sends: InFlight) {
    let mut all = Loop::new(ring, sends);
    let (near, far) = tcp();
    let (near, reader, drops) = (stream(near), reader(far), Drops::default());
    let payload = pattern(2, 300_000);
    for round in 1..=5 {
        all.send(&near, &payload, &drops, LONG);
        all.drain();
        assert_eq!(drops.count(), round);
    }
    near.finish();
    assert!(reader.join().expect("reads") == payload.repeat(5));
    let ends = names(&all.log).replace("Short ", "");
    assert_eq!(ends, ["Sent Released"; 5].join(" "));
    let stats = all.sends.stats();
    assert_eq!((stats.stale, stats.timed_out), (0, 0));
}

#[test]
fn a_send_that_ends_in_time_is_like_any_other() {
    for sends in options() {
        let Some(ring) = ring(8) else { break };
        changes_nothing_in_time(ring, sends);
    }
    for sends in options() {
        changes_nothing_in_time(FallbackRing::new(8), sends);
    }
}

/// What finds room goes, what would wait fails whole, and the stream goes on behind it.
fn sends_what_goes_at_once(ring: impl Ring) {
    let mut all = Loop::new(ring, sends(|options| options));
    let (near, mut far) = narrow_tcp();
    let (near, drops) = (stream(near), Drops::default());
    let piece = pattern(3, 1000);
    let mut taken = 0;
    loop {
        all.log.clear();
        all.send(&near, &piece, &drops, Duration::ZERO);
        all.drain();
        if names(&all.log) != "Sent Released" {
            break;
        }
        taken += piece.len();
    }
    let (kind, errno, sent) = all.failure();
    assert_eq!((kind, errno), (ErrorKind::TimedOut, None));
    let mut bytes = vec![0; taken + sent];
    far.read_exact(&mut bytes).expect("they left");
    let expected: Vec<u8> = piece.iter().copied().cycle().take(taken + sent).collect();
    assert!(bytes == expected);
    all.send(&near, b"and on", &drops, Duration::ZERO);
    all.drain();
    let mut bytes = [0; 6];
    far.read_exact(&mut bytes).expect("it left");
    assert_eq!(&bytes, b"and on");
}

#[test]
fn no_time_at_all_sends_what_goes_at_once() {
    if let Some(ring) = ring(8) {
        sends_what_goes_at_once(ring);
    }
    sends_what_goes_at_once(FallbackRing::new(8));
}

#[test]
fn a_cancelled_send_says_so_and_not_that_its_time_is_over() {
    let Some(ring) = ring(8) else { return };
    let mut all = Loop::new(ring, sends(|options| options.zero_copy_from(usize::MAX)));
    let (near, _far) = narrow_tcp();
    let (near, drops) = (stream(near), Drops::default());
    all.send(&near, &pattern(4, 3_000_000), &drops, LONG);
    all.ring.submit().expect("a live ring");
    let cancelled = all.sends.cancel(0, &mut all.ring.submission());
    assert_eq!(cancelled.expect("room"), 1);
    all.drain();
    let (_, errno, _) = all.failure();
    assert_eq!(errno, Some(libc::ECANCELED));
    let stats = all.sends.stats();
    assert_eq!((drops.count(), stats.stale, stats.timed_out), (1, 0, 0));
}

/// Pushes a timed send and one linked behind it.
fn push_linked(all: &mut Loop<impl Ring>, to: &[Socket; 2], bytes: &[u8], limit: Duration) {
    for (tag, socket) in (0..).zip(to) {
        let mut draft = all.sends.send(socket).expect("a free slot");
        draft.guard(Box::<[u8]>::from(bytes)).expect("room");
        draft.tag(tag).timeout(limit);
        // SAFETY: both are pushed below, once and together, with a flag for linking.
        let (send, timeout) = unsafe { draft.into_entries() }.expect("a free socket");
        let timeout = timeout.expect("its time is limited");
        let timeout = if tag == 0 {
            timeout.flags(Flags::IO_LINK)
        } else {
            timeout
        };
        for entry in [send, timeout] {
            // SAFETY: what the entry names is kept by `sends`.
            assert!(unsafe { all.ring.submissions().push(&entry) }, "room");
        }
    }
}

#[test]
fn linked_sends_have_their_own_times() {
    let Some(ring) = ring(8) else { return };
    let mut all = Loop::new(ring, sends(|options| options.zero_copy_from(usize::MAX)));
    let (pairs, narrow) = ([tcp(), tcp()], narrow_tcp());
    let [(first, first_far), (second, second_far)] = pairs;
    let sockets = [stream(first), stream(second)];
    push_linked(&mut all, &sockets, b"well", LONG);
    all.drain();
    assert_eq!(names(&all.log).matches("Sent").count(), 2);

    // The first one's time is over: the second does not go.
    all.log.clear();
    let slow = [stream(narrow.0), sockets[1].clone()];
    push_linked(&mut all, &slow, &pattern(5, 3_000_000), SOON);
    all.drain();
    for event in &all.log {
        match event {
            SendEvent::Failed {
                tag: 0,
                error,
                sent,
            } => {
                assert!(error.kind() == ErrorKind::TimedOut && *sent > 0);
            }
            SendEvent::Failed { tag, sent, .. } => assert_eq!((*tag, *sent), (1, 0)),
            SendEvent::Released { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    sockets.iter().for_each(Socket::finish);
    for far in [first_far, second_far] {
        assert_eq!(reader(far).join().expect("reads"), b"well");
    }
    assert_eq!(all.sends.stats().stale, 0);
}

#[test]
fn a_timeout_needs_a_place_beside_its_send() {
    let mut kernel = FakeKernel::new(2, &Choices::first());
    let mut sends = sends(|options| options);
    let socket = kernel.datagram_socket();
    let mut plain = sends.send(&socket).expect("a free slot");
    plain.copy(b"first").expect("room");
    plain.submit(&mut kernel.submissions()).expect("two places");
    let mut timed = sends.send(&socket).expect("a free slot");
    timed.copy(b"second").expect("room").timeout(LONG);
    let Err((timed, why)) = timed.submit(&mut kernel.submissions()) else {
        panic!("there was one place");
    };
    assert_eq!((why, timed.len()), (SubmitError::QueueFull, 6));
    kernel.submit();
    timed.submit(&mut kernel.submissions()).expect("two places");
    kernel.submit();
    let stages = kernel.operations().into_iter().map(|op| op.stage);
    assert!(stages.eq([Stage::Running, Stage::Running, Stage::Timing]));
}

#[test]
#[should_panic(expected = "queue: a send with a timeout takes 2 places, it has 1")]
fn a_queue_of_one_entry_never_has_room_for_a_timeout() {
    let mut kernel = FakeKernel::new(1, &Choices::first());
    let mut sends = sends(|options| options);
    let socket = kernel.datagram_socket();
    let mut draft = sends.send(&socket).expect("a free slot");
    draft.copy(b"bytes").expect("room").timeout(LONG);
    let _refused = draft.submit(&mut kernel.submissions()).is_err();
}

#[test]
fn a_send_with_a_timeout_is_not_one_entry() {
    let mut sends = sends(|options| options);
    let socket = FakeKernel::new(1, &Choices::first()).stream_socket();
    let mut draft = sends.send(&socket).expect("a free slot");
    draft.copy(b"bytes").expect("room").timeout(LONG);
    // SAFETY: pushed nowhere: there is none.
    let Err((draft, why)) = (unsafe { draft.into_entry() }) else {
        panic!("half of it is no send");
    };
    assert_eq!((why, draft.len()), (SubmitError::TwoEntries, 5));
    drop(draft);
    assert!(sends.is_empty() && !socket.is_sending());
}

/// The rest of a short send has the time that is left: the kernel is given the same moment again.
#[test]
fn the_memory_is_held_until_the_timeout_has_completed_too() {
    let kernel = FakeKernel::new(4, &Choices::first());
    let mut all = Loop::new(kernel, sends(|options| options.zero_copy_from(1)));
    let (socket, drops) = (all.ring.stream_socket(), Drops::default());
    all.send(&socket, b"bytes", &drops, LONG);
    all.ring.submit();
    let [send, timeout] = all.ring.operations()[..] else {
        panic!("{:?}", all.ring.operations());
    };
    assert_eq!((send.bytes, timeout.stage), (5, Stage::Timing));
    all.ring.expire(timeout.id, 2);
    all.read();
    assert_eq!(names(&all.log), "Failed");
    assert_eq!(all.failure(), (ErrorKind::TimedOut, None, 2));
    all.ring.notify(send.id, Usage::NotCopied);
    all.read();
    assert_eq!(
        (names(&all.log), drops.count()),
        ("Failed Released".into(), 1)
    );

    // The timeout's completion last.
    all.log.clear();
    all.send(&socket, b"bytes", &drops, LONG);
    all.ring.submit();
    let [send, _timeout] = all.ring.operations()[..] else {
        panic!("{:?}", all.ring.operations());
    };
    all.ring.answer(send.id, Answer::all());
    all.ring.notify(send.id, Usage::NotCopied);
    let mut completions: Vec<_> = all.ring.completions().collect();
    let last = completions
        .iter()
        .position(|it| it.result() == -libc::ECANCELED);
    let last = completions.remove(last.expect("the timeout's"));
    for completion in completions.into_iter().chain([last]) {
        assert_eq!((all.sends.len(), drops.count()), (1, 1));
        let log = &mut all.log;
        all.sends
            .complete(completion, |event| log.push(event))
            .expect("ours");
    }
    assert_eq!(
        (names(&all.log), drops.count()),
        ("Sent Released".into(), 2)
    );
    assert_eq!(all.sends.stats().stale, 0);
}

/// What each operation's completions say on the real kernel, and on the fake one that is told the same: equal.
#[test]
fn the_fake_kernel_says_what_the_real_one_does() {
    let by_op = |trace: &[Said]| {
        let mut trace = trace.to_vec();
        // Stable: the order between operations is nobody's promise.
        trace.sort_by_key(|said| said.0);
        trace
    };
    for zero_copy_from in [usize::MAX, 1] {
        let sends = || sends(|options| options.zero_copy_from(zero_copy_from));
        let Some(ring) = ring(8) else { return };
        let mut real = Loop::new(ring, sends());
        let mut fake = Loop::new(FakeKernel::new(8, &Choices::first()), sends());
        let (near, far) = narrow_tcp();
        let (near, like_near) = (stream(near), fake.ring.stream_socket());
        let (drops, payload) = (Drops::default(), pattern(6, 3_000_000));

        // One that ends in time, then some that are taken in part, until there is no room for a byte.
        let rounds = iter::once((&payload[..8], LONG)).chain(iter::repeat((&payload[..], SOON)));
        for (bytes, limit) in rounds {
            real.log.clear();
            fake.log.clear();
            real.send(&near, bytes, &drops, limit);
            real.until_ended();
            fake.send(&like_near, bytes, &drops, limit);
            fake.ring.submit();
            let operations = fake.ring.operations();
            let [.., send, timeout] = operations[..] else {
                panic!("{operations:?}");
            };
            let left = match real.log.first() {
                Some(SendEvent::Failed { sent, .. }) => Some(*sent),
                _ => None,
            };
            match left {
                Some(sent) => fake.ring.expire(timeout.id, sent),
                None => fake.ring.answer(send.id, Answer::all()),
            }
            if left.is_none() && send.zero_copy {
                // The peer's kernel copied it at once.
                real.drain();
                fake.ring.notify(send.id, Usage::Copied);
            }
            fake.read();
            assert_eq!(names(&real.log[..1]), names(&fake.log[..1]));
            if left == Some(0) {
                break;
            }
        }
        near.finish();
        let reader = reader(far);
        real.drain();
        reader.join().expect("reads");
        for op in fake.ring.operations() {
            fake.ring.notify(op.id, Usage::Copied);
        }
        fake.read();
        assert_eq!(by_op(&fake.trace), by_op(&real.trace), "the fake's is left");
    }
}

/// One peer takes nothing, and is given up; the other gets what it is sent, also what is queued for it later.
fn gives_up_who_takes_nothing(mut ring: impl Ring) {
    let builder = Sender::builder().destinations(2).send_timeout(SOON);
    let mut sender = builder.build().expect("sizes in range");
    let ((stuck, stuck_far), (fine, fine_far)) = (narrow_tcp(), tcp());
    let reader = reader(fine_far);
    let [stuck, fine] = [stuck, fine].map(|near| sender.add(&stream(near)).expect("a place"));
    for tag in 0..3 {
        sender.send(stuck, tag, pattern(7, 200_000)).expect("room");
        sender.send(fine, tag, pattern(8, 1000)).expect("room");
    }
    let mut log = Vec::new();
    loop {
        while !sender.flush(&mut ring.submissions(), |event| log.push(event)) {
            ring.enter(Some(Duration::ZERO)).expect("a live ring");
        }
        let gone = |to| {
            log.iter()
                .any(|it| matches!(it, SenderEvent::Closed { to: it } if *it == to))
        };
        if gone(stuck) {
            break;
        }
        ring.enter(Some(STUCK)).expect("a live ring");
        for completion in ring.completions() {
            sender
                .complete(completion, |event| log.push(event))
                .expect("ours");
        }
    }
    let mut left_bytes = 0;
    for event in &log {
        match event {
            SenderEvent::Failed {
                to, error, left, ..
            } => {
                assert_eq!((*to, error.kind()), (stuck, ErrorKind::TimedOut));
                left_bytes += left;
            }
            SenderEvent::Sent { to, tag, .. } => assert!(*to == fine || *tag == 0),
            _ => {}
        }
    }
    assert!(left_bytes > 0 && sender.stats().operations.timed_out == 1);
    assert!(
        sender.send(stuck, 9, pattern(9, 1000)).is_err(),
        "it is gone"
    );
    sender.send(fine, 3, pattern(8, 1000)).expect("room");
    let unsent = sender.shutdown(&mut ring, STUCK, |_| (), |_| ());
    assert_eq!(unsent.expect("a live ring"), Unsent::default());
    assert!(reader.join().expect("reads") == pattern(8, 1000).repeat(4));
    drop(stuck_far);
}

#[test]
fn a_sender_gives_up_a_peer_that_takes_nothing_in_time() {
    if let Some(ring) = ring(2) {
        gives_up_who_takes_nothing(ring);
    }
    gives_up_who_takes_nothing(FallbackRing::new(2));
}

#[test]
fn a_future_tells_that_the_time_is_over_and_what_left() {
    let Some(mut ring) = ring(2) else { return };
    let sends = AsyncSends::new(sends(|options| options.zero_copy_from(usize::MAX)));
    let (near, _far) = narrow_tcp();
    let near = stream(near);
    let mut sending = pin!(sends.send(&near, |draft| {
        draft.guard(pattern(10, 3_000_000))?.timeout(SOON);
        Ok(())
    }));
    let refused = loop {
        let context = &mut Context::from_waker(Waker::noop());
        if let Poll::Ready(outcome) = sending.as_mut().poll(context) {
            break outcome.expect_err("nobody reads");
        }
        assert!(sends.flush(&mut ring.submissions()), "two have room");
        ring.enter(Some(STUCK)).expect("a live ring");
        for completion in ring.completions() {
            sends.complete(completion).expect("ours");
        }
    };
    let error = refused.io_error().expect("it was begun");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(refused.sent() > 0);
}
