//! The memory of a pool: one block that never moves, from one of several sources.

mod backing;
mod external;
mod heap;
mod lock;
#[cfg(all(feature = "os", unix))]
mod mapped;
mod source;
mod span;

use alloc::boxed::Box;
use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use crate::budget::Charge;
use crate::budget::lock::Lock;
use crate::error::{BuildError, BuildErrorKind};

pub use backing::Backing;
pub use external::{ExternalRegion, RefusedRegion};
pub use lock::MemoryLock;
pub use source::RegionSource;
pub use span::RegionSpan;

/// What a builder asks of a region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegionPlan {
    pub(crate) source: RegionSource,
    pub(crate) bytes: usize,
    pub(crate) align: usize,
    pub(crate) numa_node: Option<u32>,
    pub(crate) lock: MemoryLock,
    pub(crate) prefault: bool,
    pub(crate) page_by_page: bool,
}

/// - **REGION-1** `base` heads one live, initialised allocation of `bytes` bytes, aligned as asked, that
///   stays where it is until the region is dropped.
/// - **REGION-2** The region itself never makes a reference to those bytes.
pub(crate) struct Region {
    base: NonNull<u8>,
    bytes: usize,
    backing: Backing,
    memory: Memory,
    /// What is charged for the memory, given back when that is.
    charge: Lock<Option<Charge>>,
    /// Dropped after the memory is given back; see [`PoolBuilder::build_beside`](crate::PoolBuilder::build_beside).
    beside: Option<Box<dyn Send>>,
}

enum Memory {
    Heap {
        start: NonNull<u8>,
        layout: Layout,
    },
    #[cfg(all(feature = "os", unix))]
    Map,
    #[cfg(all(feature = "os", target_os = "linux"))]
    File(
        #[cfg_attr(
            not(feature = "std"),
            expect(
                dead_code,
                reason = "kept for its drop; there is no type to show it by"
            )
        )]
        crate::os::memfd::MemoryFile,
    ),
    /// Dropped when the region is: the owner's word that nobody needs its memory any more.
    External(#[expect(dead_code, reason = "kept for its drop")] Box<dyn Send>),
}

impl Region {
    pub(crate) fn new(plan: RegionPlan) -> Result<Self, BuildError> {
        let region = match plan.source {
            RegionSource::Heap => Self::heap(plan.bytes, plan.align)?,
            _ => Self::from_os(plan)?,
        };
        region.settle(plan)?;
        Ok(region)
    }

    #[cfg(all(feature = "os", unix))]
    fn from_os(plan: RegionPlan) -> Result<Self, BuildError> {
        mapped::region(plan)
    }

    #[cfg(not(all(feature = "os", unix)))]
    fn from_os(plan: RegionPlan) -> Result<Self, BuildError> {
        Err(plan.source.unsupported().into())
    }

    /// Where the pages lie, whether they stay, whether they are there from the start: before anybody has a slot.
    fn settle(&self, plan: RegionPlan) -> Result<(), BuildError> {
        if plan.page_by_page && plan.source == RegionSource::Mmap {
            self.take_small_pages();
        }
        if let Some(node) = plan.numa_node {
            self.bind_to_node(node)?;
        }
        if plan.lock != MemoryLock::Never {
            self.lock(plan.lock)?;
        }
        if plan.prefault {
            self.prefault()?;
        }
        Ok(())
    }

    /// What the options about whole pages need: heap memory shares its pages with others.
    #[cfg(all(feature = "os", unix))]
    fn needs_pages(&self, field: &'static str) -> Result<(), BuildError> {
        let needs = "a region source of the operating system, such as RegionSource::Mmap";
        match self.memory {
            Memory::Heap { .. } | Memory::External(_) => {
                Err(BuildErrorKind::Unsupported { field, needs }.into())
            }
            Memory::Map => Ok(()),
            #[cfg(target_os = "linux")]
            Memory::File(_) => Ok(()),
        }
    }

    /// Asks that the memory is never of huge pages. A kernel that knows none need not be asked.
    #[cfg(all(feature = "os", target_os = "linux", not(miri)))]
    fn take_small_pages(&self) {
        if self.needs_pages("page_by_page").is_ok() {
            // SAFETY: validity: the whole of a mapping of ours (REGION-1). Aliasing: no byte changes.
            unsafe { crate::os::advice::never_use_huge_pages(self.base, self.bytes) };
        }
    }

    #[cfg(not(all(feature = "os", target_os = "linux", not(miri))))]
    #[expect(clippy::unused_self, reason = "the same face as with `os`")]
    fn take_small_pages(&self) {}

    #[cfg(all(feature = "os", target_os = "linux"))]
    fn bind_to_node(&self, node: u32) -> Result<(), BuildError> {
        const FIELD: &str = "numa_node";
        self.needs_pages(FIELD)?;
        // SAFETY: validity: the whole of a mapping of ours (REGION-1). Aliasing: only where pages come from is changed.
        let bound = unsafe { crate::os::numa::bind(self.base, self.bytes, node) };
        bound.map_err(|errno| {
            let what = "to bind the region to this node";
            BuildErrorKind::Refused {
                field: FIELD,
                what,
                value: node as usize,
                errno,
            }
            .into()
        })
    }

    #[cfg(not(all(feature = "os", target_os = "linux")))]
    #[expect(clippy::unused_self, reason = "the same face as with `os`")]
    fn bind_to_node(&self, _node: u32) -> Result<(), BuildError> {
        let needs = "feature `os` and Linux";
        Err(BuildErrorKind::Unsupported {
            field: "numa_node",
            needs,
        }
        .into())
    }

    #[cfg(all(feature = "os", unix))]
    fn lock(&self, lock: MemoryLock) -> Result<(), BuildError> {
        self.needs_pages("lock")?;
        // SAFETY: validity: the whole of a mapping of ours (REGION-1). Aliasing: no byte changes.
        let locked =
            unsafe { crate::os::lock::lock(self.base, self.bytes, lock == MemoryLock::OnFault) };
        locked.map_err(|errno| {
            let limit = crate::os::lock::limit();
            BuildErrorKind::NotLocked {
                bytes: self.bytes,
                limit,
                errno,
            }
            .into()
        })
    }

    #[cfg(not(all(feature = "os", unix)))]
    #[expect(clippy::unused_self, reason = "the same face as with `os`")]
    fn lock(&self, _lock: MemoryLock) -> Result<(), BuildError> {
        let needs = "feature `os` and a Unix";
        Err(BuildErrorKind::Unsupported {
            field: "lock",
            needs,
        }
        .into())
    }

    fn prefault(&self) -> Result<(), BuildError> {
        if !self.populate()? {
            self.touch();
        }
        Ok(())
    }

    /// Has the kernel bring every page in; tells whether it knew how.
    #[cfg(all(feature = "os", target_os = "linux"))]
    fn populate(&self) -> Result<bool, BuildError> {
        if self.needs_pages("prefault").is_err() {
            return Ok(false);
        }
        // SAFETY: validity: the whole of a mapping of ours (REGION-1). Aliasing: no byte changes.
        let populated = unsafe { crate::os::advice::populate(self.base, self.bytes) };
        populated.map_err(|errno| {
            BuildErrorKind::OutOfMemory {
                source_name: "prefault",
                bytes: self.bytes,
                errno: Some(errno),
            }
            .into()
        })
    }

    #[cfg(not(all(feature = "os", target_os = "linux")))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the same face as with `os`"
    )]
    fn populate(&self) -> Result<bool, BuildError> {
        Ok(false)
    }

    /// Writes what is there into a byte of each page.
    fn touch(&self) {
        /// No system that we know has smaller ones.
        const SMALLEST_PAGE: usize = 4096;
        let last = self.bytes - 1;
        for offset in (0..self.bytes).step_by(SMALLEST_PAGE).chain([last]) {
            // SAFETY: below `bytes` (REGION-1).
            let byte = unsafe { self.base.add(offset) };
            // SAFETY: validity: an initialised byte (REGION-1). Aliasing: no slot exists yet.
            let value = unsafe { byte.read_volatile() };
            // SAFETY: validity: a byte of the region (REGION-1). Aliasing: no slot exists yet.
            unsafe { byte.write_volatile(value) }
        }
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The same, with what is charged for it.
    pub(crate) fn charged(self, charge: Option<Charge>) -> Self {
        self.charge.with(|kept| *kept = charge);
        self
    }

    pub(crate) fn keeping(mut self, beside: Option<Box<dyn Send>>) -> Self {
        self.beside = beside;
        self
    }

    /// Adds to what is charged for the memory.
    ///
    /// # Errors
    ///
    /// Gives the charge back if it is to another budget.
    pub(crate) fn add_charge(&self, charge: Charge) -> Result<(), Charge> {
        self.charge.with(|kept| {
            if let Some(kept) = kept {
                return kept.merge(charge);
            }
            *kept = Some(charge);
            Ok(())
        })
    }

    /// Takes `bytes` off what is charged for the memory; `None` if it is less.
    pub(crate) fn take_charge(&self, bytes: usize) -> Option<Charge> {
        self.charge.with(|kept| kept.as_mut()?.split(bytes))
    }

    pub(crate) fn span(&self) -> RegionSpan {
        RegionSpan::new(self.base, self.bytes, self.backing)
    }

    /// The file whose pages these are.
    #[cfg(all(feature = "os", feature = "std", target_os = "linux"))]
    pub(crate) fn file(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        match &self.memory {
            Memory::File(file) => Some(file.borrow()),
            Memory::Heap { .. } | Memory::Map | Memory::External(_) => None,
        }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        match &self.memory {
            Memory::Heap { start, layout } => {
                // SAFETY: validity: allocated in `heap` with this layout and freed only here.
                // Aliasing: whoever drops the region vouches that no slot is out (SLOTS-1).
                unsafe { alloc::alloc::dealloc(start.as_ptr(), *layout) }
            }
            #[cfg(all(feature = "os", unix))]
            Memory::Map => {
                // SAFETY: validity: mapped in `mapped` with this length and unmapped only here.
                // Aliasing: whoever drops the region vouches that no slot is out (SLOTS-1).
                unsafe { crate::os::unmap(self.base, self.bytes) }
            }
            #[cfg(all(feature = "os", target_os = "linux"))]
            Memory::File(file) if !file.is_mapped_here() => {}
            #[cfg(all(feature = "os", target_os = "linux"))]
            Memory::File(_) => {
                // SAFETY: validity: mapped in `mapped` with this length and unmapped only here; the file is closed after it.
                // Aliasing: whoever drops the region vouches that no slot is out (SLOTS-1).
                unsafe { crate::os::unmap(self.base, self.bytes) }
            }
            Memory::External(_) => {}
        }
    }
}

/// Never prints the bytes.
impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Region").field(&self.span()).finish()
    }
}
