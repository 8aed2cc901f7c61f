//! Completions that tell of several slots: each byte arrives once and in order, and each slot comes home.

mod loopback;

use std::io::Write;
use std::thread;

use io_uring::IoUring;
use loopback::{pattern, pool, read, ring, stream, tcp, wait};
use pool_core::Pool;
use uring_send::{RecvError, RecvEvent, RecvRing, SetupError, Socket};

/// A ring and its receives; or `None` with the reason, where this kernel has no bundles.
fn bundled(pool: &Pool, entries: u16) -> Option<(IoUring, RecvRing)> {
    let ring = ring(8)?;
    match RecvRing::bundled(&ring, pool, entries, 2) {
        Ok(receives) => Some((ring, receives)),
        Err(SetupError::Kernel { source, .. })
            if source.raw_os_error() == Some(libc::EOPNOTSUPP) =>
        {
            println!("skipped: this kernel receives no bundles (Linux 6.10 does)");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The events of one turn, and how many completions they came from. Not all are asked for at once if `lazily`.
fn turn(ring: &mut IoUring, receives: &mut RecvRing, lazily: bool) -> (usize, Vec<RecvEvent>) {
    while !receives.flush(ring) {
        ring.submit().expect("a live ring");
    }
    wait(ring);
    let (completions, mut events) = (read(ring), Vec::new());
    let count = completions.len();
    for completion in completions {
        events.push(receives.complete(completion).expect("ours"));
        if !lazily {
            events.extend(std::iter::from_fn(|| receives.next_event()));
        }
    }
    events.extend(std::iter::from_fn(|| receives.next_event()));
    (count, events)
}

#[test]
fn two_streams_arrive_whole_in_bundles() {
    for lazily in [false, true] {
        let pool = pool(64, 512);
        let Some((mut ring, mut receives)) = bundled(&pool, 32) else {
            return;
        };
        let expected = [pattern(1, 200_001), pattern(2, 150_000)];
        let writers: Vec<_> = (0..)
            .zip(&expected)
            .map(|(tag, bytes)| {
                let ((near, mut far), bytes) = (tcp(), bytes.clone());
                receives.add(&stream(near), tag).expect("a place");
                thread::spawn(move || far.write_all(&bytes).expect("it is read"))
            })
            .collect();
        let (mut arrived, mut closed) = ([Vec::new(), Vec::new()], 0);
        let (mut completions, mut pieces) = (0, 0);
        while closed < 2 {
            let (count, events) = turn(&mut ring, &mut receives, lazily);
            completions += count;
            for event in events {
                match event {
                    RecvEvent::Data { tag, lease, range } => {
                        assert!(!range.is_empty());
                        arrived[usize::try_from(tag).expect("0 or 1")]
                            .extend_from_slice(&lease[range]);
                        pieces += 1;
                    }
                    RecvEvent::Closed { .. } => closed += 1,
                    RecvEvent::OutOfBuffers { .. } | RecvEvent::Internal => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        assert!(arrived == expected);
        assert!(
            pieces > completions,
            "{pieces} slots in {completions} completions: no bundle came"
        );
        let stats = receives.stats();
        assert_eq!(
            (stats.bytes, stats.received, stats.stale),
            (350_001, pieces as u64, 0)
        );
        writers
            .into_iter()
            .for_each(|writer| writer.join().expect("wrote"));
        receives.close(&ring).expect("nothing is armed");
        assert_eq!(pool.in_use(), 0);
    }
}

#[test]
fn datagrams_are_refused() {
    let pool = pool(2, 64);
    let Some((ring, mut receives)) = bundled(&pool, 2) else {
        return;
    };
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let udp = Socket::datagram(udp).expect("blocking");
    let refused = receives
        .add(&udp, 0)
        .expect_err("their bounds would be lost");
    assert!(matches!(refused, RecvError::NoStream), "{refused}");
    receives.close(&ring).expect("nothing is armed");
}

#[test]
fn a_ring_without_bundles_has_no_further_events() {
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(8, 64);
    let mut receives = RecvRing::new(&ring, &pool, 8, 1).expect("a ring");
    let (near, mut far) = tcp();
    receives.add(&stream(near), 0).expect("a place");
    far.write_all(&[1; 300]).expect("connected");
    let mut bytes = 0;
    while bytes < 300 {
        assert!(receives.flush(&mut ring));
        wait(&ring);
        for completion in read(&mut ring) {
            if let RecvEvent::Data { range, .. } = receives.complete(completion).expect("ours") {
                bytes += range.len();
            }
            assert!(receives.next_event().is_none());
        }
    }
}
