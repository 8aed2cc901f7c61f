//! What each test needs: a ring or a stated reason why not, connected sockets, a guard that tells when it is dropped,
//! and a loop that ends.
#![allow(
    dead_code,
    reason = "each test file compiles this module for itself and uses its part of it"
)]

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use io_uring::IoUring;
use io_uring::types::{SubmitArgs, Timespec};
use pool_core::{Pool, StableBytes};
use socket2::SockRef;
use uring_send::testing::{Choices, FakeKernel};
use uring_send::{
    Completion, InFlight, InFlightBuilder, Ring, SendEvent, Socket, completions, new_ring,
};

/// A loop that hears nothing for this long is stuck: the test fails. Never waited for when all is well.
const STUCK: Duration = Duration::from_secs(20);

/// A ring, or `None` with the reason printed where this machine has no io_uring.
pub(crate) fn ring(entries: u32) -> Option<IoUring> {
    match new_ring(entries) {
        Ok(ring) => Some(ring),
        Err(error) if error.is_unavailable() => {
            println!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Both ends of a connection over the loopback device.
pub(crate) fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let near = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
    let (far, _) = listener.accept().expect("connected just now");
    (near, far)
}

/// A connection whose buffers hold little, so that a megabyte comes short until the far end reads.
pub(crate) fn narrow_tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    // Before the connection: its window is fixed when it is made.
    SockRef::from(&listener)
        .set_recv_buffer_size(32 * 1024)
        .expect("a size");
    let near = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
    SockRef::from(&near)
        .set_send_buffer_size(32 * 1024)
        .expect("a size");
    let (far, _) = listener.accept().expect("connected just now");
    (near, far)
}

pub(crate) fn stream(near: TcpStream) -> Socket {
    Socket::stream(near).expect("a blocking socket")
}

/// Reads a connection to its end on a thread of its own.
pub(crate) fn reader(mut far: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        far.read_to_end(&mut bytes).expect("the peer ends orderly");
        bytes
    })
}

/// Bytes that show a swap, a loss or a repetition: no two 64 KiB stretches are alike.
pub(crate) fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state >> 16).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

pub(crate) fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(slot_bytes);
    builder.build().expect("a small pool")
}

/// Room for a few sends, and the options of the test.
pub(crate) fn sends(options: impl FnOnce(InFlightBuilder) -> InFlightBuilder) -> InFlight {
    options(InFlight::builder().sends(8))
        .build()
        .expect("sizes in range")
}

/// Sends that ask for zero copy, however small they are.
pub(crate) fn zero_copy(sends: usize) -> InFlight {
    let builder = InFlight::builder().sends(sends).zero_copy_from(1);
    builder.build().expect("sizes in range")
}

/// Counts the drops of the guards made with it.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        // Relaxed: read by the thread that dropped, or after joining it.
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn guard(&self, bytes: impl Into<Box<[u8]>>) -> Watched {
        Watched {
            bytes: bytes.into(),
            drops: self.clone(),
        }
    }
}

/// A guard that writes over its bytes when it is dropped, and counts that.
pub(crate) struct Watched {
    bytes: Box<[u8]>,
    drops: Drops,
}

// SAFETY: the bytes lie in the box: they stay when the value moves, and only its drop changes them.
unsafe impl StableBytes for Watched {
    fn stable_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.bytes.fill(0xdd);
        // Relaxed: a count.
        self.drops.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Submits and waits for a completion; a ring that stays silent fails the test.
pub(crate) fn wait(ring: &IoUring) {
    let most = Timespec::from(STUCK);
    let waited = ring
        .submitter()
        .submit_with_args(1, &SubmitArgs::new().timespec(&most));
    if let Err(error) = waited {
        assert_eq!(
            error.raw_os_error(),
            Some(libc::EINTR),
            "nothing completed: {error}"
        );
    }
}

/// All that the queue holds now, read once.
pub(crate) fn read(ring: &mut IoUring) -> Vec<Completion> {
    completions(&mut ring.completion()).collect()
}

/// One round of a sending loop: rests into the queue, wait, read.
pub(crate) fn turn(ring: &mut IoUring, sends: &mut InFlight, log: &mut Vec<SendEvent>) {
    while !sends.flush(&mut ring.submission()) {
        ring.submit().expect("a live ring");
    }
    wait(ring);
    sends.reap(
        &mut ring.completion(),
        |event| log.push(event),
        |foreign| panic!("nobody else is on this ring: {foreign:?}"),
    );
}

/// Turns until every send is released, and tells what happened.
pub(crate) fn drain(ring: &mut IoUring, sends: &mut InFlight) -> Vec<SendEvent> {
    let mut log = Vec::new();
    while !sends.is_empty() {
        turn(ring, sends, &mut log);
    }
    log
}

/// Sends one guard and waits until its memory is released.
pub(crate) fn send_one(
    ring: &mut IoUring,
    sends: &mut InFlight,
    to: &Socket,
    guard: impl StableBytes + Send + 'static,
) -> Vec<SendEvent> {
    let mut draft = sends.send(to).expect("a free slot");
    draft.guard(guard).expect("it fits");
    draft
        .submit(&mut ring.submission())
        .expect("there is room and the socket is free");
    drain(ring, sends)
}

/// The names of events in a row, to compare: `Short Sent Released`.
pub(crate) fn names(log: &[SendEvent]) -> String {
    let name = |event: &SendEvent| match event {
        SendEvent::Short { .. } => "Short",
        SendEvent::Sent { .. } => "Sent",
        SendEvent::Failed { .. } => "Failed",
        SendEvent::Released { .. } => "Released",
        _ => "?",
    };
    log.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// What a completion's flags mean.
pub(crate) const MORE: u32 = 1 << 1;
pub(crate) const NOTIFICATION: u32 = 1 << 3;

/// A kernel that is played by the test: sends are begun and never answered, completions are made up.
pub(crate) struct PlayedKernel {
    pub(crate) sends: InFlight,
    socket: Socket,
    kernel: FakeKernel,
}

impl PlayedKernel {
    /// Sends of the given options, each as a datagram's: any number at a time.
    pub(crate) fn new(sends: InFlight) -> Self {
        let kernel = FakeKernel::new(64, &Choices::first());
        let socket = kernel.datagram_socket();
        Self {
            sends,
            socket,
            kernel,
        }
    }

    pub(crate) fn zero_copy(sends: usize) -> Self {
        Self::new(zero_copy(sends))
    }

    /// Takes over a send, and tells the word that its completions bear.
    pub(crate) fn take(&mut self, guard: impl StableBytes + Send + 'static) -> u64 {
        let mut draft = self.sends.send(&self.socket).expect("a free slot");
        draft.guard(guard).expect("room");
        // SAFETY: the entry is never pushed: the completions are made up.
        let entry = unsafe { draft.into_entry() };
        entry.expect("datagrams do not wait").get_user_data()
    }

    /// Takes over the rests of short sends, and tells their words.
    pub(crate) fn take_rests(&mut self) -> Vec<u64> {
        assert!(
            self.sends.flush(&mut self.kernel.submissions()),
            "64 have room"
        );
        let new = self.kernel.submit();
        let all = self.kernel.operations();
        let rests = &all[all.len() - new..];
        rests.iter().map(|op| op.user_data).collect()
    }

    /// Presents a completion, and tells what came of it.
    pub(crate) fn complete(&mut self, word: u64, result: i32, flags: u32) -> Vec<SendEvent> {
        self.present(word, result, flags).expect("ours")
    }

    /// As [`complete`](Self::complete); `None` if the completion was foreign.
    pub(crate) fn present(&mut self, word: u64, result: i32, flags: u32) -> Option<Vec<SendEvent>> {
        let mut log = Vec::new();
        // SAFETY: this is the kernel, as far as these sends are concerned; nothing reads their memory.
        let ours = unsafe {
            self.sends
                .complete_raw(word, result, flags, |event| log.push(event))
        };
        ours.then_some(log)
    }
}
