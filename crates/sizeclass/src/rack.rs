//! The classes of one buffer pool, and what their buffers have in common.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use pool_core::Budget;

use crate::class::Class;
use crate::classes::Classes;
use crate::decay::Decay;
use crate::fallback::Fallbacks;
use crate::home::Home;
use crate::line::Line;
use crate::size_table::SizeTable;
use crate::stats::BufferPoolStats;

/// What the handles of one buffer pool share. Lives as long as there is one; buffers do not keep it alive, only their own slot.
///
/// How memory moves between the system, the budget and the callers is told in `taking.rs` and `trim.rs`:
///
/// - **RESIDENT-1** A slot of a class with a stock that is not in the stock is charged to the budget: in the charge that its pool keeps, or in a tenant's buffer.
///   (But for what a call under way has in its hands, and for a slot that changed its payer when a [waker](core::task::Waker) panicked.)
/// - **RESIDENT-2** The slots in a stock have no memory: they were never handed out, or their pages were given back since.
pub(crate) struct Rack {
    /// What the fast path reads.
    pub(crate) by_size: SizeTable,
    pub(crate) sizes: Classes,
    pub(crate) classes: Box<[Class]>,
    me: Weak<Self>,
    pub(crate) rules: Rules,
    pub(crate) oversize: Line<Fallbacks>,
    pub(crate) decay: Line<Decay>,
}

/// What was agreed when the pool was built.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) budget: Option<Budget>,
    /// How much larger than what was asked for a slot of another class may be, in per cent.
    pub(crate) borrow_percent: Option<usize>,
    /// Memory from elsewhere than a class begins at multiples of this.
    pub(crate) align: usize,
}

impl Rack {
    pub(crate) fn new(
        sizes: &Classes,
        classes: Vec<Class>,
        rules: Rules,
        decay: Decay,
    ) -> Arc<Self> {
        debug_assert_eq!(sizes.as_slice().len(), classes.len());
        let rack = Arc::new_cyclic(|me| Self {
            by_size: SizeTable::new(sizes, classes.iter().map(|class| &class.pool)),
            sizes: *sizes,
            classes: classes.into_boxed_slice(),
            me: me.clone(),
            rules,
            oversize: Line::default(),
            decay: Line(decay),
        });
        Home::enter(&rack);
        rack
    }

    /// A way to this rack that does not keep it alive.
    pub(crate) fn me(&self) -> Weak<Self> {
        self.me.clone()
    }

    #[cfg(feature = "std")]
    pub(crate) fn regions(&self) -> impl Iterator<Item = pool_core::RegionSpan> {
        self.classes.iter().map(|class| class.pool.region())
    }

    /// The class that a slot of so many bytes is of.
    pub(crate) fn class_with(&self, slot_bytes: usize) -> Option<&Class> {
        let class = &self.classes[self.sizes.index_of(slot_bytes)?];
        (class.bytes() == slot_bytes).then_some(class)
    }

    /// How much memory from elsewhere stands in for a slot of the right class.
    pub(crate) fn fallback_bytes(&self, min: usize) -> usize {
        match self.sizes.index_of(min) {
            Some(index) => self.classes[index].bytes(),
            None => min,
        }
    }

    #[cfg(feature = "track")]
    pub(crate) fn outstanding(&self) -> Vec<pool_core::Outstanding> {
        let classes = self.classes.iter();
        classes.flat_map(|class| class.pool.outstanding()).collect()
    }

    pub(crate) fn stats(&self) -> BufferPoolStats {
        let classes = self.classes.iter().map(Class::stats).collect();
        BufferPoolStats::sum_up(classes, self.oversize.0.read())
    }
}

impl Drop for Rack {
    /// What idles goes back to the system if buffers are out, which keep their class's region.
    fn drop(&mut self) {
        Home::leave(self);
        for class in &self.classes {
            if class.stats().in_use > 0 {
                class.give_up_idle(usize::MAX);
            }
        }
    }
}
