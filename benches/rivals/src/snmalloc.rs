//! snmalloc, from C++: built with the feature `heavy` only, which takes minutes.

use benches::work::class::{mixed_2t, untouched, untouched_2t};
use snmalloc_rs::SnMalloc;

use crate::allocator::{Allocating, Allocator};

const KIB: usize = 1024;

type Direct = Allocating<SnMalloc>;

crate::submit! {
    "class/4k" => untouched::<Direct, { 4 * KIB }>,
    "class/64k" => untouched::<Direct, { 64 * KIB }>,
    "class/64k-2t" => untouched_2t::<Direct, { 64 * KIB }>,
    "class/1m" => untouched::<Direct, { KIB * KIB }>,
    "class/mixed-2t" => mixed_2t::<Direct>,
}

impl Allocator for SnMalloc {
    const IT: Self = Self;
    const NAME: &'static str = "snmalloc";
}
