//! What an iteration of a subject takes, counted and not timed: the same on every day.

use super::rows::Row;
use serde::{Deserialize, Serialize};

/// Of one iteration. What was not counted is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Count {
    pub(super) case: String,
    pub(super) subject: String,
    pub(super) instructions: Option<f64>,
    /// Of data, in the first level.
    pub(super) cache_misses: Option<f64>,
    /// Locked instructions of the thread that works.
    pub(super) locked: Option<f64>,
    /// Its system calls.
    pub(super) system_calls: Option<f64>,
    /// Its calls of the C library's `malloc` and its kin.
    pub(super) allocations: Option<f64>,
}

/// Adds what was counted to what another counter found of the same subject.
pub(super) fn add(counts: &mut Vec<Count>, new: Count) {
    let is_it = |count: &&mut Count| count.case == new.case && count.subject == new.subject;
    let Some(known) = counts.iter_mut().find(is_it) else {
        counts.push(new);
        return;
    };
    let Count {
        case: _,
        subject: _,
        instructions,
        cache_misses,
        locked,
        system_calls,
        allocations,
    } = new;
    known.instructions = instructions.or(known.instructions);
    known.cache_misses = cache_misses.or(known.cache_misses);
    known.locked = locked.or(known.locked);
    known.system_calls = system_calls.or(known.system_calls);
    known.allocations = allocations.or(known.allocations);
}

/// What was counted of the subject of a row.
pub(super) fn count_of<'a>(row: &Row, counts: &'a [Count]) -> Option<&'a Count> {
    counts
        .iter()
        .find(|count| count.case == row.case && count.subject == row.subject)
}

pub(super) fn hundredths(value: f64) -> f64 {
    // Not `-0.00`.
    (value * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_counters_of_one_subject_make_one_count() {
        let count = || Count {
            case: "pool/pair".into(),
            subject: "dpdk".into(),
            ..Count::default()
        };
        let mut counts = Vec::new();
        let instructions = Some(42.0);
        add(
            &mut counts,
            Count {
                instructions,
                ..count()
            },
        );
        let locked = Some(0.0);
        add(&mut counts, Count { locked, ..count() });
        add(
            &mut counts,
            Count {
                subject: "opool".into(),
                ..count()
            },
        );
        assert_eq!(counts.len(), 2);
        let row = Row::of_rounds("pool/pair", "dpdk", &[1.0]);
        let merged = Count {
            instructions,
            locked,
            ..count()
        };
        assert_eq!(count_of(&row, &counts), Some(&merged));
    }
}
