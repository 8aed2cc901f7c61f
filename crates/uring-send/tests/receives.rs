//! Receives through a real ring into a pool's slots: every byte arrives, and every slot comes home.

mod loopback;

use std::io::{Read, Write};
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use io_uring::IoUring;
use loopback::{pattern, pool, read, ring, stream, tcp, wait};
use pool_core::{Pool, RegionSource};
use uring_send::{InFlight, RecvError, RecvEvent, RecvRing, Socket, submit_and_wait};

/// One round of a receiving loop: slots and receives to the kernel, wait, read.
fn turn(ring: &mut IoUring, receives: &mut RecvRing) -> Vec<RecvEvent> {
    while !receives.flush(ring) {
        ring.submit().expect("a live ring");
    }
    wait(ring);
    take_in(ring, receives)
}

fn take_in(ring: &mut IoUring, receives: &mut RecvRing) -> Vec<RecvEvent> {
    read(ring)
        .into_iter()
        .map(|completion| receives.complete(completion).expect("ours"))
        .collect()
}

fn sending(mut far: impl Write + Send + 'static, bytes: Vec<u8>) -> thread::JoinHandle<()> {
    thread::spawn(move || far.write_all(&bytes).expect("the peer reads"))
}

#[test]
fn several_streams_arrive_in_leases() {
    // Two entries: receives and re-arming find the queue full.
    let Some(mut ring) = ring(2) else { return };
    const STREAMS: usize = 7;
    let pool = pool(16, 4096);
    let mut receives = RecvRing::new(&ring, &pool, 8, STREAMS).expect("a ring");
    let mut writers = Vec::new();
    let expected: Vec<_> = (0..STREAMS)
        .map(|n| pattern(n as u64, 50_000 + n))
        .collect();
    for (tag, bytes) in expected.iter().enumerate() {
        let (near, far) = tcp();
        receives.add(&stream(near), tag as u64).expect("a place");
        writers.push(sending(far, bytes.clone()));
    }
    assert_eq!(receives.stats().streams, STREAMS);
    let (extra, _far) = tcp();
    let refused = receives.add(&stream(extra), 0).expect_err("no place");
    assert!(matches!(refused, RecvError::TooManyStreams { bound: 7 }));

    let mut arrived = vec![Vec::new(); STREAMS];
    let mut closed = Vec::new();
    while closed.len() < STREAMS {
        for event in turn(&mut ring, &mut receives) {
            match event {
                RecvEvent::Data { tag, lease, range } => {
                    assert!(lease.belongs_to(&pool) && !range.is_empty());
                    arrived[usize::try_from(tag).expect("small")].extend_from_slice(&lease[range]);
                }
                RecvEvent::Closed { tag } => closed.push(tag),
                RecvEvent::OutOfBuffers { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(arrived == expected);
    closed.sort_unstable();
    assert_eq!(closed, [0, 1, 2, 3, 4, 5, 6]);
    for writer in writers {
        writer.join().expect("wrote");
    }
    let stats = receives.stats();
    assert_eq!(
        stats.bytes,
        expected.iter().map(Vec::len).sum::<usize>() as u64
    );
    assert_eq!((stats.stale, stats.streams), (0, 0));
    receives.close(&ring).expect("nothing is armed");
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn an_empty_pool_pauses_and_slots_that_come_home_go_on() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(4, 1024);
    let mut receives = RecvRing::new(&ring, &pool, 4, 1).expect("a ring");
    let (near, far) = tcp();
    receives.add(&stream(near), 9).expect("a place");
    let expected = pattern(1, 40_000);
    let writer = sending(far, expected.clone());
    let (mut arrived, mut held) = (Vec::new(), Vec::new());
    let mut pauses = 0;
    let mut open = true;
    while open {
        for event in turn(&mut ring, &mut receives) {
            match event {
                RecvEvent::Data { lease, range, .. } => held.push((lease, range)),
                RecvEvent::OutOfBuffers { tag: 9 } => {
                    pauses += 1;
                    assert_eq!((held.len(), receives.stats().posted), (4, 0));
                    assert!(receives.is_starved());
                    assert!(receives.flush(&mut ring), "nothing to wait for");
                    assert!(
                        ring.submission().is_empty(),
                        "nothing is armed without slots"
                    );
                    for (lease, range) in held.drain(..) {
                        arrived.extend_from_slice(&lease[range]);
                    }
                    assert_eq!(pool.in_use(), 0);
                }
                RecvEvent::Closed { tag: 9 } => open = false,
                other => panic!("{other:?}"),
            }
        }
    }
    arrived.extend(
        held.drain(..)
            .flat_map(|(lease, range)| lease[range].to_vec()),
    );
    assert!(arrived == expected);
    assert!(pauses > 1, "the pool never ran out: nothing was shown");
    assert_eq!(receives.stats().out_of_buffers, pauses);
    writer.join().expect("wrote");
    receives.close(&ring).expect("nothing is armed");
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn an_end_of_file_closes_and_the_place_is_free_again() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(2, 64);
    let mut receives = RecvRing::new(&ring, &pool, 2, 1).expect("a ring");
    for tag in 0..5 {
        let (near, far) = tcp();
        receives.add(&stream(near), tag).expect("the only place");
        far.shutdown(Shutdown::Write).expect("connected");
        let events = turn(&mut ring, &mut receives);
        let [RecvEvent::Closed { tag: closed }] = events[..] else {
            panic!("{events:?}");
        };
        assert_eq!((closed, receives.stats().streams), (tag, 0));
    }
    receives.close(&ring).expect("nothing is armed");
    receives.close(&ring).expect("closed already");
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_reset_fails_and_the_place_is_free_again() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(2, 64);
    let mut receives = RecvRing::new(&ring, &pool, 2, 1).expect("a ring");
    let (near, far) = tcp();
    (&near).write_all(b"unread").expect("connected");
    receives.add(&stream(near), 3).expect("the only place");
    drop(far); // with unread bytes: a reset
    let events = turn(&mut ring, &mut receives);
    let [RecvEvent::Failed { tag: 3, error }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(error.raw_os_error(), Some(libc::ECONNRESET));
    assert_eq!(receives.stats().streams, 0);
    receives.close(&ring).expect("nothing is armed");
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn close_waits_for_armed_receives_and_refuses_another_ring() {
    let (Some(mut ring), Some(other)) = (ring(8), ring(8)) else {
        return;
    };
    let pool = pool(4, 64);
    let mut receives = RecvRing::new(&ring, &pool, 4, 2).expect("a ring");
    let (near, mut far) = tcp();
    let near = stream(near);
    receives.add(&near, 0).expect("a place");
    assert!(receives.flush(&mut ring));
    assert!(!receives.is_starved());
    ring.submit().expect("a live ring");
    let refused = receives
        .close(&ring)
        .expect_err("the kernel may be filling");
    assert!(matches!(refused, RecvError::StillArmed { armed: 1 }));
    assert_eq!(receives.stats().posted, 4, "nothing was changed");

    far.write_all(b"still works").expect("connected");
    let events = turn(&mut ring, &mut receives);
    assert!(
        matches!(&events[..], [RecvEvent::Data { lease, range, .. }] if lease[range.clone()] == *b"still works")
    );
    drop(events);
    near.abort();
    let events = turn(&mut ring, &mut receives);
    assert!(
        matches!(
            events[..],
            [RecvEvent::Failed { .. } | RecvEvent::Closed { .. }]
        ),
        "{events:?}"
    );
    let refused = receives.close(&other).expect_err("another ring");
    assert!(matches!(refused, RecvError::OtherRing));
    receives.close(&ring).expect("nothing is armed");
    assert_eq!(pool.in_use(), 0);

    // Closed: it takes sockets and does nothing.
    let (again, _far) = tcp();
    receives.add(&stream(again), 0).expect("a place");
    assert!(receives.flush(&mut ring));
    assert!(ring.submission().is_empty());
}

/// Buffer numbers of another ring mean other buffers: a receive is not put into its queue at all.
#[test]
fn a_receive_is_not_put_into_another_ring() {
    let (Some(mut ring), Some(mut other)) = (ring(8), ring(8)) else {
        return;
    };
    let pool = pool(8, 64);
    let mut receives = RecvRing::new(&ring, &pool, 4, 1).expect("a ring");
    let (near, mut far) = tcp();
    far.write_all(b"for the first").expect("connected");
    receives.add(&stream(near), 0).expect("a place");
    let wrong = catch_unwind(AssertUnwindSafe(|| receives.flush(&mut other)));
    let why = wrong.expect_err("the other ring is refused");
    let why = why.downcast_ref::<String>().expect("a message");
    assert!(why.contains("RecvRing::new"), "{why}");
    assert!(other.submission().is_empty(), "nothing was pushed there");
    let events = turn(&mut ring, &mut receives);
    assert!(matches!(events[..], [RecvEvent::Data { .. }, ..]));
}

#[test]
fn another_instances_completion_comes_back() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(8, 64);
    let mut receives = RecvRing::new(&ring, &pool, 4, 1).expect("a ring");
    let mut strangers = RecvRing::new(&ring, &pool, 4, 1).expect("beside the first");
    let mut sends = InFlight::new(1).expect("a nonce");
    let (near, mut far) = tcp();
    far.write_all(b"x").expect("connected");
    receives.add(&stream(near), 0).expect("a place");
    assert!(receives.flush(&mut ring));
    wait(&ring);
    let mut all = read(&mut ring);
    let foreign = strangers
        .complete(all.remove(0))
        .expect_err("not the second ring's");
    let foreign = sends.complete(foreign, |_| ()).expect_err("no send's");
    assert!(matches!(
        receives.complete(foreign),
        Ok(RecvEvent::Data { .. })
    ));
}

/// Slots are inaccessible while nobody holds them: an early release, in user space or in the kernel, would be a fault or an error.
#[test]
fn slots_protected_while_free_travel_through_receive_and_zero_copy_send() {
    let Some(mut ring) = ring(16) else { return };
    let pool = Pool::builder()
        .slots(8)
        .slot_bytes(4096)
        .region(RegionSource::Mmap)
        .protect_free_slots(true)
        .build()
        .expect("a small pool");
    let mut receives = RecvRing::new(&ring, &pool, 4, 1).expect("a ring");
    let mut sends = InFlight::builder()
        .zero_copy_from(1)
        .build()
        .expect("sizes in range");
    let (near, mut client) = tcp();
    let near = stream(near);
    receives.add(&near, 0).expect("a place");
    let expected = pattern(8, 200_000);
    let to_send = expected.clone();
    let writer = client.try_clone().expect("a descriptor");
    let writer = thread::spawn(move || {
        let mut writer: TcpStream = writer;
        writer.write_all(&to_send).expect("the peer reads");
        writer.shutdown(Shutdown::Write).expect("connected");
    });
    let reader = thread::spawn(move || {
        let mut echoed = Vec::new();
        client.read_to_end(&mut echoed).expect("an orderly end");
        echoed
    });
    // Received slots wait for the stream to take the next send.
    let mut queue = std::collections::VecDeque::new();
    let (mut open, mut busy) = (true, false);
    while open || busy || !queue.is_empty() || !sends.is_empty() {
        if !busy && let Some((lease, range)) = queue.pop_front() {
            let mut draft = sends.send(&near).expect("a free slot");
            draft.guard(Part(lease, range)).expect("room");
            draft.submit(&mut ring.submission()).expect("room");
            busy = true;
        }
        assert!(receives.flush(&mut ring));
        assert!(sends.flush(&mut ring.submission()));
        wait(&ring);
        for completion in read(&mut ring) {
            let sent = |event| {
                busy &= !matches!(event, uring_send::SendEvent::Sent { .. });
            };
            let Err(completion) = sends.complete(completion, sent) else {
                continue;
            };
            match receives.complete(completion).expect("ours") {
                RecvEvent::Data { lease, range, .. } => queue.push_back((lease, range)),
                RecvEvent::Closed { .. } => open = false,
                RecvEvent::OutOfBuffers { .. } | RecvEvent::Internal => {}
                other => panic!("{other:?}"),
            }
        }
    }
    near.finish();
    writer.join().expect("wrote");
    assert!(reader.join().expect("reads") == expected);
    let stats = sends.stats();
    assert_eq!(stats.notifications, stats.zero_copy_sends);
    receives.close(&ring).expect("nothing is armed");
    assert_eq!(pool.in_use(), 0);
}

/// A part of a slot.
struct Part(pool_core::Lease, std::ops::Range<usize>);

// SAFETY: a slot stays where it is while its lease lives, and the range is not changed.
unsafe impl pool_core::StableBytes for Part {
    fn stable_bytes(&self) -> &[u8] {
        &self.0.stable_bytes()[self.1.clone()]
    }
}

#[test]
fn receiving_allocates_nothing() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(8, 256);
    let mut receives = RecvRing::new(&ring, &pool, 4, 1).expect("a ring");
    let (near, mut far) = tcp();
    receives.add(&stream(near), 0).expect("a place");
    let mut bytes = 0;
    let mut round = |ring: &mut IoUring, receives: &mut RecvRing| {
        far.write_all(&[7; 600]).expect("connected");
        bytes += 600;
        while receives.stats().bytes < bytes {
            assert!(receives.flush(ring));
            submit_and_wait(ring, None).expect("a live ring");
            for completion in uring_send::completions(&mut ring.completion()) {
                let event = receives.complete(completion).expect("ours");
                assert!(!matches!(event, RecvEvent::Failed { .. }));
            }
        }
    };
    round(&mut ring, &mut receives);
    let measured = allocation_counter::measure(|| {
        for _ in 0..100 {
            round(&mut ring, &mut receives);
        }
    });
    assert_eq!(measured.count_total, 0);
}

#[test]
fn sizes_out_of_range_are_refused_by_name() {
    let Some(ring) = ring(8) else { return };
    let pool = pool(1, 64);
    for entries in [0, 3, 6, 65_535] {
        let error = RecvRing::new(&ring, &pool, entries, 1).expect_err("no power of two");
        assert!(
            error
                .to_string()
                .starts_with("entries: must be a power of two from 1 to 32768"),
            "{error}"
        );
    }
    for streams in [0, 65_536] {
        let error = RecvRing::new(&ring, &pool, 1, streams).expect_err("out of range");
        assert!(error.to_string().starts_with("streams: "), "{error}");
    }
    for entries in [1, 32_768] {
        let mut receives = RecvRing::new(&ring, &pool, entries, 65_535).expect("the bounds");
        receives.close(&ring).expect("nothing is armed");
    }
}

/// More receives than the tail of the buffer ring can count: it wraps and goes on.
#[test]
fn the_tail_of_the_buffer_ring_wraps() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(2, 16);
    let mut receives = RecvRing::new(&ring, &pool, 2, 1).expect("a ring");
    let (near, far) = UnixStream::pair().expect("two descriptors");
    let near = Socket::stream(near).expect("blocking");
    receives.add(&near, 0).expect("a place");
    // Each receive fills one slot of 16 bytes.
    let slots = 66_000;
    let writer = sending(far, vec![5; slots * 16]);
    let (mut bytes, mut open) = (0, true);
    while open {
        for event in turn(&mut ring, &mut receives) {
            match event {
                RecvEvent::Data { lease, range, .. } => {
                    assert!(lease[range.clone()].iter().all(|byte| *byte == 5));
                    bytes += range.len();
                }
                RecvEvent::Closed { .. } => open = false,
                RecvEvent::OutOfBuffers { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(bytes, slots * 16);
    assert!(receives.stats().received > 65_536);
    writer.join().expect("wrote");
    receives.close(&ring).expect("nothing is armed");
    assert_eq!(pool.in_use(), 0);
}

/// A slot that arrived is its holder's: the ring of buffers may be closed and gone.
#[test]
fn a_received_slot_outlives_its_ring() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(2, 64);
    let mut receives = RecvRing::new(&ring, &pool, 2, 1).expect("a ring");
    let (near, mut far) = tcp();
    receives.add(&stream(near), 0).expect("a place");
    far.write_all(b"mine").expect("connected");
    drop(far);
    let mut events = Vec::new();
    while !matches!(events.last(), Some(RecvEvent::Closed { .. })) {
        events.extend(turn(&mut ring, &mut receives));
    }
    receives.close(&ring).expect("nothing is armed");
    drop(receives);
    drop(ring);
    let Some(RecvEvent::Data { lease, range, .. }) = events.first() else {
        panic!("{events:?}");
    };
    assert_eq!((&lease[range.clone()], pool.in_use()), (&b"mine"[..], 1));
    mem::drop(events);
    assert_eq!(pool.in_use(), 0);
}

/// A leak report names the line that gave the slots to the kernel: the loop's own.
#[cfg(feature = "track")]
#[test]
fn posted_slots_are_reported_with_the_line_that_flushed() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(4, 64);
    let mut receives = RecvRing::new(&ring, &pool, 4, 1).expect("a ring");
    let (is_done, line) = (receives.flush(&mut ring), line!());
    assert!(is_done, "nothing to wait for");
    let report = pool.outstanding();
    assert_eq!(report.len(), 1, "{report:?}");
    assert_eq!(
        (report[0].file, report[0].line, report[0].slots),
        (file!(), line, 4)
    );
}
