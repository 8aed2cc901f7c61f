//! Rows of the table of what the kernel really posts, on this kernel.

mod loopback;

use std::fs::File;
use std::io::Write;
use std::net::UdpSocket;

use loopback::{
    Drops, drain, names, narrow_tcp, reader, ring, send_one, stream, tcp, turn, zero_copy,
};
use uring_send::{InFlight, SendEvent, Socket};

/// An error of a zero-copy send is followed by one notification.
#[test]
fn kernel_table_each_error_of_a_zero_copy_send_is_followed_by_a_notification() {
    let Some(mut ring) = ring(8) else { return };
    let closed_port = UdpSocket::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a free port");
    let udp = || UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let refused = udp();
    refused.connect(closed_port).expect("an address");
    refused
        .send(b"brings the refusal back")
        .expect("nobody knows yet");
    let connected = udp();
    connected.connect(closed_port).expect("an address");
    let (finished, _far) = tcp();
    finished
        .shutdown(std::net::Shutdown::Write)
        .expect("connected");
    let (reset, far) = tcp();
    (&reset).write_all(b"unread").expect("connected");
    drop(far);
    let file = File::open("/proc/self/exe").expect("this program");
    let cases: [(_, usize, i32); 6] = [
        (Socket::stream(finished), 8, libc::EPIPE),
        (Socket::stream(reset), 8, libc::ECONNRESET),
        (Socket::datagram(refused), 8, libc::ECONNREFUSED),
        (Socket::datagram(connected), 70_000, libc::EMSGSIZE),
        (Socket::datagram(udp()), 8, libc::EDESTADDRREQ),
        (Socket::stream(file), 8, libc::ENOTSOCK),
    ];
    let mut sends = zero_copy(1);
    for (round, (socket, bytes, errno)) in (1..).zip(cases) {
        let (socket, drops) = (socket.expect("blocking"), Drops::default());
        let log = send_one(&mut ring, &mut sends, &socket, drops.guard(vec![1; bytes]));
        assert!(
            matches!(&log[..], [SendEvent::Failed { error, sent: 0, .. }, SendEvent::Released { .. }] if error.raw_os_error() == Some(errno)),
            "{errno}: {log:?}"
        );
        assert_eq!((sends.stats().notifications, drops.count()), (round, 1));
    }
    assert_eq!(sends.stats().stale, 0);
}

/// The row that breaks the rule: cancelled because an earlier linked entry failed, a send has no "more", and a notification all the same.
#[test]
fn kernel_table_a_cancelled_link_is_notified_without_a_promise() {
    let Some(mut ring) = ring(8) else { return };
    let mut sends = zero_copy(2);
    let file = File::open("/proc/self/exe").expect("this program");
    let bad = Socket::stream(file).expect("blocking");
    let (near, far) = tcp();
    let near = stream(near);
    let drops = Drops::default();
    for (socket, flags) in [
        (&bad, io_uring::squeue::Flags::IO_LINK),
        (&near, io_uring::squeue::Flags::empty()),
    ] {
        let mut draft = sends.send(socket).expect("a free slot");
        draft.guard(drops.guard(*b"bytes")).expect("room");
        // SAFETY: pushed below, once, with a flag for linking.
        let entry = unsafe { draft.into_entry() }.expect("a free socket");
        // SAFETY: what the entry names is kept by `sends`.
        unsafe { ring.submission().push(&entry.flags(flags)) }.expect("room");
    }
    let mut log = drain(&mut ring, &mut sends);
    while sends.stats().stale == 0 {
        turn(&mut ring, &mut sends, &mut log);
    }
    let failed = log.iter().filter_map(|event| match event {
        SendEvent::Failed { error, .. } => error.raw_os_error(),
        _ => None,
    });
    assert!(failed.eq([libc::ENOTSOCK, libc::ECANCELED]), "{log:?}");
    assert_eq!((sends.stats().stale, sends.stats().notifications), (1, 1));
    assert_eq!(drops.count(), 2);

    // And the slot's next owner is not touched by it.
    assert_eq!(
        names(&send_one(&mut ring, &mut sends, &near, b"fine".as_slice())),
        "Sent Released"
    );
    near.finish();
    assert_eq!(reader(far).join().expect("reads"), b"fine");
}

/// A zero-copy send to a reader that does not read: what left is not notified of while it is unread.
#[test]
fn kernel_table_memory_is_held_while_the_peer_does_not_read() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = narrow_tcp();
    let near = stream(near);
    let builder = InFlight::builder().zero_copy_from(1).wait_all(false);
    let mut sends = builder.build().expect("sizes in range");
    let drops = Drops::default();
    let mut draft = sends.send(&near).expect("a free slot");
    draft.guard(drops.guard(vec![1; 4_000_000])).expect("room");
    draft
        .submit(&mut ring.submission())
        .expect("room and a free socket");
    let mut log = Vec::new();
    turn(&mut ring, &mut sends, &mut log);
    assert_eq!(names(&log), "Short");
    let stats = sends.stats();
    assert_eq!((stats.notifications, drops.count()), (0, 0));
    let reader = reader(far);
    log.extend(drain(&mut ring, &mut sends));
    assert_eq!(
        sends.stats().notifications,
        sends.stats().zero_copy_sends,
        "all came once it was read"
    );
    near.finish();
    assert_eq!(reader.join().expect("reads").len(), 4_000_000);
}
