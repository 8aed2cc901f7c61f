//! A pool with a budget and a tenant beside a naive one: after each operation, who has got what, and what it is charged.
#![cfg(all(feature = "os", feature = "std", target_os = "linux"))]

#[path = "../../../fuzz/inputs.rs"]
mod inputs;
mod naive;

use naive::{CAPACITY, CLASS_BYTES, KIB, Naive, No, Payer, Place};
use pool_core::{Budget, Tenant};
use proptest::prelude::*;
use sizeclass::{AcquireError, BufferPool, Classes, PooledBuffer, TenantPool};

const CLASSES: Classes = Classes::new(CLASS_BYTES);

#[derive(Debug, Clone)]
enum Op {
    Acquire(Payer, usize),
    TryAcquire(Payer, usize),
    Grow(usize, usize),
    Drop(usize),
    Lower(usize),
    /// Lowers a buffer of the pool's and makes a buffer of its lease, which is charged as it was.
    Adopt(usize),
    Trim(usize),
    SetLimit(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let size = || {
        prop_oneof![
            4 => 0..4 * KIB,
            4 => 0..70 * KIB,
            2 => proptest::sample::select(vec![4096, 4097, 16_384, 16_385, 65_536, 65_537]),
            1 => 0..300 * KIB,
        ]
    };
    let payer = || prop_oneof![2 => Just(Payer::Pool), 1 => Just(Payer::Alice)];
    prop_oneof![
        3 => (payer(), size()).prop_map(|(payer, min)| Op::Acquire(payer, min)),
        6 => (payer(), size()).prop_map(|(payer, min)| Op::TryAcquire(payer, min)),
        2 => (0..8_usize, size()).prop_map(|(at, len)| Op::Grow(at, len)),
        6 => (0..8_usize).prop_map(Op::Drop),
        1 => (0..8_usize).prop_map(Op::Lower),
        1 => (0..8_usize).prop_map(Op::Adopt),
        1 => (0..200 * KIB).prop_map(Op::Trim),
        1 => (16 * KIB..200 * KIB).prop_map(Op::SetLimit),
    ]
}

struct Held {
    buffer: PooledBuffer,
    place: Place,
    payer: Payer,
    fill: u8,
}

struct World {
    naive: Naive,
    budget: Budget,
    alice: Budget,
    pool: BufferPool,
    hers: TenantPool,
    held: Vec<Held>,
    fills: u8,
}

impl World {
    fn new(limit: usize, floor: usize, ceiling: usize) -> Self {
        let budget = Budget::new(limit);
        let alice = budget.child().tenant(Tenant::new(1)).floor_bytes(floor);
        let alice = alice.ceiling_bytes(ceiling).build().expect("within it");
        let builder = BufferPool::builder().classes(CLASSES).decay_every(None);
        let pool = builder.capacity_per_class(CAPACITY).budget(&budget).build();
        let pool = pool.expect("nothing is charged yet");
        let hers = pool.tenant(Tenant::new(1)).expect("she has a budget");
        let naive = Naive {
            classes: Default::default(),
            limit,
            floor,
            ceiling,
            own: 0,
            alice: 0,
        };
        Self {
            naive,
            budget,
            alice,
            pool,
            hers,
            held: Vec::new(),
            fills: 0,
        }
    }

    fn keep(&mut self, mut buffer: PooledBuffer, min: usize, place: Place, payer: Payer) {
        let (capacity, is_pooled) = match place {
            Place::Slot(index) => (CLASS_BYTES[index], true),
            Place::Elsewhere(bytes, _) => (bytes, false),
        };
        assert_eq!((buffer.len(), buffer.is_pooled()), (min, is_pooled));
        assert_eq!(buffer.capacity(), capacity);
        self.fills = self.fills.wrapping_add(1);
        buffer.fill(self.fills);
        let fill = self.fills;
        self.held.push(Held {
            buffer,
            place,
            payer,
            fill,
        });
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Acquire(payer, min) => {
                let place = self.naive.take(min, payer);
                let buffer = match payer {
                    Payer::Pool => self.pool.acquire(min),
                    Payer::Alice => self.hers.acquire(min),
                };
                self.keep(buffer, min, place, payer);
            }
            Op::TryAcquire(payer, min) => {
                let answer = match payer {
                    Payer::Pool => self.pool.try_acquire(min),
                    Payer::Alice => self.hers.try_acquire(min),
                };
                match (answer, self.naive.try_take(min, payer)) {
                    (Ok(buffer), Ok(place)) => self.keep(buffer, min, place, payer),
                    (Err(why), Err(no)) => assert_eq!(reason(&why), no, "{why}"),
                    (answer, naive) => panic!("{answer:?}, and not {naive:?}"),
                }
            }
            Op::Grow(at, len) => {
                if let Some(mut held) = self.pick(at) {
                    self.grow(&mut held, len);
                    self.held.push(held);
                }
            }
            Op::Drop(at) => {
                if let Some(held) = self.pick(at) {
                    self.naive.drop_buffer(held.place, held.payer);
                    drop(held);
                }
            }
            Op::Lower(at) => {
                // Only the pool's own: what lowering a tenant's does, is told by its own test.
                if let Some(held) = self.pick(at) {
                    match (held.place, held.payer) {
                        (Place::Slot(_), Payer::Pool) => {
                            self.naive.drop_buffer(held.place, held.payer);
                            let (lease, range) = held.buffer.into_lease().expect("a slot");
                            assert!(lease[range].iter().all(|byte| *byte == held.fill));
                        }
                        _ => self.held.push(held),
                    }
                }
            }
            Op::Adopt(at) => {
                if let Some(mut held) = self.pick(at) {
                    if let (Place::Slot(_), Payer::Pool) = (held.place, held.payer) {
                        let (lease, range) = held.buffer.into_lease().expect("a slot");
                        let adopted = PooledBuffer::from_lease(lease, range.end);
                        held.buffer = adopted.expect("as long as it was");
                    }
                    self.held.push(held);
                }
            }
            Op::Trim(target) => {
                let expected = self.naive.idle_bytes().saturating_sub(target);
                let expected = self.naive.reclaim(expected);
                assert_eq!(self.pool.trim(target), expected);
            }
            Op::SetLimit(limit) => {
                let set = self.budget.set_limit(limit);
                assert_eq!(set.is_ok(), limit >= self.naive.floor);
                if set.is_ok() {
                    self.naive.limit = limit;
                }
            }
        }
    }

    fn pick(&mut self, at: usize) -> Option<Held> {
        (at < self.held.len()).then(|| self.held.swap_remove(at))
    }

    fn grow(&mut self, held: &mut Held, len: usize) {
        let (before, capacity) = (held.buffer.len(), held.buffer.capacity());
        if len > capacity {
            let place = match Naive::class_of(len) {
                Some(_) => self.naive.take(len, held.payer),
                None => self.naive.elsewhere(len.max(2 * capacity), held.payer),
            };
            self.naive.drop_buffer(held.place, held.payer);
            held.place = place;
        }
        held.buffer.resize(len);
        let (old, new) = held.buffer.split_at(before.min(len));
        assert!(old.iter().all(|byte| *byte == held.fill));
        assert!(new.iter().all(|byte| *byte == 0));
        held.buffer.fill(held.fill);
    }

    fn check(&self) {
        let stats = self.pool.stats();
        for (class, naive) in stats.classes().iter().zip(self.naive.classes) {
            let counts = (class.in_use, class.idle, class.vacant);
            assert_eq!(counts, (naive.out, naive.idle, naive.vacant()), "{stats}");
        }
        let charged = (self.budget.used(), self.alice.used());
        assert_eq!(charged, (self.naive.used(), self.naive.alice), "{stats}");
        for held in &self.held {
            assert!(held.buffer.iter().all(|byte| *byte == held.fill));
        }
    }
}

fn reason(why: &AcquireError) -> No {
    if why.is_over_budget() {
        let ever = !why.is_too_large();
        No::OverBudget { ever }
    } else if why.is_exhausted() {
        No::Exhausted
    } else {
        assert!(why.is_too_large());
        No::TooLarge
    }
}

fn run(limit: usize, floor: usize, ceiling: usize, ops: Vec<Op>) {
    let mut world = World::new(limit, floor, ceiling);
    for op in ops {
        world.apply(op);
        world.check();
    }
    let World {
        budget,
        pool,
        mut held,
        ..
    } = world;
    held.clear();
    pool.trim(0);
    assert_eq!(budget.used(), 0);
}

/// What the fuzz target `sizeclass_budget` does with an input. Other limits are among the operations.
pub(crate) fn replay(input: &[u8]) {
    inputs::replay(input, op(), |ops| {
        run(128 * KIB, 32 * KIB, 96 * KIB, ops);
    });
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("sizeclass_budget", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 64 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_pool_charges_what_the_naive_one_does(
        (limit, floor, ceiling) in (64 * KIB..256 * KIB).prop_flat_map(|limit| {
            (Just(limit), 0..64 * KIB).prop_flat_map(|(limit, floor)| {
                (Just(limit), Just(floor), floor..256 * KIB)
            })
        }),
        ops in proptest::collection::vec(op(), 1..if cfg!(miri) { 8 } else { 60 }),
    ) {
        run(limit, floor, ceiling, ops);
    }
}
