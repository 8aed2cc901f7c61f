//! Pools of 2 KiB slots.

use benches::Cases;
use benches::ours::PoolCore;
use benches::rivals::{Glibc, LockfreeObjectPool, Opool, SlotQueue, Treiber, dpdk};
use benches::work::{ping_pong, pool};

pub(crate) const CASES: Cases<'static> = &[
    (
        "pool/pair",
        &[
            pool::pair::<PoolCore>,
            dpdk::pair,
            pool::pair::<Treiber>,
            pool::pair::<SlotQueue>,
            pool::pair::<Opool>,
            pool::pair::<LockfreeObjectPool>,
            pool::pair::<Glibc>,
        ],
    ),
    (
        "pool/pair-explicit",
        &[pool::pair_explicit::<PoolCore>, dpdk::pair_explicit],
    ),
    ("pool/bulk32", &[pool::bulk32::<PoolCore>, dpdk::bulk32]),
    ("pool/batch32", &[pool::batch32::<PoolCore>, dpdk::bulk32]),
    (
        "pool/held32",
        &[
            pool::held32::<PoolCore>,
            dpdk::held32,
            pool::held32::<SlotQueue>,
            pool::held32::<Opool>,
            pool::held32::<LockfreeObjectPool>,
            pool::held32::<Glibc>,
        ],
    ),
    (
        "pool/shared-2t",
        &[
            pool::shared_2t::<PoolCore>,
            dpdk::shared_2t,
            pool::shared_2t::<Treiber>,
            pool::shared_2t::<SlotQueue>,
            pool::shared_2t::<Opool>,
            pool::shared_2t::<LockfreeObjectPool>,
            pool::shared_2t::<Glibc>,
            ping_pong,
        ],
    ),
    (
        "pool/cross",
        &[
            pool::cross::<PoolCore>,
            dpdk::cross,
            pool::cross::<Treiber>,
            pool::cross::<SlotQueue>,
            pool::cross::<Opool>,
            pool::cross::<LockfreeObjectPool>,
            pool::cross::<Glibc>,
            ping_pong,
        ],
    ),
];
