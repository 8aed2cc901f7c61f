//! Any sequence of sharing, charging, moving, compacting and turning into other things, against naive books: who shares which storage, and what each storage is
//! charged to whom.

use std::collections::HashMap;

use bytes::Bytes;
use framebuf::FrameBuf;
use pool_core::{Budget, Pool, Tenant};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use zerocopy_view::{Charge, View};

const SLOT_BYTES: usize = 512;
/// The last has no budget.
const TENANTS: [Tenant; 4] = [Tenant::NONE, Tenant::new(1), Tenant::new(2), Tenant::new(9)];
const CEILINGS: [usize; 3] = [4000, 1200, 1500];

#[derive(Debug, Clone, Copy)]
enum Op {
    Slot(u8),
    Vec(usize),
    Bytes(usize),
    Slice(usize, usize, usize),
    Drop(usize),
    Charge(usize),
    Tenant(usize, usize),
    Take(usize),
    DropTaken,
    Recharge(usize),
    Compact(usize),
    Digest(usize),
    ThroughFrame(usize),
    ThroughBytes(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let n = any::<usize>;
    prop_oneof![
        3 => any::<u8>().prop_map(Op::Slot),
        2 => (1..900_usize).prop_map(Op::Vec),
        1 => (1..900_usize).prop_map(Op::Bytes),
        3 => (n(), n(), n()).prop_map(|(a, b, c)| Op::Slice(a, b, c)),
        5 => n().prop_map(Op::Drop),
        5 => n().prop_map(Op::Charge),
        5 => (n(), 0..4_usize).prop_map(|(a, b)| Op::Tenant(a, b)),
        2 => n().prop_map(Op::Take),
        1 => Just(Op::DropTaken),
        2 => n().prop_map(Op::Recharge),
        3 => n().prop_map(Op::Compact),
        3 => n().prop_map(Op::Digest),
        2 => n().prop_map(Op::ThroughFrame),
        1 => n().prop_map(Op::ThroughBytes),
    ]
}

/// A view, what it shows, and where.
struct Handle {
    view: View,
    bytes: Vec<u8>,
    storage: usize,
}

/// What is known of a storage: how much it retains, whom it is for, and for how much it is charged.
#[derive(Clone, Copy)]
struct Storage {
    retained: usize,
    tenant: Tenant,
    charged: Option<usize>,
    is_slot: bool,
}

struct World {
    pool: Pool,
    house: Budget,
    budgets: [Budget; 3],
    handles: Vec<Handle>,
    storages: HashMap<usize, Storage>,
    next: usize,
    taken: Vec<Charge>,
}

fn seat(tenant: Tenant) -> Option<usize> {
    TENANTS[..3].iter().position(|it| *it == tenant)
}

impl World {
    fn new() -> Self {
        let pool = Pool::builder().slots(4).slot_bytes(SLOT_BYTES);
        let house = Budget::new(CEILINGS[0]);
        let child = |at: usize| {
            let child = house.child().tenant(TENANTS[at]);
            child.ceiling_bytes(CEILINGS[at]).build().unwrap()
        };
        let budgets = [house.clone(), child(1), child(2)];
        Self {
            pool: pool.build().unwrap(),
            house,
            budgets,
            handles: Vec::new(),
            storages: HashMap::new(),
            next: 0,
            taken: Vec::new(),
        }
    }

    fn add(&mut self, view: View, is_slot: bool) {
        let storage = Storage {
            retained: view.retained_bytes(),
            tenant: view.tenant(),
            charged: None,
            is_slot,
        };
        self.storages.insert(self.next, storage);
        self.handles.push(Handle {
            bytes: view.to_vec(),
            view,
            storage: self.next,
        });
        self.next += 1;
    }

    /// What each budget is to have: the house all, the children their own.
    fn totals(&self) -> [usize; 3] {
        let mut totals = [0; 3];
        let kept = self.storages.values();
        let kept = kept.filter_map(|it| Some((it.tenant, it.charged?)));
        let taken = self.taken.iter().map(|it| (it.tenant(), it.bytes()));
        for (tenant, bytes) in kept.chain(taken) {
            let at = seat(tenant).expect("charged where there is a budget");
            totals[at] += bytes;
        }
        totals[0] += totals[1] + totals[2];
        totals
    }

    fn has_room(&self, at: usize, bytes: usize, leaves: Option<usize>) -> bool {
        let totals = self.totals();
        let own = at == 0 || totals[at] + bytes <= CEILINGS[at];
        own && (leaves.is_some() || totals[0] + bytes <= CEILINGS[0])
    }

    fn drop_storage_if_unused(&mut self, storage: usize) {
        if self.handles.iter().all(|it| it.storage != storage) {
            self.storages.remove(&storage);
        }
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Slot(mark) => {
                if let Some(mut lease) = self.pool.alloc() {
                    lease.fill(mark);
                    self.add(View::from(lease), true);
                }
                return;
            }
            Op::Vec(len) => return self.add(View::from(vec![3; len]), false),
            Op::Bytes(len) => return self.add(View::from(Bytes::from(vec![4; len])), false),
            Op::DropTaken => return drop(self.taken.pop()),
            _ if self.handles.is_empty() => return,
            _ => {}
        }
        let chosen = |at: usize| at % self.handles.len();
        let at = match op {
            Op::Slice(at, ..) | Op::Drop(at) | Op::Charge(at) | Op::Tenant(at, _) => chosen(at),
            Op::Take(at) | Op::Recharge(at) | Op::Compact(at) => chosen(at),
            Op::Digest(at) | Op::ThroughFrame(at) | Op::ThroughBytes(at) => chosen(at),
            Op::Slot(_) | Op::Vec(_) | Op::Bytes(_) | Op::DropTaken => unreachable!("done above"),
        };
        let mut handle = self.handles.swap_remove(at);
        let id = handle.storage;
        let was = self.storages[&id];
        let is_alone = self.handles.iter().all(|it| it.storage != id);
        match op {
            Op::Slice(_, from, to) => {
                let (from, to) = (from % handle.bytes.len(), to % handle.bytes.len());
                let range = from.min(to)..from.max(to) + 1;
                self.handles.push(Handle {
                    view: handle.view.slice(range.clone()),
                    bytes: handle.bytes[range].to_vec(),
                    storage: id,
                });
            }
            Op::Drop(_) => {
                drop(handle);
                return self.drop_storage_if_unused(id);
            }
            Op::Charge(_) => {
                let at = seat(was.tenant);
                let moves = was.charged.map(|_| at.unwrap_or(0));
                let fits = at.is_some_and(|at| {
                    was.charged.is_some() || self.has_room(at, was.retained, moves)
                });
                match handle.view.with_budget(&self.house) {
                    Ok(view) => {
                        assert!(is_alone && fits);
                        let charged = Some(was.charged.unwrap_or(was.retained));
                        self.storages.insert(id, Storage { charged, ..was });
                        handle.view = view;
                    }
                    Err(refused) => {
                        assert_eq!(refused.is_shared(), !is_alone);
                        assert!(!is_alone || !fits);
                        handle.view = refused.into_view();
                    }
                }
            }
            Op::Tenant(_, to) => {
                let tenant = TENANTS[to];
                let is_same = tenant == was.tenant;
                let fits = was.charged.is_none_or(|bytes| {
                    seat(tenant).is_some_and(|at| self.has_room(at, bytes, Some(0)))
                });
                match handle.view.with_tenant(tenant) {
                    Ok(view) => {
                        assert!(is_same || is_alone && fits);
                        self.storages.insert(id, Storage { tenant, ..was });
                        handle.view = view;
                    }
                    Err(refused) => {
                        assert!(!(is_same || is_alone && fits));
                        assert_eq!(refused.is_shared(), !is_alone);
                        handle.view = refused.into_view();
                    }
                }
            }
            Op::Take(_) => {
                let taken = handle.view.take_charge();
                let expected = was.charged.filter(|_| is_alone);
                assert_eq!(taken.as_ref().map(Charge::bytes), expected);
                if taken.is_some() {
                    self.storages.insert(
                        id,
                        Storage {
                            charged: None,
                            ..was
                        },
                    );
                    self.taken.extend(taken);
                }
            }
            Op::Recharge(_) => {
                let Some(charge) = self.taken.pop() else {
                    return self.handles.push(handle);
                };
                let (tenant, bytes) = (charge.tenant(), charge.bytes());
                match handle.view.with_charge(charge) {
                    Ok(view) => {
                        assert!(is_alone && bytes >= was.retained);
                        let charged = Some(was.retained);
                        let now = Storage {
                            charged,
                            tenant,
                            ..was
                        };
                        self.storages.insert(id, now);
                        handle.view = view;
                    }
                    Err(refused) => {
                        assert!(!is_alone || bytes < was.retained);
                        let (view, charge) = refused.into_parts();
                        self.taken.extend(charge);
                        handle.view = view;
                    }
                }
            }
            Op::Compact(_) => {
                let done = handle.view.compact();
                if done.copied > 0 {
                    let len = handle.bytes.len();
                    let freed = if is_alone { was.retained - len } else { 0 };
                    assert_eq!((done.copied, done.freed), (len, freed));
                    self.handles.push(handle);
                    let handle = self.handles.last_mut().expect("pushed above");
                    handle.storage = self.next;
                    let now = Storage {
                        retained: len,
                        charged: was.charged.map(|_| len),
                        is_slot: false,
                        ..was
                    };
                    self.storages.insert(self.next, now);
                    self.next += 1;
                    return self.drop_storage_if_unused(id);
                }
                assert_eq!(done.freed, 0);
            }
            Op::Digest(_) => {
                let expected: [u8; 32] = Sha256::digest(&handle.bytes).into();
                assert_eq!(handle.view.sha256(), expected);
            }
            Op::ThroughFrame(_) => match FrameBuf::try_from(handle.view) {
                Ok(frame) => {
                    assert!(is_alone);
                    handle.view = View::from(frame);
                    let now = Storage {
                        charged: None,
                        tenant: Tenant::NONE,
                        ..was
                    };
                    self.storages.insert(id, now);
                }
                Err(view) => handle.view = view,
            },
            Op::ThroughBytes(_) => {
                let bytes = Bytes::from(handle.view.clone());
                assert_eq!(bytes.as_ptr(), handle.view.as_ptr());
            }
            Op::Slot(_) | Op::Vec(_) | Op::Bytes(_) | Op::DropTaken => unreachable!("done above"),
        }
        self.handles.push(handle);
    }

    fn check(&self) {
        for handle in &self.handles {
            let storage = &self.storages[&handle.storage];
            let sharers = self
                .handles
                .iter()
                .filter(|it| it.storage == handle.storage);
            assert_eq!(handle.view.sharers(), sharers.count());
            assert_eq!(handle.view, handle.bytes);
            assert_eq!(handle.view.retained_bytes(), storage.retained);
            assert_eq!(handle.view.tenant(), storage.tenant);
            assert_eq!(handle.view.budget().is_some(), storage.charged.is_some());
        }
        let used = self.budgets.each_ref().map(Budget::used);
        assert_eq!(used, self.totals());
        let slots = self.storages.values().filter(|it| it.is_slot).count();
        assert_eq!(self.pool.in_use(), slots);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 400 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn totals_are_those_of_the_naive_books(ops in prop::collection::vec(op(), 1..80)) {
        let mut world = World::new();
        for op in ops {
            world.run(op);
            world.check();
        }
        world.handles.clear();
        world.taken.clear();
        prop_assert_eq!((world.house.used(), world.pool.in_use()), (0, 0));
    }
}
