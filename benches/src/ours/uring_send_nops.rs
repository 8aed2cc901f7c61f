//! uring-send: an `InFlight`'s bookkeeping round entries that do nothing.

use std::net::UdpSocket;
use std::sync::Arc;

use io_uring::{IoUring, opcode};
use uring_send::{InFlight, SendEvent, Socket, new_ring};

use crate::work::nop::NopRing;

/// What each send has that has no guards.
const COPIED: &[u8] = b"header";

/// Sends in whose place the kernel gets `NOP`s.
pub struct UringSendNops {
    ring: IoUring,
    in_flight: InFlight,
    socket: Socket,
    guards: Option<[Arc<[u8]>; 2]>,
    batch: u32,
    bytes: i32,
}

impl NopRing for UringSendNops {
    const NAME: &'static str = "uring-send";

    fn new(batch: u32, guards: Option<[Arc<[u8]>; 2]>) -> Result<Self, String> {
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let bytes = guards.as_ref().map_or(COPIED.len(), |guards| {
            guards.iter().map(|guard| guard.len()).sum()
        });
        let in_flight = InFlight::new(batch as usize);
        Ok(Self {
            ring: new_ring(batch).map_err(|error| error.to_string())?,
            in_flight: in_flight.map_err(|error| error.to_string())?,
            socket: Socket::datagram(socket).map_err(|error| error.to_string())?,
            guards,
            batch,
            bytes: i32::try_from(bytes).map_err(|error| error.to_string())?,
        })
    }

    #[inline]
    fn round(&mut self) -> u32 {
        for _ in 0..self.batch {
            let draft = self.in_flight.send(&self.socket);
            let mut draft = draft.expect("none is in flight between rounds");
            match &self.guards {
                Some(guards) => guards.iter().for_each(|guard| {
                    draft.guard(guard.clone()).expect("two fit");
                }),
                None => drop(draft.copy(COPIED).expect("a few bytes fit")),
            }
            // SAFETY: the entry is not pushed, so no kernel reads what it names; a `NOP` stands for it, whose completion is taken in below.
            let entry = unsafe { draft.into_entry() }.expect("a datagram socket is never busy");
            let nop = opcode::Nop::new().build().user_data(entry.get_user_data());
            // SAFETY: names no memory.
            unsafe { self.ring.submission().push(&nop) }.expect("room for a batch");
        }
        let mut released = 0;
        while !self.in_flight.is_empty() {
            self.ring
                .submit_and_wait(self.batch as usize)
                .expect("a live ring");
            for completion in self.ring.completion() {
                let on_event = |event| {
                    released += u32::from(matches!(event, SendEvent::Released { .. }));
                };
                // SAFETY: of the send, the kernel knows the word only (above), and the queue gives each completion once.
                let ours = unsafe {
                    let word = completion.user_data();
                    self.in_flight.complete_raw(word, self.bytes, 0, on_event)
                };
                assert!(ours, "nobody else is on this ring");
            }
        }
        released
    }
}
