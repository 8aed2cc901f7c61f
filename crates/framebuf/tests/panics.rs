//! Panics of the user's own code, where a frame or chain runs it: what is left is whole, and no slot is lost.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use bytes::Buf;
use framebuf::{FrameBuf, FrameChain};
use pool_core::Pool;

fn pool(slots: usize) -> Pool {
    let built = Pool::builder().slots(slots).slot_bytes(64).build();
    built.unwrap()
}

fn panics(work: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(work)).is_err()
}

/// Panics when it is woken.
struct Mine;

impl Wake for Mine {
    fn wake(self: Arc<Self>) {
        panic!("a waker of the user's");
    }
}

/// Runs `work`, in which slots of an exhausted pool come home, with one waiting for a slot whose waker panics.
fn with_a_waker_that_panics(pool: &Pool, work: impl FnOnce()) {
    let mut waiting = pin!(pool.alloc_async());
    let waker = Waker::from(Arc::new(Mine));
    let poll = waiting.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    assert!(panics(work));
}

#[test]
fn a_chain_is_the_sum_of_its_frames_when_one_goes_in_a_panic() {
    let cuts: [fn(&mut FrameChain); 5] = [
        |chain| chain.trim_front(70).unwrap(),
        |chain| chain.trim_back(70).unwrap(),
        |chain| chain.advance(70),
        |chain| chain.truncate(0),
        FrameChain::clear,
    ];
    for cut in cuts {
        let pool = pool(3);
        let mut chain = FrameChain::try_from_pool(&pool, &[7; 3 * 64]).unwrap();
        with_a_waker_that_panics(&pool, || cut(&mut chain));
        let sum: usize = chain.frames().map(|frame| frame.len()).sum();
        assert_eq!((chain.len(), sum), (sum, chain.len()));
        assert_eq!(chain, &vec![7; sum][..]);
        drop(chain);
        assert_eq!(pool.in_use(), 0);
    }
}

#[test]
fn a_frame_that_goes_in_a_panic_gives_its_slot_back_once() {
    let drops: [fn(FrameBuf); 3] = [
        |frame| drop(frame),
        |mut frame| drop((frame.split_to(1), frame)),
        |frame| drop(frame.into_bytes()),
    ];
    for go in drops {
        let pool = pool(1);
        let frame = FrameBuf::try_from_pool(&pool, b"ab").unwrap();
        with_a_waker_that_panics(&pool, || go(frame));
        assert_eq!(pool.in_use(), 0);
        let both = (pool.alloc(), pool.alloc());
        assert!(both.0.is_some() && both.1.is_none(), "one slot, once");
    }
}

#[test]
fn a_chain_that_becomes_one_frame_in_a_panic_costs_no_slot() {
    let (small, large) = (pool(2), Pool::builder().slots(1).slot_bytes(256).build());
    let large = large.unwrap();
    for closed in [false, true] {
        if closed {
            large.close();
        }
        let chain = FrameChain::try_from_pool(&small, &[7; 128]).unwrap();
        with_a_waker_that_panics(&small, || drop(chain.linearize(&large)));
        assert_eq!((small.in_use(), large.in_use()), (0, 0));
    }
}

/// Metadata that panics when dropped.
#[derive(Clone)]
struct Touchy;

impl Drop for Touchy {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "metadata of the user's");
    }
}

#[test]
fn metadata_that_panics_when_dropped_costs_no_slot() {
    let uses: [fn(FrameBuf<Touchy>); 8] = [
        |frame| drop(frame),
        |frame| drop(frame.with_meta(())),
        |frame| drop(frame.into_lease().unwrap()),
        |frame| drop(frame.map_meta(|_| ())),
        |frame| frame.into_segments(1).for_each(drop),
        |frame| drop(FrameChain::from(frame).with_meta(())),
        |frame| drop(FrameChain::from(frame).into_iter()),
        |frame| drop(frame.split_meta()),
    ];
    for go in uses {
        let pool = pool(1);
        let frame = FrameBuf::try_from_pool(&pool, b"ab").unwrap();
        let frame = frame.with_meta(Touchy);
        assert!(panics(|| go(frame)));
        assert_eq!(pool.in_use(), 0);
    }
}
