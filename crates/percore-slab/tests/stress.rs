//! More threads than cores, random yields, owners that leave at random: nothing is lost and nothing is there twice.
//!
//! `PERCORE_SLAB_ROUND_TRIPS=100000000 cargo test --release -p percore-slab --test stress` for a long run.

#[path = "../../pool-core/tests/together/mod.rs"]
mod together;

use percore_slab::{Bridge, Consumer, CoreSlab, PopError, Producer, RemotePage};
use std::env;
use std::thread;
use together::at_once;

/// Pages that cross and come home, in all.
fn round_trips() -> u64 {
    let by_default = if cfg!(miri) { 200 } else { 200_000 };
    env::var("PERCORE_SLAB_ROUND_TRIPS").map_or(by_default, |text| {
        text.parse().expect("PERCORE_SLAB_ROUND_TRIPS is a number")
    })
}

/// Random numbers, the same for the same seed; each thread its own.
struct Dice(fastrand::Rng);

impl Dice {
    fn seeded(seed: usize) -> Self {
        let seed = u64::try_from(seed).expect("64 bits");
        Self(fastrand::Rng::with_seed(seed))
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.0.u64(..sides) == 0
    }

    /// Gives the core away now and then.
    fn maybe_yield(&mut self) {
        if self.one_in(32) {
            thread::yield_now();
        }
    }
}

/// Pages of an owner: fewer than its bridges hold together, so that it often has none.
const PAGES: usize = 32;
/// What a bridge holds: often full, and not so little that the threads do nothing but take turns.
const BRIDGE: usize = 16;

fn small_slab() -> CoreSlab {
    CoreSlab::new(0, 8, PAGES).expect("small")
}

/// What crosses: the page says which one it is, so that a page with two holders shows.
type Message = (u64, RemotePage);

/// Reads and drops all that comes, clones some, keeps some for a while. Tells how many.
fn read(mut consumers: Vec<Consumer<Message>>, seed: usize) -> u64 {
    let (mut dice, mut read, mut kept) = (Dice::seeded(seed), 0, Vec::new());
    while !consumers.is_empty() {
        let mut nothing = true;
        consumers.retain_mut(|consumer| match consumer.try_pop() {
            Ok((number, page)) => {
                assert_eq!(page[..], number.to_le_bytes());
                nothing = false;
                read += 1;
                if dice.one_in(16) {
                    kept.push((number, page.clone()));
                }
                dice.maybe_yield();
                drop(page);
                true
            }
            Err(PopError::Closed) => false,
            Err(_) => true,
        });
        if nothing || kept.len() > 2 {
            for (number, page) in kept.drain(..) {
                assert_eq!(page[..], number.to_le_bytes());
            }
            thread::yield_now();
        }
    }
    read
}

/// Sends `count` pages, each to the next reader, and leaves now and then while some are on their way.
fn own(mut producers: Vec<Producer<Message>>, seed: usize, count: u64) {
    let (mut dice, mut slab) = (Dice::seeded(seed), small_slab());
    for number in 0..count {
        let page = loop {
            match slab.alloc(&number.to_le_bytes()) {
                Some(page) => break page,
                None => thread::yield_now(),
            }
        };
        if dice.one_in(64) {
            slab.tick();
        }
        let to = usize::try_from(number).expect("64 bits") % producers.len();
        let mut message = (number, page.into_remote());
        while let Err(refused) = producers[to].try_push(message) {
            assert!(refused.is_full(), "a reader ends after its owners");
            message = refused.into_value();
            thread::yield_now();
        }
        dice.maybe_yield();
        let stats = slab.stats();
        assert_eq!(
            stats.allocs,
            stats.remote_frees + stats.in_use as u64,
            "{stats}"
        );
        if dice.one_in(1000) {
            // An owner that leaves; its pages come home to nobody. The next begins with as many as it should.
            slab = small_slab();
            assert_eq!(slab.available(), PAGES);
        }
    }
    drop(producers);
    while slab.available() < PAGES {
        thread::yield_now();
    }
    assert_every_page_once(&slab);
}

fn assert_every_page_once(slab: &CoreSlab) {
    let all: Vec<_> = (0..slab.pages())
        .map_while(|_| slab.alloc(b"all"))
        .collect();
    assert_eq!(all.len(), slab.pages(), "a page is lost");
    assert!(slab.alloc(b"more").is_none(), "a page is there twice");
}

/// Each of `owners` sends to each of `readers`.
fn all_pairs(owners: usize, readers: usize, trips: u64) {
    let mut ends: Vec<Vec<_>> = (0..readers).map(|_| Vec::new()).collect();
    let starts: Vec<Vec<_>> = (0..owners)
        .map(|_| {
            let bridges = ends.iter_mut().map(|ends| {
                let (producer, consumer) = Bridge::new(BRIDGE).expect("small");
                ends.push(consumer);
                producer
            });
            bridges.collect()
        })
        .collect();
    let each = trips / owners as u64;
    let owning: Vec<_> = starts
        .into_iter()
        .enumerate()
        .map(|(seed, producers)| thread::spawn(move || own(producers, seed, each)))
        .collect();
    let reading: Vec<_> = ends
        .into_iter()
        .zip(owners..)
        .map(|(consumers, seed)| thread::spawn(move || read(consumers, seed)))
        .collect();
    let counted: u64 = reading
        .into_iter()
        .map(|reader| reader.join().expect("its assertions hold"))
        .sum();
    for owner in owning {
        owner.join().expect("its assertions hold");
    }
    assert_eq!(counted, each * owners as u64, "each message once");
}

#[test]
fn round_trips_lose_nothing_and_double_nothing() {
    let before = pool_core::leaked_regions();
    all_pairs(2, 3, round_trips());
    assert_eq!(pool_core::leaked_regions(), before);
}

/// What four cores would be, all pairs, on however many there are.
#[test]
fn eight_owners_and_eight_readers_in_all_pairs_count_exactly() {
    all_pairs(8, 8, round_trips() / 4);
}

/// One page with as many readers as there are threads: who drops it last differs each time.
#[test]
fn a_page_with_many_readers_comes_home_once() {
    let slab = CoreSlab::new(0, 8, 4).expect("small");
    for round in 0..round_trips().div_ceil(1000).min(2000) {
        let page = slab
            .alloc(&round.to_le_bytes())
            .expect("all came home")
            .into_remote();
        at_once(4, move |_| {
            let copy = page.clone();
            assert_eq!(copy[..], round.to_le_bytes());
        });
        assert_eq!(slab.available(), 4, "round {round}");
    }
    assert_every_page_once(&slab);
}
