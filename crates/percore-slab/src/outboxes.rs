//! Which mailboxes the calling thread has, and how a page finds the one at its home: by its address.
//!
//! A thread looks among its own mailboxes, of which it has one for each slab that it returns to. At its first return to a slab it looks among
//! all slabs of the process, behind a lock that it never waits for: while a slab is being built, and where no slab has the address (the owner is gone, or
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

    pub(crate) fn announce(_home: &Arc<Home>, _pages: usize) {}

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
    use core::ops::Range;
    use std::sync::PoisonError;

    use pool_core::Lease;

    use crate::mailbox::{Home, Outbox};
    use crate::sync::{Arc, RwLock, per_process, per_thread};

    /// A slab that can be found.
    struct Announced {
        pages: usize,
        home: Arc<Home>,
    }

    // All slabs of the process. Few enough to be looked through: once for each thread that returns to one.
    per_process! {
        static HOMES: RwLock<Vec<Announced>> = RwLock::new(Vec::new());
    }

    /// Lets the threads that return pages find a new slab.
    pub(crate) fn announce(home: &Arc<Home>, pages: usize) {
        let mut homes = HOMES.write().unwrap_or_else(PoisonError::into_inner);
        forget_closed(&mut homes);
        let home = home.clone();
        homes.push(Announced { pages, home });
    }

    /// Forgets the slabs that are closed, now if nobody else is here, or else with the next one that is announced: an owner that leaves does not wait.
    pub(crate) fn withdraw() {
        if let Ok(mut homes) = HOMES.try_write() {
            forget_closed(&mut homes);
        }
    }

    fn forget_closed(homes: &mut Vec<Announced>) {
        homes.retain(|announced| !announced.home.is_closed());
    }

    /// A mailbox at the slab whose memory the address lies in; none if that cannot be told now.
    #[cold]
    fn find(address: usize) -> Option<Place> {
        let homes = HOMES.try_read().ok()?;
        // One that is closed may have had the addresses before.
        let found = homes.iter().find(|announced| {
            announced.home.addresses().contains(&address) && !announced.home.is_closed()
        })?;
        let (home, pages) = (found.home.clone(), found.pages);
        drop(homes);
        let addresses = home.addresses();
        let outbox = Outbox::at(home, pages)?;
        Some(Place { addresses, outbox })
    }

    /// A mailbox, and the addresses of the pages that belong into it.
    struct Place {
        addresses: Range<usize>,
        outbox: Outbox,
    }

    struct Places(Vec<Place>);

    per_thread! {
        static PLACES: RefCell<Places> = const { RefCell::new(Places(Vec::new())) };
    }

    impl Places {
        /// Finds the mailbox for a page, or opens it; tells where it is.
        #[inline]
        fn place_of(&mut self, address: usize) -> Option<usize> {
            let here = |place: &Place| place.addresses.contains(&address);
            self.0.iter().position(here).or_else(|| self.open(address))
        }

        #[cold]
        #[inline(never)]
        fn open(&mut self, address: usize) -> Option<usize> {
            // A thread that outlives many slabs keeps no mailbox at those that are gone.
            self.0.retain(|place| !place.outbox.home().is_closed());
            let place = find(address)?;
            self.0.try_reserve(1).ok()?;
            self.0.push(place);
            Some(self.0.len() - 1)
        }

        /// Returns a page; gives it back if it has no mailbox to go to, or gives the mailbox if that is to be thrown away.
        #[inline]
        fn put(&mut self, page: Lease) -> (Option<Lease>, Option<Place>) {
            let Some(place) = self.place_of(page.as_ptr().addr()) else {
                return (Some(page), None);
            };
            let is_open = self.0[place].outbox.put(page);
            (None, (!is_open).then(|| self.0.swap_remove(place)))
        }
    }

    /// Returns a page to its owner, from any thread.
    #[inline]
    pub(crate) fn give_back(mut page: Lease) {
        page.mark_stocked();
        let mut page = Some(page);
        // A thread whose thread-locals are gone has no mailboxes any more.
        let _ = PLACES.try_with(|places| {
            let leftover = match places.try_borrow_mut() {
                Ok(mut places) => page.take().map(|page| places.put(page)),
                Err(_) => None,
            };
            // Dropped when nothing is borrowed.
            drop(leftover);
        });
        drop(page);
    }
}
