//! `futures`: everything that a [`bytes::Buf`] has, written with vectored writes.
//!
//! Tokio needs nothing of this: `write_all_buf` of its `AsyncWriteExt` does the same, and `read_buf` of its `AsyncReadExt` receives into a frame.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};

use bytes::Buf;
use futures_io::AsyncWrite;

/// Slices that one call is given at most; see `chain/io.rs`.
const AT_ONCE: usize = 64;

/// Writes everything that `buf` has, a [`FrameBuf`](crate::FrameBuf) or a [`FrameChain`](crate::FrameChain) for instance, up to 64 pieces with each call. What is written leaves `buf`, and
/// slots go home as their frames do.
///
/// Cancel safe: what a dropped future has not written is still in `buf`.
///
/// # Errors
///
/// The future gives what `writer` says, except that an interrupted write goes on; [`WriteZero`](io::ErrorKind::WriteZero) if it takes nothing.
pub fn write_all_buf<'a, W, B>(writer: &'a mut W, buf: &'a mut B) -> WriteAllBuf<'a, W, B>
where
    W: AsyncWrite + Unpin + ?Sized,
    B: Buf + ?Sized,
{
    WriteAllBuf { writer, buf }
}

/// The future of [`write_all_buf`].
#[must_use = "a future does nothing unless it is polled"]
pub struct WriteAllBuf<'a, W: ?Sized, B: ?Sized> {
    writer: &'a mut W,
    buf: &'a mut B,
}

impl<W, B> Future for WriteAllBuf<'_, W, B>
where
    W: AsyncWrite + Unpin + ?Sized,
    B: Buf + ?Sized,
{
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { writer, buf } = &mut *self;
        while buf.has_remaining() {
            let mut slices = [IoSlice::new(&[]); AT_ONCE];
            let filled = buf.chunks_vectored(&mut slices);
            let writer = Pin::new(&mut **writer);
            match ready!(writer.poll_write_vectored(context, &slices[..filled])) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(written) => buf.advance(written),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Poll::Ready(Err(why)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Says how much is left.
impl<W: ?Sized, B: Buf + ?Sized> fmt::Debug for WriteAllBuf<'_, W, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteAllBuf")
            .field("remaining", &self.buf.remaining())
            .finish_non_exhaustive()
    }
}
