//! A projection, not a measurement: what a pair of alloc and free would take were more cores at work on one pool than there are here.
//!
//! # The model
//!
//! Each core repeats the pair. Between two locked instructions it works for itself, as long as the case `pool/pair` took on one thread for that part. For a
//! locked instruction it needs the one cache line that all share, and waits in a queue for it, first come first served. A line that another core had last
//! takes a transfer to come: half of what `limit/round-trip` took, the way to the other core and back. A core that still has it pays nothing more.
//!
//! How many locked instructions a pair has is counted (`stepping.rs`), not assumed. A pool without any stays as fast as it is.
//!
//! # What it leaves out
//!
//! - Every locked instruction is taken to go to one and the same line. Pools with several lines (a queue has two) are faster than this.
//! - No compare-exchange fails here. Where some do, the pool is slower than this.
//! - Hardware favours who has the line: real machines pass it on less often, some cores starve.
//! - Nothing but lines is shared: no memory bandwidth, no socket farther away than these two cores are.
//! - What is not locked is free: caches that are refilled every so often count with what they lock.
//!
//! So it tells the shape of a curve and not its height. What it says of two cores stands beside what was measured with two.

use super::counts::count_of;
use super::record::Record;
use super::rows::Row;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const ALONE: &str = "pool/pair";
const TWO_AT_ONCE: &str = "pool/shared-2t";
const THERE_AND_BACK: &str = "limit/round-trip";

/// The numbers of cores that are projected.
pub(super) const CORES: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
/// How often each core has the line, after which the queue has long found its length.
const TURNS: u32 = 400;

pub(super) struct Projection {
    /// What a line takes to the other core.
    pub(super) transfer_ns: f64,
    pub(super) subjects: Vec<Projected>,
}

pub(super) struct Projected {
    pub(super) subject: String,
    /// Locked instructions of a pair.
    pub(super) locked: f64,
    /// Nanoseconds that a pair takes each core, with so many of [`CORES`].
    pub(super) ns: [f64; CORES.len()],
    /// What was measured with two.
    pub(super) measured_with_two: Option<f64>,
}

/// From a run that measured what the model needs; fastest with most cores first.
pub(super) fn project(record: &Record) -> Option<Projection> {
    let row = |case: &str, subject: &str| {
        let mut rows = record.rows.iter();
        rows.find(|row| row.case == case && row.subject == subject)
    };
    let there_and_back = record.rows.iter().find(|row| row.case == THERE_AND_BACK)?;
    let transfer_ns = there_and_back.ns / 2.0;
    let projected = |alone: &Row| {
        let locked = count_of(alone, &record.counts)?.locked?;
        Some(Projected {
            subject: alone.subject.clone(),
            locked,
            ns: CORES.map(|cores| pair_ns(cores, alone.ns, locked, transfer_ns)),
            measured_with_two: row(TWO_AT_ONCE, &alone.subject).map(|row| row.ns),
        })
    };
    let alone = record.rows.iter().filter(|row| row.case == ALONE);
    let mut subjects: Vec<_> = alone.filter_map(projected).collect();
    subjects.sort_by(|a, b| a.ns[CORES.len() - 1].total_cmp(&b.ns[CORES.len() - 1]));
    (!subjects.is_empty()).then_some(Projection {
        transfer_ns,
        subjects,
    })
}

/// The model: what a pair takes a core, waiting included.
fn pair_ns(cores: u32, alone_ns: f64, locked: f64, transfer_ns: f64) -> f64 {
    if locked <= 0.0 || cores < 2 {
        return alone_ns;
    }
    let between_ns = alone_ns / locked;
    // Picoseconds, which have an order. Cores do not begin in step.
    let picoseconds = |ns: f64| (ns * 1e3) as u64;
    let start = |core: u32| picoseconds(between_ns) * u64::from(core) / u64::from(cores);
    let mut arrivals: BinaryHeap<_> = (0..cores)
        .map(|core| Reverse((start(core), core)))
        .collect();
    let (mut free_at, mut owner) = (0, None);
    for _ in 0..TURNS * cores {
        let Some(Reverse((arrival, core))) = arrivals.pop() else {
            break;
        };
        let transfer = if owner == Some(core) {
            0.0
        } else {
            transfer_ns
        };
        free_at = arrival.max(free_at) + picoseconds(transfer);
        owner = Some(core);
        arrivals.push(Reverse((free_at + picoseconds(between_ns), core)));
    }
    free_at as f64 / 1e3 / f64::from(TURNS) * locked
}

#[cfg(test)]
mod tests {
    use super::super::counts::Count;
    use super::*;

    #[test]
    fn without_locked_instructions_more_cores_cost_nothing() {
        assert_eq!(pair_ns(64, 3.0, 0.0, 100.0), 3.0);
        assert_eq!(pair_ns(1, 3.0, 2.0, 100.0), 3.0);
    }

    #[test]
    fn on_a_line_that_everybody_wants_each_waits_for_all() {
        // Two transfers a pair, in a queue of 64.
        let busy = pair_ns(64, 6.0, 2.0, 50.0);
        assert!((busy / (64.0 * 2.0 * 50.0) - 1.0).abs() < 0.05, "{busy}");
        // Once in 1000 pairs: two cores hardly ever meet, and each pays for its transfer.
        let idle = pair_ns(2, 6.0, 0.001, 50.0);
        assert!((idle / (6.0 + 0.05) - 1.0).abs() < 0.01, "{idle}");
    }

    #[test]
    fn a_run_that_counted_is_projected_and_the_fastest_comes_first() {
        let mut record = Record {
            rows: vec![
                Row::of_rounds("pool/pair", "treiber", &[6.0]),
                Row::of_rounds("pool/pair", "pool-core", &[2.0]),
                Row::of_rounds("pool/shared-2t", "treiber", &[90.0]),
                Row::of_rounds("limit/round-trip", "ping-pong", &[100.0]),
            ],
            ..Record::default()
        };
        assert!(project(&record).is_none(), "nothing was counted");
        for (subject, locked) in [("treiber", 2.0), ("pool-core", 0.0)] {
            record.counts.push(Count {
                case: "pool/pair".into(),
                subject: subject.into(),
                locked: Some(locked),
                ..Count::default()
            });
        }
        let projection = project(&record).expect("all that it needs");
        assert_eq!(projection.transfer_ns, 50.0);
        let [ours, theirs] = &projection.subjects[..] else {
            panic!("two subjects");
        };
        assert_eq!((ours.subject.as_str(), ours.ns[6]), ("pool-core", 2.0));
        assert_eq!(theirs.measured_with_two, Some(90.0));
        assert!(theirs.ns.is_sorted() && theirs.ns[6] > 6000.0);
    }
}
