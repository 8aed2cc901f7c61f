//! What a slab does that no lesson names.

use percore_slab::{CoreSlab, Page, RemotePage};
use pool_core::StableBytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

fn slab(pages: usize) -> CoreSlab {
    CoreSlab::new(0, 64, pages).expect("a small slab")
}

#[test]
fn defaults_are_256_pages_of_64_kib() {
    let slab = CoreSlab::builder(3)
        .build()
        .expect("16 MiB of address space");
    assert_eq!(
        (slab.core(), slab.pages(), slab.page_bytes()),
        (3, 256, 65_536)
    );
    assert_eq!(slab.region().bytes(), 16 * 1024 * 1024);
}

#[test]
fn the_page_dropped_last_is_handed_out_first() {
    let slab = slab(4);
    let [a, b, c] = [(); 3].map(|()| slab.alloc(b"x").expect("free"));
    let hot = b.as_ptr();
    drop((a, c));
    drop(b);
    assert_eq!(slab.alloc(b"y").expect("free").as_ptr(), hot);

    let slab = self::slab(3);
    let all = [(); 3].map(|()| slab.alloc(b"x").expect("free").into_remote());
    let [a, b, c] = all;
    let hot = a.as_ptr();
    drop((b, c));
    drop(a);
    assert_eq!(slab.tick(), 3);
    assert_eq!(
        slab.alloc(b"y").expect("free").as_ptr(),
        hot,
        "after coming home"
    );
}

#[test]
fn a_returned_page_is_usable_without_tick() {
    let slab = slab(1);
    for _ in 0..3 {
        drop(slab.alloc(b"x").expect("it came home").into_remote());
    }
    assert_eq!(slab.alloc_count(), 3);
    assert_eq!(slab.stats().high_water, 1);
}

#[test]
fn pages_outlive_their_slab() {
    let slab = slab(2);
    let here = slab.alloc(b"here").expect("free");
    let there = slab.alloc(b"there").expect("free").into_remote();
    drop(slab);
    assert_eq!(&here[..], b"here");
    drop(here);
    thread::spawn(move || assert_eq!(&there[..], b"there"))
        .join()
        .expect("no panic");
}

#[test]
fn a_thread_that_exits_takes_no_page_with_it() {
    let make = || {
        let slab = slab(2);
        slab.alloc(b"made by the dead").expect("free").into_remote()
    };
    let remote = thread::spawn(make).join().expect("no panic");
    assert_eq!(&remote.clone()[..], b"made by the dead");
}

#[test]
fn a_page_shows_no_earlier_bytes() {
    let slab = slab(1);
    drop(slab.alloc(&[7; 64]));
    let mut page = slab.alloc(b"ab").expect("free");
    assert_eq!(page.capacity(), 64);
    page.set_len(4).expect("room");
    assert_eq!(page[..], *b"ab\0\0");
    page.set_len(1).expect("room");
    page.set_len(64).expect("room");
    assert_eq!(page[0], b'a');
    assert_eq!(page[1..], [0; 63]);
    let refused = page.set_len(65).expect_err("no room");
    assert_eq!(refused.to_string(), "page len: must be 0 to 64, got 65");
    assert_eq!(page.len(), 64);
}

#[test]
fn a_fill_that_panics_loses_no_page() {
    let slab = slab(1);
    let filled = catch_unwind(AssertUnwindSafe(|| {
        slab.alloc_with(8, |_| panic!("half way"))
    }));
    assert!(filled.is_err());
    assert_eq!(slab.available(), 1);
}

#[test]
fn a_fill_may_use_the_slab() {
    let slab = slab(2);
    let outer = slab.alloc_with(1, |bytes| {
        let inner = slab.alloc(b"7").expect("free");
        bytes.copy_from_slice(&inner);
        slab.tick();
    });
    assert_eq!(&outer.expect("free")[..], b"7");
    assert_eq!(slab.available(), 2);
}

#[test]
fn a_page_lowers_to_lease_or_share_and_range() {
    let slab = slab(2);
    let (lease, range) = slab.alloc(b"lease").expect("free").into_lease();
    assert_eq!((&lease[range], lease.len()), (&b"lease"[..], 64));
    let remote = slab.alloc(b"share").expect("free").into_remote();
    let address = remote.as_ptr();
    assert_eq!(remote.stable_bytes(), b"share");
    assert_eq!(remote.clone().sharers(), 2);
    let (share, range) = remote.into_shared();
    assert_eq!((&share[range], share.as_ptr()), (&b"share"[..], address));
    drop((lease, share));
    assert_eq!(slab.stats().remote_frees, 2);
    assert_eq!(slab.available(), 2);
}

#[test]
fn an_empty_page_is_a_page() {
    let slab = slab(1);
    let page = slab.alloc(b"").expect("free");
    assert!(page.is_empty());
    let id = page.into_id().expect("a page");
    assert!((slab.utilization() - 1.0).abs() < f64::EPSILON);
    assert!(slab.redeem(id).expect("out").is_empty());
    assert_eq!(slab.utilization().to_bits(), 0.0_f64.to_bits());
}

#[test]
fn debug_prints_no_payload() {
    let slab = slab(2);
    let page = slab.alloc(&[222; 64]).expect("free");
    let remote = slab.alloc(&[222; 64]).expect("free").into_remote();
    let text = format!("{slab:?} {page:?} {remote:?} {}", slab.stats());
    assert!(!text.contains("222"), "{text}");
    assert!(text.len() < 600, "{text}");
}

/// 1 GiB of pages costs next to nothing until they are used.
#[cfg(all(target_os = "linux", feature = "os", not(miri)))]
#[test]
fn building_touches_no_page() {
    fn resident_pages() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
        let mut words = statm.split_whitespace();
        words
            .nth(1)
            .and_then(|word| word.parse().ok())
            .expect("a number")
    }
    let before = resident_pages();
    let slab = CoreSlab::new(0, 65_536, 16_384).expect("1 GiB of address space");
    let page: Page = slab.alloc(b"one").expect("free");
    let grown = resident_pages().saturating_sub(before) * 4096;
    assert!(
        grown < 64 * 1024 * 1024,
        "{grown} bytes for {} pages",
        slab.pages()
    );
    drop(page);
}

#[cfg(all(target_os = "linux", feature = "os", not(miri)))]
#[test]
fn a_thread_is_pinned_or_told_why_not() {
    let pin = |core| thread::spawn(move || percore_slab::pin_to_core(core)).join();
    let allowed = (0..1024).find(|core| pin(*core).expect("no panic").is_ok());
    assert!(allowed.is_some(), "this process may run somewhere");
    let offline = pin(1023).expect("no panic").expect_err("nobody has 1024");
    assert!(offline.raw_os_error().is_some(), "{offline}");
    let beyond = pin(usize::MAX)
        .expect("no panic")
        .expect_err("no such core");
    assert!(
        beyond.to_string().contains("core: must be 0 to 1023"),
        "{beyond}"
    );
}

#[test]
#[cfg(target_pointer_width = "64")]
fn four_gibibytes_are_refused_before_memory_is_asked_for() {
    let slab = CoreSlab::new(0, 64, 1).expect("a small slab");
    assert!(slab.alloc_with(1 << 32, |_| unreachable!()).is_none());
    assert_eq!((slab.stats().oversize, slab.available()), (0, 1));
}

#[test]
fn what_crosses_is_a_word() {
    assert_eq!(size_of::<Option<RemotePage>>(), size_of::<usize>());
}

/// The length is told to other cores anew each time, also when the page was longer or shorter before.
#[test]
fn a_page_has_its_own_length_each_time() {
    let slab = CoreSlab::new(0, 64, 1).expect("a small slab");
    for len in [3, 64, 0, 64, 64, 1] {
        let page = slab
            .alloc(&vec![7; len])
            .expect("it came home")
            .into_remote();
        let (page, copy) = (page.clone(), page);
        let read = thread::spawn(move || (page.len(), copy.len())).join();
        assert_eq!(read.expect("no panic"), (len, len));
    }
    let long = slab.alloc(&[9; 1000]).expect("memory").into_remote();
    assert_eq!((long.len(), long[999]), (1000, 9));
}
