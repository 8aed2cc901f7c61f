//! Messages on connections: one `write` each, and bare rings.

use std::io::Write;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use io_uring::squeue::Entry;
use io_uring::{IoUring, cqueue, opcode, types};

use benches::work::tcp::{self, StreamSender};

crate::submit! {
    "send/tcp-64" => tcp::one_each::<OneWriteEach, 64>,
    "send/tcp-1500" => tcp::one_each::<OneWriteEach, 1500>,
    "send/tcp-16k" => tcp::one_each::<OneWriteEach, 16_384>,
    "send/tcp-64k" => tcp::one_each::<OneWriteEach, 65_536>,
    "send/tcp-256k" => tcp::one_each::<OneWriteEach, 262_144>,
    "send/tcp-64" => tcp::one_each::<RingSend, 64>,
    "send/tcp-1500" => tcp::one_each::<RingSend, 1500>,
    "send/tcp-16k" => tcp::one_each::<RingSend, 16_384>,
    "send/tcp-64k" => tcp::one_each::<RingSend, 65_536>,
    "send/tcp-256k" => tcp::one_each::<RingSend, 262_144>,
    "send/tcp-64" => tcp::one_each::<RingSendZc, 64>,
    "send/tcp-1500" => tcp::one_each::<RingSendZc, 1500>,
    "send/tcp-16k" => tcp::one_each::<RingSendZc, 16_384>,
    "send/tcp-64k" => tcp::one_each::<RingSendZc, 65_536>,
    "send/tcp-256k" => tcp::one_each::<RingSendZc, 262_144>,
    "send/tcp-small-many" => tcp::many::<OneWriteEach, 64>,
}

/// One `write` for each message.
struct OneWriteEach(Vec<TcpStream>);

impl StreamSender for OneWriteEach {
    const NAME: &'static str = "write";

    fn new(connections: Vec<TcpStream>, _: usize, _: usize) -> Result<Self, String> {
        Ok(Self(connections))
    }

    #[inline]
    fn send(&mut self, message: &Arc<[u8]>, times: usize) {
        let connections = self.0.len();
        for at in 0..times {
            let written = self.0[at % connections].write_all(message);
            written.expect("the peer reads");
        }
    }
}

/// `SEND` entries on a bare ring, one for each message.
struct RingSend(BareRing);

/// `SEND_ZC` entries on a bare ring, one for each message.
struct RingSendZc(BareRing);

struct BareRing {
    ring: IoUring,
    connections: Vec<TcpStream>,
}

impl BareRing {
    fn new(connections: Vec<TcpStream>, batch: usize) -> Result<Self, String> {
        if connections.len() < batch {
            return Err("several sends of one connection could overtake one another".into());
        }
        let entries = u32::try_from(batch).map_err(|error| error.to_string())?;
        let ring = IoUring::builder().setup_cqsize(4 * entries).build(entries);
        Ok(Self {
            ring: ring.map_err(|error| error.to_string())?,
            connections,
        })
    }

    /// Submits an entry for each message; waits for all completions, and the notifications that they announce.
    #[inline]
    fn send(&mut self, message: &Arc<[u8]>, times: usize, entry: fn(types::Fd, &[u8]) -> Entry) {
        let mut due = 0;
        for connection in self.connections.iter().take(times) {
            let entry = entry(types::Fd(connection.as_raw_fd()), message);
            // SAFETY: `message` and the connection outlive the wait below.
            let pushed = unsafe { self.ring.submission().push(&entry) };
            pushed.expect("room for a batch");
            due += 1;
        }
        while due > 0 {
            self.ring.submit_and_wait(1).expect("a live ring");
            for completion in self.ring.completion() {
                due -= 1;
                if cqueue::notif(completion.flags()) {
                    continue;
                }
                let sent = usize::try_from(completion.result());
                assert_eq!(sent, Ok(message.len()), "the kernel sends all of it");
                due += usize::from(cqueue::more(completion.flags()));
            }
        }
    }
}

fn len_of(message: &[u8]) -> u32 {
    u32::try_from(message.len()).expect("a small message")
}

impl StreamSender for RingSend {
    const NAME: &'static str = "send";

    fn new(connections: Vec<TcpStream>, _: usize, batch: usize) -> Result<Self, String> {
        BareRing::new(connections, batch).map(Self)
    }

    #[inline]
    fn send(&mut self, message: &Arc<[u8]>, times: usize) {
        self.0.send(message, times, |fd, bytes| {
            opcode::Send::new(fd, bytes.as_ptr(), len_of(bytes))
                .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL)
                .build()
        });
    }
}

impl StreamSender for RingSendZc {
    const NAME: &'static str = "sendmsg-zc";

    fn new(connections: Vec<TcpStream>, _: usize, batch: usize) -> Result<Self, String> {
        BareRing::new(connections, batch).map(Self)
    }

    #[inline]
    fn send(&mut self, message: &Arc<[u8]>, times: usize) {
        self.0.send(message, times, |fd, bytes| {
            opcode::SendZc::new(fd, bytes.as_ptr(), len_of(bytes))
                .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL)
                .build()
        });
    }
}
