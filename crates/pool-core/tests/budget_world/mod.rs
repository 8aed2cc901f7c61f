//! Real budgets beside books so naive that they are right (`plain_books`): each operation is done to both, and its answer compared.

mod check;
mod op;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use pool_core::{Budget, Charge, ChargeError, Charging, Tenant};

use crate::plain_books::{Books, Refusal};
pub(crate) use op::{Op, op};

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

pub(crate) struct World {
    pub(crate) books: Books,
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
    pub(crate) fn new(limits: [usize; 2]) -> Self {
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

    pub(crate) fn run(&mut self, op: Op) {
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
}
