//! What the field got wrong about a send's memory and its place in the queue. One test per line of docs/lessons.md, whose id its name starts with; those about completions
//! are in `lessons_completions.rs`.

mod loopback;

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::thread;

use loopback::{
    Drops, PlayedKernel, drain, names, narrow_tcp, pattern, reader, ring, send_one, stream, tcp,
    turn, zero_copy,
};
use pool_core::StableBytes;
use uring_send::{DraftError, InFlight, SendEvent, SubmitError, leaks};

/// The peer receives what the guard held, though its owner was dropped with the send in flight and the heap was written all over since.
#[test]
fn l_send_1_dropped_in_flight_leaks_and_the_peer_gets_the_original_bytes() {
    let Some(mut ring) = ring(8) else { return };
    for mut sends in [zero_copy(2), InFlight::new(2).expect("a nonce")] {
        let (near, mut far) = narrow_tcp();
        let (near, drops, payload) = (stream(near), Drops::default(), pattern(1, 1 << 20));
        let mut draft = sends.send(&near).expect("a free slot");
        draft.copy(b"header").expect("room");
        draft.guard(drops.guard(&payload[..])).expect("room");
        draft
            .submit(&mut ring.submission())
            .expect("room and a free socket");
        ring.submit().expect("a live ring");
        let before = leaks();
        drop(sends);
        assert!(leaks().sends > before.sends);
        let scribble: Vec<_> = (0..8).map(|_| vec![0xee_u8; 1 << 20]).collect();
        let mut arrived = vec![0; 6 + payload.len()];
        let reader = thread::spawn(move || {
            far.read_exact(&mut arrived).expect("all of it comes");
            arrived
        });
        assert!(reader.join().expect("reads") == [b"header", &payload[..]].concat());
        assert_eq!((drops.count(), scribble.len()), (0, 8));
    }
}

/// That implementing `StableBytes` needs `unsafe` is shown by the `compile_fail` example of [`uring_send::Draft::guard`]; what a guard
/// must promise is kept by each one there is: the bytes stay when the guard moves.
#[test]
fn l_send_2_guards_keep_their_bytes_in_place_when_they_move() {
    fn stays(guard: impl StableBytes) {
        let before = guard.stable_bytes().as_ptr_range();
        let moved = Box::new(guard);
        assert_eq!(moved.stable_bytes().as_ptr_range(), before);
    }
    let lease = || loopback::pool(1, 64).alloc().expect("one slot");
    stays(lease());
    stays(lease().share());
    stays(vec![1_u8; 9]);
    stays(vec![1_u8; 9].into_boxed_slice());
    stays(Arc::<[u8]>::from([1; 9]));
    stays(b"static".as_slice());
    stays("static");
}

/// The address is asked for after the guard is in the place where it stays until it is dropped.
#[test]
fn l_send_3_the_address_is_read_where_the_guard_stays() {
    type Places = Arc<Mutex<Vec<usize>>>;
    struct Placed(Box<[u8]>, Places);
    // SAFETY: the bytes lie in the box and stay when the value moves.
    unsafe impl StableBytes for Placed {
        fn stable_bytes(&self) -> &[u8] {
            let here = std::ptr::from_ref(self).addr();
            self.1.lock().expect("nobody panicked").push(here);
            &self.0
        }
    }
    impl Drop for Placed {
        fn drop(&mut self) {
            let here = std::ptr::from_ref(self).addr();
            let last = self.1.lock().expect("nobody panicked").last().copied();
            assert_eq!(last, Some(here), "asked for elsewhere");
        }
    }
    let mut kernel = PlayedKernel::zero_copy(1);
    let places = Places::default();
    let word = kernel.take(Placed(Box::from(*b"bytes"), places.clone()));
    kernel.complete(word, 5, 0);
    assert_eq!(Arc::strong_count(&places), 1, "dropped, and did not panic");
}

#[test]
fn l_send_4_copied_parts_may_change_at_once() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = tcp();
    let near = stream(near);
    let mut sends = zero_copy(1);
    let mut draft = sends.send(&near).expect("a free slot");
    let mut header = *b"first ";
    draft.copy(&header).expect("room");
    header = *b"second";
    draft.copy(&header).expect("room");
    header.fill(0);
    draft
        .submit(&mut ring.submission())
        .expect("room and a free socket");
    drain(&mut ring, &mut sends);
    near.finish();
    assert_eq!(reader(far).join().expect("reads"), b"first second");
}

/// The submission queue is full each time a rest is to go out: it waits, in order, and nothing is said to be sent.
#[test]
fn l_send_11_a_rest_waits_for_room_in_the_queue() {
    let Some(mut ring) = ring(1) else { return };
    let builder = InFlight::builder().sends(3).wait_all(false);
    let mut sends = builder.build().expect("sizes in range");
    let mut expected = Vec::new();
    let mut peers = Vec::new();
    let mut log = Vec::new();
    for n in 0..3 {
        let (near, far) = narrow_tcp();
        let (near, payload) = (stream(near), pattern(n, 3_000_000));
        let mut draft = sends.send(&near).expect("a free slot");
        draft.guard(payload.clone()).expect("room").tag(n);
        draft.submit(&mut ring.submission()).expect("room for one");
        turn(&mut ring, &mut sends, &mut log);
        expected.push(payload);
        peers.push((near, far));
    }
    assert!(names(&log).split(' ').all(|name| name == "Short"));
    assert!(!sends.flush(&mut ring.submission()), "room for one only");
    assert!(
        !sends.flush(&mut ring.submission()),
        "and the queue is full"
    );
    let (sockets, readers): (Vec<_>, Vec<_>) = peers
        .into_iter()
        .map(|(near, far)| (near, reader(far)))
        .unzip();
    while !sends.is_empty() {
        turn(&mut ring, &mut sends, &mut log);
    }
    for ((socket, reader), expected) in sockets.iter().zip(readers).zip(expected) {
        socket.finish();
        assert!(reader.join().expect("reads") == expected);
    }
    let sent = log.iter().filter(|e| matches!(e, SendEvent::Sent { .. }));
    assert!(sent.count() == 3);
}

#[test]
fn l_send_13_a_full_queue_costs_no_slot() {
    let Some(mut ring) = ring(1) else { return };
    let mut sends = zero_copy(2);
    let sockets = [tcp(), tcp()].map(|(near, far)| (stream(near), far));
    let mut draft = sends.send(&sockets[0].0).expect("a free slot");
    draft.copy(b"in the queue").expect("room");
    draft.submit(&mut ring.submission()).expect("room for one");
    let drops = Drops::default();
    for round in 1..=100 {
        let mut draft = sends.send(&sockets[1].0).expect("the other slot is free");
        draft.guard(drops.guard(*b"bytes")).expect("room");
        let (draft, why) = draft
            .submit(&mut ring.submission())
            .expect_err("the queue is full");
        assert_eq!((why, draft.len()), (SubmitError::QueueFull, 5));
        drop(draft);
        assert_eq!((drops.count(), sends.len()), (round, 1));
    }
    drain(&mut ring, &mut sends);
    assert_eq!(
        names(&send_one(
            &mut ring,
            &mut sends,
            &sockets[1].0,
            b"free".as_slice()
        )),
        "Sent Released"
    );
}

#[test]
fn l_send_14_no_room_now_and_too_large_ever_are_two_errors() {
    let mut kernel = PlayedKernel::zero_copy(2);
    let (near, _far) = tcp();
    let near = stream(near);
    kernel.take(b"one".as_slice());

    // 4 GiB of zeros that nobody touches: reserved, not paid for.
    let huge = pool_core::Pool::builder()
        .slots(1)
        .slot_bytes(1 << 32)
        .region(pool_core::RegionSource::Mmap)
        .build();
    let Ok(huge) = huge else {
        println!("skipped: no address space of 4 GiB");
        return;
    };
    let mut draft = kernel.sends.send(&near).expect("a free slot");
    draft.copy(b"header").expect("room");
    let lease = huge.alloc().expect("one slot");
    let refused = draft.guard(lease).expect_err("more than the kernel moves");
    assert!(
        matches!(refused.why(), DraftError::TooLong { value, .. } if value == 6 + (1 << 32)),
        "{refused}"
    );
    assert_eq!((refused.into_guard().len(), draft.len()), (1 << 32, 6));
    drop(draft);

    kernel.take(b"two".as_slice());
    let refused = kernel.sends.send(&near).expect_err("two of two");
    assert_eq!(refused, DraftError::NoSlot { capacity: 2 });
}

#[test]
fn l_send_15_small_sends_are_copied() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let mut sends = InFlight::new(1).expect("a nonce");
    let kinds = |sends: &InFlight| (sends.stats().copied_sends, sends.stats().zero_copy_sends);
    for bytes in [1, 1500, 32 * 1024 - 1] {
        send_one(&mut ring, &mut sends, &near, vec![1; bytes]);
    }
    assert_eq!((kinds(&sends), sends.stats().notifications), ((3, 0), 0));
    send_one(&mut ring, &mut sends, &near, vec![1; 32 * 1024]);
    assert_eq!((kinds(&sends), sends.stats().notifications), ((3, 1), 1));
    // Copied parts do not count: they are copied already.
    let mut draft = sends.send(&near).expect("a free slot");
    draft.copy(&[1; 4096]).expect("room");
    draft.guard(vec![1; 32 * 1024 - 1]).expect("room");
    draft
        .submit(&mut ring.submission())
        .expect("room and a free socket");
    drain(&mut ring, &mut sends);
    assert_eq!(kinds(&sends), (4, 1));
    near.finish();
    reader.join().expect("reads");
}
