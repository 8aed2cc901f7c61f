//! One `send` call for each datagram.

use std::net::UdpSocket;
use std::sync::Arc;

use benches::work::black_hole;
use benches::work::send::{self, DatagramSender, SegmentSender};

crate::submit! {
    "send/udp-1400" => send::udp::<OneSendEach>,
    "send/blackhole-1400" => black_hole::datagrams::<OneSendEach, 1400>,
    "send/blackhole-60k" => black_hole::datagrams::<OneSendEach, 60_000>,
    "send/udp-gso" => send::segments::<OneSendEach>,
}

/// A plain socket.
struct OneSendEach {
    socket: UdpSocket,
    segment_bytes: usize,
}

impl DatagramSender for OneSendEach {
    const NAME: &'static str = "send";

    #[inline]
    fn new(socket: UdpSocket, _: usize) -> Result<Self, String> {
        Ok(Self {
            socket,
            segment_bytes: 0,
        })
    }

    #[inline]
    fn send(&mut self, datagram: &Arc<[u8]>, times: usize) {
        for _ in 0..times {
            let sent = self
                .socket
                .send(datagram)
                .expect("loopback takes or drops it");
            assert_eq!(sent, datagram.len(), "a datagram goes whole");
        }
    }
}

impl SegmentSender for OneSendEach {
    const NAME: &'static str = "send";

    fn new(socket: UdpSocket, segment_bytes: usize) -> Result<Self, String> {
        Ok(Self {
            socket,
            segment_bytes,
        })
    }

    #[inline]
    fn send(&mut self, datagrams: &Arc<[u8]>) {
        for datagram in datagrams.chunks(self.segment_bytes) {
            let sent = self
                .socket
                .send(datagram)
                .expect("loopback takes or drops it");
            assert_eq!(sent, datagram.len(), "a datagram goes whole");
        }
    }
}
