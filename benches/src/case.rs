//! One case: the subjects that are to do the same work.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use criterion::measurement::WallTime;
use criterion::{Bencher, BenchmarkGroup, Criterion};

use crate::cases::ALL;
use crate::counting::{self, Counter, Marks, Steps, counter};

/// Registers one subject with a case, and times it.
pub type Subject = fn(&mut Case<'_>);

/// Case ids, each with its subjects.
pub type Cases = &'static [(&'static str, &'static [Subject])];

/// A case under way: what a subject registers with.
pub struct Case<'a> {
    id: &'a str,
    group: BenchmarkGroup<'a, WallTime>,
}

/// Runs what the command line asks for, with these subjects beside ours. How long each takes by default: about a second.
///
/// # Panics
///
/// If a rival is for a case that is not there.
pub fn run(rivals: &[(&str, Subject)]) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .configure_from_args();
    let mut left: Vec<_> = rivals.to_vec();
    for (id, ours) in ALL.iter().copied().flatten() {
        let group = criterion.benchmark_group(*id);
        let mut case = Case { id, group };
        let theirs = left.extract_if(.., |(case, _)| case == id);
        for subject in ours
            .iter()
            .copied()
            .chain(theirs.map(|(_, subject)| subject))
        {
            subject(&mut case);
        }
    }
    let unknown: Vec<_> = left.iter().map(|(case, _)| case).collect();
    assert!(
        unknown.is_empty(),
        "rivals for cases that are not there: {unknown:?}"
    );
    criterion.final_summary();
}

impl Case<'_> {
    /// Times `routine` on what `set_up` makes, unless `check` tells why the subject cannot do the work.
    ///
    /// `set_up` runs once, when the subject is known to be wanted; `routine` runs for each sample.
    pub fn time<S>(
        &mut self,
        subject: &str,
        check: impl FnOnce() -> Result<(), String>,
        set_up: impl Fn() -> S,
        mut routine: impl FnMut(&mut Bencher<'_>, &mut S),
    ) {
        match counter() {
            Some(Counter::Callgrind) => return self.count(subject, check, set_up, routine),
            Some(Counter::Steps) => return self.step(subject, check, set_up, routine),
            None => {}
        }
        if let Err(why) = check() {
            eprintln!("missing: {subject}: {}: {why}", self.id);
            return;
        }
        let mut state = None;
        self.group.bench_function(subject, |bencher| {
            routine(bencher, state.get_or_insert_with(&set_up));
        });
    }

    /// As [`time`](Self::time), for subjects that have threads or the kernel at work beside them, whose instructions callgrind would count with theirs:
    /// it does not see them.
    pub fn only_time<S>(
        &mut self,
        subject: &str,
        check: impl FnOnce() -> Result<(), String>,
        set_up: impl Fn() -> S,
        routine: impl FnMut(&mut Bencher<'_>, &mut S),
    ) {
        if counter() != Some(Counter::Callgrind) {
            self.time(subject, check, set_up, routine);
        }
    }

    /// Counts instead of timing. Only a subject that is wanted is checked: some of them wait for ever under a program that counts, which runs one
    /// thread at a time.
    fn count<S>(
        &mut self,
        subject: &str,
        check: impl FnOnce() -> Result<(), String>,
        set_up: impl Fn() -> S,
        mut routine: impl FnMut(&mut Bencher<'_>, &mut S),
    ) {
        let (mut check, mut state) = (Some(check), None);
        let mut marks = Marks::default();
        let id = format!("{}/{subject}", self.id);
        self.group.bench_function(subject, |bencher| {
            let is_first = check.take();
            if is_first.is_some_and(|check| check().is_ok()) {
                state = Some(set_up());
            }
            match &mut state {
                Some(state) => marks.answer(&id, bencher, |bencher| routine(bencher, state)),
                // The run that timed it said why.
                None => bencher.iter_custom(Duration::from_nanos),
            }
        });
    }

    /// Counts by single steps. The check is made where the work is done, too: in a process of its own.
    fn step<S>(
        &mut self,
        subject: &str,
        check: impl FnOnce() -> Result<(), String>,
        set_up: impl Fn() -> S,
        mut routine: impl FnMut(&mut Bencher<'_>, &mut S),
    ) {
        let mut steps = Steps::default();
        let mut check = Some(check);
        let id = format!("{}/{subject}", self.id);
        self.group.bench_function(subject, |bencher| {
            // In each of these processes it is the first time.
            let prepare = || check.take()?().is_ok().then(&set_up);
            steps.answer(&id, bencher, prepare, &mut routine);
        });
    }
}

/// Lets the optimiser know nothing of `value` any more, and drops it.
///
/// Not `drop(black_box(value))`: that would also time moving a handle of several words through memory.
#[inline]
pub fn use_and_drop<T>(value: T) {
    black_box(&value);
}

/// Times work that is done on `items` things at a time; the time reported is that of one thing.
pub fn each_of(bencher: &mut Bencher<'_>, items: u64, mut work: impl FnMut()) {
    bencher.iter_custom(|iterations| {
        let rounds = iterations.div_ceil(items);
        let start = Instant::now();
        for _ in 0..rounds {
            work();
        }
        let share = iterations as f64 / (rounds * items) as f64;
        start.elapsed().mul_f64(share)
    });
}

/// As [`each_of`], but the time is the processor time of this thread, in user and kernel space: others are at work beside it.
pub fn each_of_cpu(bencher: &mut Bencher<'_>, items: u64, mut work: impl FnMut()) {
    bencher.iter_custom(|iterations| {
        let rounds = iterations.div_ceil(items);
        let start = ThreadTime::now();
        for _ in 0..rounds {
            work();
        }
        let share = iterations as f64 / (rounds * items) as f64;
        start.elapsed().mul_f64(share)
    });
}

/// Times work whose preparation takes long or whose threads start one after the other: it is told how often to do it, often enough
/// that neither counts, and gives the time it took.
pub fn in_bulk(bencher: &mut Bencher<'_>, mut work: impl FnMut(u64) -> Duration) {
    /// 32 times what the largest ring here holds; a millisecond or more in every case.
    const LEAST: u64 = 32 * 256;
    if counter().is_some() {
        counting::in_bulk();
        return bencher.iter_custom(|_| Duration::ZERO);
    }
    bencher.iter_custom(|iterations| {
        let times = iterations.max(LEAST);
        let share = iterations as f64 / times as f64;
        work(times).mul_f64(share)
    });
}
