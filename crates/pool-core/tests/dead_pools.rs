//! What stays of pools that are gone, in the thread that made, used and dropped them.
#![cfg(all(feature = "os", feature = "std", target_os = "linux", not(miri)))]

mod resident;

use pool_core::Pool;
use resident::resident_bytes;

#[test]
fn pools_that_are_gone_take_no_memory_in_the_thread_that_dropped_them() {
    const SLOTS: usize = 1 << 18;
    let use_and_drop = || {
        let pool = Pool::builder().slots(SLOTS).slot_bytes(64).build();
        let pool = pool.expect("16 MiB");
        let share = pool.alloc().expect("free").share();
        drop((share, pool));
    };
    // The allocator keeps what a few of them took.
    (0..16).for_each(|_| use_and_drop());
    let before = resident_bytes();
    (0..32).for_each(|_| use_and_drop());
    let more = resident_bytes().saturating_sub(before);
    assert!(
        more < 8 << 20,
        "{more} bytes of 32 pools without a handle or a lease"
    );
}
