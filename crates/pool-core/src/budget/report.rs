//! Who holds what.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::account::{Account, AccountId};
use super::ledger::Ledger;
use crate::tenant::Tenant;

/// What one budget held and had counted at the instant of a report. Sizes are in bytes.
///
/// Of every report: `used` is `own` plus the `used` of each child; `reserved` is `own` plus, of each child, the greater of `reserved` and `floor`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetUse {
    /// How far below the budget that was asked: 0 for itself, 1 for its children.
    pub depth: usize,
    /// Its name, if it was given one.
    pub name: Option<Arc<str>>,
    /// Whom it is for.
    pub tenant: Tenant,
    /// Its limit, or ceiling. `usize::MAX`: none of its own.
    pub limit: usize,
    /// What is kept for it in its parent.
    pub floor: usize,
    /// Its soft limit.
    pub soft_limit: Option<usize>,
    /// Charged to it and to those below it.
    pub used: usize,
    /// Charged to it and not to one below.
    pub own: usize,
    /// `used`, and what is kept for floors below that is not charged: what counts against the limit.
    pub reserved: usize,
    /// The highest that `reserved` has been.
    pub peak: usize,
    /// How much `reserved` is above the limit now, because of infallible charges, or because the limit was lowered.
    pub overdrawn: usize,
    /// How much `reserved` is above the soft limit now.
    pub over_soft: usize,
    /// Requests to this budget that wait now.
    pub waiting: usize,
    /// Requests to this budget, so far, that had to wait.
    pub waited: u64,
    /// Requests to this budget, so far, that were refused, or whose time was over.
    pub refused: u64,
    /// Infallible charges to this budget, so far, that a limit here or above would have refused.
    pub overdrafts: u64,
    /// How many of their bytes a limit had no room for, together. What others have overdrawn, and what a floor had room for, is not among them.
    pub overdraft_bytes: u64,
    /// Charges to this budget or below, so far, that raised `reserved` above the soft limit, or when it was above already.
    pub over_soft_charges: u64,
}

/// A budget and those below it, all at one instant. Printed, it is a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetReport {
    /// The budget that was asked first, then each child followed by its own children, in the order they were built in.
    pub budgets: Vec<BudgetUse>,
}

impl BudgetReport {
    /// The budget that was asked.
    #[must_use]
    pub fn total(&self) -> &BudgetUse {
        &self.budgets[0]
    }

    /// The children of the budget that was asked.
    pub fn children(&self) -> impl Iterator<Item = &BudgetUse> {
        self.budgets.iter().filter(|it| it.depth == 1)
    }

    /// The child for a tenant.
    #[must_use]
    pub fn tenant(&self, tenant: Tenant) -> Option<&BudgetUse> {
        self.children().find(|it| it.tenant == tenant)
    }

    /// Of one budget, under the lock.
    pub(super) fn read(ledger: &Ledger, top: AccountId) -> Self {
        let mut below: BTreeMap<_, Vec<(u64, AccountId)>> = BTreeMap::new();
        for (id, account) in ledger.open_accounts() {
            let siblings = below.entry(account.parent).or_default();
            siblings.push((account.serial, id));
        }
        let mut budgets: Vec<BudgetUse> = Vec::new();
        let mut todo = alloc::vec![(0, top)];
        while let Some((depth, id)) = todo.pop() {
            let mut children = below.remove(&Some(id)).unwrap_or_default();
            children.sort_unstable_by_key(|&(serial, _)| core::cmp::Reverse(serial));
            let account = &ledger[id];
            let part = |&(_, child): &(u64, AccountId)| ledger[child].used;
            let own = account.used - children.iter().map(part).sum::<usize>();
            budgets.push(BudgetUse::new(account, depth, own));
            todo.extend(children.iter().map(|&(_, child)| (depth + 1, child)));
        }
        Self { budgets }
    }
}

impl BudgetUse {
    fn new(account: &Account, depth: usize, own: usize) -> Self {
        let (terms, counts) = (&account.terms, &account.counts);
        Self {
            depth,
            name: terms.name.clone(),
            tenant: terms.tenant,
            limit: terms.limit,
            floor: terms.floor,
            soft_limit: Some(terms.soft_limit).filter(|&it| it != usize::MAX),
            used: account.used,
            own,
            reserved: account.reserved,
            peak: account.peak,
            overdrawn: account.overdrawn(),
            over_soft: account.reserved.saturating_sub(terms.soft_limit),
            waiting: account.waiting,
            waited: counts.waited,
            refused: counts.refused,
            overdrafts: counts.overdrafts,
            overdraft_bytes: counts.overdraft_bytes,
            over_soft_charges: counts.over_soft,
        }
    }

    /// Its name, its tenant's number, or a dash; indented by its depth.
    fn title(&self) -> String {
        let indent = "  ".repeat(self.depth.min(DEEPEST_INDENT));
        match &self.name {
            Some(name) => alloc::format!("{indent}{name}"),
            None if self.tenant != Tenant::NONE => {
                alloc::format!("{indent}tenant {}", self.tenant.number())
            }
            None => alloc::format!("{indent}-"),
        }
    }
}

/// Levels that a table shows by indenting; those below stand under one another.
const DEEPEST_INDENT: usize = 20;

/// Sizes in bytes; a dash for a limit that there is not.
impl fmt::Display for BudgetReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles: Vec<_> = self.budgets.iter().map(BudgetUse::title).collect();
        let lengths = titles.iter().map(|it| it.chars().count());
        let width = lengths.max().unwrap_or(0).max("budget".len());
        write!(f, "{:width$}", "budget")?;
        writeln!(
            f,
            " {:>14} {:>14} {:>14} {:>14} {:>12} {:>8} {:>8} {:>10}",
            "used", "limit", "floor", "peak", "overdrawn", "waiting", "refused", "overdrafts"
        )?;
        for (title, it) in titles.iter().zip(&self.budgets) {
            write!(f, "{title:width$} {:>14} ", it.used)?;
            match it.limit {
                usize::MAX => write!(f, "{:>14}", "-")?,
                limit => write!(f, "{limit:>14}")?,
            }
            writeln!(
                f,
                " {:>14} {:>14} {:>12} {:>8} {:>8} {:>10}",
                it.floor, it.peak, it.overdrawn, it.waiting, it.refused, it.overdrafts
            )?;
        }
        Ok(())
    }
}
