//! uring-send: its `Sender` on connections.

use std::net::TcpStream;
use std::sync::Arc;

use io_uring::IoUring;
use uring_send::{Destination, Sender, SenderEvent, Socket, new_ring, submit_and_wait};

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
        while !self.sender.is_idle() {
            let all = self
                .sender
                .flush(&mut self.ring.submission(), |event| fine(&event));
            submit_and_wait(&self.ring, None).expect("a live ring");
            let on_foreign = |completion| panic!("nobody else is on this ring: {completion:?}");
            let queue = &mut self.ring.completion();
            self.sender.reap(queue, |event| fine(&event), on_foreign);
            assert!(all, "the queue has room for a batch");
        }
    }
}

#[inline]
fn fine(event: &SenderEvent) {
    if let SenderEvent::Failed { error, .. } = event {
        panic!("send: {error}");
    }
}
