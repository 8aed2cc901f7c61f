//! The steps that the fake kernel makes when it is left to its choices.

use std::io;
use std::time::Duration;

use super::answer::{Answer, Usage};
use super::kernel::{FakeKernel, FakeQueue};
use super::operation::{Op, OpId, Stage};
use crate::completion::Completion;
use crate::queue::{Ring, sealed::Sealed};

#[derive(Debug, Clone, Copy)]
enum Step {
    Answer(OpId, Answer),
    Notify(OpId, Usage),
    Expire(OpId, usize),
}

impl FakeKernel {
    /// Makes one step that is possible now, whichever the choices say: a send is answered, or its time is over, or a notification posted. `false` if none is.
    pub fn step(&mut self) -> bool {
        let steps = self.possible_steps();
        if steps.is_empty() {
            return false;
        }
        match steps[self.choices.pick(steps.len())] {
            Step::Answer(id, answer) => self.answer(id, answer),
            Step::Notify(id, usage) => self.notify(id, usage),
            Step::Expire(id, sent) => self.expire(id, sent),
        }
        true
    }

    fn possible_steps(&self) -> Vec<Step> {
        if self.is_torn_down() {
            return Vec::new();
        }
        let moving = self
            .taken
            .iter()
            .filter(|op| !self.stalled.contains(&op.sqe.fd));
        let steps = moving.flat_map(|op| self.steps_of(op));
        steps.chain(self.expiries()).collect()
    }

    /// Also of what a peer keeps waiting: before a byte of it left, or after half of them.
    fn expiries(&self) -> impl Iterator<Item = Step> {
        let pairs = self.taken.windows(2);
        let timed = pairs.filter(|pair| pair[1].stage == Stage::Timing);
        timed.flat_map(|pair| {
            let (sends, timeout) = (pair[0].send(), pair[1].id);
            let half = sends.map_or(0, |it| if it.wait_all { it.message.len() / 2 } else { 0 });
            let sent = [Some(0), Some(half).filter(|half| *half > 0)];
            sent.into_iter()
                .flatten()
                .map(move |sent| Step::Expire(timeout, sent))
        })
    }

    fn steps_of(&self, op: &Op) -> Vec<Step> {
        match op.stage {
            Stage::Running => {
                let len = op.describe().bytes;
                let answers = self.answers.iter();
                let answers = answers.filter(|answer| !answer.repeats(&self.answers, len));
                answers.map(|answer| Step::Answer(op.id, *answer)).collect()
            }
            Stage::Unnotified | Stage::Stray => vec![Step::Notify(op.id, Usage::NotCopied)],
            Stage::Linked | Stage::Timing => Vec::new(),
        }
    }
}

impl Sealed for FakeKernel {}

impl Ring for FakeKernel {
    type Queue<'a> = FakeQueue<'a>;

    fn submissions(&mut self) -> FakeQueue<'_> {
        FakeQueue(self)
    }

    /// Takes what was queued. If no completion is there, makes [steps](Self::step) until one is, and then perhaps more.
    ///
    /// # Panics
    ///
    /// If no completion is there, none can come, and `most` is `None`: a real loop would sleep for ever.
    fn enter(&mut self, most: Option<Duration>) -> io::Result<()> {
        if !self.is_torn_down() {
            self.submit();
        }
        while self.ready.is_empty() {
            if !self.step() {
                assert!(
                    most.is_some(),
                    "the loop waits for a completion, and none can come"
                );
                return Ok(());
            }
        }
        while !self.possible_steps().is_empty() && self.choices.pick(2) == 1 {
            self.step();
        }
        Ok(())
    }

    fn completions(&mut self) -> impl Iterator<Item = Completion> {
        let left = self.ready.len();
        std::iter::from_fn(|| self.ready.pop_front()).take(left)
    }
}
