//! Building a pool: its options.

mod checks;

use alloc::boxed::Box;
use alloc::string::String;

use crate::budget::{Budget, Charge};
use crate::error::{BuildError, BuildErrorKind};
use crate::faults::Faults;
use crate::name::Name;
use crate::pool::Pool;
use crate::region::{ExternalRegion, MemoryLock, RefusedRegion, Region, RegionPlan, RegionSource};
use crate::scrub::Scrub;
use crate::slots::{Records, Slots};

/// Builds a [`Pool`]; see [`Pool::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options that do not depend on each other"
)]
pub struct PoolBuilder {
    slots: usize,
    slot_bytes: usize,
    /// `None`: cache lines, and slots spread over the cache's sets.
    align: Option<usize>,
    region: RegionSource,
    numa_node: Option<u32>,
    lock: MemoryLock,
    prefault: bool,
    scrub: Scrub,
    protect_free: bool,
    check_free: bool,
    faults: Option<Faults>,
    /// `None`: two magazines of what fits.
    cache: Option<usize>,
    name: String,
    budget: Option<Budget>,
    overdraw: bool,
    page_by_page: bool,
}

impl PoolBuilder {
    pub(crate) fn new() -> Self {
        Self {
            slots: 0,
            slot_bytes: 0,
            align: None,
            region: RegionSource::Heap,
            numa_node: None,
            lock: MemoryLock::Never,
            prefault: false,
            scrub: Scrub::Never,
            protect_free: false,
            check_free: false,
            faults: None,
            cache: None,
            name: String::new(),
            budget: None,
            overdraw: false,
            page_by_page: false,
        }
    }

    /// How many slots: 1 to 2^32 - 2, any number. No default.
    pub fn slots(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    /// How many bytes each slot offers: 1 to 8 MiB less than `isize::MAX`, any number. No default.
    pub fn slot_bytes(mut self, bytes: usize) -> Self {
        self.slot_bytes = bytes;
        self
    }

    /// The alignment of every slot in bytes, a power of two up to 2 MiB. Slots lie one after another then, each at the next multiple of it.
    ///
    /// Without it they are aligned to 64, so that two slots never share a cache line, and those of 1 to 4 KiB in heap memory stand an odd number of cache lines apart: 2 KiB slots that
    /// stand 2 KiB apart would all begin in one of two sets of the first-level cache, and 25 of them push each other out. [`Pool::stride_bytes`] tells the distance.
    pub fn align(mut self, bytes: usize) -> Self {
        self.align = Some(bytes);
        self
    }

    /// Where the memory comes from. [`RegionSource::Heap`] by default.
    pub fn region(mut self, source: RegionSource) -> Self {
        self.region = source;
        self
    }

    /// Takes the memory from this NUMA node, 0 to 1023, and from nowhere else (`mbind` with `MPOL_BIND`): if the node has none left when a slot is first
    /// touched, the kernel ends a process rather than look elsewhere; [`prefault`](Self::prefault) finds that out at once. Wherever the system likes by default.
    ///
    /// Needs feature `os`, Linux, and a [`region`](Self::region) of the operating system. A node that the system does not have is an error.
    pub fn numa_node(mut self, node: u32) -> Self {
        self.numa_node = Some(node);
        self
    }

    /// Whether the memory may be swapped out. [`MemoryLock::Never`] locked by default.
    ///
    /// Needs feature `os` and a [`region`](Self::region) of the operating system. How much a process may lock is bounded by
    /// `RLIMIT_MEMLOCK` (`ulimit -l`), which the error names.
    pub fn lock(mut self, lock: MemoryLock) -> Self {
        self.lock = lock;
        self
    }

    /// Touches all memory when the pool is built, so that no slot's first use takes a page fault. Off by default. With any region but one that the caller brings; costs what
    /// touching costs, about 0.1 to 0.3 s per GiB in pages of 4 KiB.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.prefault = prefault;
        self
    }

    /// When slots are overwritten with zeros. [`Scrub::Never`] by default.
    pub fn scrub(mut self, policy: Scrub) -> Self {
        self.scrub = policy;
        self
    }

    /// Makes free slots inaccessible until they are handed out again: a use after free is a fault where it happens, in
    /// user space and in the kernel. For tests: two system calls per slot's round trip.
    ///
    /// Needs [`RegionSource::Mmap`], at most 16 384 slots, and rounds slots up to whole pages.
    ///
    /// # Panics
    ///
    /// A later alloc panics if the kernel, out of mappings, refuses to make a slot accessible again.
    pub fn protect_free_slots(mut self, protect: bool) -> Self {
        self.protect_free = protect;
        self
    }

    /// Looks for writes that nobody had the right to make: by a kernel, a device or a foreign library, through an address that outlived its slot or ran over its end.
    /// For tests and for hunting a bug.
    ///
    /// Free slots are filled with a pattern, which is checked when a slot is handed out: a write after free is found by the next alloc of the slot. The 32 bytes before
    /// and the 32 or more behind each slot hold another one, checked when the slot is given back: that finds what ran over. Cost: every slot is written when the pool is built,
    /// and written and read once per round trip; 64 bytes and more per slot; nothing if off. A new owner finds the pattern, or zeros
    /// with a [`scrub`](Self::scrub) policy. Not together with [`protect_free_slots`](Self::protect_free_slots).
    ///
    /// # Panics
    ///
    /// When a slot is handed out that was written while it was free, or given back (by a drop!) when something was written beside it: with the slot's index, the place of
    /// the byte, and with feature `track` the line that took it last. The slot is home, and whole again, when the panic begins. In a drop
    /// during another panic, this one ends the process.
    pub fn check_free_slots(mut self, check: bool) -> Self {
        self.check_free = check;
        self
    }

    /// Refuses some allocs though slots are free, so that a program's tests see what it does then. No fault by default, and no cost then.
    ///
    /// A refused call gives what it gives when the pool is exhausted: `None`, an error, less than was wanted ([`alloc_many`](Pool::alloc_many) ends there), the time being over at
    /// once (`alloc_timeout`). An `alloc_async`, which is never refused, waits instead: it is pending once, and wakes its task.
    ///
    /// [`Pool::injected_faults`] counts them; `PoolStats::exhausted` does not, and `allocs` and `frees` count each slot that was taken and given back for it.
    ///
    /// ```
    /// use pool_core::{Faults, Pool};
    ///
    /// let pool = Pool::builder().slots(8).slot_bytes(64).faults(Faults::Nth(2)).build()?;
    /// let some: Vec<_> = (0..3).map(|_| pool.alloc().is_some()).collect();
    /// assert_eq!(some, [true, false, true]);
    /// # Ok::<(), pool_core::BuildError>(())
    /// ```
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// How many slots a thread's cache may hold: at most a quarter of the pool, and 896. By default an eighth of the pool, at most 112. All caches together hold at most
    /// half of the pool, so the larger they are the fewer threads have one; a pool of less than 16 slots has none.
    ///
    /// The default suits threads that give back what they take. Where one thread takes and another gives back, slots go from cache to cache by way of a depot
    /// that both write, once for each 56 slots; with 256 in a cache once for four times as many.
    ///
    /// 0 makes a pool without caches: every free goes to one list, in the order in which it happens, and
    /// [`Pool::alloc_many`] takes from that list with one exchange. That is the home of a thing with one owner.
    pub fn cache(mut self, slots: usize) -> Self {
        self.cache = Some(slots);
        self
    }

    /// What reports call the pool: up to 31 bytes, none by default. It is in the `Debug` of the pool, in its [statistics](crate::PoolStats), in the rows of
    /// `Pool::outstanding`, in the panics of a pool that [checks](Self::check_free_slots), and in a [`BuildError`]. Not in an [`AllocError`](crate::AllocError),
    /// which is kept as small as a lease.
    ///
    /// Need not be unique. Costs 32 bytes, and nothing where slots are taken and given back.
    ///
    /// ```
    /// let pool = pool_core::Pool::builder().slots(4).slot_bytes(2048).name("rx").build()?;
    /// assert_eq!(pool.name(), Some("rx"));
    /// assert!(pool.stats().to_string().starts_with("pool \"rx\": 0 of 4 slots"));
    /// # Ok::<(), pool_core::BuildError>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Charges the pool's memory to a budget: the whole [region](Pool::region), used or not, from [`build`](Self::build) until it is given back, which is when the last
    /// lease is home. None by default.
    ///
    /// Once and not per slot, so it costs nothing where slots are taken and given back. To charge slots to those who hold them as well, give those a budget in
    /// another tree; in the same one each such byte would be counted twice. For a region that is leaked (ids were out) the charge stays.
    ///
    /// ```
    /// use pool_core::{Budget, Pool};
    ///
    /// let memory = Budget::new(1 << 20);
    /// let pool = Pool::builder().slots(8).slot_bytes(4096).budget(&memory).build()?;
    /// assert_eq!(memory.used(), pool.region().bytes());
    /// let refused = Pool::builder().slots(1024).slot_bytes(4096).budget(&memory).build();
    /// assert!(refused.is_err_and(|why| why.is_over_budget()));
    /// drop(pool);
    /// assert_eq!(memory.used(), 0);
    /// # Ok::<(), pool_core::BuildError>(())
    /// ```
    pub fn budget(mut self, budget: &Budget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Whether the region is charged to the [budget](Self::budget) whatever that says, and counted as [overdrawn](Budget::charge_overdrawn), instead of
    /// refused. `false` by default.
    pub fn overdraw(mut self, overdraw: bool) -> Self {
        self.overdraw = overdraw;
        self
    }

    /// Whether the system is asked to take memory for a [`RegionSource::Mmap`] page by page, and so that it can be [given
    /// back](crate::Lease::discard_pages) slot by slot: no swap is set aside for the region, and no huge page backs any of it, of which the first byte touched would cost 2 MiB.
    /// `false` by default; other regions do not change by it.
    pub fn page_by_page(mut self, page_by_page: bool) -> Self {
        self.page_by_page = page_by_page;
        self
    }

    /// Builds the pool.
    ///
    /// Cost: about 25 bytes written per slot, or with a [`cache`](Self::cache) of `n` up to 12 + 1440 / n; the slots themselves are not
    /// touched, nor are the 64 bytes beside each that are written when it is first [shared](crate::Lease::share).
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the field, its bound and the value; or says that the system has no such memory.
    pub fn build(self) -> Result<Pool, BuildError> {
        self.build_keeping(None)
    }

    /// Builds the pool, and keeps `beside` for as long as its memory: a table with a row for each slot, say, that whoever has a slot may use. It is dropped
    /// when the pool and everything taken from it is gone, on the thread that let go last; or here, if there is an error.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    ///
    /// ```
    /// # use std::sync::{Arc, atomic::{AtomicU32, Ordering::Relaxed}};
    /// # use pool_core::{BuildError, Pool};
    /// let uses: Arc<[AtomicU32]> = (0..4).map(|_| AtomicU32::new(0)).collect();
    /// let pool = Pool::builder().slots(4).slot_bytes(64).build_beside(uses.clone())?;
    /// let lease = pool.alloc().unwrap();
    /// uses[lease.slot_index()].fetch_add(1, Relaxed);
    /// drop(pool);
    /// assert_eq!(Arc::strong_count(&uses), 2);
    /// drop(lease);
    /// assert_eq!(Arc::strong_count(&uses), 1);
    /// # Ok::<(), BuildError>(())
    /// ```
    pub fn build_beside<T: Send + 'static>(self, beside: T) -> Result<Pool, BuildError> {
        self.build_keeping(Some(Box::new(beside)))
    }

    fn build_keeping(self, beside: Option<Box<dyn Send>>) -> Result<Pool, BuildError> {
        self.named(|name| {
            let geometry = self.geometry()?;
            let plan = RegionPlan {
                source: self.region,
                bytes: geometry.region_bytes(),
                align: self.align_bytes(),
                numa_node: self.numa_node,
                lock: self.lock,
                prefault: self.prefault,
                page_by_page: self.page_by_page,
            };
            let mut charge = self.charge(plan.bytes)?;
            // First, because it is what a system refuses without having been written to.
            let region = Region::new(plan)?;
            if let Some(charge) = &mut charge {
                let rounded_up_by = region.span().bytes() - plan.bytes;
                if let Some(rest) = self.charge(rounded_up_by)? {
                    // The same budget's, so it is not refused.
                    let _ = charge.merge(rest);
                }
            }
            let records = Records::new(&geometry)?;
            let region = region.charged(charge).keeping(beside);
            let slots = Slots::create(name, geometry, records, region);
            Ok(Pool::from_slots(slots))
        })
    }

    /// Builds the pool on memory that the caller brings; [`region`](Self::region) says nothing then, and the options about pages are not for it.
    ///
    /// Slots hold what lies there, as if their last owner had left it. They lie right one after another if [`align`](Self::align) says how.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), with the region: it is too small, or not aligned as the slots are to be. [`region_bytes`](Self::region_bytes) says how large is
    /// large enough.
    ///
    /// ```
    /// use std::ptr::NonNull;
    /// use pool_core::{BuildError, ExternalRegion, Pool};
    ///
    /// let memory = NonNull::from(Box::leak(Box::new([0_u8; 4096]))).cast();
    /// // SAFETY: it stays for ever, and nobody else knows of it. What gives memory back when the pool is gone would be a `Drop` in the place of `()`.
    /// let region = unsafe { ExternalRegion::new(memory, 4096, ()) };
    /// let pool = Pool::builder().slots(4).slot_bytes(1024).align(1).build_on(region)?;
    /// assert_eq!(pool.region().base(), memory.as_ptr());
    /// # Ok::<(), BuildError>(())
    /// ```
    pub fn build_on<O: Send + 'static>(
        self,
        region: ExternalRegion<O>,
    ) -> Result<Pool, RefusedRegion<O>> {
        let made = self.named(|name| {
            let geometry = self.geometry_on(&region)?;
            let charge = self.charge(region.bytes())?;
            Ok((name, geometry, Records::new(&geometry)?, charge))
        });
        match made {
            Ok((name, geometry, records, charge)) => {
                let region = Region::external(region).charged(charge);
                let slots = Slots::create(name, geometry, records, region);
                Ok(Pool::from_slots(slots))
            }
            Err(why) => Err(RefusedRegion::new(why, region)),
        }
    }

    /// How many bytes a region needs for the pool as it is described so far; the memory that [`build`](Self::build) takes may be more, rounded up to whole pages.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), for sizes out of bounds.
    pub fn region_bytes(&self) -> Result<usize, BuildError> {
        self.named(|_| Ok(self.geometry()?.region_bytes()))
    }

    /// Whether the pool that [`build`](Self::build) makes of these options will [give back pages](Pool::gives_back_pages).
    ///
    /// # Errors
    ///
    /// As for [`build`](Self::build), where a size does not fit.
    pub fn gives_back_pages(&self) -> Result<bool, BuildError> {
        self.named(|_| Ok(self.geometry()?.gives_back_pages))
    }

    fn charge(&self, bytes: usize) -> Result<Option<Charge>, BuildErrorKind> {
        let budget = self.budget.as_ref();
        if self.overdraw {
            return Ok(budget.map(|budget| budget.charge_overdrawn(bytes)));
        }
        let charged = budget.map(|budget| budget.try_charge(bytes));
        charged.transpose().map_err(BuildErrorKind::Budget)
    }

    /// Makes something with the pool's name, which an error then bears too.
    fn named<T>(&self, make: impl FnOnce(Name) -> Result<T, BuildError>) -> Result<T, BuildError> {
        let name = Name::new(&self.name)?;
        make(name).map_err(|why| why.of_pool(name))
    }
}
