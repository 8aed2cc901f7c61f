//! DPDK's mempool with its caches per thread. What it does per call is inline in its headers, so the timed loops are in C, in
//! `shims/dpdk.c`; they are built where the library is.

#[cfg(not(have_dpdk))]
mod absent;
#[cfg(have_dpdk)]
mod cases;
#[cfg(have_dpdk)]
mod mempool;

#[cfg(not(have_dpdk))]
pub use absent::{bulk32, cross, held32, pair, pair_explicit, shared_2t};
#[cfg(have_dpdk)]
pub use cases::{bulk32, cross, held32, pair, pair_explicit, shared_2t};
