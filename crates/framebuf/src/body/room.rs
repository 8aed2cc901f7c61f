//! The room before and behind a body's live bytes, and how bytes come into it and go back to it.

use core::mem::ManuallyDrop;
use core::{ptr, slice};

use pool_core::Lease;

use super::{Body, reach};
use crate::error::NoRoom;
use crate::extent::Keeper;

/// What a body has of its storage.
struct Own {
    start: usize,
    bytes: usize,
}

impl Body {
    #[inline]
    fn own(&self) -> Own {
        match self.keeper() {
            Keeper::Slot => {
                // SAFETY: our own lease's words (BODY-1); forgotten at once, and only read through.
                let lease = ManuallyDrop::new(unsafe { Lease::from_raw(self.raw_slot()) });
                Own {
                    start: lease.as_ptr().addr(),
                    bytes: reach(lease.len()),
                }
            }
            Keeper::Block => Own {
                start: self.memory.addr().get(),
                bytes: self.number as usize,
            },
            Keeper::SlotPart | Keeper::BlockPart => Own {
                start: self.first.addr().get(),
                bytes: self.len(),
            },
        }
    }

    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.own().bytes
    }

    #[inline]
    pub(crate) fn headroom(&self) -> usize {
        self.first.addr().get() - self.own().start
    }

    #[inline]
    pub(crate) fn tailroom(&self) -> usize {
        let own = self.own();
        (own.start + own.bytes) - (self.first.addr().get() + self.len())
    }

    /// The room behind the live bytes: initialised, and whatever the storage's last user left.
    #[inline]
    pub(crate) fn tail_mut(&mut self) -> &mut [u8] {
        let tailroom = self.tailroom();
        // SAFETY: the live bytes end in the storage or at its end (BODY-2).
        let behind = unsafe { self.first.add(self.len()) };
        // SAFETY: validity: initialised bytes of the storage, up to its end (BODY-2). Aliasing: they are this body's alone (BODY-3), and
        // `&mut self` excludes every other borrow.
        unsafe { slice::from_raw_parts_mut(behind.as_ptr(), tailroom) }
    }

    #[inline]
    pub(crate) fn prepend(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let headroom = self.headroom();
        if bytes.len() > headroom {
            return Err(NoRoom::new("headroom", bytes.len(), headroom));
        }
        // SAFETY: asked just now.
        unsafe { self.prepend_within(bytes) };
        Ok(())
    }

    /// Copies `bytes` before the live ones.
    ///
    /// # Safety
    ///
    /// The headroom is as large.
    #[inline]
    pub(crate) unsafe fn prepend_within(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len() <= self.headroom(), "no room before the frame");
        // SAFETY: the headroom lies before `first` in the same storage (BODY-2), and is as large by the caller's promise.
        let first = unsafe { self.first.sub(bytes.len()) };
        // SAFETY: validity: both are as long. Aliasing: the headroom is this body's alone (BODY-3), and nobody has a reference to it.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), first.as_ptr(), bytes.len()) };
        self.first = first;
        self.extent = self.extent.grown(bytes.len());
    }

    #[inline]
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let tail = self.tail_mut();
        let Some(room) = tail.get_mut(..bytes.len()) else {
            return Err(NoRoom::new("tailroom", bytes.len(), tail.len()));
        };
        room.copy_from_slice(bytes);
        self.extent = self.extent.grown(bytes.len());
        Ok(())
    }

    /// Makes `n` bytes of the tailroom live, as they are.
    #[inline]
    pub(crate) fn grow_back(&mut self, n: usize) -> Result<(), NoRoom> {
        let tailroom = self.tailroom();
        if n > tailroom {
            return Err(NoRoom::new("tailroom", n, tailroom));
        }
        self.extent = self.extent.grown(n);
        Ok(())
    }

    /// Makes `n` bytes of the tailroom live, or all of it if it has fewer, as they are. Tells how many.
    #[inline]
    pub(crate) fn grow_back_up_to(&mut self, n: usize) -> usize {
        let grown = n.min(self.tailroom());
        self.extent = self.extent.grown(grown);
        grown
    }

    /// Takes `n` live bytes, no more than there are, off the front.
    #[inline]
    pub(crate) fn drop_front(&mut self, n: usize) {
        assert!(n <= self.len(), "{n} bytes off a frame of {}", self.len());
        // SAFETY: within the live bytes (BODY-2).
        self.first = unsafe { self.first.add(n) };
        self.extent = self.extent.shrunk(n);
    }

    /// Takes `n` live bytes, no more than there are, off the back.
    #[inline]
    pub(crate) fn drop_back(&mut self, n: usize) {
        assert!(n <= self.len(), "{n} bytes off a frame of {}", self.len());
        self.extent = self.extent.shrunk(n);
    }

    /// Removes the live bytes and puts `headroom` bytes before those to come.
    pub(crate) fn reset(&mut self, headroom: usize) -> Result<(), NoRoom> {
        let own = self.own();
        if headroom > own.bytes {
            return Err(NoRoom::new("capacity", headroom, own.bytes));
        }
        let before = self.headroom();
        // SAFETY: as far before the live bytes as this body's part of the storage begins (BODY-2, BODY-3).
        let start = unsafe { self.first.sub(before) };
        // SAFETY: no farther than that part's end, as asked above.
        self.first = unsafe { start.add(headroom) };
        self.extent = self.extent.shrunk(self.len());
        Ok(())
    }
}
