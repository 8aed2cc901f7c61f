//! One test per lesson of the field about sends, and per row of what the kernel really posts; the names start with the ids.

mod loopback;

use std::fs::File;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use std::thread;

use loopback::{
    Drops, MORE, NOTIFICATION, PlayedKernel, drain, names, narrow_tcp, pattern, reader, ring,
    send_one, stream, tcp, turn,
};
use pool_core::StableBytes;
use uring_send::{DraftError, InFlight, SendEvent, Socket, SubmitError, leaks};

fn zero_copy(sends: usize) -> InFlight {
    let builder = InFlight::builder().sends(sends).zero_copy_from(1);
    builder.build().expect("sizes in range")
}

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
    let Some(mut kernel) = PlayedKernel::zero_copy(1) else {
        return;
    };
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

#[test]
fn l_send_6_a_completion_presented_twice_frees_one_slot_once() {
    let Some(mut kernel) = PlayedKernel::zero_copy(2) else {
        return;
    };
    let drops = Drops::default();
    let first = kernel.take(drops.guard(*b"first"));
    assert_eq!(names(&kernel.complete(first, 5, MORE)), "Sent");
    assert_eq!(names(&kernel.complete(first, 0, NOTIFICATION)), "Released");
    for flags in [NOTIFICATION, 0, MORE] {
        assert_eq!(names(&kernel.complete(first, 5, flags)), "");
    }
    let slots = [(); 2].map(|()| kernel.take(b"next".as_slice()) >> 32);
    assert_ne!(slots[0], slots[1], "two sends, two headers");
    assert_eq!((kernel.sends.stats().stale, drops.count()), (3, 1));
}

#[test]
fn l_send_7_a_late_notification_releases_nothing_of_the_next_owner() {
    let Some(mut kernel) = PlayedKernel::zero_copy(1) else {
        return;
    };
    let drops = Drops::default();
    let first = kernel.take(b"first".as_slice());
    // Ended without a promise of a notification, and yet one comes: a cancelled link does that.
    assert_eq!(
        names(&kernel.complete(first, -libc::ECANCELED, 0)),
        "Failed Released"
    );
    let second = kernel.take(drops.guard(*b"second"));
    kernel.complete(second, 6, MORE);
    assert_eq!(names(&kernel.complete(first, 0, NOTIFICATION)), "");
    assert_eq!(drops.count(), 0);
    assert_eq!(names(&kernel.complete(second, 0, NOTIFICATION)), "Released");
    assert_eq!((drops.count(), kernel.sends.stats().stale), (1, 1));
}

/// 300 operations of one send, 64 of them with a notification to come, which all come at the end.
#[test]
fn l_send_8_no_number_of_notifications_wraps() {
    let Some(mut kernel) = PlayedKernel::zero_copy(1) else {
        return;
    };
    let drops = Drops::default();
    let mut words = vec![kernel.take(drops.guard(vec![1; 300]))];
    let mut due = Vec::new();
    loop {
        let word = *words.last().expect("one from the start");
        let more = kernel.sends.stats().copied_sends == 0;
        due.extend(more.then_some(word));
        let log = kernel.complete(word, 1, if more { MORE } else { 0 });
        if names(&log) == "Sent" {
            break;
        }
        assert_eq!(names(&log), "Short");
        words.extend(kernel.take_rests());
    }
    assert_eq!((words.len(), due.len()), (300, 64));
    for (left, word) in (0..due.len()).rev().zip(due) {
        assert_eq!(drops.count(), 0);
        let log = kernel.complete(word, 0, NOTIFICATION);
        assert_eq!(names(&log), if left == 0 { "Released" } else { "" });
    }
    let stats = kernel.sends.stats();
    assert_eq!(
        (stats.notifications, stats.stale, drops.count()),
        (64, 0, 1)
    );
}

#[test]
fn l_send_9_completions_for_a_free_slot_change_nothing() {
    let Some(mut kernel) = PlayedKernel::zero_copy(1) else {
        return;
    };
    let word = kernel.take(b"four".as_slice());
    assert_eq!(names(&kernel.complete(word, 4, 0)), "Sent Released");
    for result in [4, 1, 0, -libc::EPIPE, i32::MIN, i32::MAX] {
        for flags in [0, MORE, NOTIFICATION, u32::MAX] {
            assert_eq!(names(&kernel.complete(word, result, flags)), "");
        }
    }
    assert_eq!(kernel.sends.stats().stale, 24);
    assert!(kernel.sends.is_empty() && kernel.take_rests().is_empty());
}

#[test]
fn l_send_10_success_means_every_byte() {
    let Some(mut kernel) = PlayedKernel::zero_copy(1) else {
        return;
    };
    let mut word = kernel.take(vec![1; 16]);
    for (result, sent, left) in [(12, 12, 4), (3, 15, 1)] {
        let log = kernel.complete(word, result, 0);
        assert!(
            matches!(log[..], [SendEvent::Short { sent: s, left: l, .. }] if (s, l) == (sent, left)),
            "{log:?}"
        );
        word = kernel.take_rests()[0];
    }
    let log = kernel.complete(word, 1, 0);
    assert!(
        matches!(log[0], SendEvent::Sent { bytes: 16, .. }),
        "{log:?}"
    );
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
fn l_send_12_a_late_notification_is_counted_for_its_own_send() {
    let Some(mut kernel) = PlayedKernel::zero_copy(2) else {
        return;
    };
    let (first, second) = (Drops::default(), Drops::default());
    // One connection's, one after the other.
    let words = [&first, &second].map(|drops| kernel.take(drops.guard(*b"same")));
    kernel.complete(words[0], 4, MORE);
    kernel.complete(words[1], 4, MORE);
    kernel.complete(words[0], 0, NOTIFICATION);
    assert_eq!((first.count(), second.count()), (1, 0));
    kernel.complete(words[0], 0, NOTIFICATION);
    assert_eq!(second.count(), 0);
    kernel.complete(words[1], 0, NOTIFICATION);
    assert_eq!(second.count(), 1);
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
    let Some(mut kernel) = PlayedKernel::zero_copy(2) else {
        return;
    };
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

#[test]
fn l_send_16_notifications_in_any_order_release_their_own_memory() {
    let Some(mut kernel) = PlayedKernel::zero_copy(4) else {
        return;
    };
    let drops: [Drops; 4] = Default::default();
    let words = drops
        .each_ref()
        .map(|drops| kernel.take(drops.guard(*b"x")));
    for word in words {
        kernel.complete(word, 1, MORE);
    }
    for (released, place) in [2, 0, 3, 1].into_iter().enumerate() {
        kernel.complete(words[place], 0, NOTIFICATION);
        assert_eq!(drops[place].count(), 1);
        let all: usize = drops.iter().map(Drops::count).sum();
        assert_eq!(all, released + 1);
    }
}

#[test]
fn l_send_17_an_error_with_more_to_come_fails_and_keeps_the_memory() {
    let Some(mut kernel) = PlayedKernel::zero_copy(1) else {
        return;
    };
    for errno in [
        libc::EPIPE,
        libc::ECONNRESET,
        libc::EBADF,
        libc::EINVAL,
        libc::EFAULT,
        libc::EMSGSIZE,
        libc::ENOTSOCK,
        libc::ECONNREFUSED,
        libc::EDESTADDRREQ,
    ] {
        let drops = Drops::default();
        let word = kernel.take(drops.guard(*b"bytes"));
        let log = kernel.complete(word, -errno, MORE);
        assert!(
            matches!(&log[..], [SendEvent::Failed { error, sent: 0, .. }] if error.raw_os_error() == Some(errno)),
            "{log:?}"
        );
        assert_eq!(drops.count(), 0);
        // Copied, says the kernel: a negative number, and no error.
        let copied = 0x8000_0000_u32.cast_signed();
        assert_eq!(
            names(&kernel.complete(word, copied, NOTIFICATION)),
            "Released"
        );
        assert_eq!(drops.count(), 1);
    }
    assert_eq!(kernel.sends.stats().kernel_copied, 9);
}

/// Rows of the table of what the kernel really posts, on this kernel: an error of a zero-copy send is followed by one notification.
#[test]
fn kernel_table_each_error_of_a_zero_copy_send_is_followed_by_a_notification() {
    let Some(mut ring) = ring(8) else { return };
    let closed_port = UdpSocket::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a free port");
    let udp = || UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let refused = udp();
    refused.connect(closed_port).expect("an address");
    refused
        .send(b"brings the refusal back")
        .expect("nobody knows yet");
    let connected = udp();
    connected.connect(closed_port).expect("an address");
    let (finished, _far) = tcp();
    finished
        .shutdown(std::net::Shutdown::Write)
        .expect("connected");
    let (reset, far) = tcp();
    (&reset).write_all(b"unread").expect("connected");
    drop(far);
    let file = File::open("/proc/self/exe").expect("this program");
    let cases: [(_, usize, i32); 6] = [
        (Socket::stream(finished), 8, libc::EPIPE),
        (Socket::stream(reset), 8, libc::ECONNRESET),
        (Socket::datagram(refused), 8, libc::ECONNREFUSED),
        (Socket::datagram(connected), 70_000, libc::EMSGSIZE),
        (Socket::datagram(udp()), 8, libc::EDESTADDRREQ),
        (Socket::stream(file), 8, libc::ENOTSOCK),
    ];
    let mut sends = zero_copy(1);
    for (round, (socket, bytes, errno)) in (1..).zip(cases) {
        let (socket, drops) = (socket.expect("blocking"), Drops::default());
        let log = send_one(&mut ring, &mut sends, &socket, drops.guard(vec![1; bytes]));
        assert!(
            matches!(&log[..], [SendEvent::Failed { error, sent: 0, .. }, SendEvent::Released { .. }] if error.raw_os_error() == Some(errno)),
            "{errno}: {log:?}"
        );
        assert_eq!((sends.stats().notifications, drops.count()), (round, 1));
    }
    assert_eq!(sends.stats().stale, 0);
}

/// The row that breaks the rule: cancelled because an earlier linked entry failed, a send has no "more", and a notification all the same.
#[test]
fn kernel_table_a_cancelled_link_is_notified_without_a_promise() {
    let Some(mut ring) = ring(8) else { return };
    let mut sends = zero_copy(2);
    let file = File::open("/proc/self/exe").expect("this program");
    let bad = Socket::stream(file).expect("blocking");
    let (near, far) = tcp();
    let near = stream(near);
    let drops = Drops::default();
    for (socket, flags) in [
        (&bad, io_uring::squeue::Flags::IO_LINK),
        (&near, io_uring::squeue::Flags::empty()),
    ] {
        let mut draft = sends.send(socket).expect("a free slot");
        draft.guard(drops.guard(*b"bytes")).expect("room");
        // SAFETY: pushed below, once, with a flag for linking.
        let entry = unsafe { draft.into_entry() }.expect("a free socket");
        // SAFETY: what the entry names is kept by `sends`.
        unsafe { ring.submission().push(&entry.flags(flags)) }.expect("room");
    }
    let mut log = drain(&mut ring, &mut sends);
    while sends.stats().stale == 0 {
        turn(&mut ring, &mut sends, &mut log);
    }
    let failed = log.iter().filter_map(|event| match event {
        SendEvent::Failed { error, .. } => error.raw_os_error(),
        _ => None,
    });
    assert!(failed.eq([libc::ENOTSOCK, libc::ECANCELED]), "{log:?}");
    assert_eq!((sends.stats().stale, sends.stats().notifications), (1, 1));
    assert_eq!(drops.count(), 2);

    // And the slot's next owner is not touched by it.
    assert_eq!(
        names(&send_one(&mut ring, &mut sends, &near, b"fine".as_slice())),
        "Sent Released"
    );
    near.finish();
    assert_eq!(reader(far).join().expect("reads"), b"fine");
}

/// A zero-copy send to a reader that does not read: what left is not notified of while it is unread.
#[test]
fn kernel_table_memory_is_held_while_the_peer_does_not_read() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = narrow_tcp();
    let near = stream(near);
    let builder = InFlight::builder().zero_copy_from(1).wait_all(false);
    let mut sends = builder.build().expect("sizes in range");
    let drops = Drops::default();
    let mut draft = sends.send(&near).expect("a free slot");
    draft.guard(drops.guard(vec![1; 4_000_000])).expect("room");
    draft
        .submit(&mut ring.submission())
        .expect("room and a free socket");
    let mut log = Vec::new();
    turn(&mut ring, &mut sends, &mut log);
    assert_eq!(names(&log), "Short");
    let stats = sends.stats();
    assert_eq!((stats.notifications, drops.count()), (0, 0));
    let reader = reader(far);
    log.extend(drain(&mut ring, &mut sends));
    assert_eq!(
        sends.stats().notifications,
        sends.stats().zero_copy_sends,
        "all came once it was read"
    );
    near.finish();
    assert_eq!(reader.join().expect("reads").len(), 4_000_000);
}
