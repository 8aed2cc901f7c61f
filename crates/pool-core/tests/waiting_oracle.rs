//! Random operations with waiters and reservations, against a pool so naive that it is right: a count of free slots and a queue of numbers.
//!
//! One thread, so everything is exact: who is served, when a waker is called and how often, and every count.
#![cfg(feature = "std")]

mod executor;

use std::collections::VecDeque;
use std::task::Poll;

use executor::Task;
use pool_core::{AllocFuture, Lease, Pool, Reservation};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Op {
    Alloc,
    DropLease(usize),
    Wait,
    Poll(usize),
    Forsake(usize),
    Reserve(usize),
    AllocExactly(usize),
    UseReserved(usize),
    DropReserved(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<usize>;
    prop_oneof![
        6 => Just(Op::Alloc),
        6 => which().prop_map(Op::DropLease),
        5 => Just(Op::Wait),
        5 => which().prop_map(Op::Poll),
        3 => which().prop_map(Op::Forsake),
        2 => (0..20_usize).prop_map(Op::Reserve),
        2 => (0..20_usize).prop_map(Op::AllocExactly),
        3 => which().prop_map(Op::UseReserved),
        1 => which().prop_map(Op::DropReserved),
        1 => (0..20_u8).prop_map(|dice| if dice == 0 { Op::Close } else { Op::Alloc }),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Slot,
    Closed,
}

struct Waiter<'a> {
    number: usize,
    future: AllocFuture<'a>,
    task: Task,
    /// What the next poll must give.
    answer: Option<Answer>,
}

struct World<'a> {
    pool: &'a Pool,
    free: usize,
    leases: Vec<Lease>,
    reservations: Vec<(Reservation, usize)>,
    waiters: Vec<Waiter<'a>>,
    queue: VecDeque<usize>,
    closed: bool,
    waits: u64,
    exhausted: u64,
}

/// Picks one of `len` things.
fn pick(which: usize, len: usize) -> Option<usize> {
    which.checked_rem(len)
}

impl<'a> World<'a> {
    fn new(pool: &'a Pool) -> Self {
        Self {
            pool,
            free: pool.capacity(),
            leases: Vec::new(),
            reservations: Vec::new(),
            waiters: Vec::new(),
            queue: VecDeque::new(),
            closed: false,
            waits: 0,
            exhausted: 0,
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Alloc => self.alloc(),
            Op::DropLease(which) => {
                if let Some(at) = pick(which, self.leases.len()) {
                    drop(self.leases.swap_remove(at));
                    self.came_home(1);
                }
            }
            Op::Wait => self.wait(),
            Op::Poll(which) => self.poll(which),
            Op::Forsake(which) => {
                if let Some(at) = pick(which, self.waiters.len()) {
                    let waiter = self.waiters.swap_remove(at);
                    self.queue.retain(|number| *number != waiter.number);
                    drop(waiter.future);
                    self.came_home(usize::from(waiter.answer == Some(Answer::Slot)));
                }
            }
            Op::Reserve(count) => self.reserve(count),
            Op::AllocExactly(count) => {
                let got = self.pool.alloc_many_exact(count, &mut self.leases);
                assert_eq!(got, self.take(count));
            }
            Op::UseReserved(which) => {
                if let Some(at) = pick(which, self.reservations.len()) {
                    let (reservation, left) = &mut self.reservations[at];
                    let lease = reservation.alloc();
                    assert_eq!(lease.is_some(), *left > 0);
                    *left = left.saturating_sub(1);
                    self.leases.extend(lease);
                }
            }
            Op::DropReserved(which) => {
                if let Some(at) = pick(which, self.reservations.len()) {
                    let (reservation, left) = self.reservations.swap_remove(at);
                    drop(reservation);
                    self.came_home(left);
                }
            }
            Op::Close => {
                self.pool.close();
                self.closed = true;
                self.queue.clear();
                for waiter in &mut self.waiters {
                    waiter.answer = waiter.answer.or(Some(Answer::Closed));
                }
            }
        }
    }

    /// Whether so many could be taken, and takes them if so.
    fn take(&mut self, count: usize) -> bool {
        let enough = !self.closed && self.free >= count;
        if enough {
            self.free -= count;
        } else {
            self.exhausted += u64::from(!self.closed && count <= self.pool.capacity());
        }
        enough
    }

    fn alloc(&mut self) {
        let lease = self.pool.alloc();
        assert_eq!(lease.is_some(), self.take(1));
        self.leases.extend(lease);
    }

    fn reserve(&mut self, count: usize) {
        let reservation = self.pool.reserve(count);
        assert_eq!(reservation.is_some(), self.take(count));
        self.reservations
            .extend(reservation.map(|reservation| (reservation, count)));
    }

    fn came_home(&mut self, count: usize) {
        for _ in 0..count {
            let Some(first) = self.queue.pop_front() else {
                self.free += 1;
                continue;
            };
            for waiter in &mut self.waiters {
                if waiter.number == first {
                    waiter.answer = Some(Answer::Slot);
                }
            }
        }
    }

    fn wait(&mut self) {
        let (mut future, task) = (self.pool.alloc_async(), Task::default());
        match task.poll(&mut future) {
            Poll::Ready(Ok(lease)) => {
                assert!(self.take(1), "nothing was free");
                self.leases.push(lease);
            }
            Poll::Ready(Err(why)) => assert!(why.is_closed() && self.closed),
            Poll::Pending => {
                assert!(self.free == 0 && !self.closed, "waits without a reason");
                let number = usize::try_from(self.waits).expect("few");
                self.waits += 1;
                self.queue.push_back(number);
                self.waiters.push(Waiter {
                    number,
                    future,
                    task,
                    answer: None,
                });
            }
        }
    }

    fn poll(&mut self, which: usize) {
        let Some(at) = pick(which, self.waiters.len()) else {
            return;
        };
        let waiter = &mut self.waiters[at];
        let answer = match waiter.task.poll(&mut waiter.future) {
            Poll::Pending => None,
            Poll::Ready(Ok(lease)) => {
                self.leases.push(lease);
                Some(Answer::Slot)
            }
            Poll::Ready(Err(why)) => {
                assert!(why.is_closed());
                Some(Answer::Closed)
            }
        };
        assert_eq!(answer, waiter.answer);
        if answer.is_some() {
            self.waiters.swap_remove(at);
        }
    }

    /// What must hold between any two operations.
    fn check(&self) {
        for waiter in &self.waiters {
            let woken = usize::from(waiter.answer.is_some());
            assert_eq!(waiter.task.wakes(), woken, "waiter {}", waiter.number);
        }
        for (reservation, left) in &self.reservations {
            assert_eq!(reservation.remaining(), *left);
        }
        let stats = self.pool.stats();
        assert_eq!(stats.free, self.free);
        assert_eq!((stats.waits, stats.exhausted), (self.waits, self.exhausted));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 384 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Pools without caches, and with.
    #[test]
    fn waiters_and_reservations_do_what_the_naive_ones_do(
        slots in prop_oneof![1..=5_usize, 16..=20_usize],
        taken in 0..=20_usize,
        ops in prop::collection::vec(op(), 1..if cfg!(miri) { 30 } else { 200 }),
    ) {
        let pool = Pool::builder().slots(slots).slot_bytes(16).build().expect("a few bytes");
        let mut world = World::new(&pool);
        for _ in 0..taken {
            world.alloc();
        }
        for op in ops {
            world.apply(op);
            world.check();
        }
        drop(world);
        assert_eq!(pool.free_count(), slots, "everything is home");
    }
}
