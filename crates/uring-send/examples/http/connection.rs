//! One client: what it has asked and what it is still to get.

use std::collections::VecDeque;
use std::ops::Range;

use framebuf::FrameBuf;
use pool_core::{Lease, Pool};
use uring_send::{Destination, Sender, Socket};
use zerocopy_view::View;

use crate::files::Files;
use crate::request::{MOST_HEAD_BYTES, Parsed, parse};
use crate::response::{Response, answer, refusal};

/// A body goes to the sender in pieces of so many bytes, as it takes them.
const PIECE_BYTES: usize = 256 * 1024;
/// Answers that wait for the sender; when there are more, requests wait too.
const MOST_WAITING: usize = 16;

pub(crate) struct Connection {
    pub(crate) socket: Socket,
    pub(crate) to: Destination,
    /// The tag of its messages.
    place: u64,
    /// Received and not answered.
    received: Vec<u8>,
    /// Answers that the sender has not taken.
    waiting: VecDeque<View>,
    /// Whether nothing more is answered.
    pub(crate) ending: bool,
    /// Whether the receive has ended: the peer sends nothing more.
    pub(crate) deaf: bool,
    /// Whether the sender is done with it.
    pub(crate) closed: bool,
}

/// What connections share.
pub(crate) struct Shared {
    pub(crate) sender: Sender,
    pub(crate) files: Files,
    /// Heads are made in its slots.
    pub(crate) heads: Pool,
    pub(crate) scratch: String,
    pub(crate) served: u64,
}

impl Connection {
    pub(crate) fn new(socket: Socket, to: Destination, place: usize) -> Self {
        Self {
            socket,
            to,
            place: place as u64,
            received: Vec::new(),
            waiting: VecDeque::new(),
            ending: false,
            deaf: false,
            closed: false,
        }
    }

    /// Takes in what the peer sent. More than it may send ahead ends it.
    pub(crate) fn received(&mut self, lease: &Lease, range: Range<usize>) {
        if self.ending {
            return;
        }
        self.received.extend_from_slice(&lease[range]);
        if self.received.len() > 4 * MOST_HEAD_BYTES {
            self.ending = true;
            self.socket.abort();
        }
    }

    /// Answers what was asked and sends what the sender takes; closes when everything was said.
    pub(crate) fn go_on(&mut self, shared: &mut Shared) {
        let mut from = 0;
        while !self.ending && self.waiting.len() < MOST_WAITING {
            let bytes = &self.received[from..];
            let response = match parse(bytes) {
                Parsed::Partial => break,
                Parsed::TooLong => refusal(
                    "431 Request Header Fields Too Large",
                    false,
                    &mut shared.scratch,
                ),
                Parsed::Invalid => refusal("400 Bad Request", false, &mut shared.scratch),
                Parsed::Request(request, head) => {
                    from += head;
                    shared.served += 1;
                    answer(
                        &request,
                        &mut shared.files,
                        shared.served,
                        &mut shared.scratch,
                    )
                }
            };
            self.reply(response, shared);
            self.send(&mut shared.sender);
        }
        self.received.drain(..from);
        self.send(&mut shared.sender);
        let over = self.ending || self.deaf;
        if over && self.waiting.is_empty() {
            self.ending = true;
            // It may have failed and be gone.
            let _ = shared.sender.close(self.to);
        }
    }

    fn reply(&mut self, response: Response, shared: &Shared) {
        let head = FrameBuf::<()>::from_pool(&shared.heads, shared.scratch.as_bytes());
        self.waiting.push_back(View::from(head));
        self.waiting
            .extend(response.body.filter(|body| !body.is_empty()));
        self.ending |= !response.keep_alive;
    }

    fn send(&mut self, sender: &mut Sender) {
        while let Some(mut view) = self.waiting.pop_front() {
            let rest = (view.len() > PIECE_BYTES).then(|| view.split_off(PIECE_BYTES));
            let refused = sender.send(self.to, self.place, view).err();
            if let Some(rest) = rest {
                self.waiting.push_front(rest);
            }
            let Some(refused) = refused else { continue };
            if refused.why().is_no_room_now() {
                return self.waiting.push_front(refused.into_guard());
            }
            // The connection has failed: nobody gets the rest.
            return self.waiting.clear();
        }
    }
}
