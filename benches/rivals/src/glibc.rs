//! The system's `malloc` and `free`.

use std::alloc::System;

use benches::work::class::{mixed_2t, untouched, untouched_2t};
use benches::work::frame::{Frames, from_pool, from_pool_2t};
use benches::work::scale::threads;
use benches::work::{pool, slab};

use crate::allocator::{Allocating, Allocator};

const NAME: &str = "glibc";
const KIB: usize = 1024;

type Glibc = Allocating<System>;

crate::submit! {
    "pool/pair" => pool::pair::<Glibc>,
    "pool/held32" => pool::held32::<Glibc>,
    "pool/shared-2t" => pool::shared_2t::<Glibc>,
    "pool/cross" => pool::cross::<Glibc>,
    "frame/from_pool-64" => from_pool::<Vectors, 64, 256>,
    "frame/from_pool-1500" => from_pool::<Vectors, 1500, 256>,
    "frame/from_pool-2t" => from_pool_2t::<Vectors, 1500>,
    "class/4k" => untouched::<Glibc, { 4 * KIB }>,
    "class/64k" => untouched::<Glibc, { 64 * KIB }>,
    "class/64k-2t" => untouched_2t::<Glibc, { 64 * KIB }>,
    "class/1m" => untouched::<Glibc, { KIB * KIB }>,
    "class/mixed-2t" => mixed_2t::<Glibc>,
    "slab/local" => slab::local::<Glibc>,
    "slab/return" => slab::round_trip::<Glibc>,
    "scale/threads-1" => threads::<Glibc, 1>,
    "scale/threads-2" => threads::<Glibc, 2>,
    "scale/threads-4" => threads::<Glibc, 4>,
    "scale/threads-8" => threads::<Glibc, 8>,
    "scale/class-bytes-64" => untouched::<Glibc, 64>,
    "scale/class-bytes-1024" => untouched::<Glibc, 1024>,
    "scale/class-bytes-16384" => untouched::<Glibc, 16384>,
    "scale/class-bytes-262144" => untouched::<Glibc, 262_144>,
    "scale/class-bytes-1048576" => untouched::<Glibc, 1_048_576>,
}

impl Allocator for System {
    const IT: Self = Self;
    const NAME: &'static str = NAME;
}

/// A `Vec` each time, which the default allocator takes from `malloc`.
#[derive(Clone)]
struct Vectors;

impl Frames for Vectors {
    const NAME: &'static str = NAME;

    type Frame<'a> = Vec<u8>;

    #[inline]
    fn with_slots(_: usize) -> Self {
        Self
    }

    #[inline]
    fn copy(&mut self, data: &[u8]) -> Vec<u8> {
        Vec::from(data)
    }
}
