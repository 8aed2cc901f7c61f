//! Pools of 2 KiB slots.

use crate::case::Cases;
use crate::ours::PoolCore;
use crate::work::{ping_pong, pool};

pub(crate) const CASES: Cases = &[
    ("pool/pair", &[pool::pair::<PoolCore>]),
    ("pool/pair-explicit", &[pool::pair_explicit::<PoolCore>]),
    ("pool/bulk32", &[pool::bulk32::<PoolCore>]),
    ("pool/batch32", &[pool::batch32::<PoolCore>]),
    ("pool/held32", &[pool::held32::<PoolCore>]),
    ("pool/shared-2t", &[pool::shared_2t::<PoolCore>, ping_pong]),
    ("pool/cross", &[pool::cross::<PoolCore>, ping_pong]),
];
