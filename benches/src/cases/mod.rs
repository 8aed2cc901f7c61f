//! Every case, with our subjects and the machine's limits. What rivals bring is added to these.

mod class;
mod frame;
mod limit;
mod pool;
mod scale;
mod send;
mod slab;
mod view;

use crate::case::Cases;

pub(crate) const ALL: &[Cases] = &[
    pool::CASES,
    frame::CASES,
    class::CASES,
    view::CASES,
    slab::CASES,
    send::CASES,
    limit::CASES,
    scale::CASES,
];
