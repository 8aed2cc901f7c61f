//! Marks for a program that counts instructions: where the work of a subject begins and ends, and how much of it there is.

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::Bencher;

/// So many iterations are enough for what happens in every 64th of them to count with its share.
const ENOUGH_ITERATIONS: u64 = 1024;
/// A call that takes so long is enough whatever it did: another one takes twice as long. Of the thread's own time, so that others who
/// are busy change nothing.
const ENOUGH_TIME: Duration = Duration::from_millis(100);

/// How far the counting of one subject has come.
#[derive(Default)]
pub(crate) enum Marks {
    /// What is loaded or filled at first use is not to count.
    #[default]
    WarmingUp,
    /// So many more calls count.
    Counts(u8),
}

impl Marks {
    /// Answers a call of criterion's, which asks for twice as many iterations each time until enough time has passed.
    pub(crate) fn answer(
        &mut self,
        id: &str,
        bencher: &mut Bencher<'_>,
        mut work: impl FnMut(&mut Bencher<'_>),
    ) {
        let mut iterations = 0;
        bencher.iter_custom(|asked| {
            iterations = asked;
            Duration::ZERO
        });
        match self {
            Self::WarmingUp => {
                let start = ThreadTime::now();
                work(bencher);
                if iterations >= ENOUGH_ITERATIONS / 2 || start.elapsed() >= ENOUGH_TIME {
                    *self = Self::Counts(2);
                }
            }
            Self::Counts(0) => {}
            Self::Counts(left) => {
                marked(&mut || work(bencher));
                eprintln!("counted: {id}: {iterations}");
                *left -= 1;
            }
        }
        // As if it had taken no time: criterion is to go on asking, however slow this is.
        bencher.iter_custom(Duration::from_nanos);
    }
}

/// The work that counts. The counting program knows this function by its name, and when it is left.
#[inline(never)]
fn marked(mut work: &mut dyn FnMut()) {
    work();
    // Or the work would be jumped to, and this function left before it.
    black_box(&mut work);
}
