//! Slots that are kept back, memory that goes back slot by slot, and charges that come and go with it.

mod executor;

use std::task::Poll;

use executor::Task;
use pool_core::{Budget, Faults, Lease, Pool, Stock};

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(64);
    builder.build().expect("small")
}

#[test]
fn what_lies_in_a_stock_is_out_of_the_pools_sight() {
    for slots in [1, 3, 100] {
        let pool = pool(slots);
        let stock = Stock::of(&pool);
        assert_eq!((stock.len(), pool.free_count()), (slots, 0));
        assert!(pool.alloc().is_none() && pool.alloc_at_hand().is_none());
        let first = stock.take().expect("one of them");
        drop(first);
        assert_eq!((stock.len(), pool.free_count()), (slots - 1, 1));
        let again = pool.alloc_at_hand().expect("it went to the pool");
        stock.put(again).expect("nobody wants it");
        assert_eq!((stock.len(), pool.free_count()), (slots, 0));
        drop(stock);
        assert_eq!(pool.free_count(), slots);
    }
}

#[test]
fn a_stock_takes_slots_of_its_own_pool_only() {
    let (ours, others) = (pool(1), pool(1));
    let stock = Stock::empty(&ours);
    let foreign = others.alloc().expect("free");
    let back = stock.put(foreign).expect_err("of another pool");
    assert!(back.belongs_to(&others) && stock.is_empty());
}

#[test]
fn who_wants_a_slot_of_the_pool_gets_it_before_the_stock() {
    let pool = pool(2);
    let stock = Stock::of(&pool);
    assert!(stock.want().is_none(), "the stock has some");
    let [first, second] = [(); 2].map(|()| stock.take().expect("two"));
    let (task, mut waits) = (Task::default(), pool.alloc_async());
    let wanted = stock.want().expect("the stock is empty");
    assert!(task.poll(&mut waits).is_pending());
    let refused = stock.put(first).expect_err("somebody wants it");
    drop(refused);
    assert!(matches!(task.poll(&mut waits), Poll::Ready(Ok(_))));
    drop((waits, wanted));
    stock.put(second).expect("nobody wants it any more");
    let counts = stock.counts();
    assert_eq!((counts.slots, counts.put, counts.taken), (1, 3, 2));
}

/// A pool most of whose slots are in stock leaves a starvation when a quarter of the *others* is home.
#[test]
fn a_stocked_pool_uses_its_caches() {
    let pool = pool(1024);
    let stock = Stock::of(&pool);
    let leases: Vec<Lease> = (0..4).map_while(|_| stock.take()).collect();
    assert!(pool.alloc().is_none());
    drop(leases);
    let refills = pool.stats().allocs;
    let kept = pool.alloc().expect("four are home");
    drop(kept);
    // Out of the thread's own magazine: no search, and nothing else that counts.
    let steals = pool.stats().steals;
    for _ in 0..100 {
        assert!(pool.alloc_at_hand().is_some());
    }
    let stats = pool.stats();
    assert_eq!((stats.steals, stats.allocs), (steals, refills + 101));
}

#[test]
fn a_fault_of_the_pool_is_one_of_its_stock() {
    let builder = Pool::builder().slots(2).slot_bytes(64);
    let pool = builder.faults(Faults::Nth(1)).build().expect("small");
    let stock = Stock::of(&pool);
    assert_eq!(
        (stock.len(), pool.injected_faults()),
        (2, 0),
        "filled whole"
    );
    assert!(stock.take().is_none());
    assert_eq!((stock.len(), pool.injected_faults()), (2, 1));
    assert!(stock.take().is_some());
}

/// What is charged for a pool's memory is so until the memory is gone.
#[test]
fn an_added_charge_stays_as_long_as_the_region() {
    let (budget, other) = (Budget::new(1000), Budget::new(1000));
    let pool = pool(2);
    let charge = |budget: &Budget, bytes| budget.try_charge(bytes).expect("there is room");
    pool.add_charge(charge(&budget, 300)).expect("the first");
    pool.add_charge(charge(&budget, 200)).expect("the same");
    let refused = pool.add_charge(charge(&other, 1)).expect_err("another");
    assert!(refused.is_to(&other));
    assert!(pool.take_charge(501).is_none());
    drop(pool.take_charge(100).expect("500 are there"));
    assert_eq!(budget.used(), 400);
    let kept = pool.alloc().expect("free");
    drop(pool);
    assert_eq!(budget.used(), 400, "a slot is out");
    drop(kept);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_region_may_be_charged_beyond_the_limit() {
    let budget = Budget::new(100);
    let builder = Pool::builder().slots(2).slot_bytes(64).budget(&budget);
    assert!(builder.clone().build().is_err());
    let pool = builder.overdraw(true).build().expect("whatever it says");
    let report = budget.snapshot();
    assert_eq!((report.total().used, report.total().overdrawn), (128, 28));
    drop(pool);
    assert_eq!(budget.used(), 0);
}

#[test]
fn only_plain_pages_are_given_back() {
    let heap = pool(1);
    assert!(!heap.gives_back_pages());
    let mut lease = heap.alloc().expect("free");
    lease.fill(7);
    assert!(!lease.discard_pages());
    assert!(lease.iter().all(|byte| *byte == 7));
}

#[cfg(all(feature = "os", target_os = "linux"))]
mod mapped {
    use pool_core::{MemoryLock, Pool, PoolBuilder, RegionSource};

    fn builder() -> PoolBuilder {
        Pool::builder()
            .slots(3)
            .slot_bytes(8192)
            .region(RegionSource::Mmap)
            .page_by_page(true)
    }

    #[test]
    fn discarded_bytes_read_as_zero_and_the_neighbours_stay() {
        let pool = builder().build().expect("small");
        assert!(pool.gives_back_pages());
        let mut leases = [(); 3].map(|()| pool.alloc().expect("free"));
        leases.iter_mut().for_each(|lease| lease.fill(7));
        assert!(leases[1].discard_pages());
        let sums = leases
            .each_ref()
            .map(|lease| lease.iter().map(|byte| usize::from(*byte)).sum::<usize>());
        assert_eq!(sums, [7 * 8192, 0, 7 * 8192]);
        leases[1].fill(1);
        assert_eq!(leases[1][8191], 1);
    }

    #[test]
    fn whoever_is_asked_beforehand_says_the_same() {
        let asked = |builder: PoolBuilder| {
            let said = builder.gives_back_pages().expect("sizes that fit");
            if let Ok(pool) = builder.build() {
                assert_eq!(pool.gives_back_pages(), said);
            }
            said
        };
        assert!(asked(builder()));
        assert!(!asked(builder().page_by_page(false)));
        assert!(!asked(builder().slot_bytes(100)), "not whole pages");
        assert!(asked(builder().slot_bytes(100).align(4096)));
        assert!(!asked(builder().lock(MemoryLock::Now)));
        assert!(!asked(builder().check_free_slots(true)));
        assert!(!asked(builder().region(RegionSource::Heap)));
    }
}
