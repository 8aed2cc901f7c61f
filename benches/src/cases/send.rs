//! Sends: what keeps their memory; datagrams and streams over loopback.

use crate::case::Cases;
use crate::ours::{
    UringSend, UringSendCrowd, UringSendDatagrams, UringSendMessages, UringSendNops,
    UringSendSegments, UringSendStreams,
};
use crate::work::{black_hole, crowd, nop, send, tcp};

pub(crate) const CASES: Cases = &[
    ("send/nop-1", &[nop::plain::<UringSendNops, 1>]),
    ("send/nop-32", &[nop::plain::<UringSendNops, 32>]),
    ("send/nop-1-guards", &[nop::guarded::<UringSendNops, 1>]),
    ("send/nop-32-guards", &[nop::guarded::<UringSendNops, 32>]),
    ("send/slab", &[send::slab::<UringSend>]),
    ("send/udp-1400", &[send::udp::<UringSendDatagrams>]),
    ("send/tcp-64", &[tcp::one_each::<UringSendStreams, 64>]),
    ("send/tcp-1500", &[tcp::one_each::<UringSendStreams, 1500>]),
    ("send/tcp-16k", &[tcp::one_each::<UringSendStreams, 16_384>]),
    ("send/tcp-64k", &[tcp::one_each::<UringSendStreams, 65_536>]),
    (
        "send/tcp-256k",
        &[tcp::one_each::<UringSendStreams, 262_144>],
    ),
    (
        "send/blackhole-1400",
        &[black_hole::datagrams::<UringSendMessages, 1400>],
    ),
    (
        "send/blackhole-60k",
        &[black_hole::datagrams::<UringSendMessages, 60_000>],
    ),
    ("send/udp-gso", &[send::segments::<UringSendSegments>]),
    ("send/tcp-small-many", &[tcp::many::<UringSendStreams, 64>]),
    (
        "send/stalled-peer",
        &[
            crowd::one_stalls::<UringSendCrowd>,
            crowd::all_read::<UringSendCrowd>,
        ],
    ),
];
