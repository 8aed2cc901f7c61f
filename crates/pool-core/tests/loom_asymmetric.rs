//! Models of one magazine with fences that are as unlike as the shipped ones: the light one is nothing, and the heavy one makes the owner
//! pass a full fence wherever it is.
//!
//! What loom has for `membarrier(2)`: the door to the atomics (`sync.rs`) is one of these models' own, at which the owner asks before each
//! access whether somebody waits for it, and then fences; who calls the heavy fence waits for that, or for the owner's end. So the owner's
//! fence may come between any two of its accesses, and nowhere if nobody asks. With the symmetric fences of the other models, a magazine is
//! right without any mode; here only the mode makes it so.
#![cfg(loom)]

#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../src/magazine.rs"]
mod magazine;
#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../src/mode.rs"]
mod mode;
#[allow(dead_code, reason = "the models use a part of it")]
mod model;

/// One owner, and the heavy fences that wait for it.
mod fences {
    use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    use loom::sync::atomic::{AtomicUsize, fence};
    use std::cell::Cell;

    loom::lazy_static! {
        static ref ASKED: AtomicUsize = AtomicUsize::new(0);
        static ref PASSED: AtomicUsize = AtomicUsize::new(usize::MAX);
    }
    loom::thread_local! {
        static IS_OWNER: Cell<bool> = Cell::new(false);
    }

    pub(crate) fn light() {}

    pub(crate) fn heavy() {
        fence(SeqCst);
        let asked = ASKED.fetch_add(1, AcqRel) + 1;
        while PASSED.load(Acquire) < asked {
            loom::thread::yield_now();
        }
        fence(SeqCst);
    }

    /// Before each access to an atomic.
    pub(crate) fn interrupt() {
        if IS_OWNER.with(Cell::get) {
            // Relaxed: it may be seen later, as an interrupt may come later.
            let asked = ASKED.load(Relaxed);
            if asked > PASSED.load(Relaxed) {
                fence(SeqCst);
                PASSED.store(asked, Release);
            }
        }
    }

    /// Runs the owner's work; a thread that does not run has passed every fence.
    pub(crate) fn owner<T>(work: impl FnOnce() -> T) -> T {
        // Relaxed, both: the fence is the one of a thread that begins to run.
        PASSED.store(ASKED.load(Relaxed), Relaxed);
        fence(SeqCst);
        IS_OWNER.with(|is_owner| is_owner.set(true));
        let result = work();
        IS_OWNER.with(|is_owner| is_owner.set(false));
        fence(SeqCst);
        PASSED.store(usize::MAX, Release);
        result
    }
}

/// The door: loom's atomics, at which an owner can be interrupted.
mod sync {
    pub(crate) mod atomic {
        pub(crate) use loom::sync::atomic::Ordering;

        macro_rules! interruptible {
            ($name:ident, $word:ty) => {
                #[derive(Debug)]
                pub(crate) struct $name(loom::sync::atomic::$name);

                #[allow(dead_code, reason = "each word needs a part of it")]
                impl $name {
                    pub(crate) fn new(word: $word) -> Self {
                        Self(loom::sync::atomic::$name::new(word))
                    }
                    pub(crate) fn load(&self, order: Ordering) -> $word {
                        crate::fences::interrupt();
                        self.0.load(order)
                    }
                    pub(crate) fn store(&self, word: $word, order: Ordering) {
                        crate::fences::interrupt();
                        self.0.store(word, order);
                    }
                    pub(crate) fn swap(&self, word: $word, order: Ordering) -> $word {
                        crate::fences::interrupt();
                        self.0.swap(word, order)
                    }
                    pub(crate) fn compare_exchange(
                        &self,
                        seen: $word,
                        next: $word,
                        success: Ordering,
                        failure: Ordering,
                    ) -> Result<$word, $word> {
                        crate::fences::interrupt();
                        self.0.compare_exchange(seen, next, success, failure)
                    }
                }
            };
        }
        interruptible!(AtomicU32, u32);
        interruptible!(AtomicU64, u64);
    }

    pub(crate) mod count {
        pub(crate) use core::sync::atomic::AtomicU64;
    }

    /// As in the shipped door.
    ///
    /// # Safety
    ///
    /// As there: nobody writes to the words meanwhile.
    pub(crate) unsafe fn read_plainly(
        words: &[atomic::AtomicU32],
        room: &mut [std::mem::MaybeUninit<u32>],
    ) {
        for (place, word) in room.iter_mut().zip(words) {
            // Relaxed: nobody writes them meanwhile.
            place.write(word.load(atomic::Ordering::Relaxed));
        }
    }
}

use loom::thread;
use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::sync::Arc;

use magazine::Magazine;
use mode::Mode;
use model::{Reached, explore};

struct Scene {
    magazine: Magazine,
    mode: Mode,
}

fn scene(slots: impl IntoIterator<Item = u32>) -> Arc<Scene> {
    Arc::new(Scene {
        magazine: Magazine::holding(slots),
        mode: Mode::normal(),
    })
}

impl Scene {
    fn steal_after_fence(&self) -> Option<u32> {
        let since = self.mode.begin_sweep()?;
        self.magazine.steal(&self.mode, since)
    }

    /// As two thieves do who passed their fences at the same time.
    fn steal_twice_after_fence(&self) -> Vec<Option<u32>> {
        let since = self.mode.begin_sweep().expect("not closed");
        let first = self.magazine.steal(&self.mode, since);
        vec![first, self.magazine.steal(&self.mode, since)]
    }

    fn pop(&self) -> Option<u32> {
        self.magazine.pop(&self.mode)
    }

    fn pop_many(&self) -> Vec<Option<u32>> {
        let mut room = [const { MaybeUninit::uninit() }; 2];
        let count = self.magazine.pop_many(&self.mode, &mut room);
        let popped = &room[..count as usize];
        // SAFETY: so many were written.
        let slots = popped.iter().map(|slot| unsafe { slot.assume_init() });
        slots.map(Some).collect()
    }

    fn take_all(&self) -> Vec<Option<u32>> {
        let count = self
            .magazine
            .take_all(&self.mode)
            .map_or(0, NonZeroU32::get);
        let items = 0..count;
        items
            .map(|index| Some(self.magazine.batch_item(index)))
            .collect()
    }

    #[track_caller]
    fn assert_once(&self, taken: impl IntoIterator<Item = Option<u32>>, all: &[u32]) {
        let rest = std::iter::from_fn(|| self.steal_after_fence());
        let mut found: Vec<_> = taken.into_iter().flatten().chain(rest).collect();
        found.sort_unstable();
        assert_eq!(found, all, "every slot exactly once");
    }
}

/// Runs an owner beside a thief.
fn beside(
    preemptions: usize,
    slots: &'static [u32],
    owner: impl Fn(&Scene) -> Vec<Option<u32>> + Send + Sync + Copy + 'static,
    thief: impl Fn(&Scene) -> Vec<Option<u32>> + Send + Sync + Copy + 'static,
) {
    let both = Reached::new("each took one");
    let mark = both.clone();
    explore(preemptions, move || {
        let scene = scene(slots.iter().copied());
        let (here, there) = (Arc::clone(&scene), Arc::clone(&scene));
        let owner = thread::spawn(move || fences::owner(|| owner(&here)));
        let thief = thread::spawn(move || thief(&there));
        let (popped, stolen) = (owner.join().unwrap(), thief.join().unwrap());
        mark.mark_if(popped.iter().any(Option::is_some) && stolen.iter().any(Option::is_some));
        scene.assert_once(popped.into_iter().chain(stolen), slots);
    });
    both.check();
}

/// [MODE-SWEEP] against an owner's look at the mode.
#[test]
fn a_pop_beside_a_sweep_takes_what_no_thief_takes() {
    beside(
        3,
        &[10, 11],
        |scene| vec![scene.pop()],
        Scene::steal_twice_after_fence,
    );
}

/// The same down to the last item.
#[test]
fn pops_beside_a_sweep_take_what_no_thief_takes() {
    beside(
        3,
        &[10, 11],
        |scene| vec![scene.pop(), scene.pop()],
        Scene::steal_twice_after_fence,
    );
}

/// The same for a run of slots.
#[test]
fn a_run_popped_beside_a_sweep_is_what_no_thief_takes() {
    beside(
        3,
        &[10, 11, 12],
        Scene::pop_many,
        Scene::steal_twice_after_fence,
    );
}

/// The same for a whole magazine.
#[test]
fn a_batch_beside_a_sweep_is_what_no_thief_takes() {
    let (batch, stolen) = (
        Reached::new("the owner got all"),
        Reached::new("the thief got all"),
    );
    let marks = (batch.clone(), stolen.clone());
    explore(3, move || {
        let scene = scene([10, 11]);
        let (here, there) = (Arc::clone(&scene), Arc::clone(&scene));
        let owner = thread::spawn(move || fences::owner(|| here.take_all()));
        let thief = thread::spawn(move || there.steal_twice_after_fence());
        let (taken, stolen) = (owner.join().unwrap(), thief.join().unwrap());
        marks.0.mark_if(taken.len() == 2);
        marks.1.mark_if(stolen.iter().all(Option::is_some));
        scene.assert_once(taken.into_iter().chain(stolen), &[10, 11]);
    });
    batch.check();
    stolen.check();
}

/// The owner settles and pops again while a thief of the last epoch is late, and another sweep begins.
#[test]
fn a_settled_magazine_gives_what_no_late_thief_takes() {
    let late = Reached::new("the owner popped, and the late thief took one");
    let next = Reached::new("the owner popped, and the next epoch's thief took one");
    let marks = (late.clone(), next.clone());
    explore(2, move || {
        let scene = scene([10, 11]);
        let since = scene.mode.begin_sweep().unwrap();
        let (here, there, sweeper) = (Arc::clone(&scene), Arc::clone(&scene), Arc::clone(&scene));
        let thief = thread::spawn(move || there.magazine.steal(&there.mode, since));
        let owner = thread::spawn(move || {
            fences::owner(|| {
                here.mode.leave();
                [here.pop(), here.pop()]
            })
        });
        let sweeper = thread::spawn(move || sweeper.steal_after_fence());
        let (late, next) = (thief.join().unwrap(), sweeper.join().unwrap());
        let popped = owner.join().unwrap();
        marks.0.mark_if(popped[0].is_some() && late.is_some());
        marks.1.mark_if(popped[0].is_some() && next.is_some());
        scene.assert_once(popped.into_iter().chain([late, next]), &[10, 11]);
    });
    late.check();
    next.check();
}

/// A push is seen by the sweep, or sees it.
#[test]
fn a_push_is_seen_by_the_sweep_or_sees_it() {
    let (seen, sees) = (
        Reached::new("the sweep saw it"),
        Reached::new("it saw the sweep"),
    );
    let (mark_seen, mark_sees) = (seen.clone(), sees.clone());
    explore(3, move || {
        let scene = scene([]);
        let (here, there) = (Arc::clone(&scene), Arc::clone(&scene));
        let owner = thread::spawn(move || {
            fences::owner(|| {
                assert!(here.magazine.push(10, 2));
                fences::light();
                here.mode.is_normal()
            })
        });
        let thief = thread::spawn(move || there.steal_after_fence());
        let (is_normal, stolen) = (owner.join().unwrap(), thief.join().unwrap());
        assert!(!is_normal || stolen.is_some(), "nobody knows of the slot");
        mark_seen.mark_if(stolen.is_some());
        mark_sees.mark_if(!is_normal);
        scene.assert_once([stolen], &[10]);
    });
    seen.check();
    sees.check();
}
