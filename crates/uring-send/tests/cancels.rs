//! Sends that are ended before they end by themselves.

mod loopback;

use loopback::{Drops, drain, names, narrow_tcp, pattern, reader, ring, sends, stream, tcp, turn};
use uring_send::testing::{Choices, FakeKernel};
use uring_send::{InFlight, Ring, SendEvent, SubmitError};

#[test]
fn a_send_to_a_peer_that_does_not_read_is_cancelled_and_says_what_left() {
    let Some(mut ring) = ring(8) else { return };
    for zero_copy_from in [usize::MAX, 1] {
        let (near, far) = narrow_tcp();
        let near = stream(near);
        let mut sends = sends(|options| options.zero_copy_from(zero_copy_from));
        let (drops, payload) = (Drops::default(), pattern(1, 3_000_000));
        let mut draft = sends.send(&near).expect("a free slot");
        draft.guard(drops.guard(&payload[..])).expect("room").tag(7);
        draft.submit(&mut ring.submission()).expect("room");
        ring.submit().expect("a live ring");
        let cancelled = sends.cancel(6, &mut ring.submission());
        assert_eq!(cancelled.expect("room"), 0, "another tag");
        let cancelled = sends.cancel(7, &mut ring.submission());
        assert_eq!(cancelled.expect("room"), 1);
        let mut log = Vec::new();
        while log.is_empty() {
            turn(&mut ring, &mut sends, &mut log);
        }
        let Some(SendEvent::Failed {
            tag: 7,
            error,
            sent,
        }) = log.first()
        else {
            panic!("{log:?}");
        };
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
        assert!(*sent < payload.len());
        assert!(!near.is_sending());
        // The peer reads now: exactly what was said to have left, also of the memory that was held for it.
        near.finish();
        let reader = reader(far);
        drain(&mut ring, &mut sends);
        assert!(reader.join().expect("reads") == payload[..*sent]);
        assert_eq!((drops.count(), sends.stats().stale), (1, 0));
    }
}

#[test]
fn a_cancellation_that_comes_too_late_changes_nothing() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let mut sends = sends(|options| options);
    for _ in 0..20 {
        let mut draft = sends.send(&near).expect("a free slot");
        draft.copy(b"gone").expect("room").tag(1);
        draft.submit(&mut ring.submission()).expect("room");
        ring.submit().expect("a live ring");
        let asked = sends.cancel(1, &mut ring.submission());
        assert_eq!(asked.expect("room"), 1, "its completion was not read");
        assert_eq!(names(&drain(&mut ring, &mut sends)), "Sent Released");
        assert_eq!(sends.cancel(1, &mut ring.submission()).expect("room"), 0);
    }
    near.finish();
    assert_eq!(reader.join().expect("reads"), b"gone".repeat(20));
    assert_eq!(sends.stats().stale, 0);
}

/// Who only submits, and reads no completion in between, has asked for all in the end.
#[test]
fn a_full_queue_is_gone_on_with_where_it_was_full() {
    let mut kernel = FakeKernel::new(2, &Choices::first());
    let socket = kernel.datagram_socket();
    let mut sends = InFlight::builder()
        .sends(5)
        .build()
        .expect("sizes in range");
    for _ in 0..5 {
        let mut draft = sends.send(&socket).expect("a free slot");
        draft.guard(kernel.guard(*b"bytes")).expect("room").tag(3);
        let refused = draft.submit(&mut kernel.submissions()).err();
        assert!(refused.is_none(), "the queue is emptied each time");
        kernel.submit();
    }
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let asked = sends.cancel(3, &mut kernel.submissions());
            kernel.submit();
            asked.ok()
        })
        .collect();
    // Two and two and one, and nothing is left to ask for.
    assert_eq!(calls, [None, None, Some(5), Some(5), Some(5)]);
    let mut failed = 0;
    for completion in kernel.completions() {
        let on_event = |event| failed += u64::from(matches!(event, SendEvent::Failed { .. }));
        sends.complete(completion, on_event).expect("ours");
    }
    assert_eq!((failed, kernel.living_guards()), (5, 0));
}

#[test]
fn a_full_queue_is_told_and_asking_again_asks_for_all() {
    let mut kernel = FakeKernel::new(2, &Choices::first());
    let socket = kernel.datagram_socket();
    let mut sends = InFlight::builder()
        .sends(5)
        .build()
        .expect("sizes in range");
    for _ in 0..5 {
        let mut draft = sends.send(&socket).expect("a free slot");
        draft.guard(kernel.guard(*b"bytes")).expect("room").tag(3);
        let mut refused = draft.submit(&mut kernel.submissions()).err();
        while let Some((draft, _)) = refused {
            kernel.submit();
            refused = draft.submit(&mut kernel.submissions()).err();
        }
    }
    kernel.submit();
    let mut failed = 0;
    loop {
        let asked = sends.cancel(3, &mut kernel.submissions());
        kernel.submit();
        for completion in kernel.completions() {
            let on_event = |event| failed += u64::from(matches!(event, SendEvent::Failed { .. }));
            sends.complete(completion, on_event).expect("ours");
        }
        match asked {
            Ok(0) => break,
            Ok(_) => {}
            Err(why) => assert_eq!(why, SubmitError::QueueFull),
        }
    }
    assert_eq!((failed, kernel.living_guards()), (5, 0));
    assert!(sends.is_empty());
}
