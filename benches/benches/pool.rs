//! Pools of 2 KiB slots.

use benches::ours::PoolCore;
use benches::rivals::{Glibc, LockfreeObjectPool, Opool, SlotQueue};
use benches::work::{ping_pong, pool};

fn main() {
    benches::run(&[
        (
            "pool/pair",
            &[
                pool::pair::<PoolCore>,
                pool::pair::<SlotQueue>,
                pool::pair::<Opool>,
                pool::pair::<LockfreeObjectPool>,
                pool::pair::<Glibc>,
            ],
        ),
        (
            "pool/held32",
            &[
                pool::held32::<PoolCore>,
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
                pool::shared_2t::<SlotQueue>,
                pool::shared_2t::<Opool>,
                pool::shared_2t::<LockfreeObjectPool>,
                pool::shared_2t::<Glibc>,
                ping_pong,
            ],
        ),
    ]);
}
