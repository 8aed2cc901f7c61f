//! A region that is leaked because an id is out that nobody can redeem is counted, whenever the id was made.
// Miri takes a leak on purpose for one.
#![cfg(not(miri))]

use pool_core::{Pool, leaked_regions};

#[test]
fn a_region_leaked_by_an_id_made_after_the_last_handle_is_counted() {
    let pool = Pool::builder()
        .slots(2)
        .slot_bytes(64)
        .build()
        .expect("small");
    let lease = pool.alloc().expect("free");
    drop(pool);
    assert_eq!(leaked_regions(), 0);
    // From here on nobody can redeem anything, and the region never goes.
    let _id = lease.into_id();
    assert_eq!(leaked_regions(), 1);
}
