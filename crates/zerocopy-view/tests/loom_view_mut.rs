//! Who may write a storage that was shared: [COUNT-READ] and [COUNT-DROP] for vectors; for slots, pool-core's [UNSHARE] and [SHARE-DROP].
//!
//! Each claim is explored for both storages.

#![cfg(loom)]

mod model;

use std::sync::Arc;

use loom::thread;
use model::{Bytes, Reached, explore};
use pool_core::Pool;
use zerocopy_view::{Heap, View, ViewMut};

fn pool() -> Pool {
    Pool::builder().slots(1).slot_bytes(8).build().unwrap()
}

/// Eight bytes in a vector, then in a slot.
fn each_storage(model: fn(fn() -> View)) {
    model(|| View::from(vec![0; 8]));
    model(|| View::from(pool().alloc().unwrap()));
}

/// A view is thawed beside another that is cloned, read and dropped: who writes comes after every reader, or is refused.
#[test]
fn who_thaws_comes_after_every_other_view() {
    each_storage(|storage| {
        let thawed = Reached::new("thawed after the others went");
        let refused = Reached::new("refused, because others were there");
        let (mark_thawed, mark_refused) = (thawed.clone(), refused.clone());
        explore(move || {
            let bytes = Bytes::new();
            let mine = storage();
            let theirs = mine.slice(2..6);
            let reader = thread::spawn({
                let bytes = Arc::clone(&bytes);
                move || {
                    let clone = theirs.clone();
                    drop(theirs);
                    bytes.read();
                    drop(clone);
                }
            });
            let writer = thread::spawn(move || match mine.try_into_mut() {
                Ok(mut buffer) => {
                    bytes.write();
                    buffer[0] = 1;
                    true
                }
                Err(view) => {
                    bytes.read();
                    drop(view);
                    false
                }
            });
            reader.join().unwrap();
            let was_thawed = writer.join().unwrap();
            mark_thawed.mark_if(was_thawed);
            mark_refused.mark_if(!was_thawed);
        });
        thawed.check();
        refused.check();
    });
}

/// Two that both want to write: one at most gets the storage.
#[test]
fn at_most_one_of_two_views_is_thawed() {
    each_storage(|storage| {
        let one = Reached::new("one was thawed after the other let go");
        let none = Reached::new("both were refused");
        let (mark_one, mark_none) = (one.clone(), none.clone());
        explore(move || {
            let bytes = Bytes::new();
            let first = storage();
            let actors = [first.clone(), first].map(|view| {
                let bytes = Arc::clone(&bytes);
                thread::spawn(move || {
                    let buffer = view.try_into_mut().ok()?;
                    bytes.write();
                    Some(buffer)
                })
            });
            let buffers = actors.map(|actor| actor.join().unwrap());
            let thawed = buffers.iter().flatten().count();
            assert!(thawed < 2, "two owners of the same bytes");
            mark_one.mark_if(thawed == 1);
            mark_none.mark_if(thawed == 0);
        });
        one.check();
        none.check();
    });
}

/// A buffer grows beside a view of its front that is read and dropped: it reclaims the front after the reader, or not at all.
#[test]
fn who_reclaims_comes_after_every_reader() {
    each_storage(|storage| {
        let reclaimed = Reached::new("reclaimed after the view of the front went");
        let refused = Reached::new("refused, because the view of the front was there");
        let (mark_reclaimed, mark_refused) = (reclaimed.clone(), refused.clone());
        explore(move || {
            let front = Bytes::new();
            let mut buffer = storage().try_into_mut().unwrap();
            let view = buffer.freeze_to(6);
            let reader = thread::spawn({
                let front = Arc::clone(&front);
                move || {
                    front.read();
                    drop(view);
                }
            });
            let grower = thread::spawn(move || {
                // The heap as its source: what is found is found in the storage itself.
                let found = buffer.try_reserve(6).is_ok();
                if found {
                    assert_eq!(buffer.capacity(), 8);
                    front.write();
                }
                found
            });
            reader.join().unwrap();
            let found = grower.join().unwrap();
            mark_reclaimed.mark_if(found);
            mark_refused.mark_if(!found);
        });
        reclaimed.check();
        refused.check();
    });
}

/// Two halves of a slot, written on two threads; one is frozen, and the slot comes home once.
#[test]
fn halves_of_a_slot_are_written_apart_and_come_home_once() {
    let home = Reached::new("the slot is home");
    let mark_home = home.clone();
    explore(move || {
        let pool = pool();
        let mut front = ViewMut::with_capacity(8, pool.clone()).with_source(Heap);
        front.resize(8, 0);
        let mut back = front.split_off(4);
        let writers = [
            thread::spawn(move || {
                front.fill(1);
                drop(front.freeze());
            }),
            thread::spawn(move || {
                back.fill(2);
                drop(back);
            }),
        ];
        for writer in writers {
            writer.join().unwrap();
        }
        let slot = pool.alloc();
        mark_home.mark_if(slot.is_some());
        assert!(pool.alloc().is_none(), "home twice");
        drop(slot);
        assert_eq!(pool.in_use(), 0);
    });
    home.check();
}
