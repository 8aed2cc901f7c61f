//! Models of one magazine and the mode: an owner without a locked instruction, thieves of this epoch and of the last.
//!
//! These compile the shipped files into the model, because what they are about (a thief that is late by an epoch) takes a pool more steps
//! than a model can explore.
#![cfg(loom)]

#[allow(dead_code, unused_imports, reason = "the models use a part of it")]
#[path = "../src/fences.rs"]
mod fences;
#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../src/magazine.rs"]
mod magazine;
#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../src/mode.rs"]
mod mode;
mod model;
#[allow(dead_code, unused_imports, reason = "the models use a part of it")]
#[path = "../src/sync.rs"]
mod sync;

use loom::thread;
use loom::thread::JoinHandle;
use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::sync::Arc;

use magazine::Magazine;
use mode::{Mode, Phase};
use model::{EVERY, Reached, explore};

struct Scene {
    magazine: Magazine,
    mode: Mode,
}

impl Scene {
    fn with(slots: impl IntoIterator<Item = u32>) -> Arc<Self> {
        Arc::new(Self {
            magazine: Magazine::holding(slots),
            mode: Mode::normal(),
        })
    }

    /// A thread of the model.
    fn act<T: 'static>(self: &Arc<Self>, act: impl FnOnce(&Self) -> T + 'static) -> JoinHandle<T> {
        let scene = Arc::clone(self);
        thread::spawn(move || act(&scene))
    }

    fn steal_after_fence(&self) -> Option<u32> {
        let since = self.mode.begin_sweep()?;
        self.magazine.steal(&self.mode, since)
    }

    fn pop(&self) -> Option<u32> {
        self.magazine.pop(&self.mode)
    }

    fn pop_many(&self, most: usize) -> Vec<Option<u32>> {
        let mut room = [const { MaybeUninit::uninit() }; 2];
        let count = self.magazine.pop_many(&self.mode, &mut room[..most]);
        let popped = &room[..count as usize];
        // SAFETY: so many were written.
        let slots = popped.iter().map(|slot| unsafe { slot.assume_init() });
        slots.map(Some).collect()
    }

    fn take_all(&self) -> Vec<Option<u32>> {
        let count = self.magazine.take_all(&self.mode);
        let items = 0..count.map_or(0, NonZeroU32::get);
        items
            .map(|index| Some(self.magazine.batch_item(index)))
            .collect()
    }

    /// What is left, taken when everybody is gone.
    fn rest(&self) -> Vec<u32> {
        std::iter::from_fn(|| self.steal_after_fence()).collect()
    }

    #[track_caller]
    fn assert_once(&self, taken: impl IntoIterator<Item = Option<u32>>, all: &[u32]) {
        let mut found: Vec<_> = taken.into_iter().flatten().chain(self.rest()).collect();
        found.sort_unstable();
        assert_eq!(found, all, "every slot exactly once");
    }
}

/// The last two: the owner's pops take what no thief can, and a thief's exchange what no owner took.
#[test]
fn an_owner_and_a_thief_share_the_last_two() {
    let shared = Reached::new("each took one");
    let contested = Reached::new("the thief took both");
    let (mark_shared, mark_contested) = (shared.clone(), contested.clone());
    explore(EVERY, move || {
        let scene = Scene::with([10, 11]);
        let owner = scene.act(|scene| [scene.pop(), scene.pop(), scene.pop()]);
        let thief = scene.act(|scene| [scene.steal_after_fence(), scene.steal_after_fence()]);
        let (popped, stolen) = (owner.join().unwrap(), thief.join().unwrap());
        let count = stolen.iter().flatten().count();
        mark_shared.mark_if(count == 1 && popped.iter().flatten().count() == 1);
        mark_contested.mark_if(count == 2);
        scene.assert_once(popped.into_iter().chain(stolen), &[10, 11]);
    });
    shared.check();
    contested.check();
}

/// Two thieves at the top, and an owner who gives back what it took.
#[test]
fn two_thieves_and_an_owner_take_each_once() {
    let all = Reached::new("all three took one");
    let mark = all.clone();
    explore(2, move || {
        let scene = Scene::with([10, 11]);
        let owner = scene.act(|scene| {
            let popped = scene.pop()?;
            assert!(scene.magazine.push(popped, 2));
            // Another one comes before this can be popped again: as in a free, then an alloc.
            fences::light();
            scene.pop()
        });
        let thieves = [(), ()].map(|()| scene.act(Scene::steal_after_fence));
        let [one, other] = thieves.map(|thief| thief.join().unwrap());
        let popped = owner.join().unwrap();
        mark.mark_if(one.is_some() && other.is_some());
        scene.assert_once([one, other, popped], &[10, 11]);
    });
    all.check();
}

/// A thief with one exchange to go, while the mode is normal again: its item was taken by another thief, and the owner pushed another to its place.
#[test]
fn a_late_thief_fails_after_the_owner_started_again() {
    let late = Reached::new("the thief took the first item after all");
    let started_again = Reached::new("another took it");
    let (mark_late, mark_again) = (late.clone(), started_again.clone());
    explore(EVERY, move || {
        let scene = Scene::with([10]);
        let since = scene.mode.begin_sweep().unwrap();
        let thief = scene.act(move |scene| scene.magazine.steal(&scene.mode, since));
        let owner = scene.act(|scene| {
            let first = scene.magazine.steal_own(&scene.mode);
            scene.mode.leave();
            scene.magazine.restart_if_empty(&scene.mode);
            assert!(scene.magazine.push(12, 2));
            first
        });
        let (stolen, popped) = (thief.join().unwrap(), owner.join().unwrap());
        mark_late.mark_if(stolen == Some(10));
        mark_again.mark_if(popped == Some(10));
        scene.assert_once([stolen, popped], &[10, 12]);
    });
    late.check();
    started_again.check();
}

/// Settling is per epoch: the owner pops what no late thief takes, and an item is where the tag says.
#[test]
fn an_owner_pops_what_a_late_thief_left() {
    let shared = Reached::new("the owner popped one, and the thief took the other");
    let all = Reached::new("the owner popped both");
    let (mark_shared, mark_all) = (shared.clone(), all.clone());
    explore(3, move || {
        let scene = Scene::with([10, 11]);
        let since = scene.mode.begin_sweep().unwrap();
        let thief = scene.act(move |scene| {
            let first = scene.magazine.steal(&scene.mode, since);
            [first, scene.magazine.steal(&scene.mode, since)]
        });
        let leaver = scene.act(|scene| scene.mode.leave());
        let owner = scene.act(|scene| [scene.pop(), scene.pop()]);
        let stolen = thief.join().unwrap();
        leaver.join().unwrap();
        let popped = owner.join().unwrap();
        let count = popped.iter().flatten().count();
        mark_shared.mark_if(count == 1 && stolen[0].is_some());
        mark_all.mark_if(count == 2);
        scene.assert_once(stolen.into_iter().chain(popped), &[10, 11]);
    });
    shared.check();
    all.check();
}

/// [MAG-SETTLE] shows the mode that was read before it: who reads the age of a settling steals in a later epoch only.
#[test]
fn a_thief_of_the_last_epoch_finds_a_settled_magazine_closed() {
    let settled = Reached::new("the owner settled and popped beside the thief");
    let mark = settled.clone();
    explore(2, move || {
        let scene = Scene::with([10, 11, 12]);
        let since = scene.mode.begin_sweep().unwrap();
        assert_eq!(scene.magazine.steal(&scene.mode, since), Some(10));
        let thief = scene.act(move |scene| scene.magazine.steal(&scene.mode, since));
        let leaver = scene.act(|scene| scene.mode.leave());
        let owner = scene.act(|scene| [scene.pop(), scene.pop()]);
        let stolen = thief.join().unwrap();
        leaver.join().unwrap();
        let popped = owner.join().unwrap();
        mark.mark_if(popped.iter().all(Option::is_some));
        scene.assert_once(popped.into_iter().chain([stolen, Some(10)]), &[10, 11, 12]);
    });
    settled.check();
}

/// [MODE-SWEEP] against the light fence after a push: the sweep finds the slot, or who frees it finds the sweep.
#[test]
fn a_push_is_seen_by_the_sweep_or_sees_it() {
    shown_slots_are_seen_by_the_sweep_or_see_it(|scene| {
        assert!(scene.magazine.push(10, 2));
        assert!(scene.magazine.push(11, 2));
    });
}

/// The same for a run of slots: [MAG-PUSH-MANY].
#[test]
fn a_run_pushed_is_seen_by_the_sweep_or_sees_it() {
    shown_slots_are_seen_by_the_sweep_or_see_it(|scene| {
        assert_eq!(
            scene.magazine.push_many([10, 11, 12].into_iter(), 2),
            2,
            "as many as fit"
        );
    });
}

/// The same for a batch given back: [MAG-GIVE-ALL].
#[test]
fn a_batch_given_back_is_seen_by_the_sweep_or_sees_it() {
    shown_slots_are_seen_by_the_sweep_or_see_it(|scene| {
        assert!(scene.magazine.push(10, 2));
        assert!(scene.magazine.push(11, 2));
        if let Some(count) = scene.magazine.take_all(&scene.mode) {
            scene.magazine.give_all(count.get());
        }
    });
}

/// Settling hides nothing from a sweep but what is popped, whenever it comes.
#[test]
fn a_sweep_finds_what_is_left_in_a_magazine_that_is_settled() {
    let settled = Reached::new("it was settled first");
    let mark = settled.clone();
    explore(3, move || {
        let scene = Scene::with([10, 11, 12]);
        let since = scene.mode.begin_sweep().unwrap();
        assert_eq!(scene.magazine.steal(&scene.mode, since), Some(10));
        scene.mode.leave();
        let owner = scene.act(|scene| (scene.pop(), scene.mode.is_normal()));
        let thief = scene.act(Scene::steal_after_fence);
        let (popped, is_normal) = owner.join().unwrap();
        mark.mark_if(is_normal);
        assert_eq!(popped, Some(12), "nobody else takes it");
        assert_eq!(thief.join().unwrap(), Some(11), "nobody has it");
        scene.assert_once([], &[]);
    });
    settled.check();
}

/// What an owner hides it takes: beside a sweep that finds the magazine empty, it gets all.
#[test]
fn what_is_hidden_from_a_sweep_is_taken() {
    let all = Reached::new("the owner took both");
    let one = Reached::new("the thief took one");
    let (mark_all, mark_one) = (all.clone(), one.clone());
    explore(3, move || {
        let scene = Scene::with([10, 11]);
        let owner = scene.act(Scene::take_all);
        let thief = scene.act(Scene::steal_after_fence);
        let (taken, stolen) = (owner.join().unwrap(), thief.join().unwrap());
        assert_eq!(taken.len() + usize::from(stolen.is_some()), 2);
        mark_all.mark_if(taken.len() == 2);
        mark_one.mark_if(stolen.is_some());
        scene.assert_once(taken.into_iter().chain([stolen]), &[10, 11]);
    });
    all.check();
    one.check();
}

fn shown_slots_are_seen_by_the_sweep_or_see_it(show: fn(&Scene)) {
    let seen = Reached::new("the sweep found one");
    let sees = Reached::new("the owner took one out again");
    let (mark_seen, mark_sees) = (seen.clone(), sees.clone());
    explore(3, move || {
        let scene = Scene::with([]);
        let owner = scene.act(move |scene| {
            show(scene);
            fences::light();
            let is_normal = scene.mode.is_normal();
            let back = std::iter::from_fn(|| scene.magazine.steal_own(&scene.mode));
            (is_normal, back.map(Some).collect::<Vec<_>>())
        });
        let thief = scene.act(Scene::steal_after_fence);
        let ((is_normal, back), stolen) = (owner.join().unwrap(), thief.join().unwrap());
        assert!(
            !(is_normal && stolen.is_none()),
            "nobody knows of the slots"
        );
        assert!(is_normal || !back.is_empty() || stolen.is_some());
        mark_seen.mark_if(stolen.is_some());
        mark_sees.mark_if(!back.is_empty());
        scene.assert_once(back.into_iter().chain([stolen]), &[10, 11]);
    });
    seen.check();
    sees.check();
}

/// A batch that an owner takes while a thief is late by an epoch, and a slot that the thief left.
#[test]
fn a_batch_holds_what_a_late_thief_left() {
    let all = Reached::new("the batch held all");
    let left = Reached::new("the batch held what the thief left");
    let (mark_all, mark_left) = (all.clone(), left.clone());
    explore(EVERY, move || {
        let scene = Scene::with([10, 11]);
        let since = scene.mode.begin_sweep().unwrap();
        let thief = scene.act(move |scene| scene.magazine.steal(&scene.mode, since));
        let owner = scene.act(|scene| {
            scene.mode.leave();
            scene.take_all()
        });
        let (stolen, taken) = (thief.join().unwrap(), owner.join().unwrap());
        mark_all.mark_if(taken.len() == 2);
        mark_left.mark_if(taken == [Some(11)]);
        scene.assert_once(taken.into_iter().chain([stolen]), &[10, 11]);
    });
    all.check();
    left.check();
}

/// [MAG-SETTLE]: with the age of an owner that settled comes its bottom.
#[test]
fn a_thief_finds_nothing_where_the_owner_settled() {
    let again = Reached::new("the owner settled, and found nothing");
    let mark = again.clone();
    explore(EVERY, move || {
        let scene = Scene::with([10, 11]);
        let taken = scene.rest();
        assert_eq!(taken, [10, 11]);
        scene.mode.leave();
        let owner = scene.act(|scene| {
            scene.magazine.restart_if_empty(&scene.mode);
            scene.pop().is_none() && scene.mode.is_normal()
        });
        let thief = scene.act(Scene::steal_after_fence);
        mark.mark_if(owner.join().unwrap());
        assert_eq!(thief.join().unwrap(), None, "it was empty");
        scene.assert_once([], &[]);
    });
    again.check();
}

/// A thief whose heavy fence belongs to the last epoch takes nothing in the next: an owner may not have passed that one's yet.
///
/// One after the other: what it prevents needs a store that lies behind a light fence, which the fence that stands for it here forbids.
#[test]
fn a_thief_of_the_last_epoch_takes_nothing_in_the_next() {
    loom::model(|| {
        let scene = Scene::with([10, 11]);
        let since = scene.mode.begin_sweep().unwrap();
        assert_eq!(scene.magazine.steal(&scene.mode, since), Some(10));
        scene.mode.starve(since);
        assert_eq!(scene.mode.load().phase(), Phase::Starving);
        scene.mode.leave();
        assert_eq!(scene.magazine.steal(&scene.mode, since), None, "left");
        let next = scene.mode.begin_sweep().unwrap();
        assert_eq!(scene.magazine.steal(&scene.mode, since), None, "the next");
        let closed = scene.mode.close();
        assert_eq!(scene.magazine.steal(&scene.mode, next), None, "closed");
        assert_eq!(scene.magazine.steal(&scene.mode, closed), Some(11));
    });
}

/// [MAG-BOTTOM] reads what a new owner's pop stored: what the magazine's last owner pushed is visible with it.
#[test]
fn a_pop_by_a_new_owner_shows_the_last_owners_pushes() {
    a_new_owner_shows_the_last_owners_pushes(true, |scene| vec![scene.pop()]);
}

/// The same for a run.
#[test]
fn a_run_popped_by_a_new_owner_shows_the_last_owners_pushes() {
    a_new_owner_shows_the_last_owners_pushes(true, |scene| scene.pop_many(1));
}

/// The same for settling: what a thief reads with the new age.
#[test]
fn a_settling_by_a_new_owner_shows_the_last_owners_pushes() {
    a_new_owner_shows_the_last_owners_pushes(false, |scene| vec![scene.pop()]);
}

fn a_new_owner_shows_the_last_owners_pushes(is_settled: bool, pop: fn(&Scene) -> Vec<Option<u32>>) {
    let seen = Reached::new("a thief took the last owner's push below the new owner's pop");
    let mark = seen.clone();
    explore(3, move || {
        let scene = Scene::with([]);
        if !is_settled {
            scene.mode.begin_sweep().unwrap();
            scene.mode.leave();
        }
        let handed = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let first = {
            let handed = Arc::clone(&handed);
            scene.act(move |scene| {
                assert!(scene.magazine.push(10, 2));
                assert!(scene.magazine.push(11, 2));
                handed.store(true, loom::sync::atomic::Ordering::Release);
            })
        };
        let second = scene.act(move |scene| {
            if handed.load(loom::sync::atomic::Ordering::Acquire) {
                pop(scene)
            } else {
                vec![]
            }
        });
        let thief = scene.act(Scene::steal_after_fence);
        first.join().unwrap();
        let (popped, stolen) = (second.join().unwrap(), thief.join().unwrap());
        mark.mark_if(popped.iter().any(Option::is_some) && stolen.is_some());
        scene.assert_once(popped.into_iter().chain([stolen]), &[10, 11]);
    });
    seen.check();
}
