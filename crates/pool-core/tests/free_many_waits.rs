//! `free_many` of an iterator that waits.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use pool_core::{Lease, Pool};

/// A thread that gives back whatever comes through a channel.
#[test]
fn a_lease_that_was_given_to_free_many_can_be_had_while_the_iterator_waits() {
    let pool = Pool::builder()
        .slots(16)
        .slot_bytes(64)
        .build()
        .expect("small");
    let (sender, receiver): (_, Receiver<Lease>) = channel();
    std::thread::scope(|scope| {
        scope.spawn(|| pool.free_many(receiver));
        for _ in 0..16 {
            sender
                .send(pool.alloc().expect("16 are free"))
                .expect("it receives");
        }
        // All 16 are sent, nobody holds one, and the thread has nothing else to do than to give them back.
        let lease = pool.alloc_timeout(Duration::from_secs(5));
        drop(sender);
        assert!(
            lease.is_ok(),
            "{:?}, all 16 were given to free_many",
            lease.err()
        );
    });
}
