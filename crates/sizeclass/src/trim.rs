//! Idle memory on its way back to the system: when the budget is short of it, when somebody asks, and when it was not used for a while.

use pool_core::Budget;

use crate::class::Class;
use crate::rack::Rack;

impl Rack {
    /// Gives idle memory back until `bytes` are free, the largest slots first; tells how many are. 0 only if no class had any that nobody holds or waits for.
    pub(crate) fn reclaim(&self, bytes: usize) -> usize {
        let mut freed = 0;
        for class in self.classes.iter().rev() {
            freed += class.give_up_idle(bytes.saturating_sub(freed));
        }
        freed
    }

    /// Gives idle memory back as far as the budget has no room for `bytes` more.
    pub(crate) fn make_room(&self, budget: &Budget, bytes: usize) {
        let missing = bytes.saturating_sub(budget.available());
        if missing > 0 {
            self.reclaim(missing);
        }
    }

    /// Gives idle memory back until no more than `target` bytes idle; tells how many it gave back.
    pub(crate) fn trim(&self, target: usize) -> usize {
        self.reclaim(self.idle_bytes().saturating_sub(target))
    }

    /// Memory that nobody holds and that could be given back.
    pub(crate) fn idle_bytes(&self) -> usize {
        self.classes.iter().map(Class::idle_bytes).sum()
    }

    /// A step of decay, if it is time for one.
    pub(crate) fn decay_if_due(&self) {
        if self.decay.0.is_due() {
            self.decay();
        }
    }

    /// See [`BufferPool::tick`](crate::BufferPool::tick). Without a clock it is always time.
    pub(crate) fn tick(&self) -> usize {
        if cfg!(feature = "std") && !self.decay.0.is_due() {
            return 0;
        }
        self.decay()
    }

    /// Of the memory that idled at the last step and idles now, half goes back. So what a burst has left behind is gone after some steps, and what is used in
    /// between stays. Tells how many bytes went.
    pub(crate) fn decay(&self) -> usize {
        let mut freed = 0;
        for (class, before) in self.classes.iter().zip(self.decay.0.idle_before()) {
            let idle = class.idle_bytes();
            let unused = before.get().min(idle);
            let given = class.give_up_idle(unused.div_ceil(2));
            before.set(idle.saturating_sub(given));
            freed += given;
        }
        freed
    }
}
