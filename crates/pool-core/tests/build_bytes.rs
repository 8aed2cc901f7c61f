//! What building a pool writes, beside what `PoolBuilder::build` says.
#![cfg(all(feature = "os", target_os = "linux", not(feature = "track"), not(miri)))]

mod resident;

use pool_core::Pool;
use resident::resident_bytes;

#[test]
fn building_writes_as_many_bytes_per_slot_as_it_says() {
    const SLOTS: usize = 1 << 18;
    resident_bytes();
    for (cache, slots) in [(2, 1 << 14), (16, SLOTS), (112, SLOTS)] {
        let before = resident_bytes();
        let builder = Pool::builder().slots(slots).slot_bytes(64).cache(cache);
        let pool = builder.build().expect("memory");
        let per_slot = resident_bytes().saturating_sub(before) / slots;
        drop(pool);
        let said = 12 + 1440 / cache;
        assert!(
            per_slot <= said + said / 10,
            "cache {cache}: {per_slot} bytes per slot, {said} said"
        );
    }
}
