//! Zero copy where it is none on this machine's own network, limits that bind, and processes that end with sends in flight.

mod loopback;
mod world;

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};

use loopback::{
    Drops, drain, names, narrow_tcp, pattern, pool, reader, ring, send_one, stream, tcp, zero_copy,
};
use uring_send::{Registered, SendEvent, Socket};
use world::{World, enter};

/// In a black hole nothing copies: the notifications say so, come at once, and release the memory.
#[test]
fn nothing_is_copied_into_a_black_hole() {
    if !enter(World::BlackHole, "nothing_is_copied_into_a_black_hole") {
        return;
    }
    let Some(mut ring) = ring(8) else { return };
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.connect("127.0.0.1:9").expect("an address");
    let socket = Socket::datagram(socket).expect("blocking");
    let pool = pool(2, 60_000);
    let mut sends = zero_copy(4);
    for is_registered in [false, true] {
        if is_registered {
            let registered = Registered::new(&ring, &[&pool]).expect("a small region");
            sends.use_registered(&registered);
        }
        let before = sends.stats();
        for round in 1..=20 {
            let lease = pool.alloc().expect("the slot is home");
            let log = send_one(&mut ring, &mut sends, &socket, lease);
            assert_eq!((names(&log).as_str(), pool.in_use()), ("Sent Released", 0));
            assert_eq!(sends.stats().notifications - before.notifications, round);
        }
        let stats = sends.stats();
        assert_eq!(
            (stats.kernel_copied, stats.fallbacks, stats.stale),
            (0, 0, 0)
        );
        assert_eq!(stats.fixed_sends, if is_registered { 20 } else { 0 });
    }
}

/// A stream across a pair of virtual cards into another namespace: every byte arrives, and no guard goes before its notification.
#[test]
fn a_stream_across_virtual_cards_arrives_whole() {
    const NAME: &str = "a_stream_across_virtual_cards_arrives_whole";
    const FAR: &str = "the far end";
    const BYTES: usize = 5_000_000;
    if world::is(FAR) {
        return read_and_confirm(BYTES);
    }
    if !enter(World::Veth, NAME) {
        return;
    }
    let Some(mut ring) = ring(8) else { return };
    let mut far = world::far(NAME, FAR).spawn().expect("it ran just now");
    let mut said = BufReader::new(far.stdout.take().expect("piped")).lines();
    said.find(|line| line.as_ref().expect("text").contains("listening"))
        .expect("it listens")
        .expect("text");
    let near = TcpStream::connect("10.7.0.2:7000").expect("it listens");
    let mut confirmation = near.try_clone().expect("a descriptor");
    let near = stream(near);
    let (mut sends, drops) = (zero_copy(2), Drops::default());
    for (n, piece) in (1..).zip(pattern(11, BYTES).chunks(700_000)) {
        let log = send_one(&mut ring, &mut sends, &near, drops.guard(piece));
        assert!(names(&log).ends_with("Sent Released"), "{}", names(&log));
        assert_eq!(drops.count(), n);
    }
    near.finish();
    let mut verdict = String::new();
    confirmation
        .read_to_string(&mut verdict)
        .expect("connected");
    assert_eq!(verdict, "as it was sent");
    assert!(far.wait().expect("a child").success());
    assert_eq!(sends.stats().notifications, sends.stats().zero_copy_sends);
}

fn read_and_confirm(bytes: usize) {
    let listener = TcpListener::bind("10.7.0.2:7000").expect("a namespace of its own");
    println!("listening");
    let (mut near, _) = listener.accept().expect("the near end connects");
    let mut all = Vec::new();
    near.read_to_end(&mut all).expect("the peer ends orderly");
    let verdict = if all == pattern(11, bytes) {
        "as it was sent"
    } else {
        "something else"
    };
    near.write_all(verdict.as_bytes()).expect("connected");
}

/// Where little may be pinned, a registration says what to do, and zero-copy sends go on with a copy.
#[test]
fn too_little_memlock_is_said_plainly_and_sends_are_copied() {
    if !enter(
        World::LittleMemlock,
        "too_little_memlock_is_said_plainly_and_sends_are_copied",
    ) {
        return;
    }
    let Some(mut ring) = ring(8) else { return };
    let pool = pool(4, 1 << 20);
    let refused = Registered::new(&ring, &[&pool]).expect_err("4 MiB of 64 KiB");
    assert!(
        refused.to_string().contains("raise RLIMIT_MEMLOCK"),
        "{refused}"
    );
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let mut sends = zero_copy(1);
    let mut lease = pool.alloc().expect("a free slot");
    let expected = pattern(5, lease.len());
    lease.copy_from_slice(&expected);
    let log = send_one(&mut ring, &mut sends, &near, lease);
    assert_eq!(names(&log), "Sent Released");
    let stats = sends.stats();
    assert_eq!(
        (stats.fallbacks, stats.zero_copy_sends, stats.copied_sends),
        (1, 1, 1)
    );
    assert_eq!(pool.in_use(), 0);
    near.finish();
    assert!(reader.join().expect("reads") == expected);
}

/// The address that a sending child connects to.
const ADDRESS: &str = "URING_SEND_ADDRESS";

/// A process with sends in flight drops ring and sends in this order or that, writes over all memory it can get, and ends. What its peer reads afterwards is what
/// was sent, and never the rewrite.
#[test]
fn a_process_that_ends_with_sends_in_flight_never_sends_a_rewrite() {
    const NAME: &str = "a_process_that_ends_with_sends_in_flight_never_sends_a_rewrite";
    if let Ok(address) = env::var(ADDRESS) {
        return leave_with_sends_in_flight(&address);
    }
    if ring(8).is_none() {
        return;
    }
    for order in ["ring first", "sends first"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        socket2::SockRef::from(&listener)
            .set_recv_buffer_size(32 * 1024)
            .expect("a size");
        let address = listener.local_addr().expect("bound").to_string();
        let mut child = Command::new(env::current_exe().expect("this program"));
        child
            .args(["--exact", NAME, "--nocapture"])
            .env(ADDRESS, format!("{address} {order}"));
        let mut child = child
            .stdout(Stdio::null())
            .spawn()
            .expect("this program again");
        let (mut near, _) = listener.accept().expect("it connects");
        // Nothing is read before the child is gone.
        assert!(child.wait().expect("a child").success());
        let mut arrived = Vec::new();
        let _reset_or_end = near.read_to_end(&mut arrived);
        assert!(
            !arrived.is_empty() && pattern(6, 2 << 20).starts_with(&arrived),
            "{order}: {} bytes",
            arrived.len()
        );
    }
}

fn leave_with_sends_in_flight(order: &str) {
    let (address, order) = order.split_once(' ').expect("two words");
    let mut ring = ring(8).expect("the parent has one");
    let near = TcpStream::connect(address).expect("it listens");
    let near = stream(near);
    let pool = pool(4, 2 << 20);
    let mut lease = pool.alloc().expect("a free slot");
    lease.copy_from_slice(&pattern(6, 2 << 20));
    let mut sends = zero_copy(1);
    let mut draft = sends.send(&near).expect("a free slot");
    draft.guard(lease).expect("room");
    draft.submit(&mut ring.submission()).expect("room");
    ring.submit().expect("a live ring");
    if order == "ring first" {
        drop(ring);
        drop(sends);
    } else {
        drop(sends);
        drop(ring);
    }
    let mut rest: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
    assert_eq!(rest.len(), 3, "the slot in flight is not given out");
    rest.iter_mut().for_each(|lease| lease.fill(0xee));
    let scribble: Vec<_> = (0..8).map(|_| vec![0xee_u8; 2 << 20]).collect();
    assert_eq!(scribble.len(), 8);
}

/// A peer that reads a little and closes in the middle of a zero-copy send: the send ends with an error that says how many bytes left, and the memory is released.
#[test]
fn a_peer_that_closes_in_the_middle_ends_the_send() {
    let Some(mut ring) = ring(8) else { return };
    let (near, mut far) = narrow_tcp();
    let near = stream(near);
    let (mut sends, drops) = (zero_copy(1), Drops::default());
    let mut draft = sends.send(&near).expect("a free slot");
    draft.guard(drops.guard(vec![1; 4_000_000])).expect("room");
    draft.submit(&mut ring.submission()).expect("room");
    ring.submit().expect("a live ring");
    far.read_exact(&mut [0; 1000]).expect("it comes");
    drop(far);
    let log = drain(&mut ring, &mut sends);
    let failed = log.iter().find_map(|event| match event {
        SendEvent::Failed { error, sent, .. } => Some((error.raw_os_error(), *sent)),
        _ => None,
    });
    let (errno, sent) = failed.expect("it cannot all have left");
    assert!(
        matches!(errno, Some(libc::ECONNRESET | libc::EPIPE)),
        "{errno:?}"
    );
    assert!(sent < 4_000_000 && drops.count() == 1);
    assert!(matches!(log.last(), Some(SendEvent::Released { .. })));
}
