//! Random orders of sharing, charging and ending, against a model so naive that it is right: for each slot that is shared a number of shares, of bytes, and a
//! digest.

use pool_core::{Budget, Charge, Lease, Pool, Shared};
use proptest::prelude::*;

const SLOTS: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Op {
    Share,
    Clone(usize),
    CloneMut(usize),
    Drop(usize),
    Charge(usize, usize),
    Grow(usize, usize),
    Take(usize),
    Keep(usize, usize, u8),
    Unshare(usize),
    /// Of a lease that was unshared.
    ShareAgain(usize),
    DropLease(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let n = any::<usize>;
    prop_oneof![
        4 => Just(Op::Share),
        3 => n().prop_map(Op::Clone),
        2 => n().prop_map(Op::CloneMut),
        6 => n().prop_map(Op::Drop),
        4 => (n(), 0..50_usize).prop_map(|(at, bytes)| Op::Charge(at, bytes)),
        2 => (n(), 0..50_usize).prop_map(|(at, bytes)| Op::Grow(at, bytes)),
        2 => n().prop_map(Op::Take),
        3 => (n(), 0..3_usize, any::<u8>()).prop_map(|(at, len, mark)| Op::Keep(at, len, mark)),
        2 => n().prop_map(Op::Unshare),
        2 => n().prop_map(Op::ShareAgain),
        1 => n().prop_map(Op::DropLease),
    ]
}

/// The shares of one slot, and what is to be true of it.
#[derive(Default)]
struct Storage {
    shares: Vec<Shared>,
    charged: Option<usize>,
    digest: Option<(usize, u8)>,
}

struct World {
    pool: Pool,
    budget: Budget,
    storages: Vec<Storage>,
    leases: Vec<Lease>,
    taken: Vec<Charge>,
}

impl World {
    fn new() -> Self {
        let pool = Pool::builder().slots(SLOTS).slot_bytes(8).build().unwrap();
        Self {
            pool,
            budget: Budget::new(usize::MAX / 4),
            storages: Vec::new(),
            leases: Vec::new(),
            taken: Vec::new(),
        }
    }

    fn share(&mut self, lease: Option<Lease>) {
        let shares = lease.map(Lease::share).into_iter().collect::<Vec<_>>();
        if !shares.is_empty() {
            self.storages.push(Storage {
                shares,
                ..Storage::default()
            });
        }
    }

    fn take_lease(&mut self, at: usize) -> Option<Lease> {
        let count = self.leases.len();
        (count > 0).then(|| self.leases.swap_remove(at % count))
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Share => {
                let lease = self.pool.alloc();
                return self.share(lease);
            }
            Op::ShareAgain(at) => {
                let lease = self.take_lease(at);
                return self.share(lease);
            }
            Op::DropLease(at) => return drop(self.take_lease(at)),
            _ if self.storages.is_empty() => return,
            _ => {}
        }
        let count = self.storages.len();
        let at = match op {
            Op::Clone(at) | Op::CloneMut(at) | Op::Drop(at) | Op::Charge(at, _) => at,
            Op::Grow(at, _) | Op::Take(at) | Op::Keep(at, ..) | Op::Unshare(at) => at,
            Op::Share | Op::ShareAgain(_) | Op::DropLease(_) => unreachable!("done above"),
        };
        let storage = &mut self.storages[at % count];
        let is_alone = storage.shares.len() == 1;
        let mut share = storage.shares.pop().expect("a storage has a share");
        match op {
            Op::Clone(_) => storage.shares.push(share.clone()),
            Op::CloneMut(_) => storage.shares.push(share.clone_mut()),
            Op::Charge(_, bytes) => {
                let charge = self.budget.try_charge(bytes).expect("no limit");
                match share.set_charge(charge) {
                    Ok(before) => {
                        assert!(is_alone);
                        assert_eq!(before.map(|it| it.bytes()), storage.charged);
                        storage.charged = Some(bytes);
                    }
                    Err(refused) => assert!(!is_alone && refused.bytes() == bytes),
                }
            }
            Op::Grow(_, bytes) => {
                let charge = share.charge_mut();
                assert_eq!(charge.is_some(), is_alone && storage.charged.is_some());
                if let Some(charge) = charge {
                    charge.grow(bytes).expect("no limit");
                    storage.charged = storage.charged.map(|it| it + bytes);
                }
            }
            Op::Take(_) => {
                let taken = share.take_charge();
                let expected = if is_alone {
                    storage.charged.take()
                } else {
                    None
                };
                assert_eq!(taken.as_ref().map(Charge::bytes), expected);
                self.taken.extend(taken);
            }
            Op::Keep(_, len, mark) => {
                share.keep_digest(&(0..len), [mark; 32]);
                storage.digest.get_or_insert((len, mark));
            }
            Op::Unshare(_) => match share.try_unshare() {
                Ok(lease) => {
                    assert!(is_alone);
                    self.leases.push(lease);
                    self.storages.swap_remove(at % count);
                    return;
                }
                Err(back) => {
                    assert!(!is_alone);
                    share = back;
                }
            },
            Op::Drop(_) => {
                drop(share);
                if is_alone {
                    self.storages.swap_remove(at % count);
                }
                return;
            }
            Op::Share | Op::ShareAgain(_) | Op::DropLease(_) => unreachable!("done above"),
        }
        storage.shares.push(share);
    }

    fn check(&self) {
        for storage in &self.storages {
            for share in &storage.shares {
                assert_eq!(share.sharers(), storage.shares.len());
                assert_eq!(share.charge().map(Charge::bytes), storage.charged);
                for len in 0..3 {
                    let expected = storage.digest.filter(|&(kept, _)| kept == len);
                    let expected = expected.map(|(_, mark)| [mark; 32]);
                    assert_eq!(share.kept_digest(&(0..len)), expected);
                }
            }
        }
        let kept: usize = self.storages.iter().filter_map(|it| it.charged).sum();
        let beside: usize = self.taken.iter().map(Charge::bytes).sum();
        assert_eq!(self.budget.used(), kept + beside);
        assert_eq!(self.pool.in_use(), self.storages.len() + self.leases.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 400 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_slot_keeps_what_the_naive_one_keeps(ops in prop::collection::vec(op(), 1..80)) {
        let mut world = World::new();
        for op in ops {
            world.run(op);
            world.check();
        }
        world.storages.clear();
        world.taken.clear();
        prop_assert_eq!(world.budget.used(), 0);
        prop_assert_eq!(world.pool.in_use(), world.leases.len());
    }
}
