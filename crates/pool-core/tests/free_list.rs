//! The free list by itself, beside a stack so naive that it is right, and with several threads that own what they popped.

mod together;

use std::cell::UnsafeCell;
use std::sync::Arc;

use pool_core::FreeList;
use proptest::prelude::*;
use together::at_once;

#[derive(Debug, Clone)]
enum Op {
    Pop,
    PopMany(u32, usize),
    TakeAll,
    Push(usize),
    PushMany(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => Just(Op::Pop),
        2 => (0..8_u32, 0..8_usize).prop_map(|(want, keep)| Op::PopMany(want, keep)),
        1 => Just(Op::TakeAll),
        3 => any::<usize>().prop_map(Op::Push),
        2 => (0..8_usize).prop_map(Op::PushMany),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 8 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_list_does_what_a_naive_stack_does(
        slots in 1..=9_u32,
        is_full in any::<bool>(),
        ops in prop::collection::vec(op(), 1..60),
    ) {
        let made = if is_full { FreeList::full(slots) } else { FreeList::empty(slots) };
        let list = made.expect("a few bytes");
        // The top comes last.
        let mut naive: Vec<u32> = if is_full { (0..slots).rev().collect() } else { Vec::new() };
        let mut held: Vec<u32> = if is_full { Vec::new() } else { (0..slots).collect() };
        for op in ops {
            match op {
                Op::Pop => {
                    let popped = list.pop();
                    prop_assert_eq!(popped, naive.pop());
                    held.extend(popped);
                }
                Op::PopMany(want, keep) => {
                    let mut taken = list.pop_many(want);
                    let kept: Vec<_> = taken.by_ref().take(keep).collect();
                    drop(taken);
                    let expected = keep.min(want as usize).min(naive.len());
                    let expected: Vec<_> = (0..expected).filter_map(|_| naive.pop()).collect();
                    prop_assert_eq!(&kept, &expected);
                    held.extend(kept);
                }
                Op::TakeAll => {
                    let all: Vec<_> = list.take_all().collect();
                    naive.reverse();
                    prop_assert_eq!(&all, &naive);
                    held.append(&mut naive);
                }
                Op::Push(which) if !held.is_empty() => {
                    let number = held.swap_remove(which % held.len());
                    // SAFETY: held, so ours, and held no longer.
                    unsafe { list.push(number) }
                    naive.push(number);
                }
                Op::PushMany(count) => {
                    let back: Vec<_> = held.drain(..count.min(held.len())).collect();
                    naive.extend(back.iter().rev());
                    // SAFETY: held, so ours, and held no longer.
                    unsafe { list.push_many(back) }
                }
                Op::Push(_) => {}
            }
            prop_assert_eq!(list.len(), naive.len());
            prop_assert_eq!(list.is_empty(), naive.is_empty());
        }
    }
}

#[test]
fn sizes_are_checked() {
    for slots in [0, u32::MAX] {
        for made in [FreeList::full(slots), FreeList::empty(slots)] {
            let expected = format!("slots: must be 1 to 4294967294, got {slots}");
            assert_eq!(made.expect_err("out of range").to_string(), expected);
        }
    }
    let list = FreeList::full(1).expect("one");
    let beyond = std::panic::AssertUnwindSafe(|| {
        // SAFETY: never done: a number out of range is refused.
        unsafe { list.push(1) }
    });
    assert!(std::panic::catch_unwind(beyond).is_err());
    assert_eq!(format!("{list:?}"), "FreeList { slots: 1, len: 1 }");
}

/// Each number stands for a place that one thread at a time may write, with nothing but the list to order who comes before whom.
struct Places([UnsafeCell<usize>; Places::COUNT as usize]);

// SAFETY: a place is touched by who popped its number.
unsafe impl Sync for Places {}

impl Places {
    const COUNT: u32 = 6;
    const NOBODY: usize = usize::MAX;

    fn of_nobody() -> Self {
        Self([const { UnsafeCell::new(Self::NOBODY) }; Self::COUNT as usize])
    }

    /// Writes `owner` to a place; gives who was there before.
    ///
    /// # Safety
    ///
    /// The caller popped the number and has not pushed it yet.
    unsafe fn replace(&self, number: u32, owner: usize) -> usize {
        // SAFETY: this function's own promise: nobody else touches the place.
        unsafe { self.0[number as usize].get().replace(owner) }
    }
}

#[test]
fn what_was_popped_has_one_owner() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let list = Arc::new(FreeList::full(Places::COUNT).expect("six"));
    at_once(3, {
        let (list, places) = (Arc::clone(&list), Places::of_nobody());
        move |me| {
            for round in 0..rounds {
                let mut mine: Vec<_> = match round % 3 {
                    0 => list.pop().into_iter().collect(),
                    1 => list.pop_many(3).collect(),
                    _ => list.take_all().take(2).collect(),
                };
                for number in &mine {
                    // SAFETY: popped above.
                    let before = unsafe { places.replace(*number, me) };
                    assert_eq!(before, Places::NOBODY, "two owners");
                }
                for number in &mine {
                    // SAFETY: popped above.
                    let was = unsafe { places.replace(*number, Places::NOBODY) };
                    assert_eq!(was, me, "two owners");
                }
                let last = mine.pop();
                // SAFETY: popped above, and each goes back once.
                unsafe { list.push_many(mine) }
                if let Some(last) = last {
                    // SAFETY: popped above, and each goes back once.
                    unsafe { list.push(last) }
                }
            }
        }
    });
    let mut all: Vec<_> = list.take_all().collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..Places::COUNT));
}

#[test]
fn a_run_of_numbers_is_debugged_by_its_length() {
    let list = FreeList::full(1000).expect("small");
    assert_eq!(format!("{:?}", list.take_all()), "Taken { left: 1000, .. }");
}
