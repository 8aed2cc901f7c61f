//! Random operations over the whole public face, against a pool so naive that it is right: a stack of numbers and
//! a table of who holds what.
//!
//! One thread, so everything is exact: which slot comes next, every count, and every byte. Each right has its own mark,
//! written over all the bytes of its slot; two owners of one slot would find each other's.

use std::collections::HashMap;

use pool_core::{Lease, Pool, PoolBuilder, Scrub, Shared, SlotId};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Op {
    Alloc,
    AllocMany(usize),
    DropLease(usize),
    Share(usize),
    CloneShare(usize),
    DropShare(usize),
    Unshare(usize),
    IntoId(usize),
    /// An id that is out.
    Redeem(usize),
    /// An id that was redeemed, or another pool's.
    Replay(usize),
    /// Any id so far with some neighbouring bits flipped.
    Flip(usize, u64),
    /// Any number.
    MadeUp(u64),
    Close,
    AddHandle,
    DropHandle,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => Just(Op::Alloc),
        2 => (0..12_usize).prop_map(Op::AllocMany),
        4 => any::<usize>().prop_map(Op::DropLease),
        3 => any::<usize>().prop_map(Op::Share),
        3 => any::<usize>().prop_map(Op::CloneShare),
        4 => any::<usize>().prop_map(Op::DropShare),
        2 => any::<usize>().prop_map(Op::Unshare),
        3 => any::<usize>().prop_map(Op::IntoId),
        3 => any::<usize>().prop_map(Op::Redeem),
        2 => any::<usize>().prop_map(Op::Replay),
        2 => (any::<usize>(), flips()).prop_map(|(which, bits)| Op::Flip(which, bits)),
        1 => any::<u64>().prop_map(Op::MadeUp),
        1 => Just(Op::Close),
        1 => Just(Op::AddHandle),
        1 => Just(Op::DropHandle),
    ]
}

/// One bit anywhere; or what turns the word of an id, its upper half, into the one after or before it.
fn flips() -> impl Strategy<Value = u64> {
    prop_oneof![
        (0..64_u32).prop_map(|bit| 1 << bit),
        (1..4_u32).prop_map(|bits| ((1 << bits) - 1) << 32)
    ]
}

/// The real rights, each beside what the naive pool knows of it.
struct World {
    scrub: Scrub,
    capacity: usize,
    slot_bytes: usize,
    handles: Vec<Pool>,
    /// The free slots, top last.
    free: Vec<usize>,
    /// What the last owner of each slot left in it.
    left: Vec<Mark>,
    leases: Vec<(Lease, Mark)>,
    /// The shares of one slot each.
    shares: Vec<(Vec<Shared>, Mark)>,
    out: HashMap<u64, Mark>,
    /// Ids that are not out: spent ones and another pool's.
    stale: Vec<u64>,
    closed: bool,
    exhausted: u64,
    marks: u64,
    /// Its ids are as good as ours, elsewhere.
    _elsewhere: Pool,
}

/// What a slot's bytes say. Zero: they are zero.
type Mark = u64;

fn mark_byte(mark: Mark, at: usize) -> u8 {
    mark.to_le_bytes()[at % 8]
}

fn assert_marked(bytes: &[u8], mark: Mark, len: usize) {
    assert_eq!(bytes.len(), len, "a right offers the whole slot");
    let wrong = bytes
        .iter()
        .enumerate()
        .find(|(at, byte)| **byte != mark_byte(mark, *at));
    assert_eq!(wrong, None, "first byte that is not of mark {mark:#x}");
}

/// Picks one of `len` things.
fn pick(which: usize, len: usize) -> Option<usize> {
    which.checked_rem(len)
}

impl World {
    fn new(slots: usize, slot_bytes: usize, scrub: Scrub, check: bool) -> Self {
        let build = |builder: PoolBuilder| {
            let builder = builder.slot_bytes(slot_bytes).scrub(scrub);
            builder.check_free_slots(check).build()
        };
        let pool = build(Pool::builder().slots(slots)).expect("a few bytes");
        let elsewhere = build(Pool::builder().slots(1)).expect("a few bytes");
        let foreign = elsewhere.alloc().expect("one slot is free").into_id();
        Self {
            scrub,
            capacity: slots,
            slot_bytes,
            handles: vec![pool],
            free: (0..slots).rev().collect(),
            left: vec![0; slots],
            leases: Vec::new(),
            shares: Vec::new(),
            out: HashMap::new(),
            stale: vec![foreign.to_bits()],
            closed: false,
            exhausted: 0,
            marks: 0,
            _elsewhere: elsewhere,
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Alloc => self.alloc(),
            Op::AllocMany(want) => self.alloc_many(want),
            Op::DropLease(which) => self.drop_lease(which),
            Op::Share(which) => self.share(which),
            Op::CloneShare(which) => self.clone_share(which),
            Op::DropShare(which) => self.drop_share(which),
            Op::Unshare(which) => self.unshare(which),
            Op::IntoId(which) => self.issue_id(which),
            Op::Redeem(which) => {
                let mut ids: Vec<_> = self.out.keys().copied().collect();
                ids.sort_unstable();
                if let Some(at) = pick(which, ids.len()) {
                    self.present(ids[at]);
                }
            }
            Op::Replay(which) => self.present(self.stale[which % self.stale.len()]),
            Op::Flip(which, bits) => {
                let mut ids: Vec<_> = self.out.keys().chain(&self.stale).copied().collect();
                ids.sort_unstable();
                self.present(ids[which % ids.len()] ^ bits);
            }
            Op::MadeUp(bits) => self.present(bits),
            Op::Close => {
                if let Some(pool) = self.handles.first() {
                    pool.close();
                    self.closed = true;
                }
            }
            Op::AddHandle => self.handles.extend(self.handles.first().cloned()),
            Op::DropHandle => self.drop_handle(),
        }
    }

    fn alloc(&mut self) {
        let Some(pool) = self.handles.first() else {
            return;
        };
        match pool.try_alloc() {
            Ok(lease) => {
                assert!(!self.closed);
                self.own_new(lease);
            }
            Err(why) => {
                assert_eq!(
                    (why.is_closed(), why.is_exhausted()),
                    (self.closed, !self.closed)
                );
                assert!(
                    self.closed || self.free.is_empty(),
                    "refused with slots free"
                );
                self.exhausted += u64::from(why.is_exhausted());
            }
        }
    }

    fn alloc_many(&mut self, want: usize) {
        let Some(pool) = self.handles.first() else {
            return;
        };
        let mut got = Vec::new();
        let told = pool.alloc_many(want, &mut got);
        let free = if self.closed { 0 } else { self.free.len() };
        assert_eq!((told, got.len()), (want.min(free), want.min(free)));
        self.exhausted += u64::from(want > 0 && !self.closed && free == 0);
        got.into_iter().for_each(|lease| self.own_new(lease));
    }

    /// A lease that left the list just now.
    fn own_new(&mut self, lease: Lease) {
        let slot = self.free.pop().expect("a slot was free");
        assert_eq!(
            lease.slot_index(),
            slot,
            "the slot given back last comes first"
        );
        assert!(lease.belongs_to(&self.handles[0]));
        let old = if self.scrub == Scrub::Never {
            self.left[slot]
        } else {
            0
        };
        assert_marked(&lease, old, self.slot_bytes);
        self.own(lease);
    }

    fn own(&mut self, mut lease: Lease) {
        self.marks += 0x0101_0101_0101_0101;
        let mark = self.marks;
        for (at, byte) in lease.iter_mut().enumerate() {
            *byte = mark_byte(mark, at);
        }
        self.leases.push((lease, mark));
    }

    fn take_lease(&mut self, which: usize) -> Option<(Lease, Mark)> {
        pick(which, self.leases.len()).map(|at| self.leases.swap_remove(at))
    }

    fn came_home(&mut self, slot: usize, mark: Mark) {
        self.left[slot] = mark;
        self.free.push(slot);
    }

    fn drop_lease(&mut self, which: usize) {
        if let Some((lease, mark)) = self.take_lease(which) {
            self.came_home(lease.slot_index(), mark);
        }
    }

    fn share(&mut self, which: usize) {
        if let Some((lease, mark)) = self.take_lease(which) {
            self.shares.push((vec![lease.share()], mark));
        }
    }

    fn clone_share(&mut self, which: usize) {
        if let Some(at) = pick(which, self.shares.len()) {
            let group = &mut self.shares[at].0;
            group.push(group[0].clone());
        }
    }

    fn drop_share(&mut self, which: usize) {
        let Some(at) = pick(which, self.shares.len()) else {
            return;
        };
        let (group, mark) = &mut self.shares[at];
        let (mark, share) = (*mark, group.swap_remove(which / 7 % group.len()));
        let slot = share.slot_index();
        drop(share);
        if group.is_empty() {
            self.shares.swap_remove(at);
            self.came_home(slot, mark);
        }
    }

    fn unshare(&mut self, which: usize) {
        let Some(at) = pick(which, self.shares.len()) else {
            return;
        };
        let group = &mut self.shares[at].0;
        let alone = group.len() == 1;
        match group.pop().expect("no group is empty").try_unshare() {
            Ok(lease) => {
                assert!(alone, "unshared beside another sharer");
                let (_, mark) = self.shares.swap_remove(at);
                assert_marked(&lease, mark, self.slot_bytes);
                self.own(lease);
            }
            Err(share) => {
                assert!(!alone, "the only share was refused");
                group.push(share);
            }
        }
    }

    fn issue_id(&mut self, which: usize) {
        if let Some((lease, mark)) = self.take_lease(which) {
            let before = self.out.insert(lease.into_id().to_bits(), mark);
            assert_eq!(before, None, "two slots out under one id");
        }
    }

    /// Any number from anywhere: good if it is out, and only then.
    fn present(&mut self, bits: u64) {
        let Some(pool) = self.handles.first() else {
            return;
        };
        match (pool.redeem(SlotId::from_bits(bits)), self.out.remove(&bits)) {
            (Ok(lease), Some(mark)) => {
                assert_marked(&lease, mark, self.slot_bytes);
                self.stale.push(bits);
                self.own(lease);
            }
            (Err(_), None) => {}
            (answer, known) => panic!("{bits:#x} is out: {}; {answer:?}", known.is_some()),
        }
    }

    fn drop_handle(&mut self) {
        if cfg!(miri) && self.handles.len() == 1 {
            // Such a region is leaked on purpose, and Miri reports leaks.
            self.out.clone().into_keys().for_each(|id| self.present(id));
        }
        let leaked = pool_core::leaked_regions();
        if self.handles.pop().is_some() && self.handles.is_empty() {
            self.closed = true;
            assert_eq!(
                pool_core::leaked_regions() - leaked,
                usize::from(!self.out.is_empty())
            );
        }
    }

    /// What must hold between any two operations.
    fn check(&self) {
        for (lease, mark) in &self.leases {
            assert_marked(lease, *mark, self.slot_bytes);
        }
        for (group, mark) in &self.shares {
            for share in group {
                assert_eq!(share.sharers(), group.len());
                assert_marked(share, *mark, self.slot_bytes);
            }
        }
        let in_use = self.leases.len() + self.shares.len() + self.out.len();
        assert_eq!(
            self.free.len() + in_use,
            self.capacity,
            "the naive pool itself"
        );
        for pool in &self.handles {
            assert_eq!(
                (pool.capacity(), pool.slot_bytes()),
                (self.capacity, self.slot_bytes)
            );
            assert_eq!(
                (pool.free_count(), pool.in_use()),
                (self.free.len(), in_use)
            );
            let stats = pool.stats();
            assert_eq!(
                (stats.free, stats.in_use, stats.capacity),
                (self.free.len(), in_use, self.capacity)
            );
            assert_eq!(stats.exhausted, self.exhausted);
        }
    }
}

fn scrub() -> impl Strategy<Value = Scrub> {
    prop_oneof![
        Just(Scrub::Never),
        Just(Scrub::OnFree),
        Just(Scrub::OnAlloc)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_pool_does_what_the_naive_one_does(
        slots in 1..=9_usize,
        slot_bytes in 1..=40_usize,
        scrub in scrub(),
        check in any::<bool>(),
        ops in prop::collection::vec(op(), 1..if cfg!(miri) { 30 } else { 120 }),
    ) {
        // A pool that checks and scrubs does what one that scrubs does, and accuses nobody.
        let mut world = World::new(slots, slot_bytes, scrub, check && scrub != Scrub::Never);
        world.check();
        for op in ops {
            world.apply(op);
            world.check();
        }
    }
}
