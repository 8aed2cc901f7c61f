//! How often and how long each subject is measured: what a budget of time leaves for it.

use core::fmt;
use std::time::Duration;

/// The rounds, and the time for all of them together, without building.
pub(super) struct Plan {
    /// Of the workspace's manifest. One for all, so that nothing is built twice.
    pub(super) profile: &'static str,
    pub(super) rounds: u32,
    /// The relays take seconds for each.
    pub(super) relay_rounds: u32,
    /// Of the rivals' workspace: those that take minutes to build.
    pub(super) features: &'static str,
    /// Whether one operation of each subject is run instruction by instruction, which takes minutes: for locked instructions, system calls and allocations.
    pub(super) steps: bool,
    budget: Duration,
}

/// With the relays and the counting under four minutes.
pub(super) const QUICK: Plan = Plan {
    profile: "bench-quick",
    rounds: 4,
    relay_rounds: 2,
    features: "",
    steps: false,
    budget: Duration::from_secs(100),
};

pub(super) const THOROUGH: Plan = Plan {
    profile: "bench",
    rounds: 9,
    relay_rounds: 9,
    features: "",
    steps: true,
    budget: Duration::from_secs(12 * 60),
};

/// With the relays and the counting under forty minutes.
pub(super) const FULL: Plan = Plan {
    profile: "bench",
    rounds: 15,
    relay_rounds: 11,
    features: "heavy",
    steps: true,
    budget: Duration::from_secs(30 * 60),
};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "profile {}; {} rounds in about {} s, in each of which the subjects of a case are measured one after the other",
            self.profile,
            self.rounds,
            self.budget.as_secs()
        )
    }
}

/// What criterion is told for one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    warm_up: Duration,
    measurement: Duration,
}

impl Times {
    /// For who does not measure time.
    pub(super) const SHORTEST: Times = Times {
        warm_up: Duration::from_millis(1),
        measurement: Duration::from_millis(1),
    };

    /// Few resamples: the medians over the rounds are ours to compute, criterion's bootstrap would take longer than the measurement.
    /// (1001, because it warns at 1000.)
    pub(super) fn arguments(&self) -> Vec<String> {
        let arguments = format!(
            "--sample-size 10 --nresamples 1001 --warm-up-time {} --measurement-time {}",
            self.warm_up.as_secs_f64(),
            self.measurement.as_secs_f64()
        );
        arguments.split(' ').map(str::to_owned).collect()
    }
}

/// Hands out the budget, round by round; what one round took too long, the others make good.
pub(super) struct Pace {
    left: Duration,
    rounds: u32,
    subjects: u32,
    /// What a subject takes in a round besides what criterion is told: its preparation, its check, criterion's own work.
    overhead: Duration,
}

impl Pace {
    /// More than so long for one subject adds nothing that another round would not add better.
    const LONGEST: Duration = Duration::from_millis(800);
    /// Less is no measurement: then the budget is not kept.
    const SHORTEST: Duration = Duration::from_millis(40);

    pub(super) fn new(plan: &Plan, subjects: u32) -> Pace {
        Pace {
            left: plan.budget,
            rounds: plan.rounds.max(1),
            subjects: subjects.max(1),
            overhead: Duration::from_millis(60),
        }
    }

    /// For the next round.
    pub(super) fn times(&self) -> Times {
        let share = self.left / self.rounds.max(1) / self.subjects;
        let time = share
            .saturating_sub(self.overhead)
            .clamp(Self::SHORTEST, Self::LONGEST);
        Times {
            warm_up: time / 4,
            measurement: time - time / 4,
        }
    }

    /// Notes what that round took.
    pub(super) fn took(&mut self, times: Times, round: Duration) {
        self.overhead = (round / self.subjects).saturating_sub(times.warm_up + times.measurement);
        self.left = self.left.saturating_sub(round);
        self.rounds = self.rounds.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        profile: "bench",
        rounds: 4,
        relay_rounds: 1,
        features: "",
        steps: false,
        budget: Duration::from_secs(100),
    };

    fn together(times: Times) -> Duration {
        times.warm_up + times.measurement
    }

    #[test]
    fn the_rounds_together_keep_the_budget_whatever_the_overhead() {
        for overhead in [0, 100, 150].map(Duration::from_millis) {
            let mut pace = Pace::new(&PLAN, 100);
            let mut spent = Duration::ZERO;
            for _ in 0..PLAN.rounds {
                let times = pace.times();
                let round = 100 * (together(times) + overhead);
                pace.took(times, round);
                spent += round;
            }
            assert!(
                spent <= PLAN.budget && spent > PLAN.budget * 9 / 10,
                "{spent:?} with {overhead:?}"
            );
        }
    }

    #[test]
    fn no_measurement_is_too_short_or_too_long() {
        assert_eq!(together(Pace::new(&PLAN, 100_000).times()), Pace::SHORTEST);
        assert_eq!(together(Pace::new(&PLAN, 1).times()), Pace::LONGEST);
        let mut late = Pace::new(&PLAN, 100);
        late.took(late.times(), Duration::from_secs(1000));
        assert_eq!(together(late.times()), Pace::SHORTEST);
    }
}
