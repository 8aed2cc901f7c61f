//! uring-send: one `Sender` for many peers, as it is by default.

use std::net::TcpStream;
use std::sync::Arc;

use io_uring::IoUring;
use uring_send::{Destination, Sender, SenderEvent, Socket, new_ring, submit_and_wait};

use crate::work::crowd::CrowdSender;

/// Messages to many peers, one of which may not read.
pub struct UringSendCrowd {
    ring: IoUring,
    sender: Sender,
    readers: Vec<Destination>,
    stalled: Option<Destination>,
    refused: usize,
}

impl CrowdSender for UringSendCrowd {
    const NAME: &'static str = "uring-send";

    const ALONE: &'static str = "all-read";

    fn new(readers: Vec<TcpStream>, stalled: Option<TcpStream>) -> Result<Self, String> {
        let peers = readers.len() + usize::from(stalled.is_some());
        let sender = Sender::builder().destinations(peers).build();
        let mut sender = sender.map_err(|error| error.to_string())?;
        let mut add = |stream| {
            let socket = Socket::stream(stream).map_err(|error| error.to_string())?;
            sender.add(&socket).map_err(|error| error.to_string())
        };
        let readers = readers
            .into_iter()
            .map(&mut add)
            .collect::<Result<_, _>>()?;
        let stalled = stalled.map(&mut add).transpose()?;
        let entries = u32::try_from(2 * peers).map_err(|error| error.to_string())?;
        Ok(Self {
            ring: new_ring(entries.next_power_of_two()).map_err(|error| error.to_string())?,
            sender,
            readers,
            stalled,
            refused: 0,
        })
    }

    fn send(&mut self, message: &Arc<[u8]>) {
        if let Some(stalled) = self.stalled
            && let Err(refused) = self.sender.send(stalled, 0, message.clone())
        {
            assert!(refused.why().is_no_room_now(), "{}", refused.why());
            self.refused += 1;
        }
        for reader in &self.readers {
            let taken = self.sender.send(*reader, 0, message.clone());
            taken.expect("nothing is left of the last round");
        }
        let mut left = self.readers.len();
        while left > 0 {
            let stalled = self.stalled;
            let mut note = |event| left -= released(&event, stalled);
            let all = self.sender.flush(&mut self.ring.submission(), &mut note);
            assert!(all, "the queue has room for everybody");
            submit_and_wait(&self.ring, None).expect("a live ring");
            let on_foreign = |completion| panic!("nobody else is on this ring: {completion:?}");
            let queue = &mut self.ring.completion();
            self.sender.reap(queue, &mut note, on_foreign);
        }
    }

    fn refused(&self) -> usize {
        self.refused
    }
}

/// How many messages to peers that read the kernel is done with by this event.
fn released(event: &SenderEvent, stalled: Option<Destination>) -> usize {
    match event {
        SenderEvent::Released { to, .. } => usize::from(Some(*to) != stalled),
        SenderEvent::Failed { error, .. } => panic!("send: {error}"),
        _ => 0,
    }
}
