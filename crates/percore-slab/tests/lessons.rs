//! One test per line of `docs/lessons.md` whose subject is this crate. The line's id is in the test's name.

use percore_slab::{
    Bridge, BuildError, Consumer, CoreSlab, Page, PageId, PopError, Producer, RemotePage,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::sync::Barrier;
use std::thread;

// SLAB-1, and what may cross: checked when this file is compiled.
assert_not_impl_any!(CoreSlab: Send, Sync);
assert_not_impl_any!(Page: Send, Sync);
assert_impl_all!(RemotePage: Send, Sync, Clone);
assert_impl_all!(PageId: Send, Sync, Copy);
assert_impl_all!(Producer<RemotePage>: Send);
assert_impl_all!(Consumer<RemotePage>: Send);
// RING-1: one thread at a time, one of each.
assert_not_impl_any!(Producer<RemotePage>: Sync, Clone);
assert_not_impl_any!(Consumer<RemotePage>: Sync, Clone);
const _: () = assert!(size_of::<PageId>() <= 16);

const RETURNERS: usize = 2;

fn slab(pages: usize) -> CoreSlab {
    CoreSlab::new(0, 64, pages).expect("a small slab")
}

/// Every page once: takes all, each distinct and writable whole, and not one more.
fn assert_every_page_once(slab: &CoreSlab) {
    assert_eq!(slab.available(), slab.pages());
    let mut pages: Vec<Page> = (0..slab.pages())
        .map(|n| {
            let fill = |bytes: &mut [u8]| bytes.fill(n.to_le_bytes()[0]);
            slab.alloc_with(slab.page_bytes(), fill)
                .unwrap_or_else(|| panic!("page {n} of {}", slab.pages()))
        })
        .collect();
    assert!(slab.alloc(b"").is_none(), "one page too many");
    pages.sort_by_key(|page| page.as_ptr());
    for two in pages.windows(2) {
        let distance = two[1].as_ptr().addr() - two[0].as_ptr().addr();
        assert!(distance >= slab.page_bytes(), "two pages overlap");
    }
    drop(pages);
    assert_eq!(slab.available(), slab.pages());
}

/// The types say it: see the assertions at the head of this file, and the doc tests of `CoreSlab` and `Page`.
#[test]
fn l_slab_1_a_slab_stays_on_its_thread_and_a_remote_page_does_not() {
    let remote = slab(1).alloc(b"crosses").expect("free").into_remote();
    let read = thread::spawn(move || remote.to_vec()).join();
    assert_eq!(read.expect("no panic"), b"crosses");
}

#[test]
fn l_slab_2_an_id_is_good_once() {
    let slab = slab(4);
    let id = slab
        .alloc(b"once")
        .expect("free")
        .into_id()
        .expect("a page");
    let page = slab.redeem(id).expect("the first to present it");
    assert!(slab.redeem(id).is_err(), "while redeemed");
    drop(page);
    assert!(slab.redeem(id).is_err(), "after it was freed");
    assert_every_page_once(&slab);
}

#[test]
fn l_slab_3_a_stale_id_reads_nobodys_bytes() {
    let slab = slab(1);
    let stale = slab.alloc(b"old").expect("free").into_id().expect("a page");
    drop(slab.redeem(stale).expect("out"));
    let next = slab.alloc(b"secret").expect("free");
    assert!(slab.redeem(stale).is_err(), "while the next owner has it");
    let id = next.into_id().expect("a page");
    assert!(slab.redeem(stale).is_err(), "while it is out anew");
    assert_eq!(&slab.redeem(id).expect("out")[..], b"secret");
}

#[test]
fn l_slab_4_whatever_is_presented_gets_an_error_and_nothing_else() {
    let (ours, theirs) = (slab(4), slab(4));
    let elsewhere = CoreSlab::new(9, 64, 4).expect("a small slab");
    let own = ours
        .alloc(b"mine")
        .expect("free")
        .into_id()
        .expect("a page");
    let foreign = theirs.alloc(b"").expect("free").into_id().expect("a page");
    let far = elsewhere
        .alloc(b"")
        .expect("free")
        .into_id()
        .expect("a page");

    let refused = ours.redeem(far).expect_err("another core's");
    assert!(refused.is_wrong_core());
    assert_eq!(
        refused.to_string(),
        "page id: issued by core 9, this slab is core 0's"
    );
    assert!(
        !ours
            .redeem(foreign)
            .expect_err("a namesake's")
            .is_wrong_core()
    );
    for bit in 0..u128::BITS {
        let forged = PageId::from_bits(own.to_bits() ^ 1 << bit);
        assert!(ours.redeem(forged).is_err(), "bit {bit} flipped");
    }
    for bits in [0, 1, u128::MAX, u128::from(u64::MAX), u128::MAX << 64] {
        assert!(ours.redeem(PageId::from_bits(bits)).is_err(), "{bits:#x}");
    }
    assert_eq!(&ours.redeem(own).expect("still out")[..], b"mine");
    drop(theirs.redeem(foreign).expect("theirs"));
    drop(elsewhere.redeem(far).expect("theirs"));
    for slab in [ours, theirs, elsewhere] {
        assert_every_page_once(&slab);
    }
}

#[test]
fn l_slab_5_65537_pages_are_65537() {
    let counts: &[usize] = if cfg!(miri) {
        &[255, 257]
    } else {
        &[1, 255, 65_535, 65_536, 65_537]
    };
    for pages in counts {
        let slab = CoreSlab::new(0, 1, *pages).expect("small pages");
        assert_eq!((slab.pages(), slab.available()), (*pages, *pages));
        let all: Vec<Page> = (0..*pages).map_while(|_| slab.alloc(b"x")).collect();
        assert_eq!((all.len(), slab.available()), (*pages, 0));
    }
}

#[test]
fn l_slab_5_sizes_out_of_bounds_name_field_bound_and_value() {
    let message = |built: Result<CoreSlab, BuildError>| built.expect_err("refused").to_string();
    assert_eq!(
        message(CoreSlab::new(0, 64, 0)),
        "pages: must be 1 to 4294967294, got 0"
    );
    assert_eq!(
        message(CoreSlab::new(0, 0, 1)),
        "page_bytes: must be 1 to 4294967295, got 0"
    );
    #[cfg(target_pointer_width = "64")]
    {
        assert_eq!(
            message(CoreSlab::new(0, 64, 4_294_967_295)),
            "pages: must be 1 to 4294967294, got 4294967295"
        );
        assert_eq!(
            message(CoreSlab::new(0, 4_294_967_296, 1)),
            "page_bytes: must be 1 to 4294967295, got 4294967296"
        );
        assert_eq!(
            message(CoreSlab::new(4_294_967_296, 64, 1)),
            "core: must be 0 to 4294967295, got 4294967296"
        );
        let huge = message(CoreSlab::new(0, 4_294_967_295, 4_294_967_294));
        assert!(huge.starts_with("pages x page_bytes: "), "{huge}");
    }
    assert_eq!(
        Bridge::<u8>::new(0).expect_err("refused").to_string(),
        "capacity: must be 1 to 2147483647, got 0"
    );
}

/// Returns every page from [`RETURNERS`] threads that start together, and gives the slab back to look at.
fn return_all_at_once(pages: usize, rounds: usize) -> CoreSlab {
    let slab = slab(pages);
    for _ in 0..rounds {
        let mut piles: Vec<Vec<RemotePage>> = (0..RETURNERS).map(|_| Vec::new()).collect();
        for n in 0..pages {
            let page = slab.alloc(b"x").expect("all came home");
            piles[n % RETURNERS].push(page.into_remote());
        }
        assert_eq!(slab.available(), 0);
        let start = &Barrier::new(RETURNERS);
        thread::scope(|scope| {
            for pile in piles {
                scope.spawn(move || {
                    start.wait();
                    drop(pile);
                });
            }
        });
        assert_eq!(slab.available(), pages);
    }
    assert_eq!(slab.stats().remote_frees, (pages * rounds) as u64);
    slab
}

#[test]
fn l_slab_6_returning_every_page_from_two_threads_loses_none() {
    let (pages, rounds) = if cfg!(miri) { (16, 2) } else { (1000, 20) };
    assert_every_page_once(&return_all_at_once(pages, rounds));
}

/// There is no page whose return means something else: each alone, the first and the last included, comes home.
#[test]
fn l_slab_7_no_page_is_a_sentinel() {
    let slab = slab(257);
    let mut pages: Vec<Page> = (0..257).map_while(|_| slab.alloc(b"x")).collect();
    for left in (0..257).rev() {
        drop(pages.pop().expect("257 pages").into_remote());
        assert_eq!(slab.tick(), 1, "with {left} left");
    }
    assert_every_page_once(&slab);
}

/// Two drainers cannot be written: taking pages in needs the slab, which is `!Send + !Sync` (see the head of this file).
/// What is left to show: its two ways of doing it do not disturb each other.
#[test]
fn l_slab_8_one_drainer_by_type() {
    let slab = return_all_at_once(8, 1);
    let by_alloc = slab.alloc(b"x").expect("eight came home");
    assert_eq!(slab.tick(), 0, "the alloc took all of them in");
    drop(by_alloc.into_remote());
    assert_eq!(slab.tick(), 1);
    assert_every_page_once(&slab);
}

/// A returner that stops before its store has changed nothing, and after it is done: there is no state in between that the owner would
/// meet. Shown at the outside: pages that others sit on do not hold up those that came home. (Each interleaving inside is run by `loom_slab`.)
#[test]
fn l_slab_9_a_stalled_returner_stalls_nobody() {
    let slab = slab(3);
    let [stalled, first, second] = [(); 3].map(|()| slab.alloc(b"x").expect("free").into_remote());
    let (at_work, may_go) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            let held = stalled;
            at_work.wait();
            may_go.wait();
            drop(held);
        });
        at_work.wait();
        scope
            .spawn(|| drop((first, second)))
            .join()
            .expect("no panic");
        assert_eq!(slab.tick(), 2);
        assert_eq!(slab.available(), 2);
        may_go.wait();
    });
    assert_every_page_once(&slab);
}

#[test]
fn l_slab_10_steady_state_and_tick_allocate_nothing() {
    let slab = slab(64);
    // A thread's first return to a slab sets up its mailbox.
    drop(slab.alloc(b"x").expect("free").into_remote());
    let info = allocation_counter::measure(|| {
        slab.tick();
        for _ in 0..3 {
            let mut remotes: [Option<RemotePage>; 64] = [const { None }; 64];
            for remote in &mut remotes {
                *remote = slab.alloc(b"x").map(Page::into_remote);
                assert!(remote.is_some());
            }
            assert!(slab.alloc(b"exhausted").is_none());
            let copies = remotes.clone();
            drop((remotes, copies));
            assert_eq!(slab.tick(), 64);
            let id = slab.alloc(b"x").expect("free").into_id().expect("a page");
            drop(slab.redeem(id));
            assert!(slab.redeem(id).is_err());
        }
    });
    assert_eq!(info.count_total, 0, "heap allocations");
}

#[test]
fn l_slab_10_a_bridge_allocates_nothing_after_it_is_built() {
    let (mut producer, mut consumer) = Bridge::new(4).expect("small");
    consumer.set_waker(std::task::Waker::noop());
    let info = allocation_counter::measure(|| {
        for n in 0..100 {
            assert!(consumer.prepare_wait());
            producer.try_push(n).expect("room");
            assert!(!consumer.prepare_wait());
            assert_eq!(consumer.try_pop(), Ok(n));
            assert_eq!(consumer.try_pop(), Err(PopError::Empty));
        }
    });
    assert_eq!(info.count_total, 0, "heap allocations");
}

#[test]
fn l_slab_11_bytes_are_written_in_place_and_read_there_on_another_core() {
    let slab = slab(1);
    let mut at = std::ptr::null();
    let fill = |bytes: &mut [u8]| {
        at = bytes.as_ptr();
        bytes.copy_from_slice(b"in place");
    };
    let mut page = slab.alloc_with(8, fill).expect("free");
    page[0] = b'I';
    let (remote, at) = (page.into_remote(), at.addr());
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(&remote[..], b"In place");
            assert_eq!(remote.as_ptr().addr(), at, "the same memory");
        });
    });
}

#[test]
fn l_slab_12_exhaustion_and_oversize_are_counted_and_the_fallback_is_given_back() {
    let slab = slab(1);
    let only = slab.alloc(b"x").expect("free");
    assert!(slab.alloc(b"y").is_none());
    let leaked_before = pool_core::leaked_regions();
    let info = allocation_counter::measure(|| {
        let large = slab.alloc(&[7; 65]).expect("memory");
        assert!(large.is_oversize() && !only.is_oversize());
        let large = large.into_id().expect_err("not one of the slab's pages");
        let remote = large.into_remote();
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(remote[..], [7; 65]));
        });
        let here = slab.alloc(&[8; 1000]).expect("memory");
        assert_eq!(here[..], [8; 1000]);
    });
    // The spawned thread's own bookkeeping is not ours; our share is back.
    assert!(
        info.bytes_current <= 256,
        "{} bytes left",
        info.bytes_current
    );
    assert_eq!(pool_core::leaked_regions(), leaked_before);
    let stats = slab.stats();
    assert_eq!(
        (stats.exhausted, stats.oversize, stats.oversize_bytes),
        (1, 2, 1065)
    );
    assert_eq!((stats.allocs, stats.in_use), (1, 1), "oversize is no page");
    drop(only);
    assert_every_page_once(&slab);
}

#[test]
fn l_bridge_1_a_refused_value_comes_back() {
    let slab = slab(3);
    let (mut producer, consumer) = Bridge::new(1).expect("small");
    let remote = |data: &[u8]| slab.alloc(data).expect("free").into_remote();
    producer.try_push(remote(b"a")).expect("room");
    let refused = producer.try_push(remote(b"b")).expect_err("full");
    assert!(refused.is_full() && !refused.is_closed());
    assert_eq!(&refused.into_value()[..], b"b");
    drop(consumer);
    let refused = producer.try_push(remote(b"c")).expect_err("closed");
    assert!(refused.is_closed());
    assert_eq!(&refused.into_value()[..], b"c");
    assert_eq!(slab.available(), 3, "what was on the bridge went home too");
}

#[test]
fn l_bridge_2_the_last_value_before_a_close_arrives() {
    let rounds = if cfg!(miri) { 20 } else { 2000 };
    for round in 0..rounds {
        let (mut producer, mut consumer) = Bridge::new(2).expect("small");
        let got = thread::scope(|scope| {
            scope.spawn(move || producer.try_push(round).expect("room"));
            loop {
                match consumer.try_pop() {
                    Err(PopError::Empty) => thread::yield_now(),
                    other => break other,
                }
            }
        });
        assert_eq!(got, Ok(round));
        assert_eq!(consumer.try_pop(), Err(PopError::Closed));
    }
}

/// A bridge has no counters of its own: both lengths come from the queue's two positions, which lie on lines of their own;
/// and its two flags lie 128 bytes apart (`the_bells_lie_two_cache_lines_apart`, beside their type).
#[test]
fn l_bridge_3_lengths_come_from_the_positions() {
    let (mut producer, mut consumer) = Bridge::new(3).expect("small");
    for (pushed, popped) in [(3, 1), (1, 3), (2, 2)] {
        for n in 0..pushed {
            producer.try_push(n).expect("room");
        }
        for _ in 0..popped {
            consumer.try_pop().expect("a value");
        }
        assert_eq!(producer.len(), consumer.len());
    }
    assert!(producer.is_empty() && consumer.is_empty());
}

/// `Consumer: !Clone + !Sync`, asserted at the head of this file and in a doc test of `Consumer`.
#[test]
fn l_ring_1_a_consumer_moves_whole() {
    let (mut producer, consumer) = Bridge::new(1).expect("small");
    producer.try_push(String::from("once")).expect("room");
    let there = thread::spawn(move || {
        let mut consumer = consumer;
        (consumer.try_pop(), consumer.try_pop())
    });
    drop(producer);
    let (first, second) = there.join().expect("no panic");
    assert_eq!(first.as_deref(), Ok("once"));
    assert!(second.is_err());
}

#[test]
fn l_ring_2_a_bridge_of_one_keeps_every_value_in_order() {
    let values = if cfg!(miri) { 50 } else { 20_000 };
    let (mut producer, mut consumer) = Bridge::new(1).expect("small");
    thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..values {
                let mut value = n;
                while let Err(refused) = producer.try_push(value) {
                    value = refused.into_value();
                    thread::yield_now();
                }
            }
        });
        let mut expected = 0;
        loop {
            match consumer.try_pop() {
                Ok(n) => {
                    assert_eq!(n, expected);
                    expected += 1;
                }
                Err(PopError::Closed) => break,
                Err(_) => thread::yield_now(),
            }
        }
        assert_eq!(expected, values);
    });
}

/// A page that is never dropped is seen, with the line that took it; pages at hand are nobody's.
#[test]
#[cfg(feature = "track")]
fn l_pool_7_a_forgotten_page_is_reported_with_its_line() {
    let slab = CoreSlab::new(0, 64, 4).expect("four pages");
    assert!(slab.outstanding().is_empty(), "all at hand");
    let (forgotten, line) = (slab.alloc(b"x").expect("free"), line!());
    let sent = slab.alloc_with(1, |_| {}).expect("free").into_remote();
    assert_eq!(slab.outstanding().len(), 2);
    std::thread::spawn(move || drop(sent))
        .join()
        .expect("it only drops");
    slab.tick();
    drop(slab.alloc(b"y"));
    std::mem::forget(forgotten);
    let report = slab.outstanding();
    assert_eq!(report.len(), 1, "{report:?}");
    assert_eq!(
        (report[0].file, report[0].line, report[0].slots),
        (file!(), line, 1)
    );
}
