//! What the books expect of the budgets, and whether it is so.

use std::sync::atomic::Ordering;
use std::task::Poll;

use pool_core::Tenant;

use super::World;

impl World {
    /// Which of those who wait get their bytes now, all of them by age: who cannot have them keeps what becomes free where it waits.
    pub(super) fn grantable(&self) -> Vec<usize> {
        let mut books = self.books.clone();
        let mut claimed = Vec::new();
        let mut granted = Vec::new();
        for (which, request) in self.asleep.iter().enumerate() {
            let raised = books.raised(request.at, request.bytes);
            let stop = raised
                .iter()
                .position(|(it, room)| !room || claimed.contains(it));
            match stop {
                None => {
                    books.add(request.at, request.bytes);
                    granted.push(which);
                }
                Some(stop) => claimed.extend(raised[..=stop].iter().map(|&(it, _)| it)),
            }
        }
        granted
    }

    /// A budget that nothing refers to ends.
    pub(crate) fn bury_one(&mut self) -> bool {
        let named = |at| {
            self.handles.iter().any(|it| it.0 == at)
                || self.charges.iter().any(|it| it.0 == at)
                || self.asleep.iter().any(|it| it.at == at)
                || self.books.children(at).next().is_some()
        };
        let dead = (0..self.books.0.len()).find(|&at| self.books.0[at].open && !named(at));
        if let Some(at) = dead {
            self.books.0[at].open = false;
        }
        dead.is_some()
    }

    /// Who was woken is who was granted, or can have it no more.
    pub(crate) fn serve(&mut self) {
        let hopeless: Vec<_> = (0..self.asleep.len())
            .filter(|&it| {
                let it = &self.asleep[it];
                !self.books.ever_fits(it.at, it.bytes)
            })
            .collect();
        for which in hopeless.into_iter().rev() {
            let mut request = self.asleep.remove(which);
            assert!(request.flag.0.load(Ordering::Relaxed), "nobody woke it");
            match request.poll() {
                Poll::Ready(Err(error)) => assert!(error.is_too_large()),
                other => panic!("waits for what can never be: {other:?}"),
            }
            self.books.0[request.at].refused += 1;
        }
        for (before, which) in self.grantable().into_iter().enumerate() {
            let mut request = self.asleep.remove(which - before);
            assert!(request.flag.0.load(Ordering::Relaxed), "nobody woke it");
            match request.poll() {
                Poll::Ready(Ok(charge)) => self.charges.push((request.at, charge)),
                other => panic!("not granted: {other:?}"),
            }
            self.books.add(request.at, request.bytes);
        }
    }

    pub(crate) fn check_asleep(&mut self) {
        for request in &mut self.asleep {
            assert!(!request.flag.0.load(Ordering::Relaxed), "woken for nothing");
            assert!(request.poll().is_pending());
        }
    }

    pub(crate) fn check(&mut self) {
        self.books.note_peaks();
        for (at, budget) in &self.handles {
            let report = budget.snapshot();
            self.check_report(*at, &report);
            assert_eq!(budget.used(), self.books.used(*at));
            let available = budget.available();
            assert!(self.books.fits(*at, available), "{available} available");
            if let Some(more) = available.checked_add(1) {
                assert!(!self.books.fits(*at, more), "{available} available");
            }
            for tenant in 1..4 {
                let found = budget.tenant(Tenant::new(tenant)).is_some();
                let mut children = self.books.children(*at);
                assert_eq!(found, children.any(|it| self.books.0[it].tenant == tenant));
            }
        }
    }

    fn check_report(&self, top: usize, report: &pool_core::BudgetReport) {
        let mut expected = Vec::new();
        let mut todo = vec![(0, top)];
        while let Some((depth, at)) = todo.pop() {
            expected.push((depth, at));
            let children: Vec<_> = self.books.children(at).collect();
            todo.extend(children.into_iter().rev().map(|it| (depth + 1, it)));
        }
        assert_eq!(report.budgets.len(), expected.len());
        for (it, (depth, at)) in report.budgets.iter().zip(expected) {
            let plain = &self.books.0[at];
            let reserved = self.books.reserved(at);
            let waiting = self.asleep.iter().filter(|it| it.at == at).count();
            let terms = (depth, plain.tenant, plain.floor, plain.limit);
            assert_eq!((it.depth, it.tenant.number(), it.floor, it.limit), terms);
            let sums = (self.books.used(at), plain.own, reserved);
            assert_eq!((it.used, it.own, it.reserved), sums);
            assert_eq!(it.peak, plain.peak);
            assert_eq!(it.overdrawn, reserved.saturating_sub(plain.limit));
            assert_eq!(it.over_soft, reserved.saturating_sub(plain.soft));
            assert_eq!((it.waiting, it.waited), (waiting, plain.waited));
            let counts = (plain.refused, plain.overdrafts, plain.overdraft_bytes);
            assert_eq!((it.refused, it.overdrafts, it.overdraft_bytes), counts);
            assert_eq!(it.over_soft_charges, plain.over_soft);
        }
    }
}
