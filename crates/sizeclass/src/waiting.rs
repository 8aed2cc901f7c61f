//! Waiting for a buffer: blocking and async.
//!
//! Who waits stands in up to three kinds of line at once, and whichever comes first ends it:
//!
//! - in the line of its class's pool, for a slot that comes home;
//! - if it is the budget that refused: in the budget's line, for bytes; and in the line of every other class's pool, to give what comes home there back to
//!   the system: so idle memory of any class becomes bytes in the budget's line, where the oldest request is served first;
//! - if every slot of the class is out: it [wants](pool_core::Stock::want) one, so that nobody puts one into the stock, past the line.
//!
//! Who waits at the ceiling of their own tenant stands in the line for bytes only, because nobody else's memory would help: as long as that is
//! [so](Charging::is_held_by_own_limit).
//!
//! # Why no wake-up is lost
//!
//! It stands in line before it says that it waits, and each line is of `pool-core`, where who has joined hears of the next slot, or byte. When all lines were joined, no slot with memory was
//! home in any class, and the budget had no room; so only a slot that comes home, or bytes that come back, can help, and both go to a line.
//!
//! Nothing here costs those who drop a buffer anything, unless somebody waits: a pool whose line is empty is as fast as ever.

use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::thread::{self, Thread};
use std::time::Instant;

use pool_core::{AllocFuture, Budget, Charge, Charging, Lease, Wanted};

use crate::buffer::PooledBuffer;
use crate::class::Class;
use crate::error::{AcquireError, AcquireErrorKind};
use crate::rack::Rack;
use crate::taking::{Refusal, Taken};

/// The future of [`BufferPool::acquire_async`](crate::BufferPool::acquire_async): `Send`, `Unpin`, and cancelled by dropping it, which loses no slot, no byte and
/// no wake-up. (Forgetting one that waits may lose a slot of each class, and keep idle memory of its own class from going back.)
#[must_use = "a future does nothing until it is polled"]
pub struct AcquireFuture<'a> {
    rack: &'a Rack,
    min: usize,
    tenant: Option<&'a Budget>,
    lines: Lines<'a>,
    is_done: bool,
}

/// Where a request stands in line. Leaving a line passes on what was given there.
#[derive(Default)]
struct Lines<'a> {
    /// At most one for each class, by its index.
    slots: Vec<(usize, AllocFuture<'a>)>,
    bytes: Option<Charging>,
    wanted: Option<Wanted<'a>>,
}

impl Lines<'_> {
    fn is_in_none(&self) -> bool {
        self.slots.is_empty() && self.bytes.is_none()
    }

    fn leave(&mut self) {
        *self = Self::default();
    }
}

/// What a look at the lines came to.
enum Look {
    Taken(Taken),
    /// Something changed, and has to be looked at from the beginning.
    Again,
    /// There are more bytes, which may be granted to this very request.
    Freed,
    Waits,
}

impl<'a> AcquireFuture<'a> {
    pub(crate) fn new(rack: &'a Rack, min: usize, tenant: Option<&'a Budget>) -> Self {
        Self {
            rack,
            min,
            tenant,
            lines: Lines::default(),
            is_done: false,
        }
    }

    fn progress(
        &mut self,
        index: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Taken, AcquireError>> {
        loop {
            match self.look(index, context)? {
                Look::Taken(taken) => return Poll::Ready(Ok(taken)),
                Look::Waits => return Poll::Pending,
                Look::Again => self.lines.leave(),
                Look::Freed => {}
            }
        }
    }

    /// Looks at the lines that it stands in, or joins some.
    fn look(&mut self, index: usize, context: &mut Context<'_>) -> Result<Look, AcquireError> {
        if self.lines.is_in_none() {
            match self.rack.look_for(self.min, index, self.tenant) {
                Ok(taken) => return Ok(Look::Taken(taken)),
                Err(Refusal::Exhausted) => {
                    self.lines.wanted = self.rack.classes[index].stock.want();
                    if self.lines.wanted.is_none() {
                        return Ok(Look::Again);
                    }
                    self.join(index);
                }
                Err(Refusal::OverBudget(why)) if why.is_too_large() => {
                    return Err(self.rack.refused(self.min, index, Refusal::OverBudget(why)));
                }
                Err(Refusal::OverBudget(_)) => {
                    let class = &self.rack.classes[index];
                    let payer = self.rack.payer(self.tenant);
                    self.lines.bytes = payer.map(|budget| budget.charge_async(class.slot_cost()));
                }
            }
        }
        // Bytes first: who leaves the line of slots passes on what it was given there.
        if let Some(bytes) = &mut self.lines.bytes {
            if let Poll::Ready(answer) = Pin::new(bytes).poll(context) {
                self.lines.bytes = None;
                let charge = answer
                    .map_err(|why| self.rack.refused(self.min, index, Refusal::OverBudget(why)))?;
                return Ok(self.spend(index, charge));
            }
        }
        if self.lines.slots.is_empty() {
            if self.is_held_by_its_tenant() {
                return Ok(Look::Waits);
            }
            (0..self.rack.classes.len()).for_each(|other| self.join(other));
        }
        Ok(self.look_for_slots(index, context))
    }

    /// Whether only the tenant itself can help, by giving back. Then this is polled again when that is over.
    fn is_held_by_its_tenant(&self) -> bool {
        let bytes = self.lines.bytes.as_ref();
        self.tenant.is_some() && bytes.is_some_and(Charging::is_held_by_own_limit)
    }

    fn join(&mut self, index: usize) {
        let line = self.rack.classes[index].pool.alloc_async();
        self.lines.slots.push((index, line));
    }

    /// Uses bytes that were granted for a slot of the class.
    fn spend(&self, index: usize, charge: Charge) -> Look {
        let class = &self.rack.classes[index];
        if let Some(lease) = class.pool.alloc_at_hand() {
            // It has memory, which is paid already: one of the two charges goes to who waits next.
            if self.tenant.is_none() {
                return Look::Taken((lease, None));
            }
            drop(class.pool.take_charge(class.slot_cost()));
            return Look::Taken((lease, Some(charge)));
        }
        let Some(lease) = class.stock.take() else {
            // Others were faster: the bytes go back.
            return Look::Again;
        };
        let taken = (lease, Some(charge));
        Look::Taken(class.arrived(self.min, taken, self.tenant))
    }

    /// Looks whether a slot came home.
    fn look_for_slots(&mut self, index: usize, context: &mut Context<'_>) -> Look {
        let (mut at, mut has_freed) = (0, false);
        while let Some((class_index, line)) = self.lines.slots.get_mut(at) {
            let class_index = *class_index;
            let Poll::Ready(answer) = Pin::new(line).poll(context) else {
                at += 1;
                continue;
            };
            drop(self.lines.slots.swap_remove(at));
            let class = &self.rack.classes[class_index];
            // A pool that lives is not closed.
            let Ok(lease) = answer else { continue };
            match self.receive(class_index == index, class, lease) {
                Received::Taken(taken) => return Look::Taken(taken),
                Received::GivenUp => {
                    has_freed = true;
                    self.join(class_index);
                }
                Received::Useless(lease) => {
                    self.lines.slots.clear();
                    // It idles, now that nobody here waits for it.
                    drop(lease);
                    return Look::Waits;
                }
                Received::Again => return Look::Again,
                Received::PassedOn => {
                    // Whoever wants it is about to join that line; this one goes behind them when it is polled again.
                    self.join(class_index);
                    context.waker().wake_by_ref();
                    return Look::Waits;
                }
            }
        }
        // A line that was joined again is at the end of the list, so it was polled too.
        if has_freed { Look::Freed } else { Look::Waits }
    }

    /// Takes a slot that came home, or makes bytes of it.
    fn receive(&self, is_ours: bool, class: &Class, lease: Lease) -> Received {
        if is_ours && self.tenant.is_none() {
            return Received::Taken((lease, None));
        }
        if is_ours {
            return match class.hand_to(lease, self.tenant) {
                Ok(taken) => Received::Taken(taken),
                // The tenant's ceiling: from now on that is what it waits for.
                Err(_) => Received::Again,
            };
        }
        if self.is_held_by_its_tenant() {
            return Received::Useless(lease);
        }
        if class.give_up(lease) {
            Received::GivenUp
        } else {
            Received::PassedOn
        }
    }
}

/// What became of a slot that came home.
enum Received {
    Taken(Taken),
    /// It is bytes now.
    GivenUp,
    /// Somebody wants it as a slot.
    PassedOn,
    /// Nobody's memory helps.
    Useless(Lease),
    Again,
}

impl Future for AcquireFuture<'_> {
    type Output = Result<PooledBuffer, AcquireError>;

    /// # Panics
    ///
    /// When polled after it gave its answer, and if a waker panics that this wakes.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(
            !this.is_done,
            "AcquireFuture polled after it gave its answer"
        );
        let answer = match this.rack.sizes.index_of(this.min) {
            Some(index) => this.progress(index, context),
            None => Poll::Ready(Err(this.rack.too_large(this.min))),
        };
        let Poll::Ready(answer) = answer else {
            return Poll::Pending;
        };
        this.is_done = true;
        let (rack, min) = (this.rack, this.min);
        let buffer = answer.map(|taken| rack.buffer(rack.storage(taken, min)));
        // Last: others may be woken by it.
        this.lines.leave();
        Poll::Ready(buffer)
    }
}

impl fmt::Debug for AcquireFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireFuture")
            .field("min", &self.min)
            .field("waits", &!self.lines.is_in_none())
            .finish_non_exhaustive()
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits at most so long for what was asked.
pub(crate) fn block(
    mut request: AcquireFuture<'_>,
    timeout: Duration,
) -> Result<PooledBuffer, AcquireError> {
    // Nothing is allocated, and the clock is not asked, if there is a slot.
    if let Poll::Ready(answer) =
        Pin::new(&mut request).poll(&mut Context::from_waker(Waker::noop()))
    {
        return answer;
    }
    let deadline = Instant::now().checked_add(timeout);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(answer) = Pin::new(&mut request).poll(&mut context) {
            return answer;
        }
        match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return Err(request.timed_out()),
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
}

impl AcquireFuture<'_> {
    #[cold]
    fn timed_out(&self) -> AcquireError {
        let min = self.min;
        let class_bytes = self.rack.fallback_bytes(min);
        AcquireErrorKind::TimedOut { min, class_bytes }.into()
    }
}
