//! Buffers that a tenant pays for.
//!
//! A slot's charge lies with its class while the slot is home, and in the buffer while a tenant has it; between the two it moves within one tree of budgets, in
//! one step that no other call can see half done.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
#[cfg(feature = "std")]
use core::time::Duration;

use pool_core::{Budget, Charge, ChargeError, Lease, Tenant};

use crate::buffer::PooledBuffer;
use crate::class::Class;
use crate::error::{AcquireError, TenantError, TenantErrorKind};
use crate::fallback::Memory;
use crate::rack::Rack;
use crate::taking::Taken;
#[cfg(feature = "std")]
use crate::waiting::{self, AcquireFuture};

/// A buffer pool for one tenant: what its buffers cost is charged to the tenant's budget while they are out. A handle, as the pool itself is.
///
/// The tenant's budget is a [child](Budget::child) of the pool's. Its ceiling bounds what the tenant has out; its floor is kept for it. Memory that idles is
/// the pool's, whoever used it last.
///
/// ```
/// use pool_core::{Budget, Tenant};
/// use sizeclass::BufferPool;
///
/// let memory = Budget::new(1 << 20);
/// let alice = memory.child().tenant(Tenant::new(1)).ceiling_bytes(8192).build()?;
/// let pool = BufferPool::builder().capacity_per_class(8).budget(&memory).build()?;
/// # if pool.tenant(Tenant::new(1)).is_ok() {
/// let hers = pool.tenant(Tenant::new(1))?;
/// let buffer = hers.try_acquire(8192)?;
/// assert_eq!(alice.used(), 8192);
/// assert!(hers.try_acquire(1).is_err_and(|why| why.is_over_budget()));
/// drop(buffer);
/// assert_eq!((alice.used(), memory.used()), (0, 8192), "idle memory is the pool's");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
///
/// Where the pool itself touches nothing that threads share, a tenant's acquire and drop take the lock of the class's charge and that of the tree of budgets,
/// and allocate some 50 bytes for the charge.
///
/// Who waits at their own ceiling waits for what they have themselves, and changes nothing for others: what those drop meanwhile idles as ever.
#[derive(Clone)]
pub struct TenantPool {
    pub(crate) rack: Arc<Rack>,
    pub(crate) budget: Budget,
}

impl TenantPool {
    pub(crate) fn new(rack: &Arc<Rack>, tenant: Tenant) -> Result<Self, TenantError> {
        let budget = rack.rules.budget.as_ref();
        let budget = budget.ok_or(TenantErrorKind::NoBudget)?;
        let whole = |class: &&Class| !class.pool.gives_back_pages();
        if let Some(class) = rack.classes.iter().find(whole) {
            let class_bytes = class.bytes();
            return Err(TenantErrorKind::ChargedWhole { class_bytes }.into());
        }
        let budget = budget.tenant(tenant);
        Ok(Self {
            rack: Arc::clone(rack),
            budget: budget.ok_or(TenantErrorKind::Unknown(tenant))?,
        })
    }

    /// The tenant's budget.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// As [`BufferPool::acquire`](crate::BufferPool::acquire): never fails, and may overdraw the tenant's budget, which counts it.
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn acquire(&self, min: usize) -> PooledBuffer {
        let storage = self.rack.take_slowly(min, Some(&self.budget));
        self.rack.buffer(storage)
    }

    /// As [`BufferPool::try_acquire`](crate::BufferPool::try_acquire).
    ///
    /// # Errors
    ///
    /// [`AcquireError`], [over budget](AcquireError::is_over_budget) also if only the tenant's own ceiling was reached.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_acquire(&self, min: usize) -> Result<PooledBuffer, AcquireError> {
        let rack = &*self.rack;
        let Some(index) = rack.sizes.index_of(min) else {
            return Err(rack.too_large(min));
        };
        match rack.look_for(min, index, Some(&self.budget)) {
            Ok(taken) => Ok(rack.buffer(rack.storage(taken, min))),
            Err(why) => Err(rack.refused(min, index, why)),
        }
    }

    /// As [`BufferPool::acquire_async`](crate::BufferPool::acquire_async).
    ///
    /// # Errors
    ///
    /// [`AcquireError`], only where [no waiting helps](AcquireError::is_too_large).
    #[cfg(feature = "std")]
    pub fn acquire_async(&self, min: usize) -> AcquireFuture<'_> {
        AcquireFuture::new(&self.rack, min, Some(&self.budget))
    }

    /// As [`BufferPool::acquire_timeout`](crate::BufferPool::acquire_timeout).
    ///
    /// # Errors
    ///
    /// [`AcquireError`]: [timed out](AcquireError::is_timed_out), or [too large](AcquireError::is_too_large), for which it does not wait.
    #[cfg(feature = "std")]
    pub fn acquire_timeout(
        &self,
        min: usize,
        timeout: Duration,
    ) -> Result<PooledBuffer, AcquireError> {
        waiting::block(self.acquire_async(min), timeout)
    }
}

impl fmt::Debug for TenantPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantPool")
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

/// A slot and what a tenant pays for it.
pub(crate) struct TenantSlot {
    /// There until the slot is taken out.
    lease: Option<Lease>,
    /// There as long as the lease is.
    charge: Option<Charge>,
    rack: Weak<Rack>,
}

impl TenantSlot {
    pub(crate) fn new(lease: Lease, charge: Charge, rack: Weak<Rack>) -> Self {
        Self {
            lease: Some(lease),
            charge: Some(charge),
            rack,
        }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.lease.as_deref().unwrap_or_default()
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.lease.as_deref_mut().unwrap_or_default()
    }

    /// Whose it is.
    pub(crate) fn budget(&self) -> Option<Budget> {
        self.charge.as_ref().map(Charge::budget)
    }

    /// The pool that it is a slot of, if that lives.
    pub(crate) fn rack(&self) -> Option<Arc<Rack>> {
        self.rack.upgrade()
    }

    /// The slot alone: what it costs is the pool's again, whatever its budget says.
    pub(crate) fn into_memory(mut self) -> Memory {
        let Some(lease) = self.lease.take() else {
            return Memory::Heap(Vec::new());
        };
        let charge = self.charge.take();
        if let (Some(rack), Some(charge)) = (self.rack.upgrade(), charge) {
            if let Some(class) = rack.class_with(lease.len()) {
                rack.keep_for_pool(class, charge);
            }
        }
        Memory::Slot(lease)
    }
}

impl Drop for TenantSlot {
    fn drop(&mut self) {
        if let (Some(lease), Some(charge)) = (self.lease.take(), self.charge.take()) {
            let rack = self.rack.upgrade();
            match rack
                .as_ref()
                .and_then(|rack| Some((rack, rack.class_with(lease.len())?)))
            {
                Some((rack, class)) => rack.take_back(class, lease, charge),
                None => drop((lease, charge)),
            }
        }
    }
}

impl Class {
    /// Gives a slot that has memory to who asked: a tenant pays for it from now on.
    pub(crate) fn hand_to(
        &self,
        lease: Lease,
        tenant: Option<&Budget>,
    ) -> Result<Taken, ChargeError> {
        let Some(tenant) = tenant else {
            return Ok((lease, None));
        };
        let Some(mut charge) = self.pool.take_charge(self.slot_cost()) else {
            // It was lost when a waker panicked (RESIDENT-1).
            return Ok((lease, Some(tenant.try_charge(self.slot_cost())?)));
        };
        match charge.move_to(tenant) {
            Ok(()) => Ok((lease, Some(charge))),
            Err(why) => {
                self.keep_charge(Some(charge));
                Err(why)
            }
        }
    }
}

impl Rack {
    /// Takes a tenant's slot back. Its memory idles on the pool's account, or goes back to the system if that has no room: a floor's bytes are
    /// the tenant's, used or not.
    fn take_back(&self, class: &Class, mut lease: Lease, mut charge: Charge) {
        let budget = self.rules.budget.as_ref();
        if budget.is_some_and(|budget| charge.move_to(budget).is_ok()) {
            class.keep_charge(Some(charge));
            // Only now may somebody else find it.
            return drop(lease);
        }
        if lease.discard_pages() {
            match class.stock.put(lease) {
                // Last: those who wait for the bytes may be woken by it, and find the slot.
                Ok(()) => return drop(charge),
                Err(refused) => lease = refused,
            }
        }
        self.keep_for_pool(class, charge);
        drop(lease);
    }

    fn keep_for_pool(&self, class: &Class, mut charge: Charge) {
        let Some(budget) = &self.rules.budget else {
            return;
        };
        if charge.move_to(budget).is_err() {
            let bytes = charge.bytes();
            drop(charge);
            charge = budget.charge_overdrawn(bytes);
        }
        class.keep_charge(Some(charge));
    }
}
