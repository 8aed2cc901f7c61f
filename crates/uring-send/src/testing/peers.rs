//! What arrives at the other ends.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

use super::operation::OpId;
use crate::message::Message;

/// The bytes that left, by descriptor, in the order in which they did.
#[derive(Default)]
pub(super) struct Peers {
    pieces: BTreeMap<RawFd, Vec<Piece>>,
}

struct Piece {
    by: OpId,
    /// As they were when they left.
    bytes: Vec<u8>,
    /// Where they still lie, if they are read from there.
    source: Option<Message>,
}

impl Piece {
    fn now(&self) -> Vec<u8> {
        let len = self.bytes.len();
        let from_source = |message: &Message| message.first_bytes(len);
        self.source
            .as_ref()
            .map_or_else(|| self.bytes.clone(), from_source)
    }
}

impl Peers {
    /// Bytes that were copied.
    pub(super) fn copied(&mut self, fd: RawFd, by: OpId, bytes: Vec<u8>) {
        let source = None;
        self.pieces
            .entry(fd)
            .or_default()
            .push(Piece { by, bytes, source });
    }

    /// Bytes that are read from where they lie until [`settle`](Self::settle).
    pub(super) fn referred(&mut self, fd: RawFd, by: OpId, message: &Message, len: usize) {
        let bytes = message.first_bytes(len);
        let source = Some(message.clone());
        self.pieces
            .entry(fd)
            .or_default()
            .push(Piece { by, bytes, source });
    }

    /// The operation's memory is read for the last time. Tells whether its bytes are what they were when they left.
    pub(super) fn settle(&mut self, fd: RawFd, by: OpId) -> bool {
        let mut pieces = self.pieces.get_mut(&fd).into_iter().flatten();
        let Some(piece) = pieces.find(|piece| piece.by == by) else {
            return true;
        };
        let last = piece.now();
        let same = last == piece.bytes;
        (piece.bytes, piece.source) = (last, None);
        same
    }

    /// What the peer would read if it read everything now.
    pub(super) fn received(&self, fd: RawFd) -> Vec<u8> {
        let pieces = self.pieces.get(&fd).into_iter().flatten();
        pieces.flat_map(Piece::now).collect()
    }
}
