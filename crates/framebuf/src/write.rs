//! `std::io::Write` into the tailroom, in place.

use std::io::{self, IoSlice};

use crate::FrameBuf;

/// Writes as many bytes as the tailroom holds. A full frame takes 0 bytes, which makes `write_all` fail with
/// [`WriteZero`](io::ErrorKind::WriteZero); it never grows and never allocates.
impl<M> io::Write for FrameBuf<M> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let tail = self.body.tail_mut();
        let taken = bytes.len().min(tail.len());
        tail[..taken].copy_from_slice(&bytes[..taken]);
        Ok(self.body.grow_back_up_to(taken))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut taken = 0;
        for slice in slices {
            taken += self.write(slice)?;
        }
        Ok(taken)
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
