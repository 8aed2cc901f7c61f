//! Models of an owner that leaves while pages are on their way home: no page stays behind in a mailbox.
//!
//! Whether a returner sees the end or the owner sees the page, [SLAB-LIGHT-FENCE] and [SLAB-HEAVY-FENCE] decide.
//!
//! What is watched is the pool's body, which is freed when the last page is home. The threads that returned pages live on until
//! they have looked, so that their own end, which would empty their mailboxes, comes too late to help.
#![cfg(loom)]

#[path = "../../pool-core/tests/body_watch/mod.rs"]
mod body_watch;
mod reached;

use body_watch::BodyWatch;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use percore_slab::{CoreSlab, RemotePage};
use reached::{Reached, Toss, explore};

/// Something that one thread did, for another to wait for. (loom's channels allocate what looks like a body.)
#[derive(Clone)]
struct Signal(Arc<(Mutex<bool>, Condvar)>);

impl Signal {
    fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }

    fn give(&self) {
        *self.0.0.lock().expect("no panic") = true;
        self.0.1.notify_one();
    }

    fn wait(&self) {
        let mut given = self.0.0.lock().expect("no panic");
        while !*given {
            given = self.0.1.wait(given).expect("no panic");
        }
    }
}

fn pages<const N: usize>(slab: &CoreSlab) -> [RemotePage; N] {
    [(); N].map(|()| slab.alloc(b"x").expect("free").into_remote())
}

#[test]
fn a_page_returned_while_its_owner_leaves_is_not_left_behind() {
    let after = Reached::new("the page came home after its owner had left");
    let before = Reached::new("the page was home when its owner left");
    let marks = (after.clone(), before.clone());
    explore(3, move || {
        let (after, before) = marks.clone();
        let watch = BodyWatch::start();
        let watching = watch.clone();
        let owner = thread::spawn(move || {
            let slab = CoreSlab::new(0, 8, 2).expect("a small slab");
            // The second finds a mailbox that is there already.
            let [first, second] = pages(&slab);
            let (owner_left, returned) = (Signal::new(), Signal::new());
            let (left, returner_is_done) = (owner_left.clone(), returned.clone());
            let also_watching = watching.clone();
            let toss = Toss::new();
            let tossed = toss.clone();
            let returning = thread::spawn(move || {
                drop(first);
                drop(second);
                tossed.touch();
                returned.give();
                owner_left.wait();
                assert!(also_watching.is_freed(), "a page was left behind");
            });
            toss.touch();
            match slab.available() {
                2 => before.mark(),
                _ => after.mark(),
            }
            watching.used();
            drop(slab);
            returner_is_done.wait();
            assert!(watching.is_freed(), "a page was left behind");
            left.give();
            returning.join().expect("no panic");
        });
        owner.join().expect("no panic");
        watch.assert_freed_once();
    });
    after.check();
    before.check();
}

/// One mailbox may be known to the owner, which keeps alive where the other arrives, too late for the owner to take it in.
#[test]
fn mailboxes_that_arrive_too_late_keep_nothing() {
    let after = Reached::new("both came home after their owner had left");
    let mark = after.clone();
    explore(2, move || {
        let mark = mark.clone();
        let watch = BodyWatch::start();
        let watching = watch.clone();
        let owner = thread::spawn(move || {
            let slab = CoreSlab::new(0, 8, 2).expect("a small slab");
            let pages: [RemotePage; 2] = pages(&slab);
            let owner_looked = Signal::new();
            let returners = pages.map(|page| {
                let (returned, owner_looked) = (Signal::new(), owner_looked.clone());
                let is_done = returned.clone();
                let returning = thread::spawn(move || {
                    drop(page);
                    returned.give();
                    // Alive, with whatever mailbox it has, until the owner has looked.
                    owner_looked.wait();
                    owner_looked.give();
                });
                (returning, is_done)
            });
            if slab.available() == 0 {
                mark.mark();
            }
            watching.used();
            drop(slab);
            returners.iter().for_each(|(_, is_done)| is_done.wait());
            assert!(watching.is_freed(), "a page was left behind");
            owner_looked.give();
            for (returning, _) in returners {
                returning.join().expect("no panic");
            }
        });
        owner.join().expect("no panic");
        watch.assert_freed_once();
    });
    after.check();
}
