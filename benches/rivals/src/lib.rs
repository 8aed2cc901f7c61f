//! Other ways to do the same work, each under the name of its crate or design.
//!
//! A new rival is a file, which submits what it has to each case in which it takes part, and its line here. What it needs of the registry
//! stands in this workspace's manifest, and is not built by who builds ours.
//!
//! Not here: the buffers of commonware-runtime, which brings 350 crates, a library of cryptography in C among them; amaters-core's pool, which is what
//! `zero_fill` is and brings 170.

#![allow(
    missing_debug_implementations,
    reason = "subjects are measured, not printed"
)]

mod allocator;
mod arc;
mod arc_slice;
mod arcbox;
mod arrayqueue;
mod boxed;
mod boxes;
mod bytes;
mod bytesbuf;
mod concurrent_queue;
mod dpdk;
mod glibc;
mod heapless;
mod jemalloc;
mod lockfree_object_pool;
mod mimalloc;
mod object_pool;
mod opool;
mod per_page_cas;
mod plurality;
mod raw_ring;
mod rc;
mod rtrb;
mod send;
mod sha2;
mod sharded_slab;
#[cfg(feature = "heavy")]
mod snmalloc;
mod stream;
mod treiber;
mod zero_fill;
mod zeropool;

use benches::Subject;

/// What the file of one rival brings: case ids, and what it has to each.
struct Rival(&'static [(&'static str, Subject)]);

inventory::collect!(Rival);

/// Enters a rival's subjects by their cases.
macro_rules! submit {
    ($($case:literal => $subject:expr),+ $(,)?) => {
        inventory::submit! { crate::Rival(&[$(($case, $subject)),+]) }
    };
}
use submit;

/// All subjects of all rivals, each with its case.
pub fn all() -> Vec<(&'static str, Subject)> {
    let files = inventory::iter::<Rival>.into_iter();
    files.flat_map(|rival| rival.0).copied().collect()
}
