//! Slots of the shared list, on their way to become leases.

use core::iter::FusedIterator;
use core::mem;

use crate::free_list::Chain;
use crate::lease::Lease;
use crate::pool::Pool;
use crate::site::Site;
use crate::slots::Slots;

/// The leases of a chain, made one by one; those not taken go back when it is dropped.
pub(crate) struct LeaseChain<'a> {
    pool: &'a Pool,
    chain: Chain,
    given: usize,
    site: Site,
    /// Whether the slots were counted as taken when they came into the chain.
    is_counted: bool,
}

impl<'a> LeaseChain<'a> {
    /// Of slots that were taken, and counted, one by one.
    pub(crate) fn collected(pool: &'a Pool, chain: Chain, site: Site) -> Self {
        Self::new(pool, chain, site, true)
    }

    /// Of slots that were taken with one exchange: those given are counted when it is dropped.
    pub(crate) fn taken_at_once(pool: &'a Pool, chain: Chain, site: Site) -> Self {
        Self::new(pool, chain, site, false)
    }

    fn new(pool: &'a Pool, chain: Chain, site: Site, is_counted: bool) -> Self {
        Self {
            pool,
            chain,
            given: 0,
            site,
            is_counted,
        }
    }

    /// How many leases it has given.
    pub(crate) fn given(&self) -> usize {
        self.given
    }
}

impl Iterator for LeaseChain<'_> {
    type Item = Lease;

    fn next(&mut self) -> Option<Lease> {
        let slot = self.pool.slots().list().next_of(&mut self.chain)?;
        self.given += 1;
        Some(self.pool.lease(slot, self.site))
    }
}

impl FusedIterator for LeaseChain<'_> {}

impl Drop for LeaseChain<'_> {
    fn drop(&mut self) {
        if !self.is_counted {
            let given = u32::try_from(self.given).unwrap_or(u32::MAX);
            self.pool.slots().count_taken(given);
            self.pool.slots().note_high_water();
        }
        // Unprepared: nobody had them, and what refused one slot would refuse the next, in the middle of a panic.
        let rest = mem::replace(&mut self.chain, Chain::empty());
        // SAFETY: the chain is ours, and `pool` is another reason for the body to live.
        unsafe { Slots::put_chain_home(self.pool.slots_ptr(), rest) }
    }
}
