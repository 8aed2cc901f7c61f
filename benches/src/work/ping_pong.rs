//! The thermometer of the cases with two threads: how far apart the two cores are just now.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::case::{Case, in_bulk};
use crate::threads::{Apart, Gate, Pause, need_two_cores, together};

type Court = Arc<[Apart<AtomicU64>; 2]>;

/// A number goes to the other core and comes back; each direction has its own cache line. No rival: it says what the cores can do.
pub fn ping_pong(case: &mut Case<'_>) {
    let set_up = || -> Court { Arc::new([(); 2].map(|()| Apart(AtomicU64::new(0)))) };
    case.time(
        "ping-pong",
        need_two_cores,
        set_up,
        |bencher, court: &mut Court| {
            in_bulk(bencher, |times| {
                // Relaxed: the threads of this round are spawned after it.
                court.iter().for_each(|side| side.store(0, Relaxed));
                let (server, returner) = (court.clone(), court.clone());
                together(
                    move |gate| {
                        play(gate, times, |round| {
                            hit(&server[0], round);
                            await_ball(&server[1], round);
                        })
                    },
                    move |gate| {
                        play(gate, times, |round| {
                            await_ball(&returner[0], round);
                            hit(&returner[1], round);
                        })
                    },
                )
            });
        },
    );
}

fn play(gate: &Gate, rounds: u64, mut round: impl FnMut(u64)) -> Duration {
    let start = gate.wait();
    (1..=rounds).for_each(&mut round);
    start.elapsed()
}

fn hit(side: &AtomicU64, round: u64) {
    // Relaxed: nothing travels but the number.
    side.store(round, Relaxed);
}

fn await_ball(side: &AtomicU64, round: u64) {
    let mut pause = Pause::default();
    // Relaxed: nothing travels but the number.
    while side.load(Relaxed) != round {
        pause.once();
    }
}
