//! One `send` call for each datagram.

use std::net::UdpSocket;
use std::sync::Arc;

use crate::work::send::DatagramSender;

/// A plain socket.
pub struct OneSendEach(UdpSocket);

impl DatagramSender for OneSendEach {
    const NAME: &'static str = "send";

    #[inline]
    fn new(socket: UdpSocket, _: usize) -> Result<Self, String> {
        Ok(Self(socket))
    }

    #[inline]
    fn send(&mut self, datagram: &Arc<[u8]>, times: usize) {
        for _ in 0..times {
            let sent = self.0.send(datagram).expect("loopback takes or drops it");
            assert_eq!(sent, datagram.len(), "a datagram goes whole");
        }
    }
}
