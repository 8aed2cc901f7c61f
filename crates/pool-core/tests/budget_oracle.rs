//! Random trees of budgets under random operations, against books so naive that they are right (`plain_books`).

mod plain_books;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use pool_core::{Budget, Charge, ChargeError, Charging, Tenant};
use proptest::prelude::*;

use plain_books::{Books, Refusal};

#[derive(Debug, Clone, Copy)]
enum Op {
    Child {
        parent: usize,
        floor: usize,
        ceiling: Option<usize>,
        soft: Option<usize>,
        tenant: u16,
    },
    CloneHandle(usize),
    DropHandle(usize),
    Charge(usize, usize),
    Overdraw(usize, usize),
    DropCharge(usize),
    Grow(usize, usize),
    Shrink(usize, usize),
    Split(usize, usize),
    Merge(usize, usize),
    Move(usize, usize),
    Request(usize, usize),
    Cancel(usize),
    SetLimit(usize, usize),
}

fn op() -> impl Strategy<Value = Op> {
    let bytes = || prop_oneof![8 => 0..40_usize, 1 => 0..200_usize, 1 => Just(usize::MAX)];
    let small = || 0..60_usize;
    let any = any::<usize>;
    let child = (any(), 0..30_usize, prop::option::of(0..80_usize));
    let child = (child, prop::option::of(0..80_usize), 0..4_u16);
    prop_oneof![
        5 => child.prop_map(|((parent, floor, ceiling), soft, tenant)| Op::Child {
            parent, floor, ceiling, soft, tenant
        }),
        1 => any().prop_map(Op::CloneHandle),
        2 => any().prop_map(Op::DropHandle),
        10 => (any(), bytes()).prop_map(|(at, bytes)| Op::Charge(at, bytes)),
        2 => (any(), small()).prop_map(|(at, bytes)| Op::Overdraw(at, bytes)),
        8 => any().prop_map(Op::DropCharge),
        3 => (any(), small()).prop_map(|(which, bytes)| Op::Grow(which, bytes)),
        3 => (any(), small()).prop_map(|(which, bytes)| Op::Shrink(which, bytes)),
        2 => (any(), small()).prop_map(|(which, bytes)| Op::Split(which, bytes)),
        2 => (any(), any()).prop_map(|(one, other)| Op::Merge(one, other)),
        4 => (any(), any()).prop_map(|(which, to)| Op::Move(which, to)),
        8 => (any(), small()).prop_map(|(at, bytes)| Op::Request(at, bytes)),
        3 => any().prop_map(Op::Cancel),
        2 => (any(), 0..150_usize).prop_map(|(at, limit)| Op::SetLimit(at, limit)),
    ]
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        // Relaxed: one thread.
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Asleep {
    at: usize,
    bytes: usize,
    future: Pin<Box<Charging>>,
    flag: Arc<Flag>,
}

impl Asleep {
    fn poll(&mut self) -> Poll<Result<Charge, ChargeError>> {
        let waker = Waker::from(Arc::clone(&self.flag));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

struct World {
    books: Books,
    /// The real budgets, by the same index; one that has no handle may still live.
    handles: Vec<(usize, Budget)>,
    charges: Vec<(usize, Charge)>,
    /// In the order of their first poll.
    asleep: Vec<Asleep>,
}

fn pick<T>(list: &[T], which: usize) -> Option<usize> {
    which.checked_rem(list.len())
}

impl World {
    fn new(limits: [usize; 2]) -> Self {
        let mut world = Self {
            books: Books(Vec::new()),
            handles: Vec::new(),
            charges: Vec::new(),
            asleep: Vec::new(),
        };
        for (at, limit) in limits.into_iter().enumerate() {
            world.books.open(None, 0, limit, 50, 0);
            let budget = Budget::builder().limit_bytes(limit).soft_limit_bytes(50);
            world.handles.push((at, budget.build()));
        }
        world
    }

    fn handle(&self, which: usize) -> Option<(usize, Budget)> {
        pick(&self.handles, which).map(|it| self.handles[it].clone())
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Child { .. } => self.child(op),
            Op::CloneHandle(which) => self.handles.extend(self.handle(which)),
            Op::DropHandle(which) => {
                if let Some(which) = pick(&self.handles, which) {
                    self.handles.swap_remove(which);
                }
            }
            Op::Charge(at, bytes) => self.charge(at, bytes),
            Op::Overdraw(at, bytes) => self.overdraw(at, bytes),
            Op::DropCharge(which) => {
                if let Some(which) = pick(&self.charges, which) {
                    let (at, charge) = self.charges.swap_remove(which);
                    self.books.0[at].own -= charge.bytes();
                }
            }
            Op::Grow(which, bytes) => self.grow(which, bytes),
            Op::Shrink(which, bytes) => {
                if let Some(which) = pick(&self.charges, which) {
                    let (at, charge) = &mut self.charges[which];
                    let before = charge.bytes();
                    let given_back = charge.shrink(bytes);
                    assert_eq!(given_back, bytes.min(before));
                    assert_eq!(charge.bytes(), before - given_back);
                    self.books.0[*at].own -= given_back;
                }
            }
            Op::Split(which, bytes) => {
                if let Some(which) = pick(&self.charges, which) {
                    let (at, charge) = &mut self.charges[which];
                    let (at, before) = (*at, charge.bytes());
                    let part = charge.split(bytes);
                    assert_eq!(part.is_some(), bytes <= before);
                    self.charges.extend(part.map(|it| (at, it)));
                }
            }
            Op::Merge(one, other) => self.merge(one, other),
            Op::Move(which, to) => self.move_to(which, to),
            Op::Request(at, bytes) => self.request(at, bytes),
            Op::Cancel(which) => {
                if let Some(which) = pick(&self.asleep, which) {
                    self.asleep.remove(which);
                }
            }
            Op::SetLimit(at, limit) => self.set_limit(at, limit),
        }
    }

    fn child(&mut self, op: Op) {
        let Op::Child {
            parent,
            floor,
            ceiling,
            soft,
            tenant,
        } = op
        else {
            unreachable!("called for it");
        };
        let Some((parent, budget)) = self.handle(parent) else {
            return;
        };
        let mut builder = budget
            .child()
            .floor_bytes(floor)
            .tenant(Tenant::new(tenant));
        if let Some(ceiling) = ceiling {
            builder = builder.ceiling_bytes(ceiling);
        }
        if let Some(soft) = soft {
            builder = builder.soft_limit_bytes(soft);
        }
        let taken = tenant != 0
            && self
                .books
                .children(parent)
                .any(|it| self.books.0[it].tenant == tenant);
        let ceiling = ceiling.unwrap_or(usize::MAX);
        let may = floor <= ceiling && !taken && self.books.refusal(parent, floor).is_none();
        let built = builder.build();
        assert_eq!(built.is_ok(), may, "{built:?}");
        match built {
            Ok(child) => {
                let soft = soft.unwrap_or(usize::MAX);
                let at = self.books.0.len();
                self.books.open(Some(parent), floor, ceiling, soft, tenant);
                self.handles.push((at, child));
            }
            Err(error) => {
                let now = floor <= ceiling && self.books.ever_fits(parent, floor);
                let now = now && !self.books.fits(parent, floor);
                assert_eq!(error.is_no_room_now(), now, "{error}");
            }
        }
    }

    fn charge(&mut self, at: usize, bytes: usize) {
        let Some((at, budget)) = self.handle(at) else {
            return;
        };
        let expected = self.books.refusal(at, bytes);
        let charged = budget.try_charge(bytes);
        assert_eq!(charged.as_ref().err().map(Refusal::from), expected);
        match charged {
            Ok(charge) => {
                assert_eq!(charge.bytes(), bytes);
                self.books.add(at, bytes);
                self.charges.push((at, charge));
            }
            Err(_) => self.books.0[at].refused += 1,
        }
    }

    fn overdraw(&mut self, at: usize, bytes: usize) {
        let Some((at, budget)) = self.handle(at) else {
            return;
        };
        // What the limits had room for is no overdraft, whatever others have overdrawn.
        let granted = (0..=bytes).rev().find(|&it| self.books.fits(at, it));
        let over = bytes - granted.expect("no bytes always fit");
        self.charges.push((at, budget.charge_overdrawn(bytes)));
        self.books.add(at, bytes);
        let plain = &mut self.books.0[at];
        plain.overdrafts += u64::from(over > 0);
        plain.overdraft_bytes += over as u64;
    }

    fn grow(&mut self, which: usize, bytes: usize) {
        let Some(which) = pick(&self.charges, which) else {
            return;
        };
        let (at, charge) = &mut self.charges[which];
        let expected = self.books.refusal(*at, bytes);
        let before = charge.bytes();
        let grown = charge.grow(bytes);
        assert_eq!(grown.as_ref().err().map(Refusal::from), expected);
        if grown.is_ok() {
            assert_eq!(charge.bytes(), before + bytes);
            self.books.add(*at, bytes);
        } else {
            assert_eq!(charge.bytes(), before);
            self.books.0[*at].refused += 1;
        }
    }

    fn merge(&mut self, one: usize, other: usize) {
        let Some(other) = pick(&self.charges, other) else {
            return;
        };
        let (from, other) = self.charges.swap_remove(other);
        let Some(one) = pick(&self.charges, one) else {
            self.charges.push((from, other));
            return;
        };
        let (at, charge) = &mut self.charges[one];
        let before = (charge.bytes(), other.bytes());
        match charge.merge(other) {
            Ok(()) => {
                assert_eq!(*at, from);
                assert_eq!(charge.bytes(), before.0 + before.1);
            }
            Err(other) => {
                assert_ne!(*at, from);
                assert_eq!((charge.bytes(), other.bytes()), before);
                self.charges.push((from, other));
            }
        }
    }

    fn move_to(&mut self, which: usize, to: usize) {
        let (Some(which), Some((to, budget))) = (pick(&self.charges, which), self.handle(to))
        else {
            return;
        };
        let (from, charge) = &mut self.charges[which];
        let bytes = charge.bytes();
        let mut without = self.books.clone();
        without.0[*from].own -= bytes;
        let expected = if *from == to {
            None
        } else {
            without.refusal(to, bytes)
        };
        let moved = charge.move_to(&budget);
        assert_eq!(moved.as_ref().err().map(Refusal::from), expected);
        assert_eq!(charge.bytes(), bytes);
        if moved.is_ok() {
            assert!(charge.is_to(&budget));
            if *from != to {
                without.add(to, bytes);
                self.books = without;
            }
            *from = to;
        } else {
            self.books.0[to].refused += 1;
        }
    }

    fn request(&mut self, at: usize, bytes: usize) {
        let Some((at, budget)) = self.handle(at) else {
            return;
        };
        let mut request = Asleep {
            at,
            bytes,
            future: Box::pin(budget.charge_async(bytes)),
            flag: Arc::new(Flag(AtomicBool::new(false))),
        };
        let ready = request.poll();
        if !self.books.ever_fits(at, bytes) {
            let Poll::Ready(Err(error)) = ready else {
                panic!("waits for what can never be: {bytes}");
            };
            assert!(error.is_too_large());
            self.books.0[at].refused += 1;
            return;
        }
        let flag = Arc::clone(&request.flag);
        let is_next = bytes == 0 || {
            self.asleep.push(request);
            let granted = self.grantable();
            let last = self.asleep.len() - 1;
            request = self.asleep.pop().expect("pushed above");
            granted == [last]
        };
        assert!(!flag.0.load(Ordering::Relaxed), "it was not asleep yet");
        match ready {
            Poll::Ready(Ok(charge)) => {
                assert!(is_next, "got ahead of its turn");
                self.books.add(at, bytes);
                self.charges.push((at, charge));
            }
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => {
                assert!(!is_next, "waits without a reason");
                self.books.0[at].waited += 1;
                self.asleep.push(request);
            }
        }
    }

    fn set_limit(&mut self, at: usize, limit: usize) {
        let Some((at, budget)) = self.handle(at) else {
            return;
        };
        let mut idle = self.books.clone();
        idle.0.iter_mut().for_each(|it| it.own = 0);
        let may = limit >= idle.reserved(at) && limit >= self.books.0[at].floor;
        let set = budget.set_limit(limit);
        assert_eq!(set.is_ok(), may, "{set:?}");
        if may {
            self.books.0[at].limit = limit;
        }
        assert_eq!(budget.limit(), self.books.0[at].limit);
    }

    /// Which of those who wait get their bytes now, all of them by age: who cannot have them keeps what becomes free where it waits.
    fn grantable(&self) -> Vec<usize> {
        let mut books = self.books.clone();
        let mut claimed = Vec::new();
        let mut granted = Vec::new();
        for (which, request) in self.asleep.iter().enumerate() {
            let raised = books.raised(request.at, request.bytes);
            let stop = raised
                .iter()
                .position(|(it, room)| !room || claimed.contains(it));
            match stop {
                None => {
                    books.add(request.at, request.bytes);
                    granted.push(which);
                }
                Some(stop) => claimed.extend(raised[..=stop].iter().map(|&(it, _)| it)),
            }
        }
        granted
    }

    /// A budget that nothing refers to ends.
    fn bury_one(&mut self) -> bool {
        let named = |at| {
            self.handles.iter().any(|it| it.0 == at)
                || self.charges.iter().any(|it| it.0 == at)
                || self.asleep.iter().any(|it| it.at == at)
                || self.books.children(at).next().is_some()
        };
        let dead = (0..self.books.0.len()).find(|&at| self.books.0[at].open && !named(at));
        if let Some(at) = dead {
            self.books.0[at].open = false;
        }
        dead.is_some()
    }

    /// Who was woken is who was granted, or can have it no more.
    fn serve(&mut self) {
        let hopeless: Vec<_> = (0..self.asleep.len())
            .filter(|&it| {
                let it = &self.asleep[it];
                !self.books.ever_fits(it.at, it.bytes)
            })
            .collect();
        for which in hopeless.into_iter().rev() {
            let mut request = self.asleep.remove(which);
            assert!(request.flag.0.load(Ordering::Relaxed), "nobody woke it");
            match request.poll() {
                Poll::Ready(Err(error)) => assert!(error.is_too_large()),
                other => panic!("waits for what can never be: {other:?}"),
            }
            self.books.0[request.at].refused += 1;
        }
        for (before, which) in self.grantable().into_iter().enumerate() {
            let mut request = self.asleep.remove(which - before);
            assert!(request.flag.0.load(Ordering::Relaxed), "nobody woke it");
            match request.poll() {
                Poll::Ready(Ok(charge)) => self.charges.push((request.at, charge)),
                other => panic!("not granted: {other:?}"),
            }
            self.books.add(request.at, request.bytes);
        }
    }

    fn check_asleep(&mut self) {
        for request in &mut self.asleep {
            assert!(!request.flag.0.load(Ordering::Relaxed), "woken for nothing");
            assert!(request.poll().is_pending());
        }
    }

    fn check(&mut self) {
        self.books.note_peaks();
        for (at, budget) in &self.handles {
            let report = budget.snapshot();
            self.check_report(*at, &report);
            assert_eq!(budget.used(), self.books.used(*at));
            let available = budget.available();
            assert!(self.books.fits(*at, available), "{available} available");
            if let Some(more) = available.checked_add(1) {
                assert!(!self.books.fits(*at, more), "{available} available");
            }
            for tenant in 1..4 {
                let found = budget.tenant(Tenant::new(tenant)).is_some();
                let mut children = self.books.children(*at);
                assert_eq!(found, children.any(|it| self.books.0[it].tenant == tenant));
            }
        }
    }

    fn check_report(&self, top: usize, report: &pool_core::BudgetReport) {
        let mut expected = Vec::new();
        let mut todo = vec![(0, top)];
        while let Some((depth, at)) = todo.pop() {
            expected.push((depth, at));
            let children: Vec<_> = self.books.children(at).collect();
            todo.extend(children.into_iter().rev().map(|it| (depth + 1, it)));
        }
        assert_eq!(report.budgets.len(), expected.len());
        for (it, (depth, at)) in report.budgets.iter().zip(expected) {
            let plain = &self.books.0[at];
            let reserved = self.books.reserved(at);
            let waiting = self.asleep.iter().filter(|it| it.at == at).count();
            let terms = (depth, plain.tenant, plain.floor, plain.limit);
            assert_eq!((it.depth, it.tenant.number(), it.floor, it.limit), terms);
            let sums = (self.books.used(at), plain.own, reserved);
            assert_eq!((it.used, it.own, it.reserved), sums);
            assert_eq!(it.peak, plain.peak);
            assert_eq!(it.overdrawn, reserved.saturating_sub(plain.limit));
            assert_eq!(it.over_soft, reserved.saturating_sub(plain.soft));
            assert_eq!((it.waiting, it.waited), (waiting, plain.waited));
            let counts = (plain.refused, plain.overdrafts, plain.overdraft_bytes);
            assert_eq!((it.refused, it.overdrafts, it.overdraft_bytes), counts);
            assert_eq!(it.over_soft_charges, plain.over_soft);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        .. ProptestConfig::default()
    })]

    #[test]
    fn budgets_do_what_the_naive_ones_do(
        limits in [0..150_usize, 0..150_usize],
        ops in prop::collection::vec(op(), 1..if cfg!(miri) { 20 } else { 120 }),
    ) {
        let mut world = World::new(limits);
        for op in ops {
            world.run(op);
            world.books.note_peaks();
            world.serve();
            world.books.note_peaks();
            // What ended may be the last thing that kept a budget, whose floor then serves somebody, and so on up.
            while world.bury_one() {
                world.serve();
                world.books.note_peaks();
            }
            world.check_asleep();
            world.check();
        }
    }
}
