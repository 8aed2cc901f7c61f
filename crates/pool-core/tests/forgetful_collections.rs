//! A collection that forgets the iterator that it is given.

use pool_core::{Lease, Pool};

struct Forgets;

impl Extend<Lease> for Forgets {
    fn extend<I: IntoIterator<Item = Lease>>(&mut self, leases: I) {
        std::mem::forget(leases.into_iter());
    }
}

/// "Slots that `into` does not take go back."
#[test]
fn slots_that_are_not_taken_go_back_whoever_forgets_the_iterator() {
    for cache in [0, 16] {
        let pool = Pool::builder()
            .slots(64)
            .slot_bytes(64)
            .cache(cache)
            .build()
            .expect("small");
        assert_eq!(pool.alloc_many(8, &mut Forgets), 0);
        assert_eq!(pool.in_use(), 0);
        assert!(pool.alloc_many_exact(8, &mut Forgets));
        assert_eq!(pool.in_use(), 0, "cache {cache}");
    }
}
