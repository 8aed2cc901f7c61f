//! One core's 64 KiB pages, and messages in pages.

use crate::case::Cases;
use crate::ours::{MessagesInPages, PercoreSlab};
use crate::work::{LINE_BYTES, ping_pong, slab};

pub(crate) const CASES: Cases = &[
    ("slab/local", &[slab::local::<PercoreSlab>]),
    ("slab/return", &[slab::round_trip::<PercoreSlab>, ping_pong]),
    (
        "slab/cross",
        &[slab::cross::<MessagesInPages<LINE_BYTES>>, ping_pong],
    ),
    // The same in the slab's usual pages, whose beginnings compete for few places in a cache.
    (
        "slab/cross-64k",
        &[
            slab::cross::<MessagesInPages<{ slab::PAGE_BYTES }>>,
            ping_pong,
        ],
    ),
];
