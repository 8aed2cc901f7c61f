//! What a send asks of its socket and its options: sizes, kinds of sockets, how many sends at a time.

mod loopback;

use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use loopback::{
    Drops, drain, names, narrow_tcp, pattern, reader, ring, send_one, sends, stream, tcp,
};
use uring_send::{
    DraftError, InFlight, InFlightBuilder, MAX_GUARDS, SendEvent, Socket, SubmitError,
};

#[test]
fn limits_are_named_and_change_nothing() {
    let mut sends = sends(|options| options.sends(2).copy_bytes(10));
    let (near, _far) = UnixStream::pair().expect("two descriptors");
    let near = Socket::stream(near).expect("blocking");
    let mut draft = sends.send(&near).expect("a free slot");
    draft.copy(b"1234567").expect("room");
    let why = draft.copy(b"8901").expect_err("eleven of ten");
    assert_eq!(
        why,
        DraftError::CopyAreaFull {
            wanted: 4,
            left: 3,
            bound: 10
        }
    );
    assert_eq!((draft.len(), draft.copy_room()), (7, 3));
    draft.copy(b"890").expect("room");
    let shared: Arc<[u8]> = Arc::from(&b"guarded"[..]);
    for room in (0..MAX_GUARDS).rev() {
        draft.guard(shared.clone()).expect("room");
        assert_eq!(draft.guard_room(), room);
    }
    let refused = draft.guard(shared.clone()).expect_err("one too many");
    assert_eq!(
        refused.why(),
        DraftError::TooManyGuards { bound: MAX_GUARDS }
    );
    assert!(Arc::ptr_eq(&refused.into_guard(), &shared));
    assert_eq!(draft.len(), 10 + 7 * MAX_GUARDS);
    drop(draft);
    assert_eq!(Arc::strong_count(&shared), 1);
    assert!(sends.is_empty());
}

#[test]
fn sizes_out_of_range_are_refused_by_name() {
    let refused = |options: InFlightBuilder| options.build().expect_err("out of range").to_string();
    let options = InFlight::builder();
    for sends in [0, 65_536, usize::MAX] {
        let error = refused(options.sends(sends));
        assert_eq!(
            error,
            format!("sends: must be 1 to 65535, got {sends}"),
            "{error}"
        );
    }
    for bytes in [0, 0x8000_0000, usize::MAX] {
        let error = refused(options.copy_bytes(bytes));
        assert!(error.starts_with("copy_bytes: must be 1 to 2147479552"));
    }
    assert_eq!(
        options
            .sends(65_535)
            .copy_bytes(1)
            .build()
            .expect("the bounds themselves")
            .capacity(),
        65_535
    );
}

#[test]
fn a_socket_that_would_say_eagain_is_refused() {
    let (near, _far) = tcp();
    near.set_nonblocking(true).expect("a socket");
    let error = Socket::stream(near).expect_err("non-blocking");
    assert!(error.to_string().contains("set_nonblocking(false)"));
}

/// The mode belongs to the open file, so a clone of the descriptor can change it afterwards: the ring waits all the same.
#[test]
fn a_socket_made_non_blocking_later_is_waited_for() {
    let Some(mut ring) = ring(8) else { return };
    for wait_all in [true, false] {
        let (near, far) = narrow_tcp();
        let other = near.try_clone().expect("a descriptor");
        let near = stream(near);
        other.set_nonblocking(true).expect("a socket");
        let mut sends = sends(|options| options.wait_all(wait_all));
        let (payload, reader) = (pattern(7, 2_000_000), reader(far));
        let log = send_one(&mut ring, &mut sends, &near, payload.clone());
        assert!(names(&log).ends_with("Sent Released"), "{}", names(&log));
        near.finish();
        assert!(reader.join().expect("reads") == payload);
    }
}

#[test]
fn a_stream_takes_one_send_at_a_time_and_clones_know() {
    let Some(mut ring) = ring(8) else { return };
    let mut sends = sends(|options| options);
    let (near, far) = tcp();
    let near = stream(near);
    let clone = near.clone();
    let drops = Drops::default();
    let mut first = sends.send(&near).expect("a free slot");
    first.copy(b"one ").expect("room");
    first
        .submit(&mut ring.submission())
        .expect("the socket is free");

    let mut second = sends.send(&clone).expect("a free slot");
    second.guard(drops.guard(*b"two")).expect("room");
    let (second, why) = second
        .submit(&mut ring.submission())
        .expect_err("the first is on its way");
    assert_eq!((why, second.len()), (SubmitError::SocketBusy, 3));
    assert_eq!(drops.count(), 0);
    drop(second);
    assert_eq!(drops.count(), 1, "an abandoned draft drops its guards");
    assert_eq!(sends.len(), 1);

    let empty = sends.send(&near).expect("a free slot");
    let (empty, why) = empty
        .submit(&mut ring.submission())
        .expect_err("there is nothing to send");
    assert_eq!(why, SubmitError::Empty);
    drop(empty);

    drain(&mut ring, &mut sends);
    assert_eq!(
        names(&send_one(&mut ring, &mut sends, &clone, b"two".as_slice())),
        "Sent Released"
    );
    near.finish();
    assert_eq!(reader(far).join().expect("reads"), b"one two");
}

#[test]
fn a_unix_socket_gets_a_copy_and_the_refusal_is_counted() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = UnixStream::pair().expect("two descriptors");
    let near = Socket::stream(near).expect("blocking");
    let (reader, drops) = (reader(far), Drops::default());
    let mut sends = sends(|options| options.zero_copy_from(1));
    let payload = pattern(5, 500_000);
    let log = send_one(&mut ring, &mut sends, &near, drops.guard(&payload[..]));
    assert_eq!(names(&log), "Sent Released");
    near.finish();
    assert!(reader.join().expect("reads") == payload);
    let stats = sends.stats();
    assert_eq!((stats.fallbacks, stats.resubmissions), (1, 1));
    assert_eq!((stats.zero_copy_sends, stats.copied_sends), (1, 1));
    assert_eq!((stats.notifications, stats.stale), (1, 0));
    assert_eq!(drops.count(), 1);
}

#[test]
fn datagrams_go_several_at_a_time() {
    let Some(mut ring) = ring(16) else { return };
    let far = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let near = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    near.connect(far.local_addr().expect("bound"))
        .expect("an address");
    let near = Socket::datagram(near).expect("blocking");
    for zero_copy_from in [usize::MAX, 1] {
        let mut sends = sends(|options| options.zero_copy_from(zero_copy_from));
        let messages: Vec<Vec<u8>> = (0..8).map(|n| pattern(n, 100 + n as usize)).collect();
        for (tag, message) in messages.iter().enumerate() {
            let mut draft = sends.send(&near).expect("eight slots");
            draft.guard(message.clone()).expect("room").tag(tag as u64);
            draft
                .submit(&mut ring.submission())
                .expect("datagrams do not wait for each other");
        }
        assert_eq!(sends.len(), 8);
        let log = drain(&mut ring, &mut sends);
        let mut released: Vec<_> = log
            .iter()
            .filter_map(|event| match event {
                SendEvent::Released { tag } => Some(*tag),
                _ => None,
            })
            .collect();
        released.sort_unstable();
        assert_eq!(released, [0, 1, 2, 3, 4, 5, 6, 7]);
        let mut arrived: Vec<_> = (0..8)
            .map(|_| {
                let mut bytes = [0; 2000];
                let len = far.recv(&mut bytes).expect("eight were sent");
                bytes[..len].to_vec()
            })
            .collect();
        arrived.sort_by_key(Vec::len);
        assert_eq!(arrived, messages);
    }
}

#[test]
fn a_datagram_goes_where_its_draft_says() {
    let Some(mut ring) = ring(8) else { return };
    let near = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let near = Socket::datagram(near).expect("blocking");
    let mut sends = InFlight::new(2).expect("a nonce");
    let mut buffer = [0; 100];
    for zero in [7_u8, 8] {
        let far = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let mut draft = sends.send(&near).expect("a free slot");
        draft.guard(vec![zero; 50]).expect("room");
        draft.to(far.local_addr().expect("bound")).segment_bytes(20);
        draft.submit(&mut ring.submission()).expect("room");
        drain(&mut ring, &mut sends);
        for bytes in [20, 20, 10] {
            assert_eq!(far.recv(&mut buffer).expect("it was sent"), bytes);
            assert_eq!(buffer[..bytes], vec![zero; bytes]);
        }
    }
    // The slot's next send has neither address nor segments.
    let log = send_one(&mut ring, &mut sends, &near, vec![1; 50]);
    let Some(uring_send::SendEvent::Failed { error, .. }) = log.first() else {
        panic!("{log:?}");
    };
    assert_eq!(error.raw_os_error(), Some(libc::EDESTADDRREQ));
}
