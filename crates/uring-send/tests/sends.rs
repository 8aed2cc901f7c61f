//! Sends through a real ring to real sockets: every byte arrives, in order.

mod loopback;

use loopback::{
    Drops, drain, names, narrow_tcp, pattern, reader, ring, send_one, sends, stream, tcp, turn,
};
use uring_send::{MAX_GUARDS, SendEvent, SubmitError};

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
