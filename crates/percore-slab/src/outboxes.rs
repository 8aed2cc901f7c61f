//! Which mailboxes the calling thread has, and how a page finds the one at its home: by its pool's mark.
//!
//! A thread looks among its own mailboxes, of which it has one for each slab that it returns to. At its first return to a slab it looks among
//! all slabs of the process, behind a lock that it never waits for: while a slab is being built, and where no slab has the mark (the owner is gone, or
//! the memory is that of an oversize page), the page goes home by its lease.
//!
//! Without `std` there are no thread-locals, and every page goes home by its lease.

#[cfg(not(feature = "std"))]
pub(crate) use no_table::{announce, give_back, withdraw};
#[cfg(feature = "std")]
pub(crate) use table::{announce, give_back, withdraw};

#[cfg(not(feature = "std"))]
mod no_table {
    use crate::mailbox::Home;
    use crate::sync::Arc;
    use pool_core::Lease;

    pub(crate) fn announce(_home: &Arc<Home>) {}

    pub(crate) fn withdraw() {}

    #[inline]
    pub(crate) fn give_back(page: Lease) {
        drop(page);
    }
}

#[cfg(feature = "std")]
mod table {
    use alloc::vec::Vec;
    use core::cell::RefCell;
    use std::sync::PoisonError;

    use pool_core::Lease;

    use crate::bare_lease::{BareLease, PoolMark};
    use crate::mailbox::{Home, Outbox};
    use crate::sync::{Arc, RwLock, per_process, per_thread};

    // All slabs of the process. Few enough to be looked through: once for each thread that returns to one.
    per_process! {
        static HOMES: RwLock<Vec<Arc<Home>>> = RwLock::new(Vec::new());
    }

    /// Lets the threads that return pages find a new slab.
    pub(crate) fn announce(home: &Arc<Home>) {
        let mut homes = HOMES.write().unwrap_or_else(PoisonError::into_inner);
        forget_closed(&mut homes);
        homes.push(home.clone());
    }

    /// Forgets the slabs that are closed, now if nobody else is here, or else with the next one that is announced: an owner that leaves does not wait.
    pub(crate) fn withdraw() {
        if let Ok(mut homes) = HOMES.try_write() {
            forget_closed(&mut homes);
        }
    }

    fn forget_closed(homes: &mut Vec<Arc<Home>>) {
        homes.retain(|home| !home.is_closed());
    }

    /// A mailbox at the slab whose pool this is; none if that cannot be told now.
    fn find(pool: PoolMark) -> Option<Outbox> {
        let homes = HOMES.try_read().ok()?;
        // One that is closed may have had the mark before.
        let is_it = |home: &&Arc<Home>| home.pool() == pool && !home.is_closed();
        let home = homes.iter().find(is_it)?.clone();
        drop(homes);
        Outbox::at(home)
    }

    struct Outboxes(Vec<Outbox>);

    per_thread! {
        static OUTBOXES: RefCell<Outboxes> = const { RefCell::new(Outboxes(Vec::new())) };
    }

    impl Outboxes {
        /// Finds the mailbox for a pool's pages, or opens it; tells where it is.
        #[inline]
        fn place_of(&mut self, pool: PoolMark) -> Option<usize> {
            let here = |outbox: &Outbox| outbox.is_for(pool);
            self.0.iter().position(here).or_else(|| self.open(pool))
        }

        #[cold]
        #[inline(never)]
        fn open(&mut self, pool: PoolMark) -> Option<usize> {
            // A thread that outlives many slabs keeps no mailbox at those that are gone.
            self.0.retain(|outbox| !outbox.is_closed());
            let outbox = find(pool)?;
            self.0.try_reserve(1).ok()?;
            self.0.push(outbox);
            Some(self.0.len() - 1)
        }

        /// Returns a page; gives it back if it has no mailbox to go to, or gives the mailbox if that is to be thrown away.
        #[inline]
        fn put(&mut self, page: Lease) -> (Option<Lease>, Option<Outbox>) {
            let (pool, page) = BareLease::of(page);
            let Some(place) = self.place_of(pool) else {
                // SAFETY: its own mark.
                return (Some(unsafe { page.into_lease(pool) }), None);
            };
            // SAFETY: a page of this mark, which the mailbox had while its owner was there: so it is of that owner's pool (see `mailbox`).
            let is_open = unsafe { self.0[place].put(page) };
            (None, (!is_open).then(|| self.0.swap_remove(place)))
        }
    }

    /// Returns a page to its owner, from any thread.
    #[inline]
    pub(crate) fn give_back(mut page: Lease) {
        page.mark_stocked();
        let mut page = Some(page);
        // A thread whose thread-locals are gone has no mailboxes any more.
        let _ = OUTBOXES.try_with(|outboxes| {
            let leftover = match outboxes.try_borrow_mut() {
                Ok(mut outboxes) => page.take().map(|page| outboxes.put(page)),
                Err(_) => None,
            };
            // Dropped when nothing is borrowed.
            drop(leftover);
        });
        drop(page);
    }
}
