//! What is dropped while the kernel may use it is leaked on purpose, and counted exactly.

mod loopback;

use std::fs::File;
use std::io::Write;
use std::mem;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loopback::{Drops, PlayedKernel, pool, ring, stream, tcp, wait};
use uring_send::{
    Acceptor, Doorbell, FileReads, InFlight, Leaks, RecvEvent, RecvRing, completions, leaks,
};

/// The counts are the process's: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn since(before: Leaks) -> (u64, u64, u64) {
    let now = leaks();
    (
        now.sends - before.sends,
        now.receive_buffers - before.receive_buffers,
        now.descriptors - before.descriptors,
    )
}

#[test]
fn sends_in_flight_are_leaked_and_the_others_are_not() {
    let _alone = alone();
    let mut kernel = PlayedKernel::zero_copy(4);
    let before = leaks();
    let (held, free) = (Drops::default(), Drops::default());
    let over = kernel.take(free.guard(*b"over"));
    kernel.take(held.guard(*b"running"));
    let notified = kernel.take(held.guard(*b"to be notified"));
    kernel.complete(over, 4, 0);
    kernel.complete(notified, 14, loopback::MORE);
    drop(kernel);
    assert_eq!((held.count(), free.count()), (0, 1));
    assert_eq!(since(before), (2, 0, 0));
}

#[test]
fn nothing_in_flight_leaks_nothing() {
    let _alone = alone();
    let before = leaks();
    let (near, _far) = tcp();
    let near = stream(near);
    let drops = Drops::default();
    let mut sends = InFlight::new(2).expect("a nonce");
    let mut draft = sends.send(&near).expect("a free slot");
    draft.guard(drops.guard(*b"x")).expect("room");
    // A forgotten draft keeps its slot, and was never with the kernel.
    mem::forget(draft);
    drop(sends);
    assert_eq!((drops.count(), since(before)), (1, (0, 0, 0)));
}

#[test]
fn slots_given_to_the_kernel_are_leaked_unless_closed() {
    let _alone = alone();
    let Some(mut ring) = ring(8) else { return };
    let before = leaks();
    let pool = pool(8, 64);
    let (near, mut far) = tcp();
    let mut receives = RecvRing::new(&ring, &pool, 4, 2).expect("a ring");
    receives.add(&stream(near), 0).expect("a place");
    assert!(receives.flush(&mut ring));
    far.write_all(b"one slot").expect("connected");
    wait(&ring);
    let event = completions(&mut ring.completion())
        .map(|completion| receives.complete(completion))
        .next();
    assert!(matches!(event, Some(Ok(RecvEvent::Data { .. }))));
    drop(receives);
    assert_eq!(since(before), (0, 3, 1));
    drop(event);
    assert_eq!(pool.in_use(), 3);
    // What comes now goes into the leaked slots, and nobody is told.
    far.write_all(b"another").expect("connected");
    wait(&ring);
    let mut again = RecvRing::new(&ring, &pool, 4, 2).expect("another group");
    for completion in completions(&mut ring.completion()) {
        again.complete(completion).expect_err("of the dropped one");
    }
    again.close(&ring).expect("nothing is armed");
    drop(again);
    assert_eq!(since(before), (0, 3, 1));
}

#[test]
fn a_read_under_way_leaks_its_slot_and_its_file() {
    let _alone = alone();
    let Some(mut ring) = ring(8) else { return };
    let (before, pool) = (leaks(), pool(2, 64));
    let (from, mut to) = std::io::pipe().expect("two descriptors");
    let from = Arc::new(File::from(OwnedFd::from(from)));
    let mut reads = FileReads::new(2).expect("a nonce");
    let lease = pool.alloc().expect("a free slot");
    reads
        .read(&mut ring.submission(), &from, 0, lease, 0..64, 0)
        .expect("room");
    ring.submit().expect("a live ring");
    drop((reads, from));
    assert_eq!((since(before), pool.in_use()), ((0, 1, 1), 1));
    // What comes now goes into the leaked slot, and nobody is told.
    to.write_all(b"bytes").expect("the other end is open");
    wait(&ring);
    let mut others = FileReads::new(1).expect("a nonce");
    for completion in completions(&mut ring.completion()) {
        assert_eq!(completion.result(), 5);
        others.complete(completion).expect_err("of the dropped one");
    }
    assert_eq!(pool.in_use(), 1);
}

#[test]
fn an_armed_accept_and_an_armed_bell_leak_a_descriptor_each() {
    let _alone = alone();
    let Some(mut ring) = ring(8) else { return };
    let before = leaks();
    let listener = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    drop(Acceptor::new(listener()).expect("a nonce"));
    drop(Doorbell::new().expect("a descriptor"));
    assert_eq!(since(before), (0, 0, 0));
    let mut acceptor = Acceptor::new(listener()).expect("a nonce");
    let mut bell = Doorbell::new().expect("a descriptor");
    assert!(acceptor.flush(&mut ring.submission()));
    assert!(bell.flush(&mut ring.submission()));
    drop((acceptor, bell));
    assert_eq!(since(before), (0, 0, 2));
}

/// Numbers of instances go round, and those of leaked ones are left out: 65 535 are not used up by making and dropping.
#[test]
fn instances_come_and_go_without_end() {
    let _alone = alone();
    let before = leaks();
    for _ in 0..70_000 {
        let builder = InFlight::builder().sends(1).copy_bytes(1);
        drop(builder.build().expect("a nonce"));
    }
    assert_eq!(since(before), (0, 0, 0));
}
