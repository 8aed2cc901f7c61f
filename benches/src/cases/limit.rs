//! The machine alone.

use crate::case::Cases;
use crate::work::{limit, ping_pong};

const KIB: usize = 1024;

pub(crate) const CASES: Cases = &[
    ("limit/l1-load", &[limit::l1_load]),
    ("limit/cas", &[limit::cas]),
    ("limit/contended-add", &[limit::contended_add]),
    ("limit/round-trip", &[ping_pong]),
    ("limit/memcpy-64", &[limit::memcpy::<64>]),
    ("limit/memcpy-1500", &[limit::memcpy::<1500>]),
    ("limit/memcpy-2k", &[limit::memcpy::<{ 2 * KIB }>]),
    ("limit/memcpy-64k", &[limit::memcpy::<{ 64 * KIB }>]),
    ("limit/memcpy-1m", &[limit::memcpy::<{ KIB * KIB }>]),
    ("limit/memset-64k", &[limit::memset::<{ 64 * KIB }>]),
    ("limit/memset-1m", &[limit::memset::<{ KIB * KIB }>]),
    ("limit/system-call", &[limit::system_call]),
];
