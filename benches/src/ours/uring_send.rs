//! uring-send: `InFlight` without a kernel, and on a ring.

use std::hint::black_box;
use std::net::UdpSocket;
use std::sync::Arc;

use io_uring::IoUring;
use uring_send::{InFlight, SendEvent, Socket, new_ring, submit_and_wait};

use crate::work::send::{DatagramSender, Keeper};

const NAME: &str = "uring-send";

/// Keeps what the kernel would read.
pub struct UringSend {
    in_flight: InFlight,
    socket: Socket,
}

impl Keeper for UringSend {
    const NAME: &'static str = NAME;

    #[inline]
    fn new(socket: UdpSocket) -> Result<Self, String> {
        // Every send asks for zero copy: there is a notification to wait for.
        let built = InFlight::builder().sends(256).zero_copy_from(0).build();
        Ok(Self {
            in_flight: built.map_err(|error| error.to_string())?,
            socket: Socket::datagram(socket).map_err(|error| error.to_string())?,
        })
    }

    #[inline]
    fn begin(&mut self, guards: [Arc<[u8]>; 2]) -> u64 {
        let mut draft = self
            .in_flight
            .send(&self.socket)
            .expect("few sends are alive");
        for guard in guards {
            draft.guard(guard).expect("two fit");
        }
        // SAFETY: the entry names memory that only a kernel would read, and no kernel gets it: it is not pushed at all, so nothing
        // is read too late. What completes it is made up below.
        let entry = unsafe { draft.into_entry() }.expect("a datagram socket is never busy");
        black_box(&entry).get_user_data()
    }

    #[inline]
    fn complete(&mut self, user_data: u64, result: i32, flags: u32) -> bool {
        let mut released = false;
        let on_event = |event| released |= matches!(event, SendEvent::Released { .. });
        // SAFETY: nothing of this instance was ever given to a kernel (`begin`), so that whatever these words release, nobody reads.
        let ours = unsafe {
            self.in_flight
                .complete_raw(user_data, result, flags, on_event)
        };
        ours && released
    }
}

/// Datagrams through a ring.
pub struct UringSendDatagrams {
    ring: IoUring,
    in_flight: InFlight,
    socket: Socket,
}

impl DatagramSender for UringSendDatagrams {
    const NAME: &'static str = NAME;

    #[inline]
    fn new(socket: UdpSocket, most: usize) -> Result<Self, String> {
        let entries = u32::try_from(most).map_err(|error| error.to_string())?;
        Ok(Self {
            ring: new_ring(entries).map_err(|error| error.to_string())?,
            in_flight: InFlight::new(most).map_err(|error| error.to_string())?,
            socket: Socket::datagram(socket).map_err(|error| error.to_string())?,
        })
    }

    #[inline]
    fn send(&mut self, datagram: &Arc<[u8]>, times: usize) {
        for _ in 0..times {
            let mut draft = self
                .in_flight
                .send(&self.socket)
                .expect("none is in flight between batches");
            draft.guard(datagram.clone()).expect("one fits");
            draft
                .submit(&mut self.ring.submission())
                .expect("the queue has room for a batch");
        }
        while !self.in_flight.is_empty() {
            submit_and_wait(&self.ring, None).expect("a live ring");
            let on_event = |event| {
                if let SendEvent::Failed { error, .. } = event {
                    panic!("send: {error}");
                }
            };
            let on_foreign = |completion| panic!("nobody else is on this ring: {completion:?}");
            self.in_flight
                .reap(&mut self.ring.completion(), on_event, on_foreign);
        }
    }
}
