//! Panics of the user's own code, where a view or buffer runs it: what is left is whole.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use pool_core::{Budget, Lease, Pool, Source};
use zerocopy_view::{Heap, StableBytes, View, ViewChain, ViewMut};

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

/// Runs `work`, which wakes who waits for `what`, with one waiting whose waker panics.
fn with_a_waker_that_panics(what: impl Future, work: impl FnOnce()) {
    let mut waiting = pin!(what);
    let waker = Waker::from(Arc::new(Mine));
    let poll = waiting.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    assert!(panics(work));
}

/// Of one slot.
fn pool(slot_bytes: usize) -> Pool {
    let built = Pool::builder().slots(1).slot_bytes(slot_bytes).build();
    built.unwrap()
}

fn charged_buffer(budget: &Budget) -> ViewMut {
    let view = View::from(vec![7; 64]).with_budget(budget);
    view.unwrap().try_into_mut().unwrap()
}

#[test]
fn a_buffer_whose_last_byte_goes_in_a_panic_is_empty() {
    let budget = Budget::new(64);
    let mut buffer = charged_buffer(&budget);
    with_a_waker_that_panics(budget.charge_async(1), || buffer.advance(64));
    assert_eq!((buffer.len(), buffer.capacity()), (0, 0));
    assert_eq!(buffer, []);
    buffer.extend_from_slice(b"goes on");
    assert_eq!(buffer.freeze(), "goes on");
}

#[test]
fn a_buffer_that_moves_in_a_panic_has_its_bytes() {
    let (small, large) = (pool(64), pool(256));
    let mut buffer = ViewMut::with_capacity(64, &small).with_source(&large);
    buffer.extend_from_slice(&[7; 64]);
    with_a_waker_that_panics(small.alloc_async(), || buffer.reserve(100));
    assert_eq!((buffer.len(), buffer.capacity()), (64, 256));
    buffer.extend_from_slice(&[7; 100]);
    assert_eq!(buffer.freeze(), [7; 164]);
    assert_eq!((small.in_use(), large.in_use()), (0, 0));
}

/// Hands out nothing, and panics when dropped.
#[derive(Clone)]
struct TouchySource;

impl Source for TouchySource {
    fn lease(&self, _min: usize) -> Option<Lease> {
        None
    }
}

impl Drop for TouchySource {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "a source of the user's");
    }
}

#[test]
fn a_source_that_panics_when_dropped_costs_no_slot() {
    let uses: [fn(ViewMut<TouchySource>); 4] = [
        |buffer| drop(buffer),
        |buffer| drop(buffer.with_source(Heap)),
        |buffer| drop(buffer.freeze()),
        |buffer| drop(ViewMut::default().try_join(buffer)),
    ];
    for go in uses {
        let pool = pool(64);
        let buffer = ViewMut::with_capacity(64, &pool).with_source(TouchySource);
        assert!(panics(|| go(buffer)));
        assert_eq!(pool.in_use(), 0);
    }
}

#[test]
fn a_chain_that_becomes_one_view_in_a_panic_costs_no_slot() {
    let (small, large) = (pool(64), pool(256));
    let slot = View::from(small.alloc().unwrap());
    let chain = ViewChain::from_iter([slot, View::from_static(b"more")]);
    with_a_waker_that_panics(small.alloc_async(), || drop(chain.linearize(&large)));
    assert_eq!((small.in_use(), large.in_use()), (0, 0));
}

#[test]
fn a_view_whose_last_byte_goes_in_a_panic_is_empty() {
    let cuts: [fn(&mut View); 3] = [
        |view| view.advance(64),
        |view| view.truncate(0),
        |view| drop(view.split_to(64)),
    ];
    for cut in cuts {
        let budget = Budget::new(64);
        let mut view = View::from(vec![7; 64]).with_budget(&budget).unwrap();
        with_a_waker_that_panics(budget.charge_async(1), || cut(&mut view));
        assert_eq!((view.len(), view.sharers()), (0, 0));
    }
}

#[test]
fn a_chain_keeps_what_was_not_cut_off_when_a_segment_goes_in_a_panic() {
    let cuts: [fn(&mut ViewChain); 3] = [
        |chain| chain.advance(70),
        |chain| chain.truncate(0),
        ViewChain::clear,
    ];
    for (cut, left) in cuts.into_iter().zip([26, 0, 0]) {
        let budget = Budget::new(64);
        let charged = View::from(vec![7; 64]).with_budget(&budget).unwrap();
        let mut chain = ViewChain::from_iter([charged, View::from(vec![8; 32])]);
        with_a_waker_that_panics(budget.charge_async(1), || cut(&mut chain));
        assert_eq!(chain.len(), left);
        assert_eq!(chain, vec![8; left]);
        chain.push(View::from_static(b"more"));
        assert_eq!(chain.to_view().len(), left + 4);
    }
}

/// Panics where it is told to, and tells by its `Arc` whether it lives.
struct Touchy {
    bytes: Vec<u8>,
    panics_when_asked: bool,
    panics_when_dropped: bool,
    _alive: Arc<()>,
}

// SAFETY: as `Vec<u8>`, which nothing here changes.
unsafe impl StableBytes for Touchy {
    fn stable_bytes(&self) -> &[u8] {
        assert!(!self.panics_when_asked, "asked for its bytes");
        &self.bytes
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        assert!(!self.panics_when_dropped, "dropped");
    }
}

#[test]
fn an_owner_that_panics_when_asked_for_its_bytes_is_dropped() {
    let alive = Arc::new(());
    let owner = Touchy {
        bytes: vec![7; 64],
        panics_when_asked: true,
        panics_when_dropped: false,
        _alive: alive.clone(),
    };
    assert!(panics(|| drop(View::from_owner(owner))));
    assert_eq!(Arc::strong_count(&alive), 1, "no leak");
}

#[test]
fn an_owner_that_panics_when_dropped_leaves_an_empty_view() {
    let alive = Arc::new(());
    let owner = Touchy {
        bytes: vec![7; 64],
        panics_when_asked: false,
        panics_when_dropped: true,
        _alive: alive.clone(),
    };
    let mut view = View::from_owner(owner);
    assert!(panics(|| view.truncate(0)));
    assert_eq!((view.len(), view.sharers()), (0, 0));
    assert_eq!(Arc::strong_count(&alive), 1, "its fields are dropped");
}
