//! Sends through a real ring to real sockets: every byte arrives, in order, and no memory goes before the kernel is done with it.

mod loopback;

use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use loopback::{
    Drops, drain, names, narrow_tcp, pattern, reader, ring, send_one, stream, tcp, turn, wait,
};
use socket2::SockRef;
use uring_send::{
    DraftError, InFlight, InFlightBuilder, MAX_GUARDS, SendEvent, Socket, SubmitError,
};

fn sends(options: impl FnOnce(InFlightBuilder) -> InFlightBuilder) -> InFlight {
    options(InFlight::builder().sends(8))
        .build()
        .expect("sizes in range")
}

#[test]
fn copies_and_guards_arrive_in_the_order_in_which_they_were_added() {
    let Some(mut ring) = ring(8) else { return };
    for zero_copy_from in [usize::MAX, 1] {
        let (near, far) = tcp();
        let (near, reader) = (stream(near), reader(far));
        let mut sends = sends(|options| options.zero_copy_from(zero_copy_from));
        let (drops, payload) = (Drops::default(), pattern(1, 300_000));
        let mut draft = sends.send(&near).expect("a free slot");
        draft
            .copy(b"head")
            .expect("room")
            .copy(b"er ")
            .expect("room");
        draft.guard(drops.guard(&payload[..])).expect("room");
        draft.copy(b" middle ").expect("room");
        draft.guard(b"static".as_slice()).expect("room");
        draft.guard(Vec::new()).expect("no bytes need no room");
        draft.tag(77).copy(b"").expect("no bytes need no room");
        assert_eq!(draft.len(), 7 + payload.len() + 8 + 6);
        assert_eq!(draft.guard_room(), MAX_GUARDS - 2);
        draft
            .submit(&mut ring.submission())
            .expect("room and a free socket");
        let log = drain(&mut ring, &mut sends);
        let Some(SendEvent::Sent { tag: 77, bytes }) = log.first() else {
            panic!("{log:?}");
        };
        assert_eq!(*bytes, 7 + payload.len() + 8 + 6);
        assert!(matches!(log[1..], [SendEvent::Released { tag: 77 }]));
        assert_eq!(drops.count(), 1);
        near.finish();
        let expected = [b"header ", &payload[..], b" middle ", b"static"].concat();
        assert!(reader.join().expect("reads") == expected);
        let stats = sends.stats();
        assert_eq!((stats.bytes_copied, stats.bytes_guarded), (15, 300_006));
        assert_eq!(
            (stats.copied_sends, stats.zero_copy_sends),
            if zero_copy_from == 1 { (0, 1) } else { (1, 0) }
        );
        assert_eq!(stats.notifications, stats.zero_copy_sends);
    }
}

#[test]
fn many_sends_through_a_small_ring_keep_their_order() {
    let Some(mut ring) = ring(2) else { return };
    const STREAMS: usize = 5;
    const ROUNDS: usize = 60;
    let mut sends = sends(|options| options.zero_copy_from(2000));
    let (sockets, readers): (Vec<_>, Vec<_>) = (0..STREAMS)
        .map(|_| tcp())
        .map(|(near, far)| (stream(near), reader(far)))
        .unzip();
    let mut expected = vec![Vec::new(); STREAMS];
    let mut log = Vec::new();
    let mut full = 0;
    for round in 0..ROUNDS {
        for (place, socket) in sockets.iter().enumerate() {
            let bytes = pattern((round * STREAMS + place) as u64, 1 + round * 97);
            expected[place].extend_from_slice(&bytes);
            let mut draft = sends.send(socket).expect("eight slots, five streams");
            draft.copy(&bytes[..1]).expect("room");
            draft.guard(bytes[1..].to_vec()).expect("room");
            loop {
                let outcome = draft.submit(&mut ring.submission());
                let Err((back, why)) = outcome else { break };
                assert_eq!(why, SubmitError::QueueFull);
                assert_eq!(back.len(), bytes.len(), "the parts came back");
                full += 1;
                ring.submit().expect("a live ring");
                draft = back;
            }
        }
        while !sends.is_empty() {
            turn(&mut ring, &mut sends, &mut log);
        }
    }
    assert!(full > 0, "the queue was never full: nothing was shown");
    for (place, reader) in readers.into_iter().enumerate() {
        sockets[place].finish();
        assert!(reader.join().expect("reads") == expected[place], "{place}");
    }
    let sent = log.iter().filter(|e| matches!(e, SendEvent::Sent { .. }));
    assert_eq!(sent.count(), STREAMS * ROUNDS);
    let stats = sends.stats();
    assert_eq!((stats.stale, stats.in_flight), (0, 0));
    assert!(stats.copied_sends > 0 && stats.zero_copy_sends > 0);
}

#[test]
fn a_stream_takes_one_send_at_a_time_and_clones_know() {
    let Some(mut ring) = ring(8) else { return };
    let mut sends = sends(|options| options);
    let (near, far) = tcp();
    let near = stream(near);
    let clone = near.clone();
    let drops = Drops::default();
    let mut first = sends.send(&near).expect("a free slot");
    first.copy(b"one ").expect("room");
    first
        .submit(&mut ring.submission())
        .expect("the socket is free");

    let mut second = sends.send(&clone).expect("a free slot");
    second.guard(drops.guard(*b"two")).expect("room");
    let (second, why) = second
        .submit(&mut ring.submission())
        .expect_err("the first is on its way");
    assert_eq!((why, second.len()), (SubmitError::SocketBusy, 3));
    assert_eq!(drops.count(), 0);
    drop(second);
    assert_eq!(drops.count(), 1, "an abandoned draft drops its guards");
    assert_eq!(sends.len(), 1);

    let empty = sends.send(&near).expect("a free slot");
    let (empty, why) = empty
        .submit(&mut ring.submission())
        .expect_err("there is nothing to send");
    assert_eq!(why, SubmitError::Empty);
    drop(empty);

    drain(&mut ring, &mut sends);
    assert_eq!(
        names(&send_one(&mut ring, &mut sends, &clone, b"two".as_slice())),
        "Sent Released"
    );
    near.finish();
    assert_eq!(reader(far).join().expect("reads"), b"one two");
}

#[test]
fn a_short_send_goes_on_where_it_stopped() {
    let Some(mut ring) = ring(8) else { return };
    for zero_copy_from in [usize::MAX, 1] {
        let (near, far) = narrow_tcp();
        let near = stream(near);
        let mut sends = sends(|options| options.wait_all(false).zero_copy_from(zero_copy_from));
        let (drops, payload) = (Drops::default(), pattern(2, 4_000_000));
        let (half, rest) = payload.split_at(1_234_567);
        let mut draft = sends.send(&near).expect("a free slot");
        draft.copy(b"begin").expect("room");
        draft.guard(drops.guard(half)).expect("room");
        draft.guard(drops.guard(rest)).expect("room");
        let total = draft.len();
        draft
            .submit(&mut ring.submission())
            .expect("room and a free socket");

        // Nobody reads before the first part was refused.
        let mut log = Vec::new();
        turn(&mut ring, &mut sends, &mut log);
        let [SendEvent::Short { sent, left, .. }] = log[..] else {
            panic!("{}", names(&log));
        };
        assert!(sent > 0 && sent + left == total);
        assert_eq!(drops.count(), 0);
        let reader = reader(far);
        while !sends.is_empty() {
            turn(&mut ring, &mut sends, &mut log);
        }
        let mut last = 0;
        for event in &log {
            match event {
                SendEvent::Short { sent, left, .. } => {
                    assert!(*sent >= last && sent + left == total);
                    last = *sent;
                }
                SendEvent::Sent { bytes, .. } => assert_eq!(*bytes, total),
                other => assert!(matches!(other, SendEvent::Released { .. }), "{other:?}"),
            }
        }
        assert!(names(&log).ends_with("Sent Released"), "{}", names(&log));
        assert_eq!(drops.count(), 2);
        near.finish();
        assert!(reader.join().expect("reads") == [b"begin", &payload[..]].concat());
        let stats = sends.stats();
        let shorts = log.iter().filter(|e| matches!(e, SendEvent::Short { .. }));
        assert_eq!(stats.resubmissions, shorts.count() as u64);
        assert_eq!(stats.notifications, stats.zero_copy_sends);
    }
}

#[test]
fn by_default_the_kernel_goes_on_by_itself() {
    let Some(mut ring) = ring(8) else { return };
    for zero_copy_from in [usize::MAX, 1] {
        let (near, far) = narrow_tcp();
        let (near, payload) = (stream(near), pattern(3, 2_000_000));
        let reader = reader(far);
        let mut sends = sends(|options| options.zero_copy_from(zero_copy_from));
        let log = send_one(&mut ring, &mut sends, &near, payload.clone());
        assert_eq!(names(&log), "Sent Released");
        near.finish();
        assert!(reader.join().expect("reads") == payload);
    }
}

#[test]
fn a_reset_tells_how_many_bytes_left_and_releases_the_memory() {
    let Some(mut ring) = ring(8) else { return };
    for zero_copy_from in [usize::MAX, 1] {
        let (near, far) = narrow_tcp();
        let near = stream(near);
        let mut sends = sends(|options| options.wait_all(false).zero_copy_from(zero_copy_from));
        let drops = Drops::default();
        let mut draft = sends.send(&near).expect("a free slot");
        draft.guard(drops.guard(vec![7; 4_000_000])).expect("room");
        draft.tag(5);
        draft
            .submit(&mut ring.submission())
            .expect("room and a free socket");
        let mut log = Vec::new();
        turn(&mut ring, &mut sends, &mut log);
        assert_eq!(names(&log), "Short");
        assert!(sends.flush(&mut ring.submission()));
        ring.submit().expect("a live ring");
        drop(far); // with unread bytes: a reset
        log.extend(drain(&mut ring, &mut sends));
        let Some(SendEvent::Failed {
            tag: 5,
            error,
            sent,
        }) = log.iter().find(|e| matches!(e, SendEvent::Failed { .. }))
        else {
            panic!("{}", names(&log));
        };
        let errno = error.raw_os_error();
        assert!(
            matches!(errno, Some(libc::ECONNRESET | libc::EPIPE)),
            "{error}"
        );
        let mut shorts = log.iter().filter_map(|event| match event {
            SendEvent::Short { sent, .. } => Some(*sent),
            _ => None,
        });
        assert_eq!(shorts.next_back(), Some(*sent));
        assert!(matches!(log.last(), Some(SendEvent::Released { tag: 5 })));
        assert_eq!(drops.count(), 1);
        assert!(sends.is_empty());
    }
}

#[test]
fn a_guard_is_dropped_at_the_notification_and_not_before() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let mut sends = sends(|options| options.zero_copy_from(1));
    let payload = pattern(4, 100_000);
    let mut sent = 0;
    for round in 1..=20_u64 {
        let drops = Drops::default();
        let mut draft = sends.send(&near).expect("a free slot");
        draft.guard(drops.guard(&payload[..])).expect("room");
        draft
            .submit(&mut ring.submission())
            .expect("room and a free socket");
        while !sends.is_empty() {
            let due = sends.stats().zero_copy_sends - sends.stats().notifications;
            assert_eq!((due, drops.count()), (1, 0));
            wait(&ring);
            sends.reap(
                &mut ring.completion(),
                |event| match event {
                    SendEvent::Sent { .. } => {
                        assert_eq!(drops.count(), 0, "the notification is to come");
                        sent += 1;
                    }
                    SendEvent::Released { .. } => assert_eq!(drops.count(), 1),
                    other => panic!("{other:?}"),
                },
                |foreign| panic!("{foreign:?}"),
            );
        }
        assert_eq!((sent, sends.stats().notifications), (round, round));
    }
    near.finish();
    assert!(reader.join().expect("reads") == payload.repeat(20));
    assert_eq!(sends.stats().kernel_copied, 20, "loopback always copies");
}

#[test]
fn a_unix_socket_gets_a_copy_and_the_refusal_is_counted() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = UnixStream::pair().expect("two descriptors");
    let near = Socket::stream(near).expect("blocking");
    let (reader, drops) = (reader(far), Drops::default());
    let mut sends = sends(|options| options.zero_copy_from(1));
    let payload = pattern(5, 500_000);
    let log = send_one(&mut ring, &mut sends, &near, drops.guard(&payload[..]));
    assert_eq!(names(&log), "Sent Released");
    near.finish();
    assert!(reader.join().expect("reads") == payload);
    let stats = sends.stats();
    assert_eq!((stats.fallbacks, stats.resubmissions), (1, 1));
    assert_eq!((stats.zero_copy_sends, stats.copied_sends), (1, 1));
    assert_eq!((stats.notifications, stats.stale), (1, 0));
    assert_eq!(drops.count(), 1);
}

#[test]
fn datagrams_go_several_at_a_time() {
    let Some(mut ring) = ring(16) else { return };
    let far = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let near = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    near.connect(far.local_addr().expect("bound"))
        .expect("an address");
    let near = Socket::datagram(near).expect("blocking");
    for zero_copy_from in [usize::MAX, 1] {
        let mut sends = sends(|options| options.zero_copy_from(zero_copy_from));
        let messages: Vec<Vec<u8>> = (0..8).map(|n| pattern(n, 100 + n as usize)).collect();
        for (tag, message) in messages.iter().enumerate() {
            let mut draft = sends.send(&near).expect("eight slots");
            draft.guard(message.clone()).expect("room").tag(tag as u64);
            draft
                .submit(&mut ring.submission())
                .expect("datagrams do not wait for each other");
        }
        assert_eq!(sends.len(), 8);
        let log = drain(&mut ring, &mut sends);
        let mut released: Vec<_> = log
            .iter()
            .filter_map(|event| match event {
                SendEvent::Released { tag } => Some(*tag),
                _ => None,
            })
            .collect();
        released.sort_unstable();
        assert_eq!(released, [0, 1, 2, 3, 4, 5, 6, 7]);
        let mut arrived: Vec<_> = (0..8)
            .map(|_| {
                let mut bytes = [0; 2000];
                let len = far.recv(&mut bytes).expect("eight were sent");
                bytes[..len].to_vec()
            })
            .collect();
        arrived.sort_by_key(Vec::len);
        assert_eq!(arrived, messages);
    }
}

#[test]
fn limits_are_named_and_change_nothing() {
    let mut sends = sends(|options| options.sends(2).copy_bytes(10));
    let (near, _far) = UnixStream::pair().expect("two descriptors");
    let near = Socket::stream(near).expect("blocking");
    let mut draft = sends.send(&near).expect("a free slot");
    draft.copy(b"1234567").expect("room");
    let why = draft.copy(b"8901").expect_err("eleven of ten");
    assert_eq!(
        why,
        DraftError::CopyAreaFull {
            wanted: 4,
            left: 3,
            bound: 10
        }
    );
    assert_eq!((draft.len(), draft.copy_room()), (7, 3));
    draft.copy(b"890").expect("room");
    let shared: Arc<[u8]> = Arc::from(&b"guarded"[..]);
    for room in (0..MAX_GUARDS).rev() {
        draft.guard(shared.clone()).expect("room");
        assert_eq!(draft.guard_room(), room);
    }
    let refused = draft.guard(shared.clone()).expect_err("one too many");
    assert_eq!(
        refused.why(),
        DraftError::TooManyGuards { bound: MAX_GUARDS }
    );
    assert!(Arc::ptr_eq(&refused.into_guard(), &shared));
    assert_eq!(draft.len(), 10 + 7 * MAX_GUARDS);
    drop(draft);
    assert_eq!(Arc::strong_count(&shared), 1);
    assert!(sends.is_empty());
}

#[test]
fn sizes_out_of_range_are_refused_by_name() {
    let refused = |options: InFlightBuilder| options.build().expect_err("out of range").to_string();
    let options = InFlight::builder();
    for sends in [0, 65_536, usize::MAX] {
        let error = refused(options.sends(sends));
        assert_eq!(
            error,
            format!("sends: must be 1 to 65535, got {sends}"),
            "{error}"
        );
    }
    for bytes in [0, 0x8000_0000, usize::MAX] {
        let error = refused(options.copy_bytes(bytes));
        assert!(error.starts_with("copy_bytes: must be 1 to 2147479552"));
    }
    assert_eq!(
        options
            .sends(65_535)
            .copy_bytes(1)
            .build()
            .expect("the bounds themselves")
            .capacity(),
        65_535
    );
}

#[test]
fn a_socket_that_would_say_eagain_is_refused() {
    let (near, _far) = tcp();
    near.set_nonblocking(true).expect("a socket");
    let error = Socket::stream(near).expect_err("non-blocking");
    assert!(error.to_string().contains("set_nonblocking(false)"));
}

/// The mode belongs to the open file, so a clone of the descriptor can change it afterwards: the ring waits all the same.
#[test]
fn a_socket_made_non_blocking_later_is_waited_for() {
    let Some(mut ring) = ring(8) else { return };
    for wait_all in [true, false] {
        let (near, far) = narrow_tcp();
        let other = near.try_clone().expect("a descriptor");
        let near = stream(near);
        other.set_nonblocking(true).expect("a socket");
        let mut sends = sends(|options| options.wait_all(wait_all));
        let (payload, reader) = (pattern(7, 2_000_000), reader(far));
        let log = send_one(&mut ring, &mut sends, &near, payload.clone());
        assert!(names(&log).ends_with("Sent Released"), "{}", names(&log));
        near.finish();
        assert!(reader.join().expect("reads") == payload);
    }
}

#[test]
fn aborting_ends_a_send_to_a_peer_that_does_not_read() {
    let Some(mut ring) = ring(8) else { return };
    for zero_copy_from in [1, usize::MAX] {
        let (near, far) = narrow_tcp();
        let near = stream(near);
        let mut sends = sends(|options| options.zero_copy_from(zero_copy_from));
        let drops = Drops::default();
        let mut draft = sends.send(&near).expect("a free slot");
        draft.guard(drops.guard(vec![1; 4_000_000])).expect("room");
        draft
            .submit(&mut ring.submission())
            .expect("room and a free socket");
        ring.submit().expect("a live ring");
        near.abort();
        // The far end does not read, and is not closed: only the abort can release the memory.
        let log = drain(&mut ring, &mut sends);
        assert!(names(&log).ends_with("Failed Released"), "{}", names(&log));
        assert_eq!(drops.count(), 1);
        let error = SockRef::from(&far).take_error().expect("a socket");
        assert_eq!(error.and_then(|e| e.raw_os_error()), Some(libc::ECONNRESET));
    }
}

#[test]
fn finishing_lets_the_peer_read_everything() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = narrow_tcp();
    let near = stream(near);
    let mut sends = sends(|options| options);
    let (tell, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        told.recv().expect("told to start");
        reader(far).join().expect("reads")
    });
    let payload = pattern(6, 2000);
    send_one(&mut ring, &mut sends, &near, payload.clone());
    near.finish();
    drop(near);
    tell.send(()).expect("it waits");
    assert!(reader.join().expect("reads") == payload);
}

#[test]
fn a_callback_that_panics_loses_no_slot() {
    let Some(mut ring) = ring(8) else { return };
    let (near, _far) = tcp();
    let near = stream(near);
    for zero_copy_from in [usize::MAX, 1] {
        let mut sends = sends(|options| options.zero_copy_from(zero_copy_from));
        let drops = Drops::default();
        let mut draft = sends.send(&near).expect("a free slot");
        draft.guard(drops.guard(*b"bytes")).expect("room");
        draft
            .submit(&mut ring.submission())
            .expect("room and a free socket");
        while !sends.is_empty() {
            wait(&ring);
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                sends.reap(&mut ring.completion(), |_| panic!("by the caller"), |_| ());
            }));
            assert!(panicked.is_err());
        }
        assert_eq!((drops.count(), sends.stats().in_flight), (1, 0));
    }
}

#[test]
fn a_guard_whose_drop_panics_frees_its_slot() {
    struct Bomb(Box<[u8]>);
    // SAFETY: the bytes lie in the box and stay when the value moves.
    unsafe impl pool_core::StableBytes for Bomb {
        fn stable_bytes(&self) -> &[u8] {
            &self.0
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("by the guard");
        }
    }
    let Some(mut ring) = ring(8) else { return };
    let (near, _far) = tcp();
    let near = stream(near);
    let mut sends = sends(|options| options.sends(1));
    let drops = Drops::default();
    for _ in 0..3 {
        let mut draft = sends.send(&near).expect("the only slot is free again");
        draft.guard(Bomb(Box::from(*b"boom"))).expect("room");
        draft.guard(drops.guard(*b"calm")).expect("room");
        draft
            .submit(&mut ring.submission())
            .expect("room and a free socket");
        wait(&ring);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            sends.reap(&mut ring.completion(), |_| (), |_| ());
        }));
        assert!(panicked.is_err());
        assert!(sends.is_empty());
    }
    assert_eq!(drops.count(), 3, "the other guards are dropped too");
}

#[test]
fn a_ring_dropped_first_leaves_the_memory_alone() {
    let Some(mut ring) = ring(8) else { return };
    let (near, _far) = narrow_tcp();
    let near = stream(near);
    let mut sends = sends(|options| options);
    let drops = Drops::default();
    let mut draft = sends.send(&near).expect("a free slot");
    draft.guard(drops.guard(vec![1; 4_000_000])).expect("room");
    draft
        .submit(&mut ring.submission())
        .expect("room and a free socket");
    ring.submit().expect("a live ring");
    drop(ring);
    assert_eq!((sends.len(), drops.count()), (1, 0));
    drop(sends);
    assert_eq!(drops.count(), 0);
}
