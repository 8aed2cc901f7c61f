//! Messages behind a length of four bytes, received into slots and cut off where they lie:
//! `cargo run -p zerocopy-view --example length_prefixed`.

use std::io::{self, ErrorKind, Read};

use pool_core::Pool;
use zerocopy_view::{View, ViewMut};

/// The longest message that a peer may announce.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// The messages of a stream, each a `u32` of its length, big-endian, and so many bytes.
struct Messages<R> {
    stream: R,
    buffer: ViewMut<Pool>,
}

impl<R: Read> Messages<R> {
    fn new(stream: R, pool: &Pool) -> Self {
        Self {
            stream,
            buffer: ViewMut::new(pool.clone()),
        }
    }

    /// The next message, which shares the slot that it was received into; `None` at the end of the stream.
    fn next(&mut self) -> io::Result<Option<View>> {
        loop {
            let needed = match self.announced()? {
                Some(len) if self.buffer.len() >= 4 + len => {
                    self.buffer.advance(4);
                    return Ok(Some(self.buffer.freeze_to(len)));
                }
                Some(len) => 4 + len,
                None => 4,
            };
            // Goes on in the slot if there is room, and else moves what has arrived of this message to another.
            self.buffer.reserve(needed - self.buffer.len());
            if self.buffer.fill_with(|room| self.stream.read(room))? == 0 {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// How long the message is that begins the buffer, if its length has arrived.
    fn announced(&self) -> io::Result<Option<usize>> {
        let Some(length) = self.buffer.first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length > MAX_MESSAGE_BYTES {
            let why = format!("a message of {length} bytes, at most {MAX_MESSAGE_BYTES} are taken");
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        Ok(Some(length))
    }
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Pool::builder().slots(8).slot_bytes(256).build()?;
    let mut wire = Vec::new();
    for text in ["hello", "", "a message that is a little longer", "bye"] {
        wire.extend_from_slice(&u32::try_from(text.len())?.to_be_bytes());
        wire.extend_from_slice(text.as_bytes());
    }
    let mut messages = Messages::new(&wire[..], &pool);
    let mut kept = Vec::new();
    while let Some(message) = messages.next()? {
        println!("{:>2} bytes: {}", message.len(), message.escape_ascii());
        kept.push(message);
    }
    println!("{} messages lie in {} slot", kept.len(), pool.in_use());
    assert_eq!(
        kept,
        ["hello", "", "a message that is a little longer", "bye"]
    );
    drop((messages, kept));
    assert_eq!(pool.in_use(), 0);
    Ok(())
}
