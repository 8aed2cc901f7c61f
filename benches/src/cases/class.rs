//! Buffers of a given size, acquired and dropped.

use crate::case::Cases;
use crate::ours::Sizeclass;
use crate::work::class::{mixed_2t, untouched, untouched_2t};

const KIB: usize = 1024;

pub(crate) const CASES: Cases = &[
    ("class/4k", &[untouched::<Sizeclass, { 4 * KIB }>]),
    ("class/64k", &[untouched::<Sizeclass, { 64 * KIB }>]),
    ("class/64k-2t", &[untouched_2t::<Sizeclass, { 64 * KIB }>]),
    ("class/1m", &[untouched::<Sizeclass, { KIB * KIB }>]),
    ("class/mixed-2t", &[mixed_2t::<Sizeclass>]),
];
