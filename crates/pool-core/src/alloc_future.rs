//! Taking a slot as soon as there is one: blocking and async.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use crate::error::{AllocError, AllocErrorKind};
use crate::free_list::PopError;
use crate::lease::Lease;
use crate::pool::Pool;
use crate::site::{self, Site};
use crate::wait_queue::{Grant, Sleeper};
use crate::waiting::InLine;

/// Waiting needs `std`.
impl Pool {
    /// Takes a slot, and blocks for at most `limit` if there is none.
    ///
    /// Waiters, those of [`alloc_async`](Self::alloc_async) among them, are served in the order in which they began to wait: a slot that comes home goes from
    /// hand to hand to the first of them. Who does not wait, [`alloc`](Self::alloc), gets nothing meanwhile. A `limit` of zero never blocks;
    /// [`Duration::MAX`] is no limit.
    ///
    /// Cost: that of [`alloc`](Self::alloc) if a slot is free. Else a lock, which those who give slots back take too while somebody waits, and the thread
    /// [parks](std::thread::park). Allocates nothing once as many have waited at a time before.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: [timed out](AllocError::is_timed_out) or [closed](AllocError::is_closed), also by a [`close`](Self::close) while this waits.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_timeout(&self, limit: Duration) -> Result<Lease, AllocError> {
        let site = site::caller();
        let answer = match self.take_now(site) {
            Err(PopError::Empty) if !limit.is_zero() => self.block(limit, site),
            Err(PopError::Empty) => None,
            taken => Some(taken),
        };
        let Some(taken) = answer else {
            self.slots().count_exhausted();
            return Err(self.timed_out());
        };
        let lease = taken.map_err(|why| self.describe(why))?;
        if self.slots().refuse_by_fault() {
            return Err(self.timed_out());
        }
        Ok(lease)
    }

    /// Takes a slot as soon as there is one. Any executor will do.
    ///
    /// Waiters, those of [`alloc_timeout`](Self::alloc_timeout) among them, are served in the order in which they were first polled without success: a
    /// slot that comes home goes from hand to hand to the first of them. Who does not wait, [`alloc`](Self::alloc), gets nothing meanwhile.
    ///
    /// Dropping the future loses neither a slot nor a wake-up: what it was given goes to the next. Forgetting one that waits may leak one slot.
    ///
    /// Cost: that of [`alloc`](Self::alloc) if a slot is free when it is first polled. Else a lock, which those who give slots back take too
    /// while somebody waits. Allocates nothing once as many have waited at a time before.
    ///
    /// # Errors
    ///
    /// [`AllocError`], only if the pool is [closed](AllocError::is_closed), also by a [`close`](Self::close) while this waits.
    ///
    /// # Panics
    ///
    /// When polled after it gave its answer. A [`Waker`](core::task::Waker) that panics when woken does so in the call that gave the slot back, be it the drop of
    /// a lease, and after that call has done its work: no slot and no other wake-up is lost.
    ///
    /// ```
    /// # use pool_core::{AllocError, Lease, Pool};
    /// async fn receive(pool: &Pool) -> Result<Lease, AllocError> {
    ///     let mut lease = pool.alloc_async().await?;
    ///     lease[..5].copy_from_slice(b"hello");
    ///     Ok(lease)
    /// }
    /// ```
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_async(&self) -> AllocFuture<'_> {
        AllocFuture {
            pool: self,
            progress: Progress::New,
            site: site::caller(),
        }
    }

    fn take_now(&self, site: Site) -> Result<Lease, PopError> {
        self.take_here().map(|slot| self.lease(slot, site))
    }

    /// What a waiter was granted, as everybody else gets it.
    pub(crate) fn accept(&self, grant: Grant, site: Site) -> Result<Lease, PopError> {
        match grant {
            Grant::Slot(slot) => Ok(self.lease(slot, site)),
            Grant::Closed => Err(PopError::Closed),
        }
    }

    /// `None` if the time was over first.
    #[cold]
    fn block(&self, limit: Duration, site: Site) -> Option<Result<Lease, PopError>> {
        let deadline = Instant::now().checked_add(limit);
        let mut in_line = match InLine::join(self, Sleeper::Thread(thread::current())) {
            Ok(in_line) => in_line,
            Err((grant, _thread)) => return Some(self.accept(grant, site)),
        };
        while !in_line.is_served() {
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
        in_line.leave(site)
    }

    #[cold]
    fn timed_out(&self) -> AllocError {
        let slots = self.slots().geometry().slots;
        AllocErrorKind::TimedOut { slots }.into()
    }
}

/// The future of [`Pool::alloc_async`]: `Send`, `Sync`, `Unpin`, and cancelled by dropping it.
#[must_use = "a future does nothing until it is polled"]
pub struct AllocFuture<'a> {
    pool: &'a Pool,
    progress: Progress<'a>,
    site: Site,
}

enum Progress<'a> {
    New,
    /// A fault made it wait.
    PutOff,
    InLine(InLine<'a>),
    Done,
}

impl AllocFuture<'_> {
    fn begin(&mut self, context: &Context<'_>) -> Poll<Result<Lease, PopError>> {
        let was_put_off = matches!(self.progress, Progress::PutOff);
        match self.pool.take_now(self.site) {
            Err(PopError::Empty) => {}
            Ok(lease) if !was_put_off && self.pool.slots().refuse_by_fault() => {
                self.progress = Progress::PutOff;
                drop(lease);
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            taken => return Poll::Ready(taken),
        }
        match InLine::join(self.pool, Sleeper::Task(context.waker().clone())) {
            Ok(in_line) => {
                self.progress = Progress::InLine(in_line);
                Poll::Pending
            }
            Err((grant, sleeper)) => {
                let answer = self.pool.accept(grant, self.site);
                // Now that the slot has an owner who survives a panic.
                drop(sleeper);
                Poll::Ready(answer)
            }
        }
    }
}

impl Future for AllocFuture<'_> {
    type Output = Result<Lease, AllocError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let site = self.site;
        let answer = match &mut self.progress {
            Progress::New | Progress::PutOff => self.begin(context),
            Progress::InLine(in_line) => in_line.poll(Sleeper::Task(context.waker().clone()), site),
            Progress::Done => panic!("AllocFuture polled after it gave its answer"),
        };
        if answer.is_ready() {
            self.progress = Progress::Done;
        }
        answer.map_err(|why| self.pool.describe(why))
    }
}

impl fmt::Debug for AllocFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let progress = match self.progress {
            Progress::New => "not polled",
            Progress::PutOff => "put off",
            Progress::InLine(_) => "waiting",
            Progress::Done => "done",
        };
        f.debug_struct("AllocFuture")
            .field("pool", self.pool)
            .field("progress", &progress)
            .finish_non_exhaustive()
    }
}
