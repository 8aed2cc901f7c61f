//! What the field got wrong about many destinations and about when zero copy pays. One test per line of docs/lessons.md, whose id its name starts with.

mod loopback;
mod sending;

use loopback::{narrow_tcp, pattern, reader, stream, tcp};
use sending::Sending;

/// All but one do not read, and are offered all they would take: the one that does gets every byte, by the share that is kept for it.
#[test]
fn l_send_14_peers_that_do_not_read_fill_their_own_budgets_and_delay_nobody() {
    const STALLED: usize = 7;
    for zero_copy_from in [usize::MAX, 1] {
        let options = |options: uring_send::SenderBuilder| {
            options
                .destinations(STALLED + 1)
                .sends(STALLED + 1 + 20)
                .entries(16 * (STALLED + 1))
                .bytes(100_000 * (STALLED + 1))
                .bytes_per_send(50_000)
                .zero_copy_from(zero_copy_from)
        };
        let Some(mut sending) = Sending::new(4, options) else {
            return;
        };
        let stalled: Vec<_> = (0..STALLED)
            .map(|_| {
                let (near, far) = narrow_tcp();
                (sending.sender.add(&stream(near)).expect("a place"), far)
            })
            .collect();
        let offer = |sending: &mut Sending, tag| {
            for (to, _far) in &stalled {
                while let Ok(()) = sending.sender.send(*to, tag, vec![1; 64]) {}
                while let Ok(()) = sending.sender.send(*to, tag, vec![2; 9000]) {}
            }
            sending.push();
            sending.read();
        };
        // Until the kernel has taken what it takes for them. How much goes with one offer is a matter of time.
        let mut stalled_for = 0;
        for round in 0.. {
            offer(&mut sending, 0);
            let entries = sending.sender.stats().entries;
            stalled_for = if entries > 8 * STALLED {
                stalled_for + 1
            } else {
                0
            };
            if stalled_for == 50 {
                break;
            }
            assert!(round < 10_000, "nobody stalls: {entries}");
        }
        let none = sending.sender.send(stalled[0].0, 0, [1; 64].to_vec());
        assert!(none.expect_err("full").why().is_no_room_now());

        let (near, far) = tcp();
        let reader = reader(far);
        let to = sending.sender.add(&stream(near)).expect("a place");
        let bytes = pattern(5, 400_000);
        for message in bytes.chunks(1000) {
            let mut refused = sending.sender.send(to, 1, message.to_vec()).err();
            while let Some(back) = refused {
                assert!(back.why().is_no_room_now(), "{back}");
                sending.turn();
                refused = sending.sender.send(to, 1, back.into_guard()).err();
            }
            offer(&mut sending, 0);
        }
        while sending.count_sent(to) < 400 {
            sending.turn();
        }
        sending.sender.close(to).expect("open");
        while !sending.story(to).ends_with("Closed") {
            sending.turn();
        }
        assert!(reader.join().expect("reads") == bytes);
        for (to, _far) in stalled {
            sending.sender.abort(to).expect("open");
        }
        while !sending.sender.is_empty() {
            sending.turn();
        }
    }
}

/// Over loopback the kernel copies after all: one send finds that out, and those that follow do not ask. Small ones never do.
#[test]
fn l_send_15_a_destination_whose_bytes_are_copied_after_all_is_not_asked_again() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let bytes = pattern(6, 100_000);
    for size in [1, 1500, 16_000] {
        let message = bytes[..size].to_vec();
        sending.sender.send(to, 0, message).expect("room");
        sending.drain();
    }
    let asked = |sending: &Sending| sending.sender.stats().operations.zero_copy_sends;
    assert_eq!(asked(&sending), 0);
    for _ in 0..300 {
        sending.sender.send(to, 0, bytes.clone()).expect("room");
        sending.drain();
    }
    let operations = sending.sender.stats().operations;
    assert_eq!(
        (operations.zero_copy_sends, operations.kernel_copied),
        (1, 1)
    );
    // Each destination learns for itself: who is elsewhere may do without a copy.
    let (near, far) = tcp();
    let other_reader = self::reader(far);
    let other = sending.sender.add(&stream(near)).expect("a place");
    for _ in 0..10 {
        sending.sender.send(other, 0, bytes.clone()).expect("room");
        sending.drain();
    }
    assert_eq!(asked(&sending), 2);
    sending.finish(&[to, other]);
    assert_eq!(reader.join().expect("reads").len(), 17_501 + 30_000_000);
    assert!(other_reader.join().expect("reads") == bytes.repeat(10));
}
