//! A chain and the operating system's vectored calls.

use std::io::{self, BufRead, IoSlice, Read, Write};

use bytes::Buf;

use super::ViewChain;

/// Segments that one vectored call takes at a time: 1 KiB on the stack.
const AT_ONCE: usize = 64;

impl ViewChain {
    /// The segments as the kernel takes them for one vectored call, in order.
    ///
    /// Linux takes 1024 at a time.
    #[must_use]
    pub fn io_slices(&self) -> impl DoubleEndedIterator<Item = IoSlice<'_>> + ExactSizeIterator {
        self.segments.iter().map(|view| IoSlice::new(view))
    }

    /// Writes everything, with vectored writes of up to 64 segments. What is written leaves the chain, and gives up its storage as soon as the segment is.
    ///
    /// # Errors
    ///
    /// What `writer` says, except that an interrupted write goes on; [`WriteZero`](io::ErrorKind::WriteZero) if it takes nothing. What was not written is
    /// still in the chain.
    pub fn write_all_to(&mut self, writer: &mut (impl Write + ?Sized)) -> io::Result<()> {
        while !self.is_empty() {
            let mut slices = [IoSlice::new(&[]); AT_ONCE];
            let filled = self.chunks_vectored(&mut slices);
            match writer.write_vectored(&slices[..filled]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}

impl Read for ViewChain {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.len().min(into.len());
        self.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}

/// Reads segment by segment, without a copy.
impl BufRead for ViewChain {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.first_segment())
    }

    fn consume(&mut self, count: usize) {
        self.advance(count);
    }
}
