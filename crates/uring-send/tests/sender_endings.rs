//! How destinations end, and what a sender says about what did not leave.

mod loopback;
mod sending;

use std::io::{ErrorKind, Read};
use std::mem;
use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use loopback::{Drops, narrow_tcp, pattern, reader, stream, tcp, wait};
use pool_core::{Budget, StableBytes};
use sending::Sending;
use uring_send::testing::{Choices, FakeKernel};
use uring_send::{QueueError, Ring, Sender, SenderEvent, Socket, leaks};

#[test]
fn closing_sends_what_is_queued_and_then_end_of_file() {
    let Some(mut sending) = Sending::new(8, |options| options.destinations(1)) else {
        return;
    };
    let (near, mut far) = tcp();
    let near = stream(near);
    let to = sending.sender.add(&near).expect("a place");
    sending.sender.add(&near).expect_err("one place");
    sending.sender.copy(to, 1, b"queued").expect("room");
    sending.sender.close(to).expect("open");
    let sender = &mut sending.sender;
    assert!(matches!(sender.close(to), Err(QueueError::Closed)));
    assert!(matches!(sender.copy(to, 2, b"x"), Err(QueueError::Closed)));
    assert!(sender.message(to).is_err() && sender.room(to) == 0);
    while !sending.sender.is_empty() {
        sending.turn();
    }
    assert_eq!(sending.story(to), "Sent 1, Released 1, Closed");
    let mut received = String::new();
    far.read_to_string(&mut received).expect("end of file");
    assert_eq!(received, "queued");

    // The place is another's now, and the old name nobody's; nor does another sender know it.
    let (near, _far) = tcp();
    let next = sending
        .sender
        .add(&stream(near))
        .expect("the place is free");
    assert_ne!(next, to);
    assert!(matches!(sending.sender.abort(to), Err(QueueError::Closed)));
    let mut other = Sender::builder().build().expect("sizes in range");
    let (near, _far) = tcp();
    other.add(&stream(near)).expect("a place");
    assert!(matches!(other.copy(next, 0, b"x"), Err(QueueError::Closed)));
}

#[test]
fn a_reset_fails_the_rest_and_says_what_left() {
    for zero_copy_from in [usize::MAX, 1] {
        let options = |options: uring_send::SenderBuilder| options.zero_copy_from(zero_copy_from);
        let Some(mut sending) = Sending::new(8, options) else {
            return;
        };
        let (near, far) = narrow_tcp();
        let to = sending.sender.add(&stream(near)).expect("a place");
        let drops = Drops::default();
        for tag in 0..20 {
            let guard = drops.guard(vec![1; 100_000]);
            sending.sender.send(to, tag, guard).expect("room");
        }
        sending.sender.copy(to, 20, &[2; 100]).expect("room");
        sending.sender.copy(to, 21, &[2; 100]).expect("room");
        sending.push();
        drop(far); // with unread bytes: a reset
        while !sending.sender.is_empty() {
            sending.turn();
        }
        assert_eq!(drops.count(), 20);
        let mut next = 0;
        let mut failed = false;
        for event in &sending.log {
            let (tag, whole, all) = match event {
                SenderEvent::Sent { tag, bytes, .. } => (tag, true, *bytes),
                SenderEvent::Failed {
                    tag,
                    error,
                    sent,
                    left,
                    ..
                } => {
                    let errno = error.raw_os_error();
                    assert!(matches!(errno, Some(libc::ECONNRESET | libc::EPIPE)));
                    assert!(*left > 0 && (*sent == 0 || !failed));
                    (tag, false, sent + left)
                }
                _ => continue,
            };
            assert_eq!((*tag, all), (next, if next < 20 { 100_000 } else { 100 }));
            assert!(!(whole && failed), "something left after a failure");
            failed |= !whole;
            next += 1;
        }
        assert_eq!((next, failed), (22, true));
        let released = sending.story(to).matches("Released").count();
        assert_eq!(released, 22);
        assert!(sending.story(to).ends_with("Closed"));
        let stats = sending.sender.stats();
        assert_eq!((stats.entries, stats.bytes), (0, 0));
    }
}

#[test]
fn aborting_ends_a_destination_whose_peer_never_reads() {
    for zero_copy_from in [usize::MAX, 1] {
        let options = |options: uring_send::SenderBuilder| options.zero_copy_from(zero_copy_from);
        let Some(mut sending) = Sending::new(8, options) else {
            return;
        };
        let (near, _far) = narrow_tcp();
        let to = sending.sender.add(&stream(near)).expect("a place");
        let drops = Drops::default();
        for tag in 0..4 {
            let guard = drops.guard(vec![1; 1_000_000]);
            sending.sender.send(to, tag, guard).expect("room");
        }
        sending.push();
        sending.sender.close(to).expect("open");
        sending.push();
        assert_eq!(drops.count(), 0, "the peer does not read");
        sending.sender.abort(to).expect("not gone");
        while !sending.sender.is_empty() {
            sending.turn();
        }
        assert_eq!(drops.count(), 4);
        let story = sending.story(to);
        assert!(
            story.contains("Failed 3") && story.ends_with("Closed"),
            "{story}"
        );
    }
}

#[test]
fn a_shutdown_says_what_did_not_leave() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let well = sending.sender.add(&stream(near)).expect("a place");
    let (near, _far) = narrow_tcp();
    let stalled = sending.sender.add(&stream(near)).expect("a place");
    let bytes = pattern(1, 2_000_000);
    for to in [well, stalled] {
        for (tag, part) in (0..).zip(bytes.chunks(500_000)) {
            sending.sender.send(to, tag, part.to_vec()).expect("room");
        }
    }
    let Sending { ring, sender, log } = &mut sending;
    let on_event = |event| log.push(event);
    let patience = Duration::from_millis(300);
    let unsent = sender
        .shutdown(ring, patience, on_event, |_| ())
        .expect("a live ring");
    assert!((1..=4).contains(&unsent.messages), "{unsent:?}");
    assert!((1..=2_000_000).contains(&unsent.bytes));
    assert_eq!(unsent.held, 0);
    assert!(sender.is_empty());
    let left: usize = log.iter().map(left).sum();
    assert_eq!(left, unsent.bytes);
    assert!(reader.join().expect("reads") == bytes);
    assert!(sending.story(well).contains("Sent 3"));
}

fn left(event: &SenderEvent) -> usize {
    match event {
        SenderEvent::Failed { left, .. } => *left,
        _ => 0,
    }
}

#[test]
fn a_shutdown_of_peers_that_read_leaves_nothing() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    sending.sender.copy(to, 1, b"last words").expect("room");
    let Sending { ring, sender, .. } = &mut sending;
    let unsent = sender
        .shutdown(ring, Duration::MAX, |_| (), |_| ())
        .expect("a live ring");
    assert_eq!(unsent, uring_send::Unsent::default());
    assert_eq!(reader.join().expect("reads"), b"last words");
}

#[test]
fn dropped_with_sends_in_flight_it_leaks_those_and_drops_what_is_queued() {
    let budget = Budget::new(1 << 30);
    let Some(mut sending) = Sending::new(8, |options| options.budget(&budget)) else {
        return;
    };
    let (near, _far) = narrow_tcp();
    let to = sending.sender.add(&stream(near)).expect("a place");
    let (held, queued) = (Drops::default(), Drops::default());
    let guard = held.guard(vec![1; 2_000_000]);
    sending.sender.send(to, 0, guard).expect("room");
    sending.push();
    let guard = queued.guard(vec![1; 1000]);
    sending.sender.send(to, 0, guard).expect("room");
    assert_eq!(budget.used(), 2_001_000);
    let before = leaks().sends;
    drop(sending.sender);
    assert!(leaks().sends > before);
    assert_eq!((held.count(), queued.count()), (0, 1));
    assert_eq!(budget.used(), 2_000_000, "leaked memory stays charged");
}

/// A guard whose drop panics.
struct Grenade(Vec<u8>);

// SAFETY: the bytes lie on the heap and stay when the value moves.
unsafe impl StableBytes for Grenade {
    fn stable_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn a_guard_that_panics_when_dropped_leaves_the_books_right() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    // In flight, when it completes.
    let guard = Grenade(vec![1; 1000]);
    sending.sender.send(to, 1, guard).expect("room");
    sending.push();
    wait(&sending.ring);
    let unwound = catch_unwind(AssertUnwindSafe(|| sending.read()));
    assert!(unwound.is_err());
    assert_eq!(sending.story(to), "Sent 1, Released 1");
    assert!(sending.sender.is_idle());
    // Put together and given up.
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut message = sending.sender.message(to).expect("open");
        message.guard(Grenade(vec![1; 1000])).expect("room");
    }));
    assert!(unwound.is_err());
    assert!(sending.sender.is_idle());
    // Queued, when its destination is aborted.
    for tag in [2, 3] {
        let guard = Grenade(vec![1; 1000]);
        sending.sender.send(to, tag, guard).expect("room");
    }
    sending.sender.abort(to).expect("open");
    for _ in 0..2 {
        let unwound = catch_unwind(AssertUnwindSafe(|| sending.push()));
        assert!(unwound.is_err());
    }
    sending.push();
    assert!(sending.story(to).ends_with("Closed"));
    assert!(sending.sender.is_idle() && sending.sender.is_empty());
    assert_eq!(reader.join().map_or(1000, |bytes| bytes.len()), 1000);
}

#[test]
fn a_listener_that_panics_loses_events_and_nothing_else() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    sending.sender.copy(to, 1, b"first ").expect("room");
    sending.push();
    wait(&sending.ring);
    let Sending { ring, sender, .. } = &mut sending;
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        sender.reap(&mut ring.completion(), |_| panic!("heard"), |_| ());
    }));
    assert!(unwound.is_err());
    assert!(sender.is_idle());
    sending.sender.copy(to, 2, b"second").expect("room");
    sending.finish(&[to]);
    assert_eq!(sending.story(to), "Sent 2, Released 2, Closed");
    assert_eq!(reader.join().expect("reads"), b"first second");
}

#[test]
fn a_datagram_that_fails_fails_alone() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let near = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let far = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    near.connect(far.local_addr().expect("bound"))
        .expect("connects");
    let near = Socket::datagram(near).expect("blocking");
    let to = sending.sender.add(&near).expect("a place");
    // More than a datagram can have.
    sending.sender.send(to, 1, vec![0; 70_000]).expect("room");
    sending.sender.copy(to, 2, b"fits").expect("room");
    sending.finish(&[to]);
    let story = sending.story(to);
    assert!(
        story.contains("Failed 1") && story.contains("Sent 2"),
        "{story}"
    );
    let mut buffer = [0; 10];
    assert_eq!(far.recv(&mut buffer).expect("sent"), 4);
}

#[test]
fn what_left_before_the_time_was_over_is_told_whatever_guards_do() {
    for left_before in [0, 10] {
        let mut kernel = FakeKernel::new(4, &Choices::first());
        let socket = kernel.stream_socket();
        let builder = Sender::builder().destinations(1).copy_below(0);
        let builder = builder.send_timeout(Duration::from_secs(3600));
        let mut sender = builder.build().expect("sizes in range");
        let to = sender.add(&socket).expect("a place");
        let guard = Grenade(vec![1; 1000]);
        sender.send(to, 1, guard).expect("room");
        assert!(sender.flush(&mut kernel.submissions(), |_| ()));
        kernel.submit();
        let [.., timeout] = kernel.operations()[..] else {
            panic!("no operation");
        };
        kernel.expire(timeout.id, left_before);
        let mut log = Vec::new();
        let unwound: Vec<bool> = kernel
            .completions()
            .map(|completion| {
                let taken = AssertUnwindSafe(|| sender.complete(completion, |it| log.push(it)));
                catch_unwind(taken).is_err()
            })
            .collect();
        assert!(unwound.contains(&true), "the guard was dropped");
        let Some(SenderEvent::Failed {
            error, sent, left, ..
        }) = log.first()
        else {
            panic!("{log:?}");
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!((*sent, *left), (left_before, 1000 - left_before));
        // A stream that stopped in the middle of a message takes no other.
        assert!(sender.copy(to, 2, b"more").is_err());
    }
}

/// The next destination in the place takes what it may, and no count goes below nothing.
#[test]
fn entries_of_a_forgotten_message_stay_with_its_place() {
    let options = |options: uring_send::SenderBuilder| options.destinations(1).entries(18);
    let Some(mut sending) = Sending::new(8, options) else {
        return;
    };
    let [(near, _far), (next, _next_far)] = [tcp(), tcp()];
    let to = sending.sender.add(&stream(near)).expect("a place");
    let mut message = sending.sender.message(to).expect("open");
    for _ in 0..5 {
        message.guard(vec![1; 5000]).expect("room");
    }
    mem::forget(message);
    sending.sender.abort(to).expect("open");
    while !sending.sender.is_empty() {
        sending.turn();
    }
    let to = sending.sender.add(&stream(next)).expect("the same place");
    let taken = (0..100)
        .take_while(|_| sending.sender.send(to, 0, vec![1; 5000]).is_ok())
        .count();
    assert!((4..=13).contains(&taken), "{taken} beside the 5 of 18");
    assert_eq!(sending.sender.stats().entries, taken + 5);
}

#[test]
fn a_forgotten_message_costs_its_entries_only() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let mut message = sending.sender.message(to).expect("open");
    message.copy(b"forgotten").expect("room");
    mem::forget(message);
    assert_eq!(sending.sender.stats().entries, 1);
    sending.sender.copy(to, 1, b"kept").expect("room");
    sending.finish(&[to]);
    assert_eq!(sending.story(to), "Sent 1, Released 1, Closed");
    assert_eq!(reader.join().expect("reads"), b"kept");
}
