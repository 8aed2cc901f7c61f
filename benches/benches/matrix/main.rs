//! Every case, in one program: what takes longest is to link and optimise what all of them use.

mod class;
mod frame;
mod limit;
mod pool;
mod scale;
mod send;
mod slab;
mod view;

fn main() {
    benches::run(&[
        pool::CASES,
        frame::CASES,
        class::CASES,
        view::CASES,
        slab::CASES,
        send::CASES,
        limit::CASES,
        scale::CASES,
    ]);
}
