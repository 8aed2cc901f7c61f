//! uring-send: its `Sender` on connections, and with datagrams that the kernel cuts.

use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;

use io_uring::IoUring;
use uring_send::{Destination, Sender, SenderEvent, Socket, new_ring, submit_and_wait};

use crate::work::send::{DatagramSender, SegmentSender};
use crate::work::tcp::StreamSender;

/// Messages through a sender.
pub struct UringSendStreams {
    ring: IoUring,
    sender: Sender,
    destinations: Vec<Destination>,
}

impl StreamSender for UringSendStreams {
    const NAME: &'static str = "uring-send";

    fn new(connections: Vec<TcpStream>, _: usize, batch: usize) -> Result<Self, String> {
        let entries = u32::try_from(batch).map_err(|error| error.to_string())?;
        let sender = Sender::builder()
            .destinations(connections.len())
            .entries(2 * batch.max(connections.len()))
            .build();
        let mut sender = sender.map_err(|error| error.to_string())?;
        let add = |stream| {
            let socket = Socket::stream(stream).map_err(|error| error.to_string())?;
            sender.add(&socket).map_err(|error| error.to_string())
        };
        let destinations = connections.into_iter().map(add).collect::<Result<_, _>>()?;
        Ok(Self {
            ring: new_ring(entries).map_err(|error| error.to_string())?,
            sender,
            destinations,
        })
    }

    #[inline]
    fn send(&mut self, message: &Arc<[u8]>, times: usize) {
        let connections = self.destinations.len();
        for at in 0..times {
            let to = self.destinations[at % connections];
            let taken = self.sender.send(to, 0, message.clone());
            taken.expect("room for a batch");
        }
        drain(&mut self.ring, &mut self.sender);
    }
}

/// Datagrams through a sender, many in a message.
pub struct UringSendSegments {
    ring: IoUring,
    sender: Sender,
    to: Destination,
    segment_bytes: u16,
}

impl SegmentSender for UringSendSegments {
    const NAME: &'static str = "uring-send";

    fn new(socket: UdpSocket, segment_bytes: usize) -> Result<Self, String> {
        let socket = Socket::datagram(socket).map_err(|error| error.to_string())?;
        let sender = Sender::builder().destinations(1).build();
        let mut sender = sender.map_err(|error| error.to_string())?;
        Ok(Self {
            ring: new_ring(8).map_err(|error| error.to_string())?,
            to: sender.add(&socket).map_err(|error| error.to_string())?,
            sender,
            segment_bytes: u16::try_from(segment_bytes).map_err(|error| error.to_string())?,
        })
    }

    #[inline]
    fn send(&mut self, datagrams: &Arc<[u8]>) {
        let mut message = self.sender.message(self.to).expect("open");
        message.segment_bytes(self.segment_bytes).expect("room");
        message.guard(datagrams.clone()).expect("room");
        message.queue().expect("not empty");
        drain(&mut self.ring, &mut self.sender);
    }
}

/// Datagrams through a sender, one in a message.
pub struct UringSendMessages {
    ring: IoUring,
    sender: Sender,
    to: Destination,
}

impl DatagramSender for UringSendMessages {
    const NAME: &'static str = "uring-send";

    fn new(socket: UdpSocket, most: usize) -> Result<Self, String> {
        let entries = u32::try_from(most).map_err(|error| error.to_string())?;
        let socket = Socket::datagram(socket).map_err(|error| error.to_string())?;
        let sender = Sender::builder().destinations(1).build();
        let mut sender = sender.map_err(|error| error.to_string())?;
        Ok(Self {
            ring: new_ring(entries).map_err(|error| error.to_string())?,
            to: sender.add(&socket).map_err(|error| error.to_string())?,
            sender,
        })
    }

    #[inline]
    fn send(&mut self, datagram: &Arc<[u8]>, times: usize) {
        for _ in 0..times {
            let taken = self.sender.send(self.to, 0, datagram.clone());
            taken.expect("room for a batch");
        }
        drain(&mut self.ring, &mut self.sender);
    }
}

/// Returns when the kernel is done with all that is queued.
#[inline]
fn drain(ring: &mut IoUring, sender: &mut Sender) {
    while !sender.is_idle() {
        let all = sender.flush(&mut ring.submission(), |event| fine(&event));
        assert!(all, "the queue has room for a batch");
        submit_and_wait(ring, None).expect("a live ring");
        let on_foreign = |completion| panic!("nobody else is on this ring: {completion:?}");
        let queue = &mut ring.completion();
        sender.reap(queue, |event| fine(&event), on_foreign);
    }
}

#[inline]
fn fine(event: &SenderEvent) {
    if let SenderEvent::Failed { error, .. } = event {
        panic!("send: {error}");
    }
}
