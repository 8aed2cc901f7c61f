//! A stock beside its pool's policies, and one that ends beside a waker that panics.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use pool_core::{Pool, Scrub, Stock};

/// `Scrub::OnFree`: the next owner never sees what the last one left. A slot that went through a stock is not scrubbed on either side.
#[test]
fn a_slot_that_went_through_a_stock_shows_nothing_of_its_last_owner() {
    let pool = Pool::builder()
        .slots(1)
        .slot_bytes(64)
        .scrub(Scrub::OnFree)
        .build()
        .expect("small");
    let stock = Stock::empty(&pool);
    let mut lease = pool.alloc().expect("free");
    lease.fill(7);
    stock.put(lease).expect("nobody wants it");
    let lease = stock.take().expect("it is there");
    assert!(lease.iter().all(|byte| *byte == 0), "{:?}", &lease[..4]);
}

/// `check_free_slots` blames a write that the slot's owner had every right to make.
#[test]
fn a_checked_pool_blames_nobody_for_what_an_owner_wrote_before_it_put_the_slot_into_a_stock() {
    let pool = Pool::builder()
        .slots(1)
        .slot_bytes(64)
        .check_free_slots(true)
        .build()
        .expect("small");
    let stock = Stock::empty(&pool);
    let mut lease = pool.alloc().expect("free");
    lease.fill(7);
    stock.put(lease).expect("nobody wants it");
    assert!(stock.take().is_some());
}

/// The same without any write of the user's: `Stock::of` prepares the slots, `take` does so again.
#[test]
fn a_checked_and_scrubbed_pool_may_have_a_stock() {
    let pool = Pool::builder()
        .slots(2)
        .slot_bytes(64)
        .check_free_slots(true)
        .scrub(Scrub::OnAlloc)
        .build()
        .expect("small");
    let stock = Stock::of(&pool);
    assert!(stock.take().is_some());
}

struct Rude;

impl Wake for Rude {
    fn wake(self: Arc<Self>) {
        panic!("a rude waker");
    }
}

/// "A waker that panics [...] no slot and no other wake-up is lost."
#[test]
fn a_stock_that_ends_beside_a_panicking_waker_loses_no_slot() {
    let pool = Pool::builder()
        .slots(8)
        .slot_bytes(64)
        .build()
        .expect("small");
    let stock = Stock::of(&pool);
    let waker = Waker::from(Arc::new(Rude));
    {
        let mut waits = pin!(pool.alloc_async());
        let mut context = Context::from_waker(&waker);
        assert!(waits.as_mut().poll(&mut context).is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(stock))).is_err());
    }
    assert_eq!((pool.in_use(), pool.free_count()), (0, 8));
}

/// Where memory goes back to the system, that is what scrubs it.
#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
#[test]
fn a_stock_of_pages_is_scrubbed_too() {
    let builder = Pool::builder().slots(1).slot_bytes(4096);
    let builder = builder
        .region(pool_core::RegionSource::Mmap)
        .page_by_page(true);
    let pool = builder.scrub(Scrub::OnFree).build().expect("a page");
    assert!(pool.gives_back_pages());
    let stock = Stock::empty(&pool);
    let mut lease = pool.alloc().expect("free");
    lease.fill(7);
    stock.put(lease).expect("nobody wants it");
    let lease = stock.take().expect("it is there");
    assert!(lease.iter().all(|byte| *byte == 0));
}

/// What a checked pool finds beside a slot it tells, and the slot is in the stock.
#[test]
fn a_write_beside_a_slot_is_found_on_the_way_into_a_stock() {
    let builder = Pool::builder().slots(1).slot_bytes(64);
    let pool = builder.check_free_slots(true).build().expect("small");
    let stock = Stock::empty(&pool);
    let mut lease = pool.alloc().expect("free");
    let end = lease.as_mut_ptr().wrapping_add(64);
    // SAFETY: validity: the zone behind the slot, in the pool's region. Aliasing: nobody has a reference to it; that it is not ours is what this is about.
    unsafe { end.write(0) }
    let put = catch_unwind(AssertUnwindSafe(|| stock.put(lease)));
    assert!(put.is_err() && stock.len() == 1);
    drop(stock);
    assert_eq!(pool.free_count(), 1);
}
