//! The ring of plain system calls: the same loop, the same events, the same bytes.

mod loopback;

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use io_uring::opcode;
use io_uring::squeue::Flags;
use loopback::{Drops, names, narrow_tcp, pattern, reader, stream, tcp, zero_copy};
use uring_send::{
    AcceptEvent, Acceptor, Doorbell, FallbackRing, InFlight, Ring, SendEvent, Sender, SenderEvent,
    Socket, Submissions,
};

fn begin(
    ring: &mut FallbackRing,
    sends: &mut InFlight,
    to: &Socket,
    parts: &[&[u8]],
    drops: &Drops,
    tag: u64,
) {
    let mut draft = sends.send(to).expect("a free slot");
    for part in parts {
        draft.guard(drops.guard(*part)).expect("room");
    }
    draft.tag(tag);
    let submitted = draft.submit(&mut ring.submissions());
    submitted.map_err(|(_, why)| why).expect("room");
}

fn turn(ring: &mut FallbackRing, sends: &mut InFlight, log: &mut Vec<SendEvent>) {
    assert!(sends.flush(&mut ring.submissions()), "room");
    ring.enter(None).expect("a live ring");
    for completion in ring.completions() {
        let ours = sends.complete(completion, |event| log.push(event));
        ours.expect("nobody else is on this ring");
    }
}

fn drain(ring: &mut FallbackRing, sends: &mut InFlight) -> Vec<SendEvent> {
    let mut log = Vec::new();
    while !sends.is_empty() {
        turn(ring, sends, &mut log);
    }
    log
}

/// Far more than the sockets' buffers hold, in several parts: what is taken in pieces goes on inside a part and between two.
#[test]
fn every_byte_arrives_and_the_guards_go() {
    for (zero_copy_from, wait_all) in [
        (1, true),
        (1, false),
        (usize::MAX, true),
        (usize::MAX, false),
    ] {
        let builder = InFlight::builder().sends(2).zero_copy_from(zero_copy_from);
        let mut sends = builder.wait_all(wait_all).build().expect("sizes in range");
        let mut ring = FallbackRing::new(4);
        let (near, far) = narrow_tcp();
        let (near, reader) = (stream(near), reader(far));
        let drops = Drops::default();
        let bytes = pattern(1, 1_500_000);
        let parts: Vec<_> = bytes.chunks(333_333).collect();
        begin(&mut ring, &mut sends, &near, &parts, &drops, 1);
        let log = drain(&mut ring, &mut sends);
        assert!(names(&log).ends_with("Sent Released"), "{}", names(&log));
        assert_eq!(drops.count(), parts.len());
        let stats = sends.stats();
        assert_eq!(
            (stats.kernel_copied, stats.notifications),
            (stats.zero_copy_sends, stats.zero_copy_sends)
        );
        assert_eq!(stats.stale, 0);
        near.finish();
        assert!(reader.join().expect("reads") == bytes);
    }
}

#[test]
fn one_part_goes_as_well_and_datagrams_keep_their_bounds() {
    let (mut ring, mut sends) = (FallbackRing::new(8), zero_copy(8));
    let far = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let near = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    near.connect(far.local_addr().expect("bound"))
        .expect("an address");
    let near = Socket::datagram(near).expect("blocking");
    let drops = Drops::default();
    begin(&mut ring, &mut sends, &near, &[b"one"], &drops, 1);
    begin(
        &mut ring,
        &mut sends,
        &near,
        &[b"two", b" parts"],
        &drops,
        2,
    );
    begin(&mut ring, &mut sends, &near, &[&[0; 70_000]], &drops, 3);
    let log = drain(&mut ring, &mut sends);
    let failed = log.iter().find_map(|event| match event {
        SendEvent::Failed {
            tag: 3,
            error,
            sent: 0,
        } => error.raw_os_error(),
        _ => None,
    });
    assert_eq!((failed, drops.count()), (Some(libc::EMSGSIZE), 4));
    let mut bytes = [0; 100];
    for expected in [&b"one"[..], b"two parts"] {
        let len = far.recv(&mut bytes).expect("it arrived");
        assert_eq!(&bytes[..len], expected);
    }
}

/// One peer takes nothing; the others are not held up, and an abort or a cancellation ends its send.
#[test]
fn a_peer_that_does_not_read_holds_up_nobody_else() {
    let (mut ring, mut sends) = (FallbackRing::new(8), zero_copy(4));
    let (stuck, _deaf) = narrow_tcp();
    let (stuck, held) = (stream(stuck), Drops::default());
    begin(&mut ring, &mut sends, &stuck, &[&[1; 4_000_000]], &held, 7);
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let mut log = Vec::new();
    for round in 1..=50 {
        begin(
            &mut ring,
            &mut sends,
            &near,
            &[b"goes on "],
            &Drops::default(),
            round,
        );
        while near.is_sending() {
            turn(&mut ring, &mut sends, &mut log);
        }
    }
    ring.enter(Some(Duration::ZERO)).expect("a live ring");
    assert_eq!(
        (ring.completions().count(), sends.len(), held.count()),
        (0, 1, 0)
    );
    stuck.abort();
    let log = drain(&mut ring, &mut sends);
    assert_eq!(
        (names(&log).as_str(), held.count()),
        ("Short Failed Released", 1)
    );
    near.finish();
    assert_eq!(reader.join().expect("reads"), b"goes on ".repeat(50));
}

#[test]
fn a_cancelled_send_tells_what_left() {
    let (mut ring, mut sends) = (FallbackRing::new(8), zero_copy(1));
    let (near, _deaf) = narrow_tcp();
    let (near, held) = (stream(near), Drops::default());
    let mut draft = sends.send(&near).expect("a free slot");
    draft.guard(held.guard(vec![1; 4_000_000])).expect("room");
    // SAFETY: pushed below, once, as it is.
    let entry = unsafe { draft.into_entry() }
        .map_err(|(_, why)| why)
        .expect("a free socket");
    // SAFETY: what the entry names is kept by `sends`.
    assert!(unsafe { ring.submissions().push(&entry) });
    ring.enter(Some(Duration::ZERO)).expect("a live ring");
    for (target, answer) in [
        (entry.get_user_data() ^ 1, -libc::ENOENT),
        (entry.get_user_data(), 0),
    ] {
        let cancel = opcode::AsyncCancel::new(target).build().user_data(7);
        // SAFETY: names no memory.
        assert!(unsafe { ring.submissions().push(&cancel) });
        ring.enter(Some(Duration::ZERO)).expect("a live ring");
        let told: Vec<_> = ring.completions().collect();
        assert_eq!((told[0].user_data(), told[0].result()), (7, answer));
        for completion in told.into_iter().skip(1) {
            let mut log = Vec::new();
            let ours = sends.complete(completion, |event| log.push(event));
            ours.expect("the send's");
            assert!(
                !matches!(log[..], [SendEvent::Sent { .. }]),
                "not all of it left"
            );
        }
    }
    // What is left would wait again: the loop decides, as on a real ring.
    assert_eq!((sends.len(), held.count()), (1, 0));
}

#[test]
fn what_it_cannot_do_is_refused() {
    let mut ring = FallbackRing::new(1);
    let header = std::ptr::null();
    let nowhere = io_uring::types::Fd(-1);
    let linked = opcode::Nop::new().build().flags(Flags::IO_LINK);
    let fixed = opcode::SendMsgZc::new(nowhere, header)
        .ioprio(1 << 2)
        .build();
    for (entry, answer) in [
        (opcode::Nop::new().build(), 0),
        (linked, -libc::EINVAL),
        (fixed, -libc::EINVAL),
    ] {
        // SAFETY: names no memory that is read.
        assert!(unsafe { ring.submissions().push(&entry.user_data(3)) });
        assert!(ring.submissions().is_full());
        ring.enter(None).expect("a live ring");
        let told: Vec<_> = ring
            .completions()
            .map(|c| (c.user_data(), c.result(), c.flags()))
            .collect();
        assert_eq!(told, [(3, answer, 0)]);
    }
    let error = ring.enter(None).expect_err("nothing is under way");
    assert_eq!(error.raw_os_error(), Some(libc::EDEADLK));
    ring.enter(Some(Duration::ZERO)).expect("time passes");
}

/// Accepting, sleeping until another thread rings, and stopping both.
#[test]
fn accepts_and_rings() {
    let mut ring = FallbackRing::new(4);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let mut acceptor = Acceptor::new(listener).expect("a nonce");
    let mut bell = Doorbell::new().expect("a descriptor");
    let waker = bell.waker();
    let peers = thread::spawn(move || {
        let peers = [address; 3].map(|address| TcpStream::connect(address).expect("it listens"));
        waker.wake();
        peers
    });
    let (mut accepted, mut rings, mut stopping) = (Vec::new(), 0, false);
    while !stopping || acceptor.is_armed() || bell.is_armed() {
        assert!(acceptor.flush(&mut ring.submissions()) && bell.flush(&mut ring.submissions()));
        ring.enter(None).expect("a live ring");
        for completion in ring.completions() {
            let completion = match acceptor.complete(completion) {
                Ok(AcceptEvent::Accepted(socket)) => {
                    accepted.push(socket);
                    continue;
                }
                Ok(AcceptEvent::Internal) => continue,
                Ok(other) => panic!("{other:?}"),
                Err(completion) => completion,
            };
            rings += usize::from(bell.complete(completion).is_ok());
        }
        if accepted.len() == 3 && rings > 0 && !stopping {
            stopping = true;
            acceptor.stop();
            bell.stop();
        }
    }
    assert_eq!(accepted.len(), 3);
    drop(peers.join().expect("connected"));
}

/// A sender does not notice which ring it is on: queued messages of all sizes go out in order, and it closes in the end.
#[test]
fn a_sender_runs_on_it() {
    let mut ring = FallbackRing::new(4);
    let mut sender = Sender::builder()
        .destinations(2)
        .build()
        .expect("sizes in range");
    let (near, far) = narrow_tcp();
    let to = sender.add(&stream(near)).expect("a place");
    let reader = reader(far);
    let (mut expected, mut log) = (Vec::new(), Vec::new());
    for n in 0..40_usize {
        let bytes = pattern(n as u64, 1 + n * n * 40);
        let mut message = sender.message(to).expect("open");
        message.guard(bytes.clone()).expect("room");
        message.queue().expect("not empty");
        expected.extend(bytes);
    }
    sender.close(to).expect("open");
    while !sender.is_empty() {
        let all_queued = sender.flush(&mut ring.submissions(), |event| log.push(event));
        ring.enter(Some(Duration::from_secs(if all_queued { 20 } else { 0 })))
            .expect("a live ring");
        for completion in ring.completions() {
            let ours = sender.complete(completion, |event| log.push(event));
            ours.expect("nobody else is on this ring");
        }
    }
    let sent = log
        .iter()
        .filter(|event| matches!(event, SenderEvent::Sent { .. }));
    assert_eq!(sent.count(), 40);
    assert!(reader.join().expect("reads") == expected);
}
