//! Building a buffer pool.

use alloc::vec::Vec;
use core::time::Duration;

use pool_core::{Budget, Faults, Pool, RegionSource, Scrub};

use crate::buffer_pool::BufferPool;
use crate::class::Class;
use crate::classes::Classes;
use crate::decay::Decay;
use crate::error::{BuildError, BuildErrorKind};
use crate::rack::{Rack, Rules};

/// Most slots a class can have: `pool-core`'s bound.
const MOST_SLOTS: usize = u32::MAX as usize - 1;
/// What lies in a thread's cache of a class by default; there are always two slots.
const CACHE_BYTES: usize = 512 * 1024;
/// What memory of whole pages is aligned to at least.
const PAGE_BYTES: usize = 4096;

/// Builds a [`BufferPool`]; see [`BufferPool::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct BufferPoolBuilder {
    classes: Classes,
    capacity_per_class: usize,
    capacities: Vec<(usize, usize)>,
    budget: Option<Budget>,
    align: usize,
    region: RegionSource,
    scrub: Scrub,
    borrow_percent: Option<usize>,
    cache_bytes: usize,
    decay_every: Option<Duration>,
    faults: Option<Faults>,
}

impl BufferPoolBuilder {
    pub(crate) fn new() -> Self {
        Self {
            classes: Classes::DOUBLING,
            capacity_per_class: 0,
            capacities: Vec::new(),
            budget: None,
            align: 1,
            region: if cfg!(all(feature = "os", unix)) {
                RegionSource::Mmap
            } else {
                RegionSource::Heap
            },
            scrub: Scrub::Never,
            borrow_percent: None,
            cache_bytes: CACHE_BYTES,
            decay_every: Some(Duration::from_secs(1)),
            faults: None,
        }
    }

    /// The sizes of the classes. [`Classes::DOUBLING`] by default: nine of them, from 4 KiB to 1 MiB.
    pub fn classes(mut self, classes: Classes) -> Self {
        self.classes = classes;
        self
    }

    /// How many slots each class has: 1 to 2^32 - 2. No default. What it reserves is address space, and some 24 bytes of memory for each slot; memory for the slots
    /// themselves is taken when they are first used.
    pub fn capacity_per_class(mut self, slots: usize) -> Self {
        self.capacity_per_class = slots;
        self
    }

    /// How many slots the class of `class_bytes` has, instead of what [`capacity_per_class`](Self::capacity_per_class) says.
    pub fn capacity(mut self, class_bytes: usize, slots: usize) -> Self {
        self.capacities.push((class_bytes, slots));
        self
    }

    /// The budget that all memory of the pool is charged to: slots from their first use until [`trim`](BufferPool::trim) or the decay gives their memory back,
    /// whether somebody holds them or they idle; and memory from elsewhere as long as a buffer has it.
    ///
    /// This needs memory that the system takes back slot by slot: [`RegionSource::Mmap`] under Linux (feature `os`). Classes of another region, and those whose slots are no
    /// whole pages, are charged whole when the pool is built, until it and its last buffer are gone.
    pub fn budget(mut self, budget: &Budget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Every buffer begins at a multiple of so many bytes, a power of two up to 2 MiB, wherever its memory comes from. Files opened with `O_DIRECT` want 512 or 4096. Slots
    /// are at least so large.
    pub fn align(mut self, bytes: usize) -> Self {
        self.align = bytes;
        self
    }

    /// Where the memory comes from. By default [`RegionSource::Mmap`], or [`RegionSource::Heap`] without feature `os` or on other systems
    /// than a Unix.
    pub fn region(mut self, source: RegionSource) -> Self {
        self.region = source;
        self
    }

    /// When slots are overwritten with zeros. [`Scrub::Never`] by default; any other makes acquiring or dropping a buffer cost a `memset`
    /// of its class.
    pub fn scrub(mut self, policy: Scrub) -> Self {
        self.scrub = policy;
        self
    }

    /// Lets a request whose class has no slot have one of a larger class, if that is at most `percent` larger than what was asked for; 0 to 1000. Not by default.
    pub fn borrow_up_to(mut self, percent: usize) -> Self {
        self.borrow_percent = Some(percent);
        self
    }

    /// How many bytes of each class a thread keeps for itself at most: 512 KiB by default, but two slots at least if it keeps any; 0 for none, which makes acquiring
    /// and dropping cost some atomic operations. What lies there is found by others when their class runs out, and by [`trim`](BufferPool::trim).
    pub fn thread_cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// How often, at most, the pool looks for memory that nobody used since it looked last, and gives half of it back; `None` for never. Every second by default. It looks
    /// when a call is slow anyway, and when [`tick`](BufferPool::tick) is called: an idle process gives memory back only if it ticks. Without feature `std` there is no
    /// clock, and each `tick` is a look.
    pub fn decay_every(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.decay_every = interval.into();
        self
    }

    /// Makes some allocs of each class fail on purpose, for tests of what happens then; see [`PoolBuilder::faults`](pool_core::PoolBuilder::faults). Slower.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Builds the pool.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the field, its bound and the value; or the class for which the system has no memory, or the budget no room.
    pub fn build(self) -> Result<BufferPool, BuildError> {
        self.check()?;
        let sizes = self.classes.as_slice();
        // The largest first: what there is no address space for is refused before memory for the others' records was taken.
        let classes = sizes.iter().rev().map(|bytes| self.class(*bytes));
        let mut classes = classes.collect::<Result<Vec<_>, _>>()?;
        classes.reverse();
        let rules = Rules {
            budget: self.budget,
            borrow_percent: self.borrow_percent,
            align: self.align,
        };
        let decay = Decay::new(sizes.len(), self.decay_every);
        let rack = Rack::new(&self.classes, classes, rules, decay);
        Ok(BufferPool::from_rack(rack))
    }

    fn check(&self) -> Result<(), BuildError> {
        const MOST_PERCENT: usize = 1000;
        let percent = self.borrow_percent.unwrap_or(0);
        if percent > MOST_PERCENT {
            return Err(out_of_range("borrow_up_to", "at most 1000", percent));
        }
        let is_class = |bytes: &usize| self.classes.as_slice().contains(bytes);
        let named = self.capacities.iter().map(|(bytes, _)| *bytes);
        if let Some(unknown) = named.clone().find(|bytes| !is_class(bytes)) {
            let bound = "the size of a class";
            return Err(out_of_range("capacity: class_bytes", bound, unknown));
        }
        Ok(())
    }

    fn class(&self, class_bytes: usize) -> Result<Class, BuildError> {
        let slots = self.slots_of(class_bytes);
        if !(1..=MOST_SLOTS).contains(&slots) {
            let bound = "1 to 4294967294";
            return Err(out_of_range("capacity_per_class", bound, slots));
        }
        let refused = |source| BuildErrorKind::Class {
            class_bytes,
            source,
        };
        let mut builder = Pool::builder()
            .slots(slots)
            .slot_bytes(class_bytes)
            .region(self.region)
            .scrub(self.scrub)
            .cache(self.cached_slots(class_bytes))
            .page_by_page(true);
        // Slots of a page and more are whole pages, so that each can be given back by itself.
        let of_pages = class_bytes >= PAGE_BYTES && self.region == RegionSource::Mmap;
        let align = self.align.max(if of_pages { PAGE_BYTES } else { 1 });
        if align > 1 {
            builder = builder.align(align);
        }
        if let Some(faults) = self.faults {
            builder = builder.faults(faults);
        }
        let lazy = builder.gives_back_pages().map_err(refused)?;
        if let Some(budget) = self.budget.as_ref().filter(|_| !lazy) {
            builder = builder.budget(budget);
        }
        Ok(Class::new(builder.build().map_err(refused)?))
    }

    /// The last that was said.
    fn slots_of(&self, class_bytes: usize) -> usize {
        let mut said = self.capacities.iter().rev();
        let own = said.find(|(bytes, _)| *bytes == class_bytes);
        own.map_or(self.capacity_per_class, |(_, slots)| *slots)
    }

    /// Two magazines' worth: a thread keeps one it takes from and one to spare.
    fn cached_slots(&self, class_bytes: usize) -> usize {
        if self.cache_bytes == 0 {
            return 0;
        }
        (self.cache_bytes / class_bytes).max(2)
    }
}

fn out_of_range(field: &'static str, bound: &'static str, value: usize) -> BuildError {
    BuildErrorKind::OutOfRange {
        field,
        bound,
        value,
    }
    .into()
}
