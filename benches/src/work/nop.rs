//! Entries that do nothing: what is left of a send when the kernel sends nothing.

use std::sync::Arc;

use crate::case::{Case, each_of};

/// How many bytes each guard has.
const GUARD_BYTES: usize = 1400;

/// Whatever puts `NOP`s through a ring.
pub trait NopRing: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// For `batch` entries at once. `guards` are to be kept by each entry; who keeps nothing ignores them.
    fn new(batch: u32, guards: Option<[Arc<[u8]>; 2]>) -> Result<Self, String>;

    /// Submits a batch, waits until all have completed and takes them in. Tells how many did.
    fn round(&mut self) -> u32;
}

/// `BATCH` entries at once, without guards. Per entry.
pub fn plain<R: NopRing, const BATCH: u32>(case: &mut Case<'_>) {
    per_entry::<R>(case, BATCH, || None);
}

/// `BATCH` entries at once, each with two guards. Per entry.
pub fn guarded<R: NopRing, const BATCH: u32>(case: &mut Case<'_>) {
    per_entry::<R>(case, BATCH, || Some(guards()));
}

fn guards() -> [Arc<[u8]>; 2] {
    [1, 2].map(|byte| Arc::from([byte; GUARD_BYTES]))
}

fn per_entry<R: NopRing>(
    case: &mut Case<'_>,
    batch: u32,
    guards: impl Fn() -> Option<[Arc<[u8]>; 2]>,
) {
    case.only_time(
        R::NAME,
        || check::<R>(batch, guards()),
        || R::new(batch, guards()).expect("checked: it can be made"),
        |bencher, ring| {
            each_of(bencher, u64::from(batch), || {
                assert_eq!(ring.round(), batch, "each completes once");
            });
        },
    );
}

/// Tells whether every entry completes and no guard stays.
fn check<R: NopRing>(batch: u32, guards: Option<[Arc<[u8]>; 2]>) -> Result<(), String> {
    let mut ring = R::new(batch, guards.clone())?;
    for _ in 0..3 {
        let completed = ring.round();
        if completed != batch {
            return Err(format!("{completed} of {batch} completed"));
        }
    }
    drop(ring);
    if guards.iter().flatten().any(|it| Arc::strong_count(it) != 1) {
        return Err("kept a guard".into());
    }
    Ok(())
}
