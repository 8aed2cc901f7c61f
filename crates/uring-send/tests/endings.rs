//! How sends end: their memory is held until the kernel is done with it and no longer, whoever resets, aborts, panics or goes first.

mod loopback;

use std::sync::mpsc;
use std::thread;

use loopback::{
    Drops, drain, names, narrow_tcp, pattern, reader, ring, send_one, sends, stream, tcp, turn,
    wait,
};
use socket2::SockRef;
use uring_send::SendEvent;

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
