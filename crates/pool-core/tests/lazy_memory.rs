//! What building a pool of half a gibibyte costs in memory: small records per slot.
//!
//! A program of its own, because it looks at the memory of the whole process.
#![cfg(all(feature = "os", target_os = "linux", not(miri)))]

mod resident;

use pool_core::{Pool, RegionSource};
use resident::resident_bytes;

const REGION_BYTES: usize = 512 * 1024 * 1024;

/// What the documentation of `PoolBuilder::build` says, and what the system takes beside it.
const BYTES_PER_SLOT: usize = if cfg!(feature = "track") { 40 } else { 24 };
const BESIDE: usize = 1024 * 1024;

#[test]
fn l_pool_9_building_writes_small_records_per_slot() {
    // Warm up: what the first reading itself takes.
    resident_bytes();
    let sources = [
        RegionSource::Heap,
        RegionSource::Mmap,
        RegionSource::HugePages,
        RegionSource::Memfd,
    ];
    for source in sources {
        // `alloc_zeroed` of the system's allocator writes every byte of what is to be aligned to more than 16.
        for (slot_bytes, align) in [(65_500, 64), (65_536, 4096), (65_536, 65_536)] {
            let slots = REGION_BYTES / slot_bytes;
            let before = resident_bytes();
            let pool = Pool::builder()
                .slots(slots)
                .slot_bytes(slot_bytes)
                .align(align)
                .region(source)
                .build()
                .expect("memory that nobody touches");
            let grown = resident_bytes().saturating_sub(before);
            let allowed = slots * BYTES_PER_SLOT + BESIDE;
            assert!(
                grown <= allowed,
                "{source:?}, {slots} slots: {grown} bytes, {allowed} allowed"
            );
            assert_eq!(pool.free_count(), slots);
        }
    }
}
