//! Real threads from a barrier: what the models prove for a few steps is tried here for many, on a real machine, also with the thread
//! sanitizer.

#[path = "../../pool-core/tests/together/mod.rs"]
mod together;

use pool_core::{Pool, StableBytes};
use std::sync::Mutex;
use together::{at_once, lock};
use zerocopy_view::{Kind, View};

const THREADS: usize = 4;
const ROUNDS: usize = if cfg!(miri) { 5 } else { 500 };
const BYTES: usize = 64;

/// Gives a clone to each thread, which reads it whole and in parts, and lets go of it.
fn read_and_drop_at_once(view: View, expected: [u8; BYTES]) {
    let clones = Mutex::new(vec![view; THREADS]);
    at_once(THREADS, move |thread| {
        let view = lock(&clones).pop().expect("one for each");
        let part = view.slice(thread..);
        assert_eq!(view, expected[..]);
        drop(view);
        assert_eq!(part, expected[thread..]);
    });
}

/// An owner that writes its bytes when it goes: no reader may still be reading.
struct Owner(Box<[u8; BYTES]>);

// SAFETY: the bytes lie in the box, which is not replaced.
unsafe impl StableBytes for Owner {
    fn stable_bytes(&self) -> &[u8] {
        &self.0[..]
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.fill(0xdd);
    }
}

#[test]
fn an_owner_goes_after_its_last_reader() {
    for round in 0..ROUNDS {
        let bytes = [round.to_le_bytes()[0]; BYTES];
        read_and_drop_at_once(View::from_owner(Owner(Box::new(bytes))), bytes);
    }
}

#[test]
fn a_slot_is_written_again_after_its_last_reader() {
    let pool = Pool::builder().slots(1).slot_bytes(BYTES);
    let pool = pool.build().expect("a few bytes");
    for round in 0..ROUNDS {
        let bytes = [round.to_le_bytes()[0]; BYTES];
        let mut lease = pool.alloc().expect("the last view is gone");
        lease.copy_from_slice(&bytes);
        read_and_drop_at_once(View::from(lease), bytes);
    }
    assert_eq!(pool.free_count(), 1);
}

/// Of those who let go at once, one at most finds itself alone and writes.
#[test]
fn who_is_alone_may_write() {
    let pool = Pool::builder().slots(1).slot_bytes(BYTES);
    let pool = pool.build().expect("a few bytes");
    for round in 0..ROUNDS {
        let mark = round.to_le_bytes()[0];
        let mut lease = pool.alloc().expect("the last view is gone");
        lease.fill(mark);
        let clones = Mutex::new(vec![View::from(lease); THREADS]);
        let alone = at_once(THREADS, move |_| {
            let view = lock(&clones).pop().expect("one for each");
            assert_eq!(view, [mark; BYTES][..]);
            match view.try_into_lease() {
                Ok((mut lease, _)) => {
                    lease.fill(!mark);
                    1
                }
                Err(_) => 0,
            }
        });
        assert!(alone.iter().sum::<usize>() <= 1);
    }
}

/// A kind's name is read by threads that did not register it.
#[test]
fn a_kind_has_its_name_wherever_it_was_registered() {
    for round in 0..if cfg!(miri) { 2 } else { 20 } {
        let kinds = at_once(THREADS, move |_| {
            let kind = Kind::register(&format!("threads-{round}")).expect("there is room");
            assert_eq!(kind.slug(), format!("threads-{round}"));
            kind
        });
        assert!(kinds.iter().all(|kind| *kind == kinds[0]));
    }
}
