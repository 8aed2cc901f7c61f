//! Counting instead of timing: numbers that do not depend on the machine's mood.
//!
//! With `BENCHES_COUNT` set a subject is not timed but asked for the same work twice, once for so many iterations and once for twice as many; the
//! difference is what the iterations themselves take. Who counts is told by its value:
//!
//! - `callgrind`: a program round this one, which knows the function [`marked`] by its name;
//! - `steps`: this program itself, by running the work one instruction at a time.

mod callgrind;
mod steps;

use std::cell::Cell;
use std::sync::LazyLock;

pub(crate) use callgrind::Marks;
pub(crate) use steps::Steps;

/// Who counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    Callgrind,
    Steps,
}

thread_local! {
    /// Whether this thread works on several threads by [`in_bulk`](crate::in_bulk), which is nothing to count.
    static IS_IN_BULK: Cell<bool> = const { Cell::new(false) };
}

/// Tells that the work is done by several threads. How often threads that wait for each other look again is no property of a subject.
pub(crate) fn in_bulk() {
    IS_IN_BULK.set(true);
}

/// Who counts in this run; nobody in one that times.
pub(crate) fn counter() -> Option<Counter> {
    static COUNTER: LazyLock<Option<Counter>> =
        LazyLock::new(|| match std::env::var("BENCHES_COUNT").as_deref() {
            Ok("steps") => Some(Counter::Steps),
            Ok(_) => Some(Counter::Callgrind),
            Err(_) => None,
        });
    *COUNTER
}
