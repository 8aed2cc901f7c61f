//! Feature `futures`: a chain through `futures_io::AsyncWrite`, from where its pieces lie, with an executor of a few lines.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_io::AsyncWrite;
use zerocopy_view::futures::write_all_buf;
use zerocopy_view::{View, ViewChain};

/// Takes up to two slices every other time it is asked, and notes from where.
#[derive(Default)]
struct Sink {
    asked: usize,
    taken: Vec<(usize, usize)>,
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
        self.asked += 1;
        if self.asked % 2 == 1 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let taken = slices.iter().take(2);
        let taken: Vec<_> = taken
            .map(|slice| (slice.as_ptr().addr(), slice.len()))
            .collect();
        let bytes = taken.iter().map(|(_, len)| len).sum();
        self.taken.extend(taken);
        Poll::Ready(Ok(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_chain_is_written_from_where_its_pieces_lie() {
    let pieces = (1..=5).map(|len| View::from(vec![len; usize::from(len)]));
    let mut chain = ViewChain::from_iter(pieces);
    let places: Vec<_> = chain
        .segments()
        .map(|view| (view.as_ptr().addr(), view.len()))
        .collect();
    let mut sink = Sink::default();
    {
        let mut written = pin!(write_all_buf(&mut sink, &mut chain));
        let mut context = Context::from_waker(Waker::noop());
        while written
            .as_mut()
            .poll(&mut context)
            .map(Result::unwrap)
            .is_pending()
        {}
    }
    assert_eq!((sink.taken, chain.len()), (places, 0));
}
