//! How full a bridge is, in three words that do not flutter.

/// How hard the producer of a bridge should push.
///
/// | state | entered when at least | left when less than |
/// |---|---|---|
/// | `Normal` | | |
/// | `High` | 85 % are full | 75 % are full |
/// | `Critical` | 95 % are full | 85 % are full |
///
/// The distance between entering and leaving keeps a bridge that stays near a bound from changing its mind at each value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Pressure {
    /// The consumer keeps up.
    #[default]
    Normal,
    /// Slow down: read less, batch more.
    High,
    /// Stop taking new work: the next push may find the bridge full.
    Critical,
}

const HIGH_ENTER_PERCENT: u128 = 85;
const HIGH_LEAVE_PERCENT: u128 = 75;
const CRITICAL_ENTER_PERCENT: u128 = 95;
const CRITICAL_LEAVE_PERCENT: u128 = 85;

impl Pressure {
    /// The state after `len` of `capacity` places were seen full in this one.
    pub(crate) fn next(self, len: usize, capacity: usize) -> Self {
        // 128 bits: a hundred times a `usize`.
        let at_least = |percent: u128| len as u128 * 100 >= capacity as u128 * percent;
        let critical_bound = match self {
            Self::Critical => CRITICAL_LEAVE_PERCENT,
            Self::Normal | Self::High => CRITICAL_ENTER_PERCENT,
        };
        let high_bound = match self {
            Self::Normal => HIGH_ENTER_PERCENT,
            Self::High | Self::Critical => HIGH_LEAVE_PERCENT,
        };
        if at_least(critical_bound) {
            Self::Critical
        } else if at_least(high_bound) {
            Self::High
        } else {
            Self::Normal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pressure::{self, Critical, High, Normal};

    fn walk(capacity: usize, steps: &[(usize, Pressure)]) {
        let mut now = Normal;
        for (len, expected) in steps {
            now = now.next(*len, capacity);
            assert_eq!(now, *expected, "at {len} of {capacity}");
        }
    }

    #[test]
    fn enters_at_85_and_95_and_leaves_at_75_and_85() {
        walk(
            100,
            &[
                (84, Normal),
                (85, High),
                (75, High),
                (74, Normal),
                (94, High),
                (95, Critical),
                (85, Critical),
                (84, High),
                (95, Critical),
                (74, Normal),
                (100, Critical),
                (0, Normal),
            ],
        );
    }

    #[test]
    fn a_bridge_of_one_is_critical_when_full() {
        walk(1, &[(0, Normal), (1, Critical), (0, Normal)]);
    }

    #[test]
    fn the_largest_capacity_does_not_overflow() {
        walk(usize::MAX, &[(usize::MAX, Critical), (1, Normal)]);
    }
}
