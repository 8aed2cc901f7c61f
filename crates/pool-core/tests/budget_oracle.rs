//! Random trees of budgets under random operations, against books so naive that they are right.

mod budget_world;
mod plain_books;

use budget_world::{World, op};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        .. ProptestConfig::default()
    })]

    #[test]
    fn budgets_do_what_the_naive_ones_do(
        limits in [0..150_usize, 0..150_usize],
        ops in prop::collection::vec(op(), 1..if cfg!(miri) { 20 } else { 120 }),
    ) {
        let mut world = World::new(limits);
        for op in ops {
            world.run(op);
            world.books.note_peaks();
            world.serve();
            world.books.note_peaks();
            // What ended may be the last thing that kept a budget, whose floor then serves somebody, and so on up.
            while world.bury_one() {
                world.serve();
                world.books.note_peaks();
            }
            world.check_asleep();
            world.check();
        }
    }
}
