//! The paths that are looked at, and what each may execute.

use std::hint::black_box;

use anyhow::{Result, ensure};
use benches::stepping::{Costly, Instruction, watched};
use percore_slab::CoreSlab;
use pool_core::Pool;
use sizeclass::BufferPool;

/// A stretch of work. It runs in a process of its own and marks what is looked at by [`watched`].
pub(crate) struct Path {
    name: &'static str,
    pub(crate) run: fn(),
    expected: Expected,
}

/// What may be seen on a path.
#[derive(PartialEq, Eq)]
enum Expected {
    /// No locked instruction, no fence, no call.
    NothingCostly,
    /// The same, but calls within the program: what is made to be dropped in many places is a function.
    NothingLocked,
    /// Something costly: that shows that it would be seen.
    SomethingCostly,
}

pub(crate) const PATHS: &[Path] = &[
    Path {
        name: "alloc and drop, through the thread's cache",
        run: implicit,
        expected: Expected::NothingCostly,
    },
    Path {
        name: "alloc and free, through an explicit cache",
        run: explicit,
        expected: Expected::NothingCostly,
    },
    Path {
        name: "alloc and drop, a page on its own core",
        run: local_page,
        expected: Expected::NothingLocked,
    },
    Path {
        name: "alloc and drop, a pool without caches",
        run: uncached,
        expected: Expected::SomethingCostly,
    },
];

/// Buffers of three classes: each is a fast path, and all are as long, because nothing is done for each byte.
pub(crate) const CLASSES: [Path; 3] = [
    Path {
        name: "acquire and drop, 4 KiB",
        run: acquire::<4096>,
        expected: Expected::NothingCostly,
    },
    Path {
        name: "acquire and drop, 64 KiB",
        run: acquire::<65_536>,
        expected: Expected::NothingCostly,
    },
    Path {
        name: "acquire and drop, 1 MiB",
        run: acquire::<1_048_576>,
        expected: Expected::NothingCostly,
    },
];

fn acquire<const BYTES: usize>() {
    let pool = BufferPool::new(black_box(64));
    // The slot's first use, and the thread's cache; then the way through it that is looked at.
    for _ in 0..2 {
        drop(pool.acquire(BYTES));
    }
    watch_acquire(&pool, BYTES);
}

/// One piece of code for the three.
#[inline(never)]
fn watch_acquire(pool: &BufferPool, bytes: usize) {
    watched(|| black_box(pool.acquire(bytes)));
}

fn pool(cache: usize) -> Pool {
    let builder = Pool::builder().slots(black_box(256)).slot_bytes(2048);
    let pool = builder.cache(cache).build().expect("half a megabyte");
    // The thread's cache is filled at first use.
    drop(pool.alloc());
    pool
}

fn implicit() {
    let pool = pool(usize::MAX);
    watched(|| black_box(pool.alloc()));
}

fn explicit() {
    let pool = pool(usize::MAX);
    let cache = pool.cache();
    watched(|| {
        if let Some(lease) = black_box(cache.alloc()) {
            cache.free(lease);
        }
    });
}

fn local_page() {
    let slab = CoreSlab::new(0, 64 * 1024, black_box(16)).expect("a megabyte of addresses");
    // The high water mark is where it stays.
    drop(slab.alloc(&[]));
    watched(|| {
        if let Some(page) = slab.alloc_with(64 * 1024, |bytes| bytes[0] = 1) {
            black_box(&page[0]);
        }
    });
}

fn uncached() {
    let pool = pool(0);
    watched(|| black_box(pool.alloc()));
}

impl Path {
    /// Whether another stretch of work takes as many instructions.
    pub(crate) fn check_as_long(&self, length: usize, other: usize) -> Result<()> {
        let name = self.name;
        ensure!(
            length == other,
            "{name}: {length} instructions, and {other} in another class"
        );
        Ok(())
    }

    pub(crate) fn check(&self, executed: &[Instruction]) -> Result<()> {
        let costly: Vec<_> = executed
            .iter()
            .filter_map(|instruction| Some((instruction.costly()?, *instruction)))
            .collect();
        let name = self.name;
        println!(
            "{name}: {} instructions, {} costly",
            executed.len(),
            costly.len()
        );
        if self.expected == Expected::SomethingCostly {
            ensure!(
                !costly.is_empty(),
                "{name}: has locked instructions, and none was seen"
            );
            return Ok(());
        }
        let calls_are_allowed = self.expected == Expected::NothingLocked;
        let is_wrong = |kind: &Costly| !(calls_are_allowed && *kind == Costly::Call);
        for (kind, instruction) in &costly {
            println!("  {kind:?} at {instruction}");
        }
        ensure!(
            !costly.iter().any(|(kind, _)| is_wrong(kind)),
            "{name}: a fast path locks or calls"
        );
        ensure!(executed.len() > 20, "{name}: too short to have done it");
        Ok(())
    }
}
