//! The pools of all classes, with their counters: what the handles of one buffer pool share.

use alloc::sync::Arc;
use alloc::vec;

use pool_core::{Pool, RegionSource, Scrub};

use crate::class::{CLASS_BYTES, CLASSES, LARGEST, class_of};
use crate::error::{AcquireError, AcquireErrorKind, BuildError, BuildErrorKind};
use crate::home::Home;
use crate::line::Line;
use crate::stats::{BufferPoolStats, ClassStats};
use crate::storage::Storage;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::Relaxed;

/// One pool per class. Lives as long as the buffer pool has a handle; buffers do not keep it alive, only their own slot.
pub(crate) struct Rack {
    home: Home,
    classes: [Class; CLASSES],
    oversize: Line<Fallbacks>,
}

/// The pool is an address that everybody reads; the counts lie on lines of their own.
struct Class {
    pool: Pool,
    recycles: Line<AtomicU64>,
    misses: Line<Fallbacks>,
}

#[derive(Default)]
struct Fallbacks {
    count: AtomicU64,
    bytes: AtomicU64,
}

impl Rack {
    pub(crate) fn build(
        slots: usize,
        region: RegionSource,
        scrub: Scrub,
    ) -> Result<Arc<Self>, BuildError> {
        let mut pools = [const { None }; CLASSES];
        for (pool, class_bytes) in pools.iter_mut().zip(CLASS_BYTES) {
            let built = Pool::builder()
                .slots(slots)
                .slot_bytes(class_bytes)
                .region(region)
                .scrub(scrub)
                .build();
            *pool = Some(built.map_err(|source| BuildErrorKind::Class {
                class_bytes,
                source,
            })?);
        }
        let classes = pools.map(|pool| Class {
            pool: pool.expect("every class was built, or an error returned"),
            recycles: Line::default(),
            misses: Line::default(),
        });
        Ok(Home::found(|home| Self {
            home,
            classes,
            oversize: Line::default(),
        }))
    }

    #[inline]
    pub(crate) fn home(&self) -> Home {
        self.home.clone()
    }

    /// Takes a slot of the right class.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn try_take(&self, min: usize) -> Result<Storage, AcquireError> {
        let Some(index) = class_of(min) else {
            return Err(too_large(min));
        };
        let class = &self.classes[index];
        match class.pool.try_alloc() {
            Ok(lease) => {
                // Relaxed: a count on its own.
                class.recycles.0.fetch_add(1, Relaxed);
                Ok(Storage::Slot(lease))
            }
            Err(why) => Err(refused(min, CLASS_BYTES[index], why)),
        }
    }

    /// Takes a slot of the right class, or heap memory: of the class's size if the class is empty, of the very size if there is
    /// no such class. Heap memory is zero.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn take(&self, min: usize) -> Storage {
        match self.try_take(min) {
            Ok(storage) => storage,
            Err(_) => self.take_from_heap(min),
        }
    }

    #[cold]
    fn take_from_heap(&self, min: usize) -> Storage {
        let bytes = heap_bytes(min);
        self.count_fallback(bytes);
        Storage::Heap(vec![0; bytes])
    }

    /// Counts heap memory that stands in for a slot of its class, or for one of a class that there is not.
    pub(crate) fn count_fallback(&self, bytes: usize) {
        match class_of(bytes) {
            Some(index) => self.classes[index].misses.0.add(bytes),
            None => self.oversize.0.add(bytes),
        }
    }

    /// Counts heap memory beyond every class that a buffer got by growing where it was.
    pub(crate) fn count_oversize(&self, bytes: usize) {
        self.oversize.0.add(bytes);
    }

    #[cfg(feature = "track")]
    pub(crate) fn outstanding(&self) -> vec::Vec<pool_core::Outstanding> {
        let classes = self.classes.iter();
        classes.flat_map(|class| class.pool.outstanding()).collect()
    }

    pub(crate) fn stats(&self) -> BufferPoolStats {
        let classes = core::array::from_fn(|index| self.classes[index].stats());
        let (oversize, oversize_bytes) = self.oversize.0.read();
        BufferPoolStats::sum_up(&classes, oversize, oversize_bytes)
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        self.home.leave();
    }
}

impl Class {
    fn stats(&self) -> ClassStats {
        let pool = self.pool.stats();
        let (misses, miss_bytes) = self.misses.0.read();
        ClassStats {
            class_bytes: pool.slot_bytes,
            slots: pool.capacity,
            in_use: pool.in_use,
            idle: pool.free,
            // Relaxed: a count on its own.
            recycles: self.recycles.0.load(Relaxed),
            misses,
            miss_bytes,
        }
    }
}

impl Fallbacks {
    fn add(&self, bytes: usize) {
        // Relaxed, both: counts on their own.
        self.count.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    fn read(&self) -> (u64, u64) {
        // Relaxed, both: counts on their own, not tied to each other.
        (self.count.load(Relaxed), self.bytes.load(Relaxed))
    }
}

/// How much heap memory stands in for a slot of the right class.
pub(crate) fn heap_bytes(min: usize) -> usize {
    class_of(min).map_or(min, |index| CLASS_BYTES[index])
}

#[cold]
fn too_large(min: usize) -> AcquireError {
    let bound = LARGEST;
    AcquireErrorKind::TooLarge { min, bound }.into()
}

#[cold]
fn refused(min: usize, class_bytes: usize, why: pool_core::AllocError) -> AcquireError {
    AcquireErrorKind::Refused {
        min,
        class_bytes,
        why,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::ptr;

    /// Where a thing lies, in pairs of cache lines.
    fn line_of<T>(thing: &T) -> usize {
        ptr::from_ref(thing).addr() / 128
    }

    /// Threads that use different classes wait for no line of each other: each word that an acquire counts in has its own, and what
    /// they share (the addresses of the pools, the name) is not written. The pools' lists do the same in their own crate.
    #[test]
    fn l_class_6_classes_share_no_line_that_is_written() {
        let rack = Rack::build(1, RegionSource::Heap, Scrub::Never).expect("small");
        let words = |class: &Class| [line_of(&class.recycles), line_of(&class.misses)];
        let mut lines: Vec<_> = rack.classes.iter().flat_map(words).collect();
        lines.push(line_of(&rack.oversize));
        let written = lines.len();
        lines.extend(rack.classes.iter().map(|class| line_of(&class.pool)));
        lines.push(line_of(&rack.home));
        for (nth, line) in lines[..written].iter().enumerate() {
            let times = lines.iter().filter(|other| *other == line).count();
            assert_eq!(times, 1, "the written word {nth} shares its line");
        }
    }
}
