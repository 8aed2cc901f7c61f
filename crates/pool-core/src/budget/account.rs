//! What the books say about one budget.

use alloc::sync::Arc;

use super::quick::Quick;
use crate::line::Line;
use crate::tenant::Tenant;

/// The number of an account in its tree's ledger. Given again after the account was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AccountId(pub(super) u32);

/// What is agreed when an account is opened.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) tenant: Tenant,
    /// Bytes that the parent sets aside, charged or not.
    pub(crate) floor: usize,
    /// `usize::MAX`: none of its own.
    pub(crate) limit: usize,
    /// `usize::MAX`: none.
    pub(crate) soft_limit: usize,
}

/// All figures are bytes, or counts where they say so.
///
/// - **BUDGET-1** `used` is what is charged here plus each child's `used`; `reserved` is what is charged here plus each child's [`demand`](Self::demand);
///   `idle` is the sum of the children's [`idle_demand`](Self::idle_demand)s. So `idle` and `used` are at most `reserved`. What is charged to a quick account stands in
///   its word alone; its parent's `reserved` is right without it, because it is within the floor.
/// - **BUDGET-2** `reserved` is at most the limit, but for what was overdrawn and where the limit was lowered; `idle` is, always.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) parent: Option<AccountId>,
    pub(crate) terms: Terms,
    /// Which account of the tree this was, in order of opening.
    pub(crate) serial: u64,
    pub(crate) open: bool,
    pub(crate) used: usize,
    pub(crate) reserved: usize,
    /// What would stay reserved if every charge were given back: for the floors of those below.
    pub(crate) idle: usize,
    /// The highest `reserved`.
    pub(crate) peak: usize,
    pub(crate) children: usize,
    /// Requests that wait here.
    pub(crate) waiting: usize,
    /// Whether what it may take alone is no longer what it was when it was built.
    pub(crate) limit_was_set: bool,
    pub(crate) is_quick: bool,
    pub(crate) quick: Arc<Line<Quick>>,
    pub(crate) counts: Counts,
    /// The last pass over the waiting requests in which an older one kept what becomes free here to itself.
    pub(crate) claimed_in: u64,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) refused: u64,
    pub(crate) waited: u64,
    pub(crate) overdrafts: u64,
    pub(crate) overdraft_bytes: u64,
    pub(crate) over_soft: u64,
}

impl Account {
    pub(crate) fn new(parent: Option<AccountId>, terms: Terms, serial: u64) -> Self {
        let alone = match parent {
            None => terms.limit,
            Some(_) => terms.floor,
        };
        // What is above the soft limit is counted by the books.
        let quick = Arc::new(Line(Quick::new(alone.min(terms.soft_limit))));
        Self {
            parent,
            terms,
            serial,
            open: true,
            used: 0,
            reserved: 0,
            idle: 0,
            peak: 0,
            children: 0,
            waiting: 0,
            limit_was_set: false,
            is_quick: false,
            quick,
            counts: Counts::default(),
            claimed_in: 0,
        }
    }

    /// What the parent has to keep for this account.
    #[inline]
    pub(crate) fn demand(&self) -> usize {
        self.reserved.max(self.terms.floor)
    }

    /// The same if nothing were charged.
    pub(crate) fn idle_demand(&self) -> usize {
        self.idle.max(self.terms.floor)
    }

    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.terms.limit.saturating_sub(self.reserved)
    }

    pub(crate) fn idle_room(&self) -> usize {
        self.terms.limit.saturating_sub(self.idle)
    }

    /// Whether nothing that is charged here, while it is within what the account may take alone, concerns anybody else.
    pub(crate) fn may_be_quick(&self) -> bool {
        let alone = self.children == 0 && self.waiting == 0 && !self.limit_was_set;
        let most = self.quick.0.most();
        alone && self.open && most > 0 && self.reserved <= most
    }

    /// Bytes above the limit now.
    pub(crate) fn overdrawn(&self) -> usize {
        self.reserved.saturating_sub(self.terms.limit)
    }

    #[inline]
    pub(crate) fn note_high(&mut self) {
        self.peak = self.peak.max(self.reserved);
        if self.reserved > self.terms.soft_limit {
            self.counts.over_soft += 1;
        }
    }
}
