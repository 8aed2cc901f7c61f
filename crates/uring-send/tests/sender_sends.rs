//! What is queued arrives: whole, in order, in as few operations as it takes, and nothing is lost when there is no room.

mod loopback;
mod sending;

use std::net::UdpSocket;
use std::sync::Arc;

use io_uring::IoUring;
use loopback::{Drops, narrow_tcp, pattern, reader, stream, tcp};
use sending::Sending;
use uring_send::{QueueError, SenderEvent, Socket};

#[test]
fn messages_of_all_forms_arrive_in_order() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let (drops, large) = (Drops::default(), pattern(1, 300_000));
    let sender = &mut sending.sender;
    sender.copy(to, 1, b"copied, ").expect("room");
    sender.copy(to, 2, b"joined, ").expect("room");
    sender.send(to, 3, drops.guard(*b"small, ")).expect("room");
    assert_eq!(drops.count(), 1, "copied and dropped at once");
    sender.send(to, 4, drops.guard(&large[..])).expect("room");
    let mut message = sender.message(to).expect("open");
    message
        .copy(b"head")
        .expect("room")
        .copy(b"er, ")
        .expect("room");
    message.guard(drops.guard(&large[..1000])).expect("room");
    message.copy(b" trailer, ").expect("room");
    message.guard(Vec::new()).expect("no bytes need no room");
    message.tag(5);
    assert_eq!((message.len(), message.is_empty()), (1018, false));
    message.queue().expect("not empty");
    sender.copy(to, 6, b"last").expect("room");
    sending.finish(&[to]);
    assert_eq!(drops.count(), 3);
    let expected: [&[u8]; 7] = [
        b"copied, joined, small, ",
        &large,
        b"header, ",
        &large[..1000],
        b" trailer, ",
        b"last",
        b"",
    ];
    assert!(reader.join().expect("reads") == expected.concat());
    let bytes: Vec<_> = sending
        .log
        .iter()
        .filter_map(|event| match event {
            SenderEvent::Sent { tag, bytes, .. } => Some((*tag, *bytes)),
            _ => None,
        })
        .collect();
    assert_eq!(
        bytes,
        [(1, 8), (2, 8), (3, 7), (4, 300_000), (5, 1018), (6, 4)]
    );
    assert!(sending.story(to).ends_with("Closed"));
    let stats = sending.sender.stats();
    assert_eq!((stats.messages, stats.joined), (6, 3));
    assert_eq!((stats.bytes_copied, stats.bytes_guarded), (45, 301_000));
    assert_eq!((stats.entries, stats.bytes, stats.destinations), (0, 0, 0));
}

#[test]
fn small_messages_go_out_as_one_send() {
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let bytes = pattern(2, 64 * 32);
    for (tag, message) in (0..).zip(bytes.chunks(64)) {
        sending.sender.copy(to, tag, message).expect("room");
    }
    sending.push();
    let stats = sending.sender.stats();
    assert_eq!((stats.sends, stats.joined, stats.messages), (1, 31, 32));
    assert_eq!(stats.operations.copied_sends, 1);
    sending.finish(&[to]);
    assert!(reader.join().expect("reads") == bytes);
    assert_eq!(sending.count_sent(to), 32);
}

#[test]
fn guards_share_a_send_up_to_its_bounds() {
    let options = |options: uring_send::SenderBuilder| options.bytes_per_send(5000);
    let Some(mut sending) = Sending::new(8, options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let bytes = pattern(3, 20_000);
    // 8 of 500, then as many as 5000 bytes allow: 3 of 1500; one that alone is more.
    let sizes = [[500; 8].as_slice(), &[1500; 6], &[7000]].concat();
    let mut at = 0;
    for size in &sizes {
        let message = bytes[at..at + size].to_vec();
        sending.sender.send(to, 0, message).expect("room");
        at += size;
    }
    sending.finish(&[to]);
    assert!(reader.join().expect("reads") == bytes[..at]);
    assert_eq!(sending.sender.stats().sends, 1 + 2 + 1);
}

#[test]
fn a_small_ring_and_few_sends_lose_nothing() {
    const STREAMS: u64 = 5;
    let options = |options: uring_send::SenderBuilder| {
        options
            .destinations(5)
            .sends(6)
            .zero_copy_from(2000)
            .copy_bytes(300)
    };
    let Some(mut sending) = Sending::new(2, options) else {
        return;
    };
    let (ends, readers): (Vec<_>, Vec<_>) = (0..STREAMS)
        .map(|_| {
            let (near, far) = tcp();
            let to = sending.sender.add(&stream(near)).expect("a place");
            (to, reader(far))
        })
        .unzip();
    let mut expected = vec![Vec::new(); ends.len()];
    for round in 0..60_u64 {
        for (place, to) in ends.iter().enumerate() {
            let bytes = pattern(round * STREAMS + place as u64, 1 + 97 * round as usize);
            let result = sending.sender.send(*to, round, bytes.clone());
            let mut refused = result.err();
            while let Some(back) = refused {
                assert!(back.why().is_no_room_now(), "{back}");
                sending.turn();
                let guard = back.into_guard();
                refused = sending.sender.send(*to, round, guard).err();
            }
            expected[place].extend(bytes);
        }
        sending.push();
        sending.read();
    }
    sending.finish(&ends);
    for ((to, reader), expected) in ends.into_iter().zip(readers).zip(expected) {
        assert!(reader.join().expect("reads") == expected);
        assert_eq!(sending.count_sent(to), 60);
    }
    assert_eq!(sending.sender.stats().operations.stale, 0);
}

#[test]
fn each_datagram_is_a_message() {
    let Some(mut sending) = Sending::new(8, |options| options.sends_per_destination(3)) else {
        return;
    };
    let far = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let near = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    near.connect(far.local_addr().expect("bound"))
        .expect("connects");
    let near = Socket::datagram(near).expect("blocking");
    let to = sending.sender.add(&near).expect("a place");
    for tag in 0..20_u8 {
        let mut message = sending.sender.message(to).expect("open");
        message.copy(&[tag]).expect("room");
        message
            .guard(vec![tag; 300 + usize::from(tag)])
            .expect("room");
        message.tag(tag.into());
        message.queue().expect("not empty");
        sending.sender.copy(to, 100, &[tag]).expect("room");
    }
    sending.finish(&[to]);
    let mut buffer = [0; 2000];
    for tag in 0..20_u8 {
        let bytes = far.recv(&mut buffer).expect("it was sent");
        assert_eq!(buffer[..bytes], vec![tag; 301 + usize::from(tag)]);
        assert_eq!(
            (far.recv(&mut buffer).expect("it was sent"), buffer[0]),
            (1, tag)
        );
    }
    let stats = sending.sender.stats();
    assert_eq!((stats.sends, stats.joined), (40, 0));
    assert_eq!(sending.count_sent(to), 40);
}

#[test]
fn what_finds_no_room_comes_back() {
    let options = |options: uring_send::SenderBuilder| {
        options
            .destinations(2)
            .entries(20)
            .entries_per_destination(9)
            .bytes(40_000)
            .bytes_per_destination(20_000)
            .copy_bytes(1000)
    };
    let Some(mut sending) = Sending::new(8, options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let sender = &mut sending.sender;

    let refused = sender.send(to, 0, vec![1; 20_001]).expect_err("ever");
    assert!(refused.why().is_too_large() && !refused.why().is_no_room_now());
    assert_eq!(refused.into_guard().len(), 20_001);
    let refused = sender.copy(to, 0, &[1; 1001]).expect_err("ever");
    assert!(refused.is_too_large(), "{refused}");
    assert!(matches!(sender.copy(to, 0, b""), Err(QueueError::Empty)));
    assert!(matches!(
        sender.message(to).expect("open").queue(),
        Err(QueueError::Empty)
    ));

    sender.send(to, 0, vec![2; 15_000]).expect("room");
    assert_eq!(sender.room(to), 5_000);
    let refused = sender.send(to, 0, vec![3; 5_001]).expect_err("not now");
    assert!(refused.why().is_no_room_now() && !refused.why().is_too_large());
    assert_eq!(refused.into_guard().len(), 5_001);
    for _ in 0..8 {
        sender.copy(to, 0, b"four").expect("room");
    }
    let refused = sender.copy(to, 0, b"tenth").expect_err("nine entries");
    assert!(matches!(refused, QueueError::NoEntry { held: 9, .. }));
    assert!(refused.is_no_room_now());

    sending.drain();
    let sender = &mut sending.sender;
    assert_eq!(sender.room(to), 20_000);
    // A message that is given up gives everything back.
    let drops = Drops::default();
    let mut message = sender.message(to).expect("open");
    message.guard(drops.guard(vec![4; 10_000])).expect("room");
    message.copy(b"bytes").expect("room");
    message.guard(vec![0; 10_000]).expect_err("no room");
    assert_eq!(message.len(), 10_005);
    drop(message);
    assert_eq!((drops.count(), sender.room(to)), (1, 20_000));
    assert!(sender.is_idle());
    sending.finish(&[to]);
    assert_eq!(reader.join().expect("reads").len(), 15_032);
}

/// A short send goes on before anything else of its stream: `InFlight` resubmits it when the kernel gives up waiting.
#[test]
fn more_than_a_socket_holds_arrives_in_order() {
    let Some(mut sending) = Sending::new(4, |options| options.bytes_per_send(1 << 20)) else {
        return;
    };
    let (near, far) = narrow_tcp();
    let to = sending.sender.add(&stream(near)).expect("a place");
    let bytes = pattern(9, 3_000_000);
    let shared: Arc<[u8]> = Arc::from(&bytes[..1_000_000]);
    sending.sender.send(to, 1, shared.clone()).expect("room");
    sending
        .sender
        .send(to, 2, bytes[1_000_000..].to_vec())
        .expect("room");
    sending.push();
    assert_eq!(Arc::strong_count(&shared), 2);
    let reader = reader(far);
    sending.finish(&[to]);
    assert!(reader.join().expect("reads") == bytes);
    assert_eq!(Arc::strong_count(&shared), 1);
    assert_eq!(
        sending.story(to),
        "Sent 1, Released 1, Sent 2, Released 2, Closed"
    );
}

#[test]
fn a_ring_that_the_kernel_polls_works_too() {
    let ring = IoUring::builder().setup_sqpoll(10).build(8);
    let Ok(ring) = ring else {
        println!("skipped: no SQPOLL here");
        return;
    };
    let mut sending = Sending::on(ring, |options| options.zero_copy_from(5000));
    let (near, far) = narrow_tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let bytes = pattern(4, 1_000_000);
    for message in bytes.chunks(10_000) {
        sending.sender.send(to, 0, message.to_vec()).expect("room");
        sending.push();
    }
    sending.finish(&[to]);
    assert!(reader.join().expect("reads") == bytes);
}

/// One message to each of two peers, cut into datagrams by the kernel.
#[test]
fn a_message_says_where_it_goes_and_how_it_is_cut() {
    let Some(mut sending) = Sending::new(8, |options| options.zero_copy_from(20_000)) else {
        return;
    };
    for host in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(near) = UdpSocket::bind(host) else {
            println!("skipped: no {host}");
            continue;
        };
        let near = Socket::datagram(near).expect("blocking");
        let to = sending.sender.add(&near).expect("a place");
        let fars = [host; 2].map(|host| UdpSocket::bind(host).expect("a free port"));
        let bytes = pattern(1, 30_000);
        // The second one asks for zero copy.
        for (tag, (far, len)) in (0..).zip(fars.iter().zip([2500, 30_000])) {
            let mut message = sending.sender.message(to).expect("open");
            let address = far.local_addr().expect("bound");
            message.to(address).expect("an entry");
            message.segment_bytes(1000).expect("the same entry");
            message.guard(bytes[..len].to_vec()).expect("room").tag(tag);
            assert_eq!(message.len(), len);
            message.queue().expect("not empty");
        }
        assert_eq!(sending.sender.stats().entries, 4);
        sending.finish(&[to]);
        let mut buffer = [0; 2000];
        for (far, len) in fars.iter().zip([2500, 30_000]) {
            for expected in bytes[..len].chunks(1000) {
                let got = far.recv(&mut buffer).expect("it was sent");
                assert!(buffer[..got] == *expected);
            }
        }
        assert_eq!(sending.count_sent(to), 2, "{}", sending.story(to));
    }
    let (near, _far) = tcp();
    let to = sending.sender.add(&stream(near)).expect("a place");
    let mut message = sending.sender.message(to).expect("open");
    let refused = message.segment_bytes(1000).expect_err("a stream");
    assert!(matches!(refused, QueueError::NoDatagram));
    assert!(matches!(message.queue(), Err(QueueError::Empty)));
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    type Options = fn(uring_send::SenderBuilder) -> uring_send::SenderBuilder;
    let cases: [(&str, Options); 11] = [
        ("destinations", |it| it.destinations(0)),
        ("destinations", |it| it.destinations(65_536)),
        ("sends", |it| it.destinations(10).sends(9)),
        ("sends", |it| it.sends(65_536)),
        ("entries", |it| it.destinations(1).entries(17)),
        ("entries", |it| it.destinations(10).entries(19)),
        ("entries_per_destination", |it| {
            it.entries_per_destination(8)
        }),
        ("sends_per_destination", |it| it.sends_per_destination(0)),
        ("bytes_per_destination", |it| it.bytes_per_destination(0)),
        ("copy_bytes", |it| it.copy_bytes(0)),
        ("bytes", |it| it.destinations(10).bytes(19)),
    ];
    for (field, options) in cases {
        let refused = options(uring_send::Sender::builder()).build();
        let error = refused.expect_err(field).to_string();
        assert!(error.starts_with(&format!("{field}: ")), "{error}");
    }
    let least = uring_send::Sender::builder().destinations(1).sends(1);
    let least = least.entries(18).entries_per_destination(9).bytes(2);
    let least = least.bytes_per_destination(1).copy_bytes(1).build();
    assert!(least.expect("the least of all").is_empty());
}
