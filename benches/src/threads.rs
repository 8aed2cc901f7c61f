//! Two threads on two cores that begin together.

use std::hint;
use std::ops::Deref;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use percore_slab::pin_to_core;

/// A value that shares no cache line, and no pair of lines fetched together, with anything else.
#[repr(align(128))]
pub struct Apart<T>(pub T);

impl<T> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Says why two threads cannot run at the same time here, if they cannot.
pub fn need_two_cores() -> Result<(), String> {
    match cores() {
        Some(_) => Ok(()),
        None => Err("needs two cores".into()),
    }
}

/// The first two cores that this process may use.
fn cores() -> Option<[usize; 2]> {
    /// No machine has its first two usable cores behind this one.
    const LAST: usize = 1024;
    static CORES: OnceLock<Option<[usize; 2]>> = OnceLock::new();
    *CORES.get_or_init(|| {
        // On a thread of its own: trying pins it.
        let found = thread::spawn(|| {
            let mut usable = (0..LAST).filter(|core| pin_to_core(*core).is_ok());
            Some([usable.next()?, usable.next()?])
        });
        found.join().expect("asking for a core does not panic")
    })
}

/// Runs both parts on a core each and gives the longer time.
///
/// Each part prepares itself, calls [`Gate::wait`], works, and tells how long it worked. Both own what they use: a reference into the caller's
/// stack would put that stack's cache lines between the two cores.
pub fn together(
    first: impl FnOnce(&Gate) -> Duration + Send + 'static,
    second: impl FnOnce(&Gate) -> Duration + Send + 'static,
) -> Duration {
    let [one, other] = cores().expect("asked for by the case's check");
    let gate = Arc::new(Gate::default());
    let first = part(one, gate.clone(), first);
    let second = part(other, gate, second);
    let times = [first, second].map(|part| part.join().expect("the subject passed its check"));
    times[0].max(times[1])
}

fn part(
    core: usize,
    gate: Arc<Gate>,
    work: impl FnOnce(&Gate) -> Duration + Send + 'static,
) -> thread::JoinHandle<Duration> {
    thread::spawn(move || {
        pin_to_core(core).expect("it could be pinned to before");
        work(&gate)
    })
}

/// Where two threads wait for each other, so that they begin at the same time.
pub struct Gate(Apart<AtomicU32>);

impl Default for Gate {
    fn default() -> Self {
        Self(Apart(AtomicU32::new(0)))
    }
}

impl Gate {
    /// Waits for the other thread, and gives the time.
    pub fn wait(&self) -> Instant {
        // Relaxed: only the number counts; what the threads share came to them when they were spawned.
        self.0.fetch_add(1, Relaxed);
        let mut pause = Pause::default();
        // Relaxed: as above.
        while self.0.load(Relaxed) < 2 {
            pause.once();
        }
        Instant::now()
    }
}

/// Waiting for another core: at first by spinning, then by letting others run, should the two share a core after all.
#[derive(Default)]
pub struct Pause(u32);

impl Pause {
    /// How long another core takes at most, if it runs.
    const SPINS: u32 = 1000;

    /// Waits a little.
    pub fn once(&mut self) {
        if self.0 < Self::SPINS {
            self.0 += 1;
            hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}
