//! mimalloc.

use benches::work::class::{mixed_2t, untouched, untouched_2t};
use mimalloc::MiMalloc;

use crate::allocator::{Allocating, Allocator};

const KIB: usize = 1024;

type Mimalloc = Allocating<MiMalloc>;

crate::submit! {
    "class/4k" => untouched::<Mimalloc, { 4 * KIB }>,
    "class/64k" => untouched::<Mimalloc, { 64 * KIB }>,
    "class/64k-2t" => untouched_2t::<Mimalloc, { 64 * KIB }>,
    "class/1m" => untouched::<Mimalloc, { KIB * KIB }>,
    "class/mixed-2t" => mixed_2t::<Mimalloc>,
}

impl Allocator for MiMalloc {
    const IT: Self = Self;
    const NAME: &'static str = "mimalloc";
}
