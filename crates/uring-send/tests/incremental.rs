//! Slots that are filled by one completion after the other: their parts are whole, apart, and home when the last one goes.

mod loopback;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use io_uring::IoUring;
use loopback::{drain, names, pattern, pool, read, reader, ring, stream, tcp, wait, zero_copy};
use pool_core::Pool;
use uring_send::{Part, RecvError, RecvEvent, RecvRing, SetupError, Socket};

/// A ring and its receives; or `None` with the reason, where this kernel fills buffers whole only.
fn incremental(pool: &Pool, entries: u16) -> Option<(IoUring, RecvRing)> {
    let ring = ring(8)?;
    match RecvRing::incremental(&ring, pool, entries, 2) {
        Ok(receives) => Some((ring, receives)),
        Err(SetupError::Kernel { source, .. }) if source.raw_os_error() == Some(libc::EINVAL) => {
            println!("skipped: this kernel has no incremental buffers (Linux 6.12 has)");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn turn(ring: &mut IoUring, receives: &mut RecvRing) -> Vec<RecvEvent> {
    assert!(receives.flush(ring), "eight have room");
    wait(ring);
    let events = read(ring).into_iter();
    events
        .map(|completion| receives.complete(completion).expect("ours"))
        .collect()
}

/// Sends bytes and waits for them, in as many parts as they come.
fn hear(
    ring: &mut IoUring,
    receives: &mut RecvRing,
    far: &mut impl Write,
    bytes: &[u8],
) -> Vec<Part> {
    far.write_all(bytes).expect("connected");
    let mut parts: Vec<Part> = Vec::new();
    while parts.iter().map(|part| part.len()).sum::<usize>() < bytes.len() {
        parts.extend(turn(ring, receives).into_iter().map(|event| match event {
            RecvEvent::Part { part, .. } => part,
            other => panic!("{other:?}"),
        }));
    }
    assert_eq!(
        parts
            .iter()
            .flat_map(|part| part.to_vec())
            .collect::<Vec<_>>(),
        bytes
    );
    parts
}

fn end(ring: &mut IoUring, receives: &mut RecvRing, far: Far) {
    drop(far);
    let events = turn(ring, receives);
    assert!(
        matches!(events[..], [RecvEvent::Closed { .. }]),
        "{events:?}"
    );
    receives.close(ring).expect("nothing is armed");
}

/// A stream whose end can be closed by dropping it.
struct Far(std::net::TcpStream);

impl Write for Far {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.0
            .shutdown(std::net::Shutdown::Both)
            .expect("connected");
    }
}

fn connected(receives: &mut RecvRing) -> Far {
    let (near, far) = tcp();
    receives.add(&stream(near), 3).expect("a place");
    Far(far)
}

#[test]
fn small_messages_share_a_slot() {
    let pool = pool(2, 4096);
    let Some((mut ring, mut receives)) = incremental(&pool, 2) else {
        return;
    };
    let mut far = connected(&mut receives);
    let mut parts = Vec::new();
    for n in 0..40 {
        parts.extend(hear(&mut ring, &mut receives, &mut far, &[n; 100]));
    }
    assert_eq!(
        (parts.len(), receives.stats().posted),
        (40, 2),
        "one slot has them all"
    );
    let base = parts[0].as_ptr();
    for (n, part) in parts.iter().enumerate() {
        assert_eq!(part.as_ptr().addr() - base.addr(), n * 100);
        assert_eq!(part[..], [u8::try_from(n).expect("below 40"); 100]);
        assert_eq!(part.retained_bytes(), 4096);
    }
    // 96 bytes of room are left: what comes now begins there and goes on in the other slot.
    let split = hear(&mut ring, &mut receives, &mut far, &pattern(1, 200));
    assert_eq!(
        split.iter().map(|part| part.len()).collect::<Vec<_>>(),
        [96, 104]
    );
    assert_eq!((receives.stats().posted, pool.in_use()), (1, 2));
    drop((parts, split));
    assert_eq!(
        pool.in_use(),
        1,
        "the full one is home; the kernel has the other"
    );
    end(&mut ring, &mut receives, far);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_share_of_the_slot_is_given_when_the_kernel_is_done_with_it() {
    let pool = pool(2, 256);
    let Some((mut ring, mut receives)) = incremental(&pool, 2) else {
        return;
    };
    let mut far = connected(&mut receives);
    let [first] = hear(&mut ring, &mut receives, &mut far, &[1; 100])
        .try_into()
        .expect("one");
    let first = first
        .try_into_shared()
        .expect_err("the kernel may fill the rest");
    let [last] = hear(&mut ring, &mut receives, &mut far, &[2; 156])
        .try_into()
        .expect("one");
    let first = first
        .try_into_shared()
        .expect_err("there is another part, and this one does not know");
    let (shared, range) = last.try_into_shared().expect("it filled the slot up");
    assert_eq!((&shared[range.clone()], range), (&[2; 156][..], 100..256));
    drop(shared);
    let (shared, range) = first
        .try_into_shared()
        .expect("the only one left, of a full slot");
    assert_eq!((shared.sharers(), &shared[range]), (1, &[1; 100][..]));
    // Of the slot that the kernel has begun with, a part is the only one, and not the only share.
    let [part] = hear(&mut ring, &mut receives, &mut far, b"x")
        .try_into()
        .expect("one");
    let part = part
        .try_into_shared()
        .expect_err("the kernel may fill the rest");
    end(&mut ring, &mut receives, far);
    let (shared, range) = part
        .try_into_shared()
        .expect("it was taken back from the kernel");
    assert_eq!(&shared[range], b"x");
}

#[test]
fn a_long_stream_arrives_in_order_while_another_thread_drops_its_parts() {
    let pool = pool(8, 1000);
    let Some((mut ring, mut receives)) = incremental(&pool, 8) else {
        return;
    };
    let far = connected(&mut receives);
    let expected = pattern(3, 300_000);
    let bytes = expected.clone();
    let writer = thread::spawn(move || {
        let mut far = far;
        bytes
            .chunks(777)
            .for_each(|chunk| far.write_all(chunk).expect("it is read"));
    });
    let (give, taken) = mpsc::sync_channel::<Part>(4);
    let checker = thread::spawn(move || {
        let mut all = Vec::new();
        for part in taken {
            all.extend_from_slice(&part.clone());
        }
        all
    });
    let mut open = true;
    while open {
        for event in turn(&mut ring, &mut receives) {
            match event {
                RecvEvent::Part { tag: 3, part } => give.send(part).expect("it listens"),
                RecvEvent::OutOfBuffers { tag: 3 } => {
                    while pool.free_count() == 0 {
                        thread::yield_now()
                    }
                }
                RecvEvent::Closed { tag: 3 } => open = false,
                other => panic!("{other:?}"),
            }
        }
    }
    drop(give);
    writer.join().expect("wrote");
    assert!(checker.join().expect("read") == expected);
    assert_eq!(receives.stats().stale, 0);
    receives.close(&ring).expect("nothing is armed");
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_part_is_sent_from_where_it_lies() {
    let pool = pool(2, 4096);
    let Some((mut ring, mut receives)) = incremental(&pool, 2) else {
        return;
    };
    let mut far = connected(&mut receives);
    let (near, next) = tcp();
    let (near, reader) = (stream(near), reader(next));
    let parts = hear(&mut ring, &mut receives, &mut far, b"onwards");
    end(&mut ring, &mut receives, far);
    let mut sends = zero_copy(1);
    for part in parts {
        let mut draft = sends.send(&near).expect("a free slot");
        draft.guard(part).expect("room");
        draft.submit(&mut ring.submission()).expect("room");
        assert_eq!(names(&drain(&mut ring, &mut sends)), "Sent Released");
    }
    assert_eq!(pool.in_use(), 0);
    near.finish();
    assert_eq!(reader.join().expect("reads"), b"onwards");
}

#[test]
fn datagrams_are_refused() {
    let pool = pool(2, 64);
    let Some((ring, mut receives)) = incremental(&pool, 2) else {
        return;
    };
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let udp = Socket::datagram(udp).expect("blocking");
    let refused = receives
        .add(&udp, 0)
        .expect_err("their rests would be lost");
    assert!(matches!(refused, RecvError::NoStream), "{refused}");
    assert_eq!(receives.stats().streams, 0);
    receives.close(&ring).expect("nothing is armed");
}

#[test]
fn a_reservation_keeps_receiving_when_others_have_emptied_the_pool() {
    let pool = pool(6, 64);
    let Some(mut ring) = ring(8) else { return };
    let mut receives = RecvRing::new(&ring, &pool, 2, 1).expect("a ring");
    let mut reserved = pool.reserve(4).expect("six are free");
    let others: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
    assert_eq!(others.len(), 2);
    let (near, mut far) = tcp();
    receives.add(&stream(near), 0).expect("a place");
    assert!(receives.flush(&mut ring) && receives.is_starved());
    for round in 0..4 {
        let posted = receives.refill(&mut reserved);
        assert_eq!(
            posted,
            [2, 1, 1, 0][round],
            "as many as there is room for, and as there are"
        );
        far.write_all(b"bytes").expect("connected");
        let events = turn(&mut ring, &mut receives);
        let [RecvEvent::Data { lease, range, .. }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(&lease[range.clone()], b"bytes");
        std::mem::forget(events); // whoever has them keeps them
    }
    assert_eq!(
        (receives.refill(&mut reserved), reserved.remaining()),
        (0, 0)
    );
    let other = loopback::pool(1, 64);
    let mut strange = other.reserve(1).expect("one is free");
    let panicked = catch_unwind(AssertUnwindSafe(|| receives.refill(&mut strange)));
    panicked.expect_err("another pool's");
    assert_eq!((receives.stats().posted, strange.remaining()), (0, 1));
}
