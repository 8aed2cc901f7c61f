//! What we want to reach, case by case: data only, judged in `judgement.rs`.
//!
//! A factor is the most that our time may be as a multiple of the other's.

use super::counts::Count;
use super::subjects::ALLOCATORS;

/// One promise about one case. A case may have several.
pub(super) struct Target {
    pub(super) case: &'static str,
    pub(super) goal: Goal,
}

pub(super) enum Goal {
    /// Our time, as a multiple of the best of these subjects of the case.
    Against(&'static [&'static str], f64),
    /// Our time, as a multiple of the best crate of somebody else.
    AgainstBestCrate(f64),
    /// Our time, as a multiple of our time in another case.
    AgainstOwn(&'static str, f64),
    /// Our instructions, as a multiple of those in another case of ours.
    InstructionsOf(&'static str, f64),
    /// Our time at most.
    Nanoseconds(f64),
    /// So many of these in an iteration of ours at most.
    Each(Counted, f64),
}

/// What is counted, and not timed.
#[derive(Clone, Copy)]
pub(super) enum Counted {
    Allocations,
    Locked,
}

impl Counted {
    pub(super) fn name(self) -> &'static str {
        match self {
            Counted::Allocations => "allocations",
            Counted::Locked => "locked instructions",
        }
    }

    /// Where it stands in a count.
    pub(super) fn of(self) -> fn(&Count) -> Option<f64> {
        match self {
            Counted::Allocations => |count| count.allocations,
            Counted::Locked => |count| count.locked,
        }
    }
}

use Goal::{Against, AgainstBestCrate, AgainstOwn, Each, InstructionsOf, Nanoseconds};

const SENDS: &[&str] = &["write", "send", "sendmsg-zc", "send-zc-fixed"];
const ZERO_FILLING: &[&str] = &["zero-fill", "amaters-core"];
pub(super) const TARGETS: &[Target] = &[
    target("pool/pair", Against(&["dpdk"], 0.65)),
    target("pool/pair", AgainstBestCrate(0.60)),
    target("pool/pair-explicit", Against(&["dpdk"], 0.35)),
    target("pool/bulk32", Against(&["dpdk"], 1.20)),
    target("pool/batch32", Against(&["dpdk"], 0.60)),
    target("pool/held32", Against(&["dpdk"], 0.75)),
    target("pool/shared-2t", AgainstOwn("pool/pair", 1.30)),
    target("pool/shared-2t", Against(&["dpdk"], 0.65)),
    target("pool/shared-2t", Against(&["treiber"], 0.05)),
    target("pool/cross", Against(&["dpdk"], 1.00)),
    target("pool/cross", Against(&["treiber"], 0.25)),
    target("pool/cross", Against(&["arrayqueue"], 0.75)),
    target("frame/from_pool-64", Against(&["arcbox-datapath"], 0.30)),
    target("frame/from_pool-1500", Against(&["arcbox-datapath"], 0.40)),
    target("frame/from_pool-1500", Against(&["memcpy"], 1.35)),
    target(
        "frame/from_pool-1500-4096slots",
        Against(&["arcbox-datapath"], 0.40),
    ),
    target("frame/from_pool-2t", Against(&["arcbox-datapath"], 0.05)),
    target("class/4k", Against(ALLOCATORS, 0.60)),
    target("class/4k", Against(ZERO_FILLING, 0.10)),
    target("class/64k", Against(ALLOCATORS, 0.60)),
    target("class/64k", Against(ZERO_FILLING, 0.10)),
    target("class/64k", InstructionsOf("class/4k", 1.00)),
    // Two threads get 1.8 times as much done as one.
    target("class/64k-2t", AgainstOwn("class/64k", 2.0 / 1.8)),
    target("class/1m", Against(ALLOCATORS, 0.60)),
    target("class/1m", Against(ZERO_FILLING, 0.10)),
    target("class/1m", InstructionsOf("class/4k", 1.00)),
    target("class/mixed-2t", Against(ALLOCATORS, 0.80)),
    target("view/clone", Against(&["bytes"], 1.00)),
    target("view/slice", Against(&["bytes"], 0.85)),
    target("view/held32", Against(&["bytes"], 0.45)),
    target("view/static", Against(&["bytes"], 0.30)),
    target("view/split", Against(&["bytes"], 0.60)),
    target("view/clone-2t", Against(&["bytes"], 1.00)),
    // The same time as on one thread, but for a twentieth: the two cores do not run equally fast.
    target("view/clone-2t-distinct", AgainstOwn("view/clone", 1.05)),
    target("view/local", Against(&["bytes"], 0.35)),
    target("view/local-2t", Against(&["bytes"], 0.10)),
    target("view/freeze-pooled", Against(&["bytes"], 0.55)),
    target("view/freeze-pooled", Each(Counted::Allocations, 0.0)),
    target("view/sha256-4k", Against(&["sha2"], 1.02)),
    target("view/sha256-1m", Against(&["sha2"], 1.02)),
    target("view/sha256-again", Nanoseconds(10.0)),
    target("slab/local", Nanoseconds(4.0)),
    target("slab/local", Each(Counted::Locked, 0.0)),
    target("slab/return", Against(&["per-page-cas"], 0.50)),
    target("slab/return", Against(&["jemalloc"], 0.10)),
    // Each message an `Arc<[u8]>` in jemalloc's memory.
    target("slab/cross", Against(&["jemalloc"], 0.35)),
    target("slab/cross", Against(&["rtrb"], 1.50)),
    target("send/nop-1", Against(&["raw-ring"], 1.05)),
    target("send/nop-32", Against(&["raw-ring"], 1.05)),
    target("send/nop-1-guards", Against(&["raw-ring"], 1.13)),
    target("send/nop-32-guards", Against(&["raw-ring"], 1.13)),
    target("send/slab", Against(&["ringline"], 0.35)),
    target("send/slab", Each(Counted::Allocations, 0.0)),
    target("send/tcp-64", Against(SENDS, 1.05)),
    target("send/tcp-64", Against(&["ringline"], 0.80)),
    target("send/tcp-1500", Against(SENDS, 1.05)),
    target("send/tcp-1500", Against(&["ringline"], 0.80)),
    target("send/tcp-16k", Against(SENDS, 1.05)),
    target("send/tcp-16k", Against(&["ringline"], 0.80)),
    target("send/tcp-64k", Against(SENDS, 1.05)),
    target("send/tcp-64k", Against(&["ringline"], 0.80)),
    target("send/tcp-256k", Against(SENDS, 1.05)),
    target("send/tcp-256k", Against(&["ringline"], 0.80)),
    // 0.95 × the throughput.
    target("send/stalled-peer", Against(&["all-read"], 1.05)),
    target("send/tcp-small-many", Against(&["write"], 0.33)),
    target("send/blackhole-1400", Against(&["send"], 1.05)),
    target("send/blackhole-60k", Against(&["send"], 0.60)),
    target("send/udp-gso", Against(&["send"], 0.20)),
    target("relay/fanout-1500", Against(&["tokio"], 0.67)),
    target("relay/fanout-1500", Each(Counted::Allocations, 0.0)),
    target("relay/fanout-64k", Against(&["tokio"], 1.00)),
    target("relay/fanout-64k", Each(Counted::Allocations, 0.0)),
    target("http/64k", Against(&["nginx"], 1.00)),
];

const fn target(case: &'static str, goal: Goal) -> Target {
    Target { case, goal }
}
