//! `std::io::Write`: adds at the end, growing like a `Vec`.

use std::io;

use crate::PooledBuffer;

/// Takes every byte, as [`PooledBuffer::extend_from_slice`]; never fails.
impl io::Write for PooledBuffer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
