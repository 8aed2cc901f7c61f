//! Models of the free list as others use it: chains that go in and out with one exchange.
#![cfg(loom)]

mod model;

use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;

use model::{EVERY, Reached, explore};
use pool_core::FreeList;

/// A list, and what its numbers stand for: loom reports two owners of one, and one who does not see what the last one did.
struct Places {
    list: FreeList,
    cells: [UnsafeCell<u32>; 3],
}

impl Places {
    fn new(list: FreeList) -> Arc<Self> {
        Arc::new(Self {
            list,
            cells: Default::default(),
        })
    }

    fn write(&self, number: u32) {
        // SAFETY: the model's claim: the number is the caller's, so the cell is.
        self.cells[number as usize].with_mut(|cell| unsafe { *cell += 1 });
    }

    fn give(&self, numbers: impl IntoIterator<Item = u32>) {
        let numbers = numbers.into_iter().inspect(|number| self.write(*number));
        // SAFETY: the models give only what they took, or what an empty list never had.
        unsafe { self.list.push_many(numbers) }
    }

    fn take(&self) -> Option<u32> {
        let number = self.list.pop()?;
        self.write(number);
        Some(number)
    }

    /// Each number below `slots` is either among `held` or in the list, once; and the count says so.
    fn assert_each_once(&self, mut held: Vec<u32>) {
        let expected = self.list.slots() as usize - held.len();
        assert_eq!(self.list.len(), expected, "numbers in the list");
        for _ in 0..=self.list.slots() {
            held.extend(self.take());
        }
        held.sort_unstable();
        assert!(held.into_iter().eq(0..self.list.slots()), "each once");
    }
}

#[test]
fn a_chain_comes_whole_and_shows_what_was_done() {
    let whole = Reached::new("a pop found a chain beside its push");
    let mark = whole.clone();
    explore(EVERY, move || {
        let places = Places::new(FreeList::empty(2).unwrap());
        let giver = {
            let places = Arc::clone(&places);
            thread::spawn(move || places.give([1, 0]))
        };
        let taker = {
            let places = Arc::clone(&places);
            thread::spawn(move || {
                let first = places.take();
                let second = first.and_then(|_| places.take());
                assert_eq!(first.is_some(), second.is_some(), "all or none");
                assert!(first.is_none_or(|first| first == 1), "the first on top");
                first.into_iter().chain(second).collect::<Vec<_>>()
            })
        };
        giver.join().unwrap();
        let held = taker.join().unwrap();
        mark.mark_if(held.len() == 2);
        places.assert_each_once(held);
    });
    whole.check();
}

/// The chain's push fails its first exchange, or finds the other number below.
#[test]
fn a_chain_lands_on_what_came_before_it() {
    let below = Reached::new("a number was pushed below a chain");
    let mark = below.clone();
    explore(EVERY, move || {
        let places = Places::new(FreeList::empty(3).unwrap());
        let givers = [vec![0, 1], vec![2]].map(|numbers| {
            let places = Arc::clone(&places);
            thread::spawn(move || places.give(numbers))
        });
        givers.into_iter().for_each(|giver| giver.join().unwrap());
        let top = places.take().unwrap();
        mark.mark_if(top == 0);
        places.assert_each_once(vec![top]);
    });
    below.check();
}

/// What is left of a run goes back while another takes.
#[test]
fn the_rest_of_a_run_goes_back_beside_a_pop() {
    let both = Reached::new("a pop won beside a run that went back in part");
    let mark = both.clone();
    explore(EVERY, move || {
        let places = Places::new(FreeList::full(3).unwrap());
        let popper = {
            let places = Arc::clone(&places);
            thread::spawn(move || places.take())
        };
        let runner = {
            let places = Arc::clone(&places);
            thread::spawn(move || {
                let mut run = places.list.take_all();
                let first = run.next();
                first.into_iter().for_each(|first| places.write(first));
                first
            })
        };
        let held = popper.join().unwrap().into_iter();
        let held: Vec<_> = held.chain(runner.join().unwrap()).collect();
        mark.mark_if(held.len() == 2);
        places.assert_each_once(held);
    });
    both.check();
}
