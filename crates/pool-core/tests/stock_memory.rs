//! A stock of a pool that scrubs on alloc brings every slot's memory in when it is made: what is kept back is to have none (sizeclass: RESIDENT-2).
#![cfg(all(feature = "os", target_os = "linux", not(miri)))]

mod resident;

use pool_core::{Pool, RegionSource, Scrub, Stock};

#[test]
fn a_stock_of_a_scrubbing_pool_touches_no_slot() {
    const BYTES: usize = 64 << 20;
    let pool = Pool::builder()
        .slots(BYTES / 4096)
        .slot_bytes(4096)
        .region(RegionSource::Mmap)
        .page_by_page(true)
        .scrub(Scrub::OnAlloc)
        .build()
        .expect("64 MiB");
    let before = resident::resident_bytes();
    let stock = Stock::of(&pool);
    let more = resident::resident_bytes().saturating_sub(before);
    assert_eq!(stock.len(), BYTES / 4096);
    assert!(more < BYTES / 8, "{more} bytes of {BYTES} came in");
}
