//! Locked instructions, system calls and allocations, counted by running the work one instruction at a time.
//!
//! Each count is made in a process of its own, of which only the thread that works is looked at: threads that work with it, and the kernel, run as
//! always. So it can be done for what sends, too.

use std::time::Duration;

use criterion::Bencher;

use super::IS_IN_BULK;
use crate::stepping::{Costly, step_through, watched};

/// What was executed.
#[derive(Clone, Copy, Default)]
struct Executed {
    steps: usize,
    locked: usize,
    system_calls: usize,
    /// Calls of the C library's `malloc` and its kin.
    allocations: usize,
}

/// How far the counting of one subject has come. It is asked for twice as many iterations each time.
#[derive(Default)]
pub(crate) struct Steps {
    /// With so many iterations.
    last: Option<(u64, Executed)>,
    /// One iteration alone takes long.
    is_heavy: bool,
    is_done: bool,
}

impl Steps {
    /// With fewer iterations, what happens in every 64th of them would be missed.
    const ENOUGH_ITERATIONS: u64 = 128;
    /// More take seconds.
    const MOST: usize = 60_000;
    /// What takes more for one iteration is counted with few, too.
    const MOST_OF_LIGHT: usize = Self::MOST / Self::ENOUGH_ITERATIONS as usize;
    const MOST_SECONDS: u32 = 10;

    /// Answers a call of criterion's with a count, where one is due: `routine` is counted on what `prepare` makes, if it makes something.
    pub(crate) fn answer<S>(
        &mut self,
        id: &str,
        bencher: &mut Bencher<'_>,
        prepare: impl FnOnce() -> Option<S>,
        mut routine: impl FnMut(&mut Bencher<'_>, &mut S),
    ) {
        let mut iterations = 0;
        bencher.iter_custom(|asked| {
            iterations = asked;
            Duration::ZERO
        });
        if !self.is_done && self.is_due(iterations) {
            let most = if iterations == 1 {
                Self::MOST_OF_LIGHT
            } else {
                Self::MOST
            };
            let executed = count(most, || {
                let Some(mut state) = prepare() else { return };
                // What is filled at first use is not to count.
                for _ in 0..2 {
                    routine(bencher, &mut state);
                }
                if IS_IN_BULK.get() {
                    return;
                }
                watched(|| routine(bencher, &mut state));
            });
            self.take(id, iterations, executed);
        }
        // As if it had taken no time: criterion is to go on asking, however slow this is.
        bencher.iter_custom(Duration::from_nanos);
    }

    fn is_due(&self, iterations: u64) -> bool {
        let enough = Self::ENOUGH_ITERATIONS;
        iterations == 1
            || (self.is_heavy && matches!(iterations, 2 | 4))
            || iterations == enough / 2
            || iterations == enough
    }

    fn take(&mut self, id: &str, iterations: u64, executed: Option<Executed>) {
        let Some(executed) = executed else {
            // Too much of it, or nothing at all, which is seen when it is asked for more.
            self.is_done = self.is_heavy;
            self.is_heavy = true;
            return;
        };
        let last = self.last.replace((iterations, executed));
        let Some((before, less)) = last.filter(|(before, _)| iterations == 2 * before) else {
            return;
        };
        // With few iterations of what is done in rounds of 32 there is one round, whatever is asked for.
        let is_twice_as_much = 2 * executed.steps > 3 * less.steps;
        if iterations < Self::ENOUGH_ITERATIONS && !is_twice_as_much {
            return;
        }
        let each = |of: fn(&Executed) -> usize| {
            (of(&executed) as f64 - of(&less) as f64) / (iterations - before) as f64
        };
        eprintln!(
            "stepped: {id}: {:.2} {:.2} {:.2}",
            each(|executed| executed.locked),
            each(|executed| executed.system_calls),
            each(|executed| executed.allocations)
        );
        let whole = each(|executed| executed.steps) * Self::ENOUGH_ITERATIONS as f64;
        self.is_done = whole > Self::MOST as f64;
    }
}

/// Counts what `run` executes between its marks.
fn count(most: usize, run: impl FnOnce()) -> Option<Executed> {
    let allocating = [
        libc::malloc as *const () as u64,
        libc::calloc as *const () as u64,
        libc::realloc as *const () as u64,
        libc::posix_memalign as *const () as u64,
        libc::aligned_alloc as *const () as u64,
    ];
    let mut executed = Executed::default();
    let stepped = step_through(run, most, Steps::MOST_SECONDS, |step| {
        executed.steps += 1;
        executed.allocations += usize::from(allocating.contains(&step.address));
        match step.costly() {
            Some(Costly::Locked) => executed.locked += 1,
            Some(Costly::SystemCall) => executed.system_calls += 1,
            Some(Costly::Fence | Costly::Call) | None => {}
        }
    });
    stepped.is_ok().then_some(executed)
}
