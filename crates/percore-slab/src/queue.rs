//! The queue inside a bridge: `rtrb`, or in a model a stand-in with rtrb's orderings.
//!
//! loom does not see into rtrb. A model proves what this crate adds around it (the wake-ups, the order in which a closed
//! bridge is drained), given a queue that does what rtrb documents; rtrb itself is tested and modelled by its own project.

use alloc::vec::Vec;

pub(crate) use imp::*;

/// Whether the system has memory for `capacity` values. A queue takes its memory without a way to say no, so this is asked before.
pub(crate) fn has_memory_for<T>(capacity: usize) -> bool {
    Vec::<T>::new().try_reserve_exact(capacity).is_ok()
}

#[cfg(not(loom))]
mod imp {
    use rtrb::chunks::ReadChunkIntoIter;

    /// Makes both ends of a queue of `capacity` values.
    pub(crate) fn queue<T>(capacity: usize) -> (PushEnd<T>, PopEnd<T>) {
        let (push, pop) = rtrb::RingBuffer::new(capacity);
        (PushEnd(push), PopEnd(pop))
    }

    pub(crate) struct PushEnd<T>(rtrb::Producer<T>);

    impl<T> PushEnd<T> {
        /// Gives the value back if the queue is full.
        #[inline]
        pub(crate) fn push(&mut self, value: T) -> Result<(), T> {
            self.0
                .push(value)
                .map_err(|rtrb::PushError::Full(value)| value)
        }

        /// Once false, stays so until this end pushes.
        #[inline]
        pub(crate) fn is_full(&self) -> bool {
            self.0.is_full()
        }

        /// Values not yet taken, as far as this end sees: the true number may be lower.
        pub(crate) fn len(&self) -> usize {
            self.capacity() - self.0.slots()
        }

        pub(crate) fn capacity(&self) -> usize {
            self.0.buffer().capacity()
        }

        /// Whether the other end is gone. If so, all it did happens before what follows here.
        #[inline]
        pub(crate) fn is_abandoned(&self) -> bool {
            self.0.is_abandoned()
        }
    }

    pub(crate) struct PopEnd<T>(rtrb::Consumer<T>);

    impl<T> PopEnd<T> {
        #[inline]
        pub(crate) fn pop(&mut self) -> Option<T> {
            self.0.pop().ok()
        }

        /// Hands on all that is there, the first pushed first.
        pub(crate) fn pop_all(&mut self, take: impl FnOnce(ReadChunkIntoIter<'_, T>)) {
            if let Ok(there) = self.0.read_chunk(self.0.slots()) {
                take(there.into_iter());
            }
        }

        /// Once false, stays so until this end pops.
        #[inline]
        pub(crate) fn is_empty(&self) -> bool {
            self.0.is_empty()
        }

        /// Values to take, as far as this end sees: the true number may be higher.
        pub(crate) fn len(&self) -> usize {
            self.0.slots()
        }

        pub(crate) fn capacity(&self) -> usize {
            self.0.buffer().capacity()
        }

        /// Whether the other end is gone. If so, all it did happens before what follows here.
        #[inline]
        pub(crate) fn is_abandoned(&self) -> bool {
            self.0.is_abandoned()
        }
    }
}

#[cfg(loom)]
mod imp {
    use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    use crate::sync::atomic::{AtomicBool, AtomicUsize};
    use crate::sync::{Arc, UnsafeCell};
    use alloc::boxed::Box;
    use alloc::vec::{self, Vec};

    /// - **QUEUE-1** Cells `head..tail` (counted without end, taken modulo the capacity) hold a value and are the pop end's;
    ///   the others are the push end's. `tail` is written by the push end alone, `head` by the pop end alone.
    struct Ring<T> {
        cells: Box<[UnsafeCell<Option<T>>]>,
        head: AtomicUsize,
        tail: AtomicUsize,
        abandoned: AtomicBool,
    }

    // SAFETY: each cell has one owner at a time, and it passes with a release and an acquire (QUEUE-1).
    unsafe impl<T: Send> Send for Ring<T> {}
    // SAFETY: two threads that share it are one at each end; each cell has one owner at a time (QUEUE-1), the other fields are atomics.
    unsafe impl<T: Send> Sync for Ring<T> {}

    impl<T> Ring<T> {
        fn cell(&self, position: usize) -> &UnsafeCell<Option<T>> {
            &self.cells[position % self.cells.len()]
        }

        fn is_abandoned(&self) -> bool {
            // [END-SEEN] Acquire: all that the other end did is visible. Pairs with [END-GONE].
            self.abandoned.load(Acquire)
        }

        fn abandon(&self) {
            // [END-GONE] Release: all that this end did is visible to who sees it gone. Pairs with [END-SEEN].
            self.abandoned.store(true, Release);
        }
    }

    pub(crate) fn queue<T>(capacity: usize) -> (PushEnd<T>, PopEnd<T>) {
        let ring = Arc::new(Ring {
            cells: (0..capacity).map(|_| UnsafeCell::new(None)).collect(),
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
        });
        (PushEnd(ring.clone()), PopEnd(ring))
    }

    pub(crate) struct PushEnd<T>(Arc<Ring<T>>);

    impl<T> PushEnd<T> {
        pub(crate) fn push(&mut self, value: T) -> Result<(), T> {
            if self.is_full() {
                return Err(value);
            }
            // Relaxed: only this end writes it.
            let tail = self.0.tail.load(Relaxed);
            self.0.cell(tail).with_mut(|cell| {
                // SAFETY: validity: a live cell. Aliasing: not in `head..tail`, so the push end's (QUEUE-1).
                let cell = unsafe { &mut *cell };
                *cell = Some(value);
            });
            // [QUEUE-PUSH] Release: the value is written before it can be taken. Pairs with [QUEUE-TAIL].
            self.0.tail.store(tail + 1, Release);
            Ok(())
        }

        pub(crate) fn is_full(&self) -> bool {
            self.len() == self.capacity()
        }

        pub(crate) fn len(&self) -> usize {
            // [QUEUE-HEAD] Acquire: a cell found free was left by the pop end. Pairs with [QUEUE-POP].
            let head = self.0.head.load(Acquire);
            // Relaxed: only this end writes it.
            self.0.tail.load(Relaxed) - head
        }

        pub(crate) fn capacity(&self) -> usize {
            self.0.cells.len()
        }

        pub(crate) fn is_abandoned(&self) -> bool {
            self.0.is_abandoned()
        }
    }

    impl<T> Drop for PushEnd<T> {
        fn drop(&mut self) {
            self.0.abandon();
        }
    }

    pub(crate) struct PopEnd<T>(Arc<Ring<T>>);

    impl<T> PopEnd<T> {
        pub(crate) fn pop(&mut self) -> Option<T> {
            if self.is_empty() {
                return None;
            }
            // Relaxed: only this end writes it.
            let head = self.0.head.load(Relaxed);
            let value = self.0.cell(head).with_mut(|cell| {
                // SAFETY: validity: a live cell. Aliasing: in `head..tail`, so the pop end's (QUEUE-1).
                let cell = unsafe { &mut *cell };
                cell.take()
            });
            // [QUEUE-POP] Release: the value is out before its cell can be filled again. Pairs with [QUEUE-HEAD].
            self.0.head.store(head + 1, Release);
            value
        }

        pub(crate) fn pop_all(&mut self, take: impl FnOnce(vec::IntoIter<T>)) {
            let all: Vec<T> = (0..self.len()).map_while(|_| self.pop()).collect();
            take(all.into_iter());
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.len() == 0
        }

        pub(crate) fn len(&self) -> usize {
            // [QUEUE-TAIL] Acquire: the values below it are visible. Pairs with [QUEUE-PUSH].
            let tail = self.0.tail.load(Acquire);
            // Relaxed: only this end writes it.
            tail - self.0.head.load(Relaxed)
        }

        pub(crate) fn capacity(&self) -> usize {
            self.0.cells.len()
        }

        pub(crate) fn is_abandoned(&self) -> bool {
            self.0.is_abandoned()
        }
    }

    impl<T> Drop for PopEnd<T> {
        fn drop(&mut self) {
            self.0.abandon();
        }
    }
}
