//! DPDK's mempool with its caches per thread. What it does per call is inline in its headers, so the timed loops are in C, in
//! `shims/dpdk.c`; they are built where the library is.

#[cfg(not(have_dpdk))]
mod absent;
#[cfg(have_dpdk)]
mod cases;
#[cfg(have_dpdk)]
mod mempool;

#[cfg(not(have_dpdk))]
use absent::{bulk32, cross, held32, pair, pair_explicit, shared_2t};
#[cfg(have_dpdk)]
use cases::{bulk32, cross, held32, pair, pair_explicit, shared_2t};

crate::submit! {
    "pool/pair" => pair,
    "pool/pair-explicit" => pair_explicit,
    "pool/bulk32" => bulk32,
    "pool/batch32" => bulk32,
    "pool/held32" => held32,
    "pool/shared-2t" => shared_2t,
    "pool/cross" => cross,
}
