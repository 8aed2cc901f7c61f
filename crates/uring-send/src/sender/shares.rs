//! A number of equal things, of which some are kept for each destination.

/// Counts what destinations hold of `total` things: entries, or sends in flight.
///
/// - **SHARES-1** A destination that holds fewer than `floor` gets one more, whatever the others hold: `used` and the unused part of all floors are together at most
///   `total`.
#[derive(Debug)]
pub(crate) struct Shares {
    total: usize,
    floor: usize,
    ceiling: usize,
    used: usize,
    /// The unused part of all floors.
    kept: usize,
}

impl Shares {
    /// `floor` things for each of `destinations`, the rest for whoever comes, `ceiling` at most for one.
    pub(crate) fn new(total: usize, destinations: usize, floor: usize, ceiling: usize) -> Self {
        let kept = floor * destinations;
        debug_assert!(kept <= total && (1..=ceiling).contains(&floor));
        Self {
            total,
            floor,
            ceiling,
            used: 0,
            kept,
        }
    }

    /// Takes one for a destination that holds `held`. Tells whether there was one for it.
    pub(crate) fn take(&mut self, held: usize) -> bool {
        let within_floor = held < self.floor;
        if !within_floor && (held >= self.ceiling || self.used + self.kept == self.total) {
            return false;
        }
        self.used += 1;
        self.kept -= usize::from(within_floor);
        true
    }

    /// Takes one back from a destination that held `held`.
    pub(crate) fn give(&mut self, held: usize) {
        self.used -= 1;
        self.kept += usize::from(held <= self.floor);
        debug_assert!(self.used + self.kept <= self.total, "SHARES-1");
    }

    pub(crate) fn used(&self) -> usize {
        self.used
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever some take, one that holds less than its floor gets one; nobody gets more than the ceiling; all together never
        /// more than there are.
        #[test]
        fn a_floor_is_always_there(
            (destinations, floor, extra, ceiling) in (1_usize..6, 1_usize..4, 0_usize..9, 4_usize..12),
            steps in prop::collection::vec((0_usize..6, any::<bool>()), 0..200),
        ) {
            let total = destinations * floor + extra;
            let mut shares = Shares::new(total, destinations, floor, ceiling);
            let mut held = vec![0; destinations];
            for (at, take) in steps {
                let at = at % destinations;
                if take {
                    let got = shares.take(held[at]);
                    prop_assert!(got || held[at] >= floor);
                    held[at] += usize::from(got);
                } else if held[at] > 0 {
                    shares.give(held[at]);
                    held[at] -= 1;
                }
                let all: usize = held.iter().sum();
                prop_assert_eq!(shares.used(), all);
                prop_assert!(all <= total && held[at] <= ceiling);
                let kept: usize = held.iter().map(|held| floor.saturating_sub(*held)).sum();
                prop_assert!(all + kept <= total);
            }
        }
    }
}
