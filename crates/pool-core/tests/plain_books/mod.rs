//! Books so naive that they are right: a list of budgets and what is charged to each. Every sum is made anew when it is asked for.

use pool_core::ChargeError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Exhausted,
    TooLarge,
}

impl From<&ChargeError> for Refusal {
    fn from(error: &ChargeError) -> Self {
        match (error.is_exhausted(), error.is_too_large()) {
            (true, false) => Self::Exhausted,
            (false, true) => Self::TooLarge,
            _ => panic!("an error that is of no kind, or of two: {error}"),
        }
    }
}

/// What is known of one budget. An index names it for good.
#[derive(Clone)]
pub(crate) struct Plain {
    pub(crate) parent: Option<usize>,
    pub(crate) tenant: u16,
    pub(crate) floor: usize,
    pub(crate) limit: usize,
    pub(crate) soft: usize,
    pub(crate) open: bool,
    pub(crate) own: usize,
    pub(crate) peak: usize,
    pub(crate) refused: u64,
    pub(crate) waited: u64,
    pub(crate) overdrafts: u64,
    pub(crate) overdraft_bytes: u64,
    pub(crate) over_soft: u64,
}

#[derive(Clone)]
pub(crate) struct Books(pub(crate) Vec<Plain>);

impl Books {
    pub(crate) fn open(
        &mut self,
        parent: Option<usize>,
        floor: usize,
        limit: usize,
        soft: usize,
        tenant: u16,
    ) {
        self.0.push(Plain {
            parent,
            tenant,
            floor,
            limit,
            soft,
            open: true,
            own: 0,
            peak: 0,
            refused: 0,
            waited: 0,
            overdrafts: 0,
            overdraft_bytes: 0,
            over_soft: 0,
        });
    }

    pub(crate) fn children(&self, at: usize) -> impl Iterator<Item = usize> {
        (0..self.0.len()).filter(move |&it| self.0[it].open && self.0[it].parent == Some(at))
    }

    pub(crate) fn used(&self, at: usize) -> usize {
        self.0[at].own + self.children(at).map(|it| self.used(it)).sum::<usize>()
    }

    pub(crate) fn reserved(&self, at: usize) -> usize {
        let demand = |it| self.reserved(it).max(self.0[it].floor);
        self.0[at].own + self.children(at).map(demand).sum::<usize>()
    }

    pub(crate) fn path(&self, at: usize) -> Vec<usize> {
        std::iter::successors(Some(at), |&it| self.0[it].parent).collect()
    }

    /// The same with `bytes` more of a budget's own, or nothing if no number can say it.
    pub(crate) fn with(&self, at: usize, bytes: usize) -> Option<Self> {
        let mut books = self.clone();
        books.0[at].own = books.0[at].own.checked_add(bytes)?;
        let fits = books.path(at).iter().all(|&it| {
            let others = self.reserved(it);
            others.checked_add(bytes).is_some()
        });
        fits.then_some(books)
    }

    /// The budgets whose sums a charge raises, its own first, and whether there is room in each.
    pub(crate) fn raised(&self, at: usize, bytes: usize) -> Vec<(usize, bool)> {
        let Some(after) = self.with(at, bytes) else {
            return vec![(at, false)];
        };
        let path = self.path(at).into_iter();
        path.filter(|&it| after.reserved(it) > self.reserved(it))
            .map(|it| (it, after.reserved(it) <= self.0[it].limit))
            .collect()
    }

    pub(crate) fn fits(&self, at: usize, bytes: usize) -> bool {
        self.raised(at, bytes).iter().all(|&(_, room)| room)
    }

    pub(crate) fn ever_fits(&self, at: usize, bytes: usize) -> bool {
        let mut idle = self.clone();
        idle.0.iter_mut().for_each(|it| it.own = 0);
        idle.fits(at, bytes)
    }

    pub(crate) fn refusal(&self, at: usize, bytes: usize) -> Option<Refusal> {
        if self.fits(at, bytes) {
            None
        } else if self.ever_fits(at, bytes) {
            Some(Refusal::Exhausted)
        } else {
            Some(Refusal::TooLarge)
        }
    }

    pub(crate) fn add(&mut self, at: usize, bytes: usize) {
        let raised = self.raised(at, bytes);
        self.0[at].own += bytes;
        for (it, _) in raised {
            if self.reserved(it) > self.0[it].soft {
                self.0[it].over_soft += 1;
            }
        }
    }

    pub(crate) fn note_peaks(&mut self) {
        for at in 0..self.0.len() {
            if self.0[at].open {
                self.0[at].peak = self.0[at].peak.max(self.reserved(at));
            }
        }
    }
}
