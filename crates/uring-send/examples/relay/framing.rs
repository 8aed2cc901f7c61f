//! The relay's wire format: a big-endian 32-bit length, then that many bytes. Only boundaries are looked for; no byte moves.

use std::fmt;

/// Messages below this many bytes may be copied together on their way out.
pub(crate) const SMALL_BYTES: usize = 256;
const PREFIX_BYTES: usize = 4;

/// Where one publisher's stream is inside a message.
#[derive(Debug)]
pub(crate) struct Framing {
    prefix: [u8; PREFIX_BYTES],
    prefix_bytes: usize,
    payload_left: usize,
    payload_bytes: usize,
    most_bytes: usize,
}

/// What a chunk of the stream holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Bytes of the chunk up to the end of the last message that ends in it.
    pub(crate) complete: usize,
    /// How many messages end in it.
    pub(crate) messages: u64,
    /// Whether one of those has [`SMALL_BYTES`] or more.
    pub(crate) has_large: bool,
}

/// A length prefix over the bound.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong {
    length: usize,
    most: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "message length: at most {}, got {}",
            self.most, self.length
        )
    }
}

impl Framing {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self {
            prefix: [0; PREFIX_BYTES],
            prefix_bytes: 0,
            payload_left: 0,
            payload_bytes: 0,
            most_bytes,
        }
    }

    /// Whether the stream stands between two messages.
    pub(crate) fn at_boundary(&self) -> bool {
        self.prefix_bytes == 0
    }

    /// Follows the stream through its next bytes.
    pub(crate) fn scan(&mut self, chunk: &[u8]) -> Result<Scan, TooLong> {
        let mut scan = Scan::default();
        let mut at = 0;
        while at < chunk.len() {
            if self.prefix_bytes < PREFIX_BYTES {
                self.prefix[self.prefix_bytes] = chunk[at];
                self.prefix_bytes += 1;
                at += 1;
                if self.prefix_bytes == PREFIX_BYTES {
                    self.begin_payload()?;
                }
            } else {
                let step = self.payload_left.min(chunk.len() - at);
                self.payload_left -= step;
                at += step;
            }
            if self.prefix_bytes == PREFIX_BYTES && self.payload_left == 0 {
                self.prefix_bytes = 0;
                scan.messages += 1;
                scan.complete = at;
                scan.has_large |= self.payload_bytes >= SMALL_BYTES;
            }
        }
        Ok(scan)
    }

    fn begin_payload(&mut self) -> Result<(), TooLong> {
        let length = u32::from_be_bytes(self.prefix) as usize;
        if length > self.most_bytes {
            return Err(TooLong {
                length,
                most: self.most_bytes,
            });
        }
        self.payload_bytes = length;
        self.payload_left = length;
        Ok(())
    }
}
