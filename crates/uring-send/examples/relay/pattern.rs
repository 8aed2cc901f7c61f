//! What the self-test's publishers send: known bytes, so that every subscriber's stream can be computed again.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub(crate) type Digest = [u8; 32];

const TABLE_BYTES: usize = 2 * 1024 * 1024;

/// The messages of every publisher of one run.
pub(crate) struct Pattern {
    table: Vec<u8>,
    sizes: Vec<usize>,
    messages: usize,
}

impl Pattern {
    pub(crate) fn new(sizes: &[usize], messages: usize) -> Self {
        let mut table = Vec::with_capacity(TABLE_BYTES + 32);
        let mut block = Sha256::digest(b"relay");
        while table.len() < TABLE_BYTES {
            table.extend_from_slice(&block);
            block = Sha256::digest(block);
        }
        Self {
            table,
            sizes: sizes.to_vec(),
            messages,
        }
    }

    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    pub(crate) fn payload_bytes(&self, number: usize) -> usize {
        self.sizes[number % self.sizes.len()]
    }

    /// All the bytes that one publisher sends.
    pub(crate) fn stream_bytes(&self) -> usize {
        (0..self.messages)
            .map(|number| 4 + self.payload_bytes(number))
            .sum()
    }

    /// The message from which on a stream has just `bytes` bytes left.
    pub(crate) fn last_messages_of(&self, bytes: usize) -> Option<usize> {
        let mut from = self.messages;
        let mut left = bytes;
        while left > 0 {
            from = from.checked_sub(1)?;
            left = left.checked_sub(4 + self.payload_bytes(from))?;
        }
        Some(from)
    }

    /// Gives a message's pieces to `take`: its length prefix, the publisher's number as the first payload byte, the rest.
    pub(crate) fn message(&self, publisher: u8, number: usize, mut take: impl FnMut(&[u8])) {
        let bytes = self.payload_bytes(number);
        let prefix = u32::try_from(bytes)
            .expect("sizes are checked")
            .to_be_bytes();
        take(&prefix);
        if let Some(rest) = bytes.checked_sub(1) {
            let from = (number * 61 + usize::from(publisher) * 17) % (self.table.len() - rest);
            take(&[publisher]);
            take(&self.table[from..from + rest]);
        }
    }

    /// The digest of the first `bytes` bytes of a publisher's stream from message `from` on, or `None` if it has fewer.
    pub(crate) fn digest(&self, publisher: u8, from: usize, bytes: usize) -> Option<Digest> {
        let mut hash = Sha256::new();
        let mut left = bytes;
        for number in from..self.messages {
            if left == 0 {
                break;
            }
            self.message(publisher, number, |piece| {
                let part = &piece[..piece.len().min(left)];
                hash.update(part);
                left -= part.len();
            });
        }
        (left == 0).then(|| hash.finalize().into())
    }
}
