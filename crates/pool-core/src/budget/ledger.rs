//! The sums of all budgets of one tree, and the only code that changes them.
//!
//! A charge goes up from its account to the root. On the way it shrinks by what a floor already covers: an account that is charged within its
//! floor asks its parent for nothing. Each walk is a loop, so a tree may be of any depth.

use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

use super::account::{Account, AccountId, Terms};

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: Vec<Account>,
    closed: Vec<AccountId>,
    opened: u64,
    pass: u64,
}

impl Index<AccountId> for Ledger {
    type Output = Account;

    #[inline]
    fn index(&self, id: AccountId) -> &Account {
        &self.accounts[id.0 as usize]
    }
}

impl IndexMut<AccountId> for Ledger {
    #[inline]
    fn index_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.accounts[id.0 as usize]
    }
}

impl Ledger {
    /// Opens an account and sets its floor aside. The caller has asked for [room](Self::obstacle) for it. `None`: 2^32 are open.
    pub(crate) fn open(&mut self, parent: Option<AccountId>, terms: Terms) -> Option<AccountId> {
        let floor = terms.floor;
        let account = Account::new(parent, terms, self.opened);
        let id = if let Some(id) = self.closed.pop() {
            self[id] = account;
            id
        } else {
            let id = AccountId(u32::try_from(self.accounts.len()).ok()?);
            self.accounts.push(account);
            id
        };
        self.opened += 1;
        if let Some(parent) = parent {
            self[parent].children += 1;
            self.set_aside(parent, floor);
        }
        self.let_be_quick(id);
        Some(id)
    }

    /// Closes an account to which nothing is charged and which has no children, and gives its floor back.
    pub(crate) fn close(&mut self, id: AccountId) {
        self.guard(id);
        let account = &mut self[id];
        debug_assert!(account.open && account.reserved == 0, "BUDGET-1");
        account.open = false;
        account.terms.name = None;
        let (parent, floor) = (account.parent, account.terms.floor);
        if let Some(parent) = parent {
            self[parent].children -= 1;
            self.give_up(parent, floor);
        }
        self.closed.push(id);
    }

    pub(crate) fn open_accounts(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        let ids = (0..).map(AccountId);
        ids.zip(&self.accounts).filter(|(_, it)| it.open)
    }

    /// Takes an account into the books. Those above it are there already, because they have a child.
    pub(crate) fn guard(&mut self, id: AccountId) {
        let account = &mut self[id];
        if account.is_quick {
            account.is_quick = false;
            let (bytes, peak) = account.quick.0.take();
            account.peak = account.peak.max(peak);
            self.put_back(id, bytes);
        }
    }

    /// Lets an account that may be quick be so.
    pub(crate) fn let_be_quick(&mut self, id: AccountId) {
        let account = &self[id];
        if !account.is_quick && account.may_be_quick() {
            let bytes = account.used;
            self.sub(id, bytes);
            let account = &mut self[id];
            account.is_quick = true;
            account.quick.0.give(bytes);
        }
    }

    /// All accounts in the books at one instant, as `look` sees them.
    pub(crate) fn guard_all<R>(&mut self, look: impl FnOnce(&Self) -> R) -> R {
        let ids = (0..).map(AccountId).take(self.accounts.len());
        ids.clone().for_each(|id| self.guard(id));
        let seen = look(self);
        ids.for_each(|id| self.let_be_quick(id));
        seen
    }

    /// The first account, going up, that has no room for `bytes` more charged to `at`.
    #[inline]
    pub(crate) fn obstacle(&self, at: AccountId, bytes: usize) -> Option<AccountId> {
        self.walk(at, bytes, |account, more| more > account.room())
    }

    /// The same for a request that has waited: what an older one claimed in this pass is not free for it.
    pub(crate) fn obstacle_in_pass(&self, at: AccountId, bytes: usize) -> Option<AccountId> {
        self.walk(at, bytes, |account, more| {
            account.claimed_in == self.pass || more > account.room()
        })
    }

    /// How many of `bytes` more charged to `at` find no room under a limit. Those that one limit has no room for are the last of them, so the level with
    /// the least room tells. The caller has asked whether they are [countable](Self::countable).
    pub(crate) fn excess(&self, at: AccountId, bytes: usize) -> usize {
        let mut excess = 0;
        self.walk(at, bytes, |account, more| {
            excess = excess.max(more.saturating_sub(account.room()));
            false
        });
        excess
    }

    #[inline]
    fn walk(
        &self,
        at: AccountId,
        bytes: usize,
        mut stops: impl FnMut(&Account, usize) -> bool,
    ) -> Option<AccountId> {
        let (mut id, mut more) = (at, bytes);
        while more > 0 {
            let account = &self[id];
            if stops(account, more) {
                return Some(id);
            }
            // No overflow: `more` fits under the limit, or is countable.
            more = (account.reserved + more).max(account.terms.floor) - account.demand();
            id = account.parent?;
        }
        None
    }

    /// The first account, going up, that could not take `bytes` charged to `at` even if all that is charged were given back.
    pub(crate) fn never(&self, at: AccountId, bytes: usize) -> Option<AccountId> {
        let (mut id, mut more) = (at, bytes);
        while more > 0 {
            let account = &self[id];
            if more > account.idle_room() {
                return Some(id);
            }
            more = (account.idle + more).max(account.terms.floor) - account.idle_demand();
            id = account.parent?;
        }
        None
    }

    /// The most that could be charged to `at` now.
    pub(crate) fn available(&self, at: AccountId) -> usize {
        self.path(at).fold((usize::MAX, 0), room_above).0
    }

    pub(crate) fn path(&self, at: AccountId) -> impl Iterator<Item = (AccountId, &Account)> {
        let up = move |id: &AccountId| self[*id].parent;
        core::iter::successors(Some(at), up).map(|id| (id, &self[id]))
    }

    /// Whether the sums on the way up can take `bytes` more at all. Only what is overdrawn can come so high.
    pub(crate) fn countable(&self, at: AccountId, bytes: usize) -> bool {
        self.path(at)
            .all(|(_, account)| account.reserved.checked_add(bytes).is_some())
    }

    /// Charges. The caller has found no [obstacle](Self::obstacle), or overdraws what is [countable](Self::countable).
    #[inline]
    pub(crate) fn add(&mut self, at: AccountId, bytes: usize) {
        self.raise(at, bytes, Account::note_high);
    }

    /// Puts back what [`sub`](Self::sub) took a moment ago, unseen by anybody, or what has been there all the time in a quick word.
    pub(crate) fn put_back(&mut self, at: AccountId, bytes: usize) {
        self.raise(at, bytes, |_| ());
    }

    #[inline]
    fn raise(&mut self, at: AccountId, bytes: usize, note: impl Fn(&mut Account)) {
        let (mut id, mut more) = (at, bytes);
        loop {
            let account = &mut self[id];
            let before = account.demand();
            account.used += bytes;
            if more > 0 {
                account.reserved += more;
                note(account);
            }
            more = account.demand() - before;
            match account.parent {
                Some(parent) => id = parent,
                None => return,
            }
        }
    }

    /// Gives back what was charged to `at`.
    #[inline]
    pub(crate) fn sub(&mut self, at: AccountId, bytes: usize) {
        let (mut id, mut less) = (at, bytes);
        loop {
            let account = &mut self[id];
            let before = account.demand();
            account.used -= bytes;
            account.reserved -= less;
            less = before - account.demand();
            match account.parent {
                Some(parent) => id = parent,
                None => return,
            }
        }
    }

    /// Reserves a new child's floor in `at` and upwards.
    fn set_aside(&mut self, at: AccountId, floor: usize) {
        let (mut id, mut more, mut idle_more) = (at, floor, floor);
        while more > 0 || idle_more > 0 {
            let account = &mut self[id];
            let before = (account.demand(), account.idle_demand());
            account.reserved += more;
            account.idle += idle_more;
            account.peak = account.peak.max(account.reserved);
            more = account.demand() - before.0;
            idle_more = account.idle_demand() - before.1;
            match account.parent {
                Some(parent) => id = parent,
                None => return,
            }
        }
    }

    fn give_up(&mut self, at: AccountId, floor: usize) {
        let (mut id, mut less, mut idle_less) = (at, floor, floor);
        while less > 0 || idle_less > 0 {
            let account = &mut self[id];
            let before = (account.demand(), account.idle_demand());
            account.reserved -= less;
            account.idle -= idle_less;
            less = before.0 - account.demand();
            idle_less = before.1 - account.idle_demand();
            match account.parent {
                Some(parent) => id = parent,
                None => return,
            }
        }
    }

    /// Begins a pass over the waiting requests: no account is claimed.
    pub(crate) fn begin_pass(&mut self) {
        self.pass += 1;
    }

    /// Keeps what becomes free from `at` up to `last` for one request, for the rest of this pass.
    pub(crate) fn claim(&mut self, at: AccountId, last: AccountId) {
        let mut next = Some(at);
        while let Some(id) = next {
            self.accounts[id.0 as usize].claimed_in = self.pass;
            next = self[id].parent.filter(|_| id != last);
        }
    }
}

/// One level of [`Ledger::available`]: the least room so far, and what the floors of those below cover before this level is asked.
fn room_above(
    (least, covered): (usize, usize),
    (_, account): (AccountId, &Account),
) -> (usize, usize) {
    let least = least.min(covered.saturating_add(account.room()));
    let slack = account.terms.floor.saturating_sub(account.reserved);
    (least, covered.saturating_add(slack))
}
