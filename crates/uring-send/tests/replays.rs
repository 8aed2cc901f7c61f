//! Safe code cannot present one completion twice: neither by cloning it nor by forgetting the queue it was read from.

mod loopback;

use std::io::Write;
use std::mem;
use std::net::{TcpListener, TcpStream};

use loopback::{pool, read, ring, stream, tcp, wait};
use uring_send::{Acceptor, RecvEvent, RecvRing, completions};

/// A `CompletionQueue` writes back how far it was read when it is dropped. Forgotten, it must not let the same entries be read again.
#[test]
fn a_forgotten_queue_does_not_give_its_completions_again() {
    let Some(mut ring) = ring(8) else { return };
    let (near, mut far) = tcp();
    let pool = pool(4, 64);
    let mut receives = RecvRing::new(&ring, &pool, 4, 1).expect("a ring");
    receives.add(&stream(near), 0).expect("a place");
    assert!(receives.flush(&mut ring));
    far.write_all(b"once").expect("connected");
    wait(&ring);

    let mut queue = ring.completion();
    let first: Vec<_> = completions(&mut queue).collect();
    mem::forget(queue);
    assert_eq!(first.len(), 1);
    assert_eq!(read(&mut ring).len(), 0, "the same completion came again");

    let mut events = first
        .into_iter()
        .map(|completion| receives.complete(completion).expect("ours"));
    let Some(RecvEvent::Data { lease, range, .. }) = events.next() else {
        panic!("one piece of data");
    };
    assert_eq!(&lease[range], b"once");
}

#[test]
fn a_half_read_queue_that_is_forgotten_gives_the_other_half() {
    let Some(mut ring) = ring(8) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let mut acceptor = Acceptor::new(listener).expect("a nonce");
    assert!(acceptor.flush(&mut ring.submission()));
    ring.submit().expect("a live ring");
    let peers = [address; 2].map(|address| TcpStream::connect(address).expect("it listens"));
    while ring.completion().len() < peers.len() {
        ring.submit_and_wait(peers.len()).expect("a live ring");
    }

    let mut queue = ring.completion();
    let one = completions(&mut queue).next().expect("two are there");
    mem::forget(queue);
    let rest = read(&mut ring);
    assert_eq!(rest.len(), 1);
    assert_ne!(one.result(), rest[0].result(), "one descriptor, one owner");
}
