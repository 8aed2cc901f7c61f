//! A sender learns where zero copy pays: where nothing is copied it goes on asking, for less and less; where little may be pinned, it copies.

mod loopback;
mod sending;
#[allow(dead_code, reason = "a part of it is for tests that need no sender")]
mod world;

use std::net::UdpSocket;

use loopback::{pattern, reader, stream, tcp};
use sending::Sending;
use uring_send::Socket;
use world::{World, enter};

#[test]
fn in_a_black_hole_zero_copy_goes_on_and_the_threshold_comes_down() {
    const NAME: &str = "in_a_black_hole_zero_copy_goes_on_and_the_threshold_comes_down";
    if !enter(World::BlackHole, NAME) {
        return;
    }
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.connect("127.0.0.1:9").expect("an address");
    let socket = Socket::datagram(socket).expect("blocking");
    let to = sending.sender.add(&socket).expect("a place");
    let asked = |sending: &Sending| sending.sender.stats().operations.zero_copy_sends;
    let send = |sending: &mut Sending, bytes: usize, times: u64| {
        let before = asked(sending);
        for _ in 0..times {
            sending.sender.send(to, 0, vec![7; bytes]).expect("room");
            sending.drain();
        }
        asked(sending) - before
    };
    assert_eq!(send(&mut sending, 20_000, 10), 0, "below where it begins");
    assert_eq!(send(&mut sending, 60_000, 100), 100);
    let operations = sending.sender.stats().operations;
    assert_eq!((operations.kernel_copied, operations.fallbacks), (0, 0));
    assert_eq!(send(&mut sending, 20_000, 10), 10, "it has learned");
    assert_eq!(send(&mut sending, 1400, 10), 0, "never so small");
}

#[test]
fn where_little_may_be_pinned_everything_arrives_all_the_same() {
    const NAME: &str = "where_little_may_be_pinned_everything_arrives_all_the_same";
    if !enter(World::LittleMemlock, NAME) {
        return;
    }
    let Some(mut sending) = Sending::new(8, |options| options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let bytes = pattern(1, 3_000_000);
    for message in bytes.chunks(200_000) {
        sending.sender.send(to, 0, message.to_vec()).expect("room");
        sending.drain();
    }
    sending.finish(&[to]);
    assert!(reader.join().expect("reads") == bytes);
    let operations = sending.sender.stats().operations;
    assert_eq!(operations.zero_copy_sends, 1, "asked once");
}
