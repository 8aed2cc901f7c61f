//! `std::io::Write` into the tailroom, in place.

use std::io;

use crate::FrameBuf;

/// Writes as many bytes as the tailroom holds. A full frame takes 0 bytes, which makes `write_all` fail with
/// [`WriteZero`](io::ErrorKind::WriteZero); it never grows and never allocates.
impl<M> io::Write for FrameBuf<M> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.tailroom());
        match self.append(&bytes[..taken]) {
            Ok(()) => Ok(taken),
            Err(why) => Err(io::Error::new(io::ErrorKind::WriteZero, why)),
        }
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
