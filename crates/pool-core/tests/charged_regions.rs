//! A pool whose memory is charged to a budget: all of it, exactly as long as there is the memory.

use std::ptr::NonNull;

use pool_core::{Budget, BuildError, ExternalRegion, Pool, PoolBuilder};

fn builder(budget: &Budget) -> PoolBuilder {
    let builder = Pool::builder().slots(4).slot_bytes(1024).align(64);
    builder.budget(budget)
}

fn build(builder: PoolBuilder) -> Pool {
    builder.build().expect("there is room")
}

#[test]
fn the_region_is_charged_until_the_last_slot_is_home() {
    let budget = Budget::new(10_000);
    let pool = build(builder(&budget));
    assert_eq!((budget.used(), pool.region().bytes()), (4096, 4096));
    let kept = pool.alloc().expect("four are free").share();
    let again = build(builder(&budget));
    assert_eq!(budget.used(), 8192);
    drop((pool, again));
    assert_eq!(budget.used(), 4096, "a slot is out");
    drop(kept);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_budget_without_room_refuses_and_is_left_as_it_was() {
    let budget = Budget::new(5000);
    let first = build(builder(&budget));
    let refused = builder(&budget).name("rx").build().expect_err("904 B left");
    assert!(refused.is_over_budget() && !refused.is_out_of_memory());
    assert_eq!(
        refused.to_string(),
        "pool \"rx\": region: budget: no room for 4096 B more: 4096 of 5000 B are taken"
    );
    assert_eq!(budget.used(), 4096);
    drop(first);
    drop(build(builder(&budget)));
    // Other refusals leave nothing charged either.
    assert!(builder(&budget).align(3).build().is_err());
    assert_eq!(budget.used(), 0);
}

#[cfg(all(feature = "os", unix))]
#[test]
fn whole_pages_are_charged() {
    use pool_core::RegionSource;
    let budget = Budget::new(1 << 20);
    let mapped = || {
        Pool::builder()
            .slots(1)
            .slot_bytes(1)
            .region(RegionSource::Mmap)
    };
    let pool = build(mapped().budget(&budget));
    let page = budget.used();
    assert_eq!(page, pool.region().bytes());
    assert!(page > 1, "rounded up");
    let tight = Budget::new(page - 1);
    let refused = mapped()
        .budget(&tight)
        .build()
        .expect_err("a byte is missing");
    assert!(refused.is_over_budget());
    assert_eq!(tight.used(), 0);
}

/// Its owner decides whether it counts: it was asked to.
#[test]
fn a_region_of_the_callers_own_is_charged_too() -> Result<(), BuildError> {
    let budget = Budget::new(8192);
    let memory = || {
        let owner = SendBox(Box::into_raw(vec![0_u8; 5000].into_boxed_slice()));
        let base = NonNull::new(owner.0.cast()).expect("a box");
        // SAFETY: the owner keeps its bytes where they are, and nobody else uses them.
        unsafe { ExternalRegion::new(base, 5000, owner) }
    };
    let pool = builder(&budget).align(1).build_on(memory())?;
    assert_eq!(budget.used(), 5000);
    let refused = builder(&budget).align(1).build_on(memory());
    let refused = refused.expect_err("3192 B left");
    assert!(refused.why().is_over_budget());
    drop((refused, pool));
    assert_eq!(budget.used(), 0);
    Ok(())
}

/// Owns the bytes without a reference to them.
struct SendBox(*mut [u8]);

// SAFETY: the box is its alone.
unsafe impl Send for SendBox {}

impl Drop for SendBox {
    fn drop(&mut self) {
        // SAFETY: from `Box::into_raw`, once.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// The kernel may own the slot: the memory stays, and so does what is charged for it.
#[test]
fn a_leaked_region_stays_charged() {
    let budget = Budget::new(4096);
    let pool = build(builder(&budget));
    let lost = pool.alloc().expect("four are free").into_id();
    drop(pool);
    assert_eq!(budget.used(), 4096, "{lost:?} was never redeemed");
}
