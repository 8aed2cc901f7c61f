//! The fake kernel held to the real one: both run the same scripts, one for each row of the table of what Linux posts, and post the same.
//!
//! A trace is what each operation's completions say, in their order; between operations the order is nobody's promise.

mod loopback;

use std::fs::File;
use std::io::Write;
use std::net::{Shutdown, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr;
use std::time::Duration;

use io_uring::squeue::{Entry, Flags};
use io_uring::{opcode, types};
use loopback::{narrow_tcp, reader, ring, tcp};
use socket2::SockRef;
use uring_send::testing::{Answer, Choices, FakeKernel, Stage, Usage};
use uring_send::{FallbackRing, Ring, Submissions};

/// `IORING_SEND_ZC_REPORT_USAGE`.
const REPORT_USAGE: u16 = 1 << 3;
/// A loop that hears nothing for this long is stuck: the test fails. Never waited for when all is well.
const STUCK: Duration = Duration::from_secs(20);

/// What one completion says: a result, and whether it is a notification, or says that more will come.
type Said = (i32, bool, bool);

/// One send of a script.
struct Send {
    fd: RawFd,
    bytes: usize,
    zero_copy: bool,
    wait_all: bool,
    ioprio: u16,
    linked: bool,
    /// The bytes lie where there is no memory.
    nowhere: bool,
    /// What the fake is told, if the send is not cancelled before.
    answer: Answer,
    /// And what its notification says.
    usage: Usage,
}

fn send(to: &impl AsRawFd, answer: Answer) -> Send {
    Send {
        fd: to.as_raw_fd(),
        bytes: 8,
        zero_copy: true,
        wait_all: false,
        ioprio: REPORT_USAGE,
        linked: false,
        nowhere: false,
        answer,
        usage: Usage::Copied,
    }
}

fn error(to: &impl AsRawFd, errno: i32) -> Send {
    send(to, Answer::error(errno))
}

struct Script {
    name: &'static str,
    sends: Vec<Send>,
    /// What the sends need to stay as they are.
    _kept: Vec<OwnedFd>,
}

/// Headers and bytes of a script's sends, where they stay while it runs.
struct Memory {
    headers: Vec<libc::msghdr>,
    _parts: Vec<libc::iovec>,
    _bytes: Vec<u8>,
}

impl Memory {
    fn of(sends: &[Send]) -> Self {
        let bytes = vec![7_u8; sends.iter().map(|send| send.bytes).max().unwrap_or(0)];
        let part = |send: &Send| libc::iovec {
            iov_base: if send.nowhere {
                ptr::without_provenance_mut(8)
            } else {
                bytes.as_ptr().cast_mut().cast()
            },
            iov_len: send.bytes,
        };
        let parts: Vec<_> = sends.iter().map(part).collect();
        let header = |part: &libc::iovec| libc::msghdr {
            msg_name: ptr::null_mut(),
            msg_namelen: 0,
            msg_iov: ptr::from_ref(part).cast_mut(),
            msg_iovlen: 1,
            msg_control: ptr::null_mut(),
            msg_controllen: 0,
            msg_flags: 0,
        };
        let headers = parts.iter().map(header).collect();
        Self {
            headers,
            _parts: parts,
            _bytes: bytes,
        }
    }

    fn entries<'a>(&'a self, sends: &'a [Send]) -> impl Iterator<Item = Entry> + 'a {
        sends
            .iter()
            .zip(&self.headers)
            .zip(0..)
            .map(|((send, header), word)| {
                let wait_all = if send.wait_all { libc::MSG_WAITALL } else { 0 };
                let message_flags = (libc::MSG_NOSIGNAL | wait_all) as u32;
                let (fd, flags) = (
                    types::Fd(send.fd),
                    if send.linked {
                        Flags::IO_LINK
                    } else {
                        Flags::empty()
                    },
                );
                let entry = if send.zero_copy {
                    let entry = opcode::SendMsgZc::new(fd, header);
                    entry.ioprio(send.ioprio).flags(message_flags).build()
                } else {
                    opcode::SendMsg::new(fd, header)
                        .flags(message_flags)
                        .build()
                };
                entry.flags(flags).user_data(word)
            })
    }
}

fn queue(ring: &mut impl Ring, memory: &Memory, sends: &[Send]) {
    for entry in memory.entries(sends) {
        // SAFETY: the memory stays until the script is over, which `finished` waits for.
        assert!(unsafe { ring.submissions().push(&entry) }, "room");
    }
}

/// Reads what is there, each completion into the row of its operation.
fn read(ring: &mut impl Ring, trace: &mut [Vec<Said>]) {
    for completion in ring.completions() {
        let (more, notification) = (completion.flags() & 2 != 0, completion.flags() & 8 != 0);
        let place = usize::try_from(completion.user_data()).expect("a small number");
        trace[place].push((completion.result(), more, notification));
    }
}

fn fake_trace(script: &Script) -> Vec<Vec<Said>> {
    let mut kernel = FakeKernel::new(8, &Choices::first());
    let memory = Memory::of(&script.sends);
    queue(&mut kernel, &memory, &script.sends);
    kernel.submit();
    let mut trace = vec![Vec::new(); script.sends.len()];
    while let Some(op) = kernel.operations().first() {
        let place = usize::try_from(op.user_data).expect("a small number");
        match op.stage {
            Stage::Running => kernel.answer(op.id, script.sends[place].answer),
            _ => kernel.notify(op.id, script.sends[place].usage),
        }
        read(&mut kernel, &mut trace);
    }
    trace
}

/// `expected` says only how many completions to wait for; then a `NOP` shows that no more are there.
fn real_trace(script: &Script, expected: &[Vec<Said>]) -> Option<Vec<Vec<Said>>> {
    let mut ring = ring(8)?;
    let memory = Memory::of(&script.sends);
    queue(&mut ring, &memory, &script.sends);
    let mut trace = vec![Vec::new(); script.sends.len() + 1];
    let enough = expected.iter().map(Vec::len).sum();
    while trace.iter().map(Vec::len).sum::<usize>() < enough {
        let before: usize = trace.iter().map(Vec::len).sum();
        ring.enter(Some(STUCK)).expect("a live ring");
        read(&mut ring, &mut trace);
        let after: usize = trace.iter().map(Vec::len).sum();
        assert!(after > before, "{}: only {trace:?} came", script.name);
    }
    let nop = opcode::Nop::new()
        .build()
        .user_data(script.sends.len() as u64);
    // SAFETY: names no memory.
    assert!(unsafe { Submissions::push(&mut ring.submission(), &nop) });
    ring.enter(Some(STUCK)).expect("a live ring");
    read(&mut ring, &mut trace);
    assert_eq!(trace.pop().expect("the last row").len(), 1, "the NOP");
    Some(trace)
}

fn udp() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").expect("a free port")
}

/// A socket to a port where nobody listens, before or after it has been told so.
fn to_nobody(told: bool) -> UdpSocket {
    let closed = udp().local_addr().expect("bound");
    let socket = udp();
    socket.connect(closed).expect("an address");
    if told {
        socket
            .send(b"brings the refusal back")
            .expect("nobody knows yet");
    }
    socket
}

fn script(name: &'static str, sends: Vec<Send>, kept: Vec<OwnedFd>) -> Script {
    Script {
        name,
        sends,
        _kept: kept,
    }
}

/// The rows of the table about one send by itself.
fn single_rows() -> Vec<Script> {
    let one = |name, fd: OwnedFd, change: fn(&mut Send), answer| {
        let mut send = send(&fd, answer);
        change(&mut send);
        script(name, vec![send], vec![fd])
    };
    let (finished, _far) = tcp();
    finished.shutdown(Shutdown::Write).expect("connected");
    let (reset, far) = tcp();
    (&reset).write_all(b"unread").expect("connected");
    drop(far);
    let (alive, reads) = tcp();
    let (copied, reads_too) = tcp();
    let (empty, hears_nothing) = tcp();
    let unix = UnixStream::pair().expect("two descriptors");
    let file = || File::open("/proc/self/exe").expect("this program");
    let mut scripts = vec![
        one("success", alive.into(), |_| (), Answer::all()),
        one(
            "zero length",
            empty.into(),
            |send| send.bytes = 0,
            Answer::all(),
        ),
        one(
            "success, copied",
            copied.into(),
            |send| send.zero_copy = false,
            Answer::all(),
        ),
        one("EPIPE", finished.into(), |_| (), Answer::error(libc::EPIPE)),
        one(
            "ECONNRESET",
            reset.into(),
            |_| (),
            Answer::error(libc::ECONNRESET),
        ),
        one(
            "EBADF",
            file().into(),
            |send| send.fd = -1,
            Answer::error(libc::EBADF),
        ),
        one(
            "EFAULT",
            tcp().0.into(),
            |send| (send.nowhere, send.usage) = (true, Usage::NotCopied),
            Answer::error(libc::EFAULT),
        ),
        one(
            "EMSGSIZE",
            to_nobody(false).into(),
            |send| send.bytes = 70_000,
            Answer::error(libc::EMSGSIZE),
        ),
        one(
            "EOPNOTSUPP",
            unix.0.into(),
            |_| (),
            Answer::error(libc::EOPNOTSUPP),
        ),
        one(
            "ENOTSOCK",
            file().into(),
            |_| (),
            Answer::error(libc::ENOTSOCK),
        ),
        one(
            "ENOTSOCK, copied",
            file().into(),
            |send| send.zero_copy = false,
            Answer::error(libc::ENOTSOCK),
        ),
        one(
            "ECONNREFUSED",
            to_nobody(true).into(),
            |_| (),
            Answer::error(libc::ECONNREFUSED),
        ),
        one(
            "EDESTADDRREQ",
            udp().into(),
            |_| (),
            Answer::error(libc::EDESTADDRREQ),
        ),
        one(
            "EINVAL",
            udp().into(),
            |send| send.ioprio = 1 << 14,
            Answer::error(libc::EINVAL),
        ),
    ];
    let kept = [
        reads.into(),
        reads_too.into(),
        hears_nothing.into(),
        unix.1.into(),
    ];
    scripts[0]._kept.extend(kept);
    scripts
}

/// The rows about links.
fn linked_rows() -> Vec<Script> {
    let file = || OwnedFd::from(File::open("/proc/self/exe").expect("this program"));
    let mut scripts = Vec::new();
    for (name, zero_copy) in [("a failed link", true), ("a failed link, copied", false)] {
        let (near, far) = tcp();
        let file = file();
        let mut sends = vec![
            error(&file, libc::ENOTSOCK),
            send(&near, Answer::all()),
            send(&near, Answer::all()),
        ];
        for (send, linked) in sends.iter_mut().zip([true, true, false]) {
            (send.linked, send.zero_copy) = (linked, zero_copy);
        }
        scripts.push(script(name, sends, vec![file, near.into(), far.into()]));
    }
    let (near, far) = tcp();
    let mut sends = vec![send(&near, Answer::all()), send(&near, Answer::all())];
    sends[0].linked = true;
    scripts.push(script(
        "a link that holds",
        sends,
        vec![near.into(), far.into()],
    ));
    scripts
}

fn compare(scripts: &[Script]) {
    for script in scripts {
        let fake = fake_trace(script);
        let Some(real) = real_trace(script, &fake) else {
            return;
        };
        assert_eq!(fake, real, "{}: the fake's is left", script.name);
    }
}

#[test]
fn one_send_by_itself() {
    compare(&single_rows());
}

#[test]
fn linked_sends() {
    compare(&linked_rows());
}

/// Waits until so many completions are there.
fn read_some(ring: &mut impl Ring, trace: &mut [Vec<Said>], count: usize) {
    while trace.iter().map(Vec::len).sum::<usize>() < count {
        ring.enter(Some(STUCK)).expect("a live ring");
        let before: usize = trace.iter().map(Vec::len).sum();
        read(ring, trace);
        let after: usize = trace.iter().map(Vec::len).sum();
        assert!(after > before, "only {trace:?} came");
    }
}

/// A short send to a reader that does not read, then one that finds no room and is cancelled, then the peer reads.
#[test]
fn sends_to_a_peer_that_does_not_read() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = narrow_tcp();
    let mut sends = vec![send(&near, Answer::all()), error(&near, libc::ECANCELED)];
    sends[0].bytes = 4_000_000;
    let memory = Memory::of(&sends);
    let mut real = vec![Vec::new(); 3];
    queue_one(&mut ring, &memory, &sends, 0);
    read_some(&mut ring, &mut real, 1);
    let filled = fill(&near);
    queue_one(&mut ring, &memory, &sends, 1);
    queue_cancel(&mut ring, 1);
    read_some(&mut ring, &mut real, 4);
    assert_eq!(
        real[0].len(),
        1,
        "the first is not notified of while it is unread"
    );
    let reader = reader(far);
    read_some(&mut ring, &mut real, 5);
    drop(near);
    let bytes = reader.join().expect("reads").len() - filled;
    assert_eq!(real[0][0].0, i32::try_from(bytes).expect("under 4 MB"));

    let mut kernel = FakeKernel::new(8, &Choices::first());
    let mut fake = vec![Vec::new(); 3];
    queue_one(&mut kernel, &memory, &sends, 0);
    kernel.submit();
    let first = kernel.operations()[0].id;
    kernel.answer(first, Answer::bytes(bytes));
    queue_one(&mut kernel, &memory, &sends, 1);
    queue_cancel(&mut kernel, 1);
    kernel.submit();
    let second = kernel.operations()[1].id;
    kernel.notify(second, sends[1].usage);
    kernel.notify(first, sends[0].usage);
    read(&mut kernel, &mut fake);
    assert_eq!(fake, real, "the fake's is left");
}

/// Sends until there is no room for a byte. Tells how many bytes there was room for.
fn fill(socket: &impl AsFd) -> usize {
    let send = || SockRef::from(socket).send_with_flags(&[1; 4096], libc::MSG_DONTWAIT);
    std::iter::from_fn(|| send().ok()).sum()
}

fn queue_one(ring: &mut impl Ring, memory: &Memory, sends: &[Send], which: usize) {
    let entry = memory.entries(sends).nth(which).expect("one of them");
    // SAFETY: the memory stays until the test is over, which waits for each terminal completion.
    assert!(unsafe { ring.submissions().push(&entry) }, "room");
}

/// Its own completion goes into the last row.
fn queue_cancel(ring: &mut impl Ring, word: u64) {
    let entry = opcode::AsyncCancel::new(word).build().user_data(2);
    // SAFETY: names no memory.
    assert!(unsafe { ring.submissions().push(&entry) }, "room");
}

/// The ring of plain system calls is held to the same rows, but for those about what it does not do: it always copies, so nothing has to do without, and it
/// says so in each notification.
#[test]
fn the_fallback_says_the_same_of_one_send() {
    for script in single_rows() {
        if ["EOPNOTSUPP", "EINVAL"].contains(&script.name) {
            continue;
        }
        let memory = Memory::of(&script.sends);
        let mut ring = FallbackRing::new(8);
        queue(&mut ring, &memory, &script.sends);
        ring.enter(None).expect("a live ring");
        let mut trace = vec![Vec::new()];
        read(&mut ring, &mut trace);
        let mut expected = fake_trace(&script);
        for said in expected[0].iter_mut().filter(|said| said.2) {
            said.0 = i32::MIN;
        }
        assert_eq!(trace, expected, "{}", script.name);
    }
}
