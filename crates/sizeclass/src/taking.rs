//! Taking a slot: where one is looked for, and in which order.
//!
//! 1. *At hand*: a slot of the class that has memory and lies in the thread's cache, the depot or the list. Charged already; nothing else is touched.
//! 2. *Out of the stock*: a slot without memory, which is charged first. Before the caches of others are searched, because a search interrupts every
//!    processor, and this only costs the page faults that growing costs anyway.
//! 3. *Anywhere*: in the caches of others.
//! 4. *Borrowed*: a slot of a larger class that has memory, or else one out of its stock, if not too much of it would be wasted.
//! 5. *In exchange*: if it was the budget that refused, idle memory of this pool goes back to the system until there is room.

use pool_core::{Budget, Charge, Lease};

use crate::buffer::PooledBuffer;
use crate::class::{Class, NoSlot};
use crate::error::{AcquireError, AcquireErrorKind};
use crate::fallback::Fallback;
use crate::home::Home;
use crate::rack::Rack;
use crate::storage::Storage;
use crate::sync::atomic::Ordering::Relaxed;
use crate::tenant::TenantSlot;

/// A slot, and what its tenant pays for it, if it has one.
pub(crate) type Taken = (Lease, Option<Charge>);

/// Why there was no slot of a class.
pub(crate) enum Refusal {
    /// Every slot of the class is out, or about to be.
    Exhausted,
    OverBudget(pool_core::ChargeError),
}

impl Rack {
    /// Takes a slot of the class for `min` bytes out of the thread's cache. `None` proves nothing, not even that there is no such class.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn take_cached(&self, min: usize) -> Option<Lease> {
        self.by_size.pool_for(min)?.alloc_cached()
    }

    /// A buffer of this pool.
    #[inline]
    pub(crate) fn buffer(&self, storage: Storage) -> PooledBuffer {
        PooledBuffer::new(storage, Home::of(self))
    }

    /// The slow part of [`BufferPool::acquire`](crate::BufferPool::acquire).
    #[cold]
    #[inline(never)]
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn acquire(&self, min: usize) -> PooledBuffer {
        self.buffer(self.take(min))
    }

    /// The slow part of [`BufferPool::try_acquire`](crate::BufferPool::try_acquire).
    #[cold]
    #[inline(never)]
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn try_acquire(&self, min: usize) -> Result<PooledBuffer, AcquireError> {
        let lease = self.try_take(min)?;
        Ok(self.buffer(Storage::of_slot(lease, min)))
    }

    /// Takes a slot for at least `min` bytes, after [`take_cached`](Self::take_cached) found none.
    #[cold]
    #[inline(never)]
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn try_take(&self, min: usize) -> Result<Lease, AcquireError> {
        let Some(index) = self.sizes.index_of(min) else {
            return Err(self.too_large(min));
        };
        if let Some(lease) = self.classes[index].pool.alloc_at_hand() {
            return Ok(lease);
        }
        match self.look_for(min, index, None) {
            Ok((lease, _)) => Ok(lease),
            Err(why) => Err(self.refused(min, index, why)),
        }
    }

    /// As [`try_take`](Self::try_take), or takes memory from elsewhere.
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn take(&self, min: usize) -> Storage {
        if let Some(index) = self.sizes.index_of(min) {
            if let Some(lease) = self.classes[index].pool.alloc_at_hand() {
                return Storage::of_slot(lease, min);
            }
        }
        self.take_slowly(min, None)
    }

    /// As [`take`](Self::take), charged to `tenant` if there is one.
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn take_slowly(&self, min: usize, tenant: Option<&Budget>) -> Storage {
        if let Some(index) = self.sizes.index_of(min) {
            if let Some(taken) = self.look_for_or_overdraw(min, index, tenant) {
                return self.storage(taken, min);
            }
        }
        self.take_from_elsewhere(min, self.fallback_bytes(min), tenant)
    }

    /// Takes memory that is no class's.
    pub(crate) fn take_from_elsewhere(
        &self,
        min: usize,
        bytes: usize,
        tenant: Option<&Budget>,
    ) -> Storage {
        if let Some(index) = self.sizes.index_of(bytes) {
            self.classes[index].count_asked(min, bytes);
        }
        if let Some(budget) = self.payer(tenant) {
            self.make_room(budget, bytes);
        }
        Storage::of_fallback(Fallback::new(self, bytes, tenant), min)
    }

    /// Takes what a buffer moves to that outgrew its storage: beyond the classes, as much as it wants, so that growing bit by bit costs a constant
    /// number of copies per byte.
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn grow_to(&self, min: usize, wanted: usize, tenant: Option<&Budget>) -> Storage {
        if self.sizes.index_of(min).is_none() {
            return self.take_from_elsewhere(min, min.max(wanted), tenant);
        }
        match tenant {
            None => self.take(min),
            Some(_) => self.take_slowly(min, tenant),
        }
    }

    #[cfg_attr(feature = "track", track_caller)]
    fn look_for_or_overdraw(
        &self,
        min: usize,
        index: usize,
        tenant: Option<&Budget>,
    ) -> Option<Taken> {
        let why = match self.look_for(min, index, tenant) {
            Ok(taken) => return Some(taken),
            Err(why) => why,
        };
        if let Refusal::Exhausted = why {
            return None;
        }
        let class = &self.classes[index];
        let taken = class.bring_in_overdrawn(self.payer(tenant))?;
        Some(class.arrived(min, taken, tenant))
    }

    /// Takes a slot for at least `min` bytes, of the class at `index` if there is one, wherever one is.
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn look_for(
        &self,
        min: usize,
        index: usize,
        tenant: Option<&Budget>,
    ) -> Result<Taken, Refusal> {
        self.decay_if_due();
        let class = &self.classes[index];
        let mut why = match self.look_in(class, min, tenant) {
            Ok(taken) => return Ok(taken),
            Err(why) => why,
        };
        if let Some(taken) = self.borrow(min, index, tenant) {
            return Ok(taken);
        }
        // Each round gave memory back that others may have taken since.
        while matches!(&why, Refusal::OverBudget(refused) if !refused.is_too_large())
            && Self::is_ours_to_solve(class, tenant)
            && self.reclaim(class.slot_cost()) > 0
        {
            match self.look_in(class, min, tenant) {
                Ok(taken) => return Ok(taken),
                Err(again) => why = again,
            }
        }
        Err(why)
    }

    /// Takes a slot of this class, wherever one is.
    #[cfg_attr(feature = "track", track_caller)]
    fn look_in(
        &self,
        class: &Class,
        min: usize,
        tenant: Option<&Budget>,
    ) -> Result<Taken, Refusal> {
        if let Some(lease) = class.pool.alloc_at_hand() {
            return class.hand_to(lease, tenant).map_err(Refusal::OverBudget);
        }
        let why = match class.bring_in(self.payer(tenant)) {
            Ok(taken) => return Ok(class.arrived(min, taken, tenant)),
            Err(NoSlot::Empty) => Refusal::Exhausted,
            Err(NoSlot::OverBudget(why)) => Refusal::OverBudget(why),
        };
        match class.pool.alloc() {
            Some(lease) => class.hand_to(lease, tenant).map_err(Refusal::OverBudget),
            None => Err(why),
        }
    }

    /// Takes a slot of a larger class, if it is not too large.
    #[cfg_attr(feature = "track", track_caller)]
    fn borrow(&self, min: usize, index: usize, tenant: Option<&Budget>) -> Option<Taken> {
        let most = self.most_borrowed(min)?;
        let larger = self.classes[index + 1..].iter();
        for class in larger.take_while(|class| class.bytes() <= most) {
            if let Ok(taken) = self.look_in(class, min, tenant) {
                // Relaxed: a count on its own.
                class.counts.0.borrowed.fetch_add(1, Relaxed);
                return Some(taken);
            }
        }
        None
    }

    fn most_borrowed(&self, min: usize) -> Option<usize> {
        let percent = self.rules.borrow_percent?;
        Some(
            min.saturating_add((min / 100).saturating_mul(percent))
                .saturating_add(min % 100 * percent / 100),
        )
    }

    /// Whether it is not the tenant's own ceiling that has no room for a slot: giving idle memory back, which is the pool's, would not help then.
    fn is_ours_to_solve(class: &Class, tenant: Option<&Budget>) -> bool {
        let room = |budget: &Budget| budget.limit().saturating_sub(budget.used());
        tenant.is_none_or(|tenant| room(tenant) >= class.slot_cost())
    }

    /// Who pays for a slot that gets memory now.
    pub(crate) fn payer<'a>(&'a self, tenant: Option<&'a Budget>) -> Option<&'a Budget> {
        tenant.or(self.rules.budget.as_ref())
    }

    /// Makes a buffer's storage of a slot.
    pub(crate) fn storage(&self, (lease, charge): Taken, min: usize) -> Storage {
        match charge {
            None => Storage::of_slot(lease, min),
            Some(charge) => Storage::of_tenant(TenantSlot::new(lease, charge, self.me()), min),
        }
    }

    #[cold]
    pub(crate) fn too_large(&self, min: usize) -> AcquireError {
        let bound = self.sizes.largest();
        AcquireErrorKind::TooLarge { min, bound }.into()
    }

    #[cold]
    pub(crate) fn refused(&self, min: usize, index: usize, why: Refusal) -> AcquireError {
        let class = &self.classes[index];
        let class_bytes = class.bytes();
        match why {
            Refusal::Exhausted => AcquireErrorKind::Exhausted {
                min,
                class_bytes,
                slots: class.pool.capacity(),
            },
            Refusal::OverBudget(why) => AcquireErrorKind::OverBudget {
                min,
                class_bytes,
                why,
            },
        }
        .into()
    }
}

impl Class {
    /// A slot has memory from now on; a tenant keeps its charge, or else the class does.
    pub(crate) fn arrived(
        &self,
        min: usize,
        (lease, charge): Taken,
        tenant: Option<&Budget>,
    ) -> Taken {
        self.count_asked(min, self.slot_cost());
        if tenant.is_some() {
            return (lease, charge);
        }
        self.keep_charge(charge);
        (lease, None)
    }
}
