//! Connections accepted by the ring, and a thread woken out of it.

mod loopback;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use io_uring::IoUring;
use loopback::{read, ring, send_one, wait};
use uring_send::{AcceptEvent, Acceptor, Doorbell, InFlight, Socket};

fn turn(ring: &mut IoUring, acceptor: &mut Acceptor) -> Vec<AcceptEvent> {
    assert!(acceptor.flush(&mut ring.submission()));
    wait(ring);
    read(ring)
        .into_iter()
        .map(|completion| acceptor.complete(completion).expect("ours"))
        .collect()
}

fn accept(ring: &mut IoUring, acceptor: &mut Acceptor, count: usize) -> Vec<Socket> {
    let mut sockets = Vec::new();
    while sockets.len() < count {
        for event in turn(ring, acceptor) {
            match event {
                AcceptEvent::Accepted(socket) => sockets.push(socket),
                other => panic!("{other:?}"),
            }
        }
    }
    sockets
}

#[test]
fn connections_are_accepted_until_stopped() {
    let Some(mut ring) = ring(8) else { return };
    for non_blocking in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        // The ring waits in both modes.
        listener.set_nonblocking(non_blocking).expect("a socket");
        let address = listener.local_addr().expect("bound");
        let mut acceptor = Acceptor::new(listener).expect("a nonce");
        assert!(!acceptor.is_armed());
        let clients: Vec<_> = (0..20)
            .map(|_| TcpStream::connect(address).expect("it listens"))
            .collect();
        let sockets = accept(&mut ring, &mut acceptor, clients.len());
        assert!(acceptor.is_armed());

        let mut sends = InFlight::new(1).expect("a nonce");
        for (n, socket) in (0_u8..).zip(&sockets) {
            send_one(&mut ring, &mut sends, socket, vec![n; 10]);
            socket.finish();
        }
        // Which client got which socket is the kernel's order.
        let mut greetings = Vec::new();
        for mut client in clients {
            let mut greeting = Vec::new();
            client.read_to_end(&mut greeting).expect("greeted");
            assert_eq!(greeting.len(), 10);
            greetings.push(greeting[0]);
        }
        greetings.sort_unstable();
        assert!(greetings.into_iter().eq(0..20));

        acceptor.stop();
        while acceptor.is_armed() {
            for event in turn(&mut ring, &mut acceptor) {
                assert!(matches!(event, AcceptEvent::Internal), "{event:?}");
            }
        }
        assert!(acceptor.flush(&mut ring.submission()));
        assert!(ring.submission().is_empty(), "stopped for good");
        drop(acceptor);
        TcpStream::connect(address).expect_err("the listener is closed");
        // The cancellation's own completion, if it came last, is nobody's now.
        read(&mut ring);
    }
}

#[test]
fn an_accept_that_finds_the_queue_full_says_so() {
    let Some(mut ring) = ring(1) else { return };
    let listener = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut first = Acceptor::new(listener()).expect("a nonce");
    let mut second = Acceptor::new(listener()).expect("a nonce");
    assert!(first.flush(&mut ring.submission()));
    assert!(!second.flush(&mut ring.submission()));
    assert!(!second.is_armed());
    ring.submit().expect("a live ring");
    assert!(second.flush(&mut ring.submission()));
    assert!(second.is_armed());
    first.stop();
    assert!(!first.flush(&mut ring.submission()), "no room to cancel");
    ring.submit().expect("a live ring");
    while first.is_armed() {
        turn(&mut ring, &mut first);
    }
    second.stop();
    while second.is_armed() {
        assert!(second.flush(&mut ring.submission()));
        wait(&ring);
        for completion in read(&mut ring) {
            // The first one's cancellation may answer here.
            let _ = second
                .complete(completion)
                .or_else(|foreign| first.complete(foreign));
        }
    }
}

#[test]
fn a_bell_wakes_a_thread_that_sleeps_in_its_ring() {
    let Some(mut ring) = ring(8) else { return };
    let mut bell = Doorbell::new().expect("a descriptor");
    let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().expect("two descriptors");
    let waker = bell.waker();
    let ringer = thread::spawn(move || {
        let mut go = [0];
        for _ in 0..50 {
            theirs.read_exact(&mut go).expect("told to ring");
            waker.wake_by_ref();
        }
    });
    let mut ours = ours;
    let mut heard = 0;
    while heard < 50 {
        assert!(bell.flush(&mut ring.submission()));
        ring.submit().expect("a live ring");
        ours.write_all(&[0]).expect("it listens");
        wait(&ring);
        for completion in read(&mut ring) {
            bell.complete(completion).expect("the bell's");
            heard += 1;
        }
    }
    ringer.join().expect("rang");
    let after = bell.waker();
    after.wake_by_ref();
    assert!(bell.flush(&mut ring.submission()));
    wait(&ring);
    assert!(!read(&mut ring).is_empty());
}

#[test]
fn many_rings_may_end_one_wait_and_none_is_lost() {
    let Some(mut ring) = ring(8) else { return };
    let mut bell = Doorbell::new().expect("a descriptor");
    let ringers: Vec<_> = (0..4)
        .map(|_| bell.waker())
        .map(|waker| thread::spawn(move || (0..500).for_each(|_| waker.wake_by_ref())))
        .collect();
    for ringer in ringers {
        ringer.join().expect("rang");
    }
    // Rung before anybody listened: heard all the same, once.
    assert!(bell.flush(&mut ring.submission()));
    wait(&ring);
    for completion in read(&mut ring) {
        bell.complete(completion).expect("the bell's");
    }
    assert!(bell.is_armed(), "one poll hears many rings");
    ring.submit().expect("a live ring");
    assert!(read(&mut ring).is_empty(), "silent until rung again");
    bell.waker().wake();
    wait(&ring);
    assert_eq!(read(&mut ring).len(), 1);
}

#[test]
fn a_waker_outlives_its_bell() {
    let Some(mut ring) = ring(8) else { return };
    let mut bell = Doorbell::new().expect("a descriptor");
    let (before, after) = (bell.waker(), bell.waker());
    assert!(bell.flush(&mut ring.submission()));
    ring.submit().expect("a live ring");
    bell.stop();
    while bell.is_armed() {
        assert!(bell.flush(&mut ring.submission()));
        wait(&ring);
        for completion in read(&mut ring) {
            bell.complete(completion).expect("the bell's");
        }
    }
    drop(bell);
    before.wake();
    drop(ring);
    thread::spawn(move || after.wake()).join().expect("rang");
}
