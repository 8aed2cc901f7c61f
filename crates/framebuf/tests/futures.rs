//! Vectored writes to `futures_io::AsyncWrite`, with an executor of a few lines.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use framebuf::futures::write_all_buf;
use framebuf::{FrameBuf, FrameChain};
use futures_io::AsyncWrite;
use pool_core::Pool;

fn pool() -> Pool {
    let builder = Pool::builder().slots(100).slot_bytes(64);
    builder.build().expect("a small pool")
}

/// Takes up to 150 bytes with each call; makes the caller wait, interrupts it, or takes nothing when it is told to.
#[derive(Default)]
struct Sink {
    taken: Vec<u8>,
    calls: usize,
    most_slices: usize,
    ends_after: Option<usize>,
}

impl AsyncWrite for Sink {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("there is a vectored call")
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.calls += 1;
        self.most_slices = self.most_slices.max(slices.len());
        if self.ends_after == Some(self.calls) {
            return Poll::Ready(Ok(0));
        }
        match self.calls % 4 {
            1 => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            2 => Poll::Ready(Err(ErrorKind::Interrupted.into())),
            _ => {
                let before = self.taken.len();
                let bytes = slices.iter().flat_map(|slice| slice.iter().copied());
                self.taken.extend(bytes.take(150));
                Poll::Ready(Ok(self.taken.len() - before))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Polls until it is ready; the sink wakes whom it makes wait.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

#[test]
fn a_chain_is_written_with_vectored_writes() {
    let pool = pool();
    let data: Vec<u8> = (0..6000_u32).map(|at| (at % 251) as u8).collect();
    let mut chain = FrameChain::try_from_pool(&pool, &data).expect("94 slots");
    let mut sink = Sink::default();
    block_on(write_all_buf(&mut sink, &mut chain)).expect("it takes everything in the end");
    assert_eq!((sink.taken, sink.most_slices), (data, 64));
    assert_eq!((chain.len(), pool.in_use()), (0, 0));
}

#[test]
fn a_frame_is_written_too() {
    let mut frame = FrameBuf::from_pool(&pool(), b"payload");
    let mut sink = Sink::default();
    block_on(write_all_buf(&mut sink, &mut frame)).expect("it takes everything");
    assert_eq!((&sink.taken[..], frame.len()), (&b"payload"[..], 0));
}

#[test]
fn what_was_not_written_stays() {
    let pool = pool();
    let mut chain = FrameChain::try_from_pool(&pool, &[5; 1000]).expect("16 slots");
    let mut sink = Sink {
        ends_after: Some(7),
        ..Sink::default()
    };
    let why = block_on(write_all_buf(&mut sink, &mut chain)).expect_err("takes nothing any more");
    assert_eq!(why.kind(), ErrorKind::WriteZero);
    assert_eq!((sink.taken.len(), chain.len()), (300, 700));

    let mut context = Context::from_waker(Waker::noop());
    let mut sink = Sink {
        calls: 2,
        ..Sink::default()
    };
    let mut future = write_all_buf(&mut sink, &mut chain);
    assert!(Pin::new(&mut future).poll(&mut context).is_pending());
    assert!(format!("{future:?}").contains("400"), "{future:?}");
    // Dropped here.
    assert_eq!((sink.taken.len(), chain.len()), (300, 400));
}
