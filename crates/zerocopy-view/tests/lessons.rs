//! What prior art got wrong, one test per line. VIEW-6 stands in `lesson_kind_limit.rs`, because it fills a table that is the process's, and VIEW-11
//! in `lesson_chain.rs`.

use core::hash::BuildHasher;
use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::{Arc, Mutex, PoisonError};

use allocation_counter::measure;
use bytes::Bytes;
use framebuf::FrameBuf;
use pool_core::{Budget, Pool, StableBytes};
use sizeclass::BufferPool;
use zerocopy_view::{Kind, Tenant, View, ViewMut};

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    Pool::builder()
        .slots(slots)
        .slot_bytes(slot_bytes)
        .build()
        .unwrap()
}

#[test]
fn l_view_1_freezing_keeps_the_address_and_a_pooled_one_allocates_nothing() {
    let pool = pool(3, 4096);
    let mut frame = FrameBuf::with_headroom(&pool, 64).unwrap();
    frame.append(&[7; 1000]).unwrap();
    let mut grown = ViewMut::with_capacity(2000, &pool);
    grown.extend_from_slice(&[7; 2000]);
    let lease = pool.alloc().unwrap();
    let buffer = BufferPool::new(1).acquire(3000);
    let addresses = [
        frame.as_ptr(),
        grown.as_ptr(),
        lease.as_ptr(),
        buffer.as_ptr(),
    ];
    let mut views = [const { View::from_static(b"") }; 4];
    let sum = measure(|| views = [frame.into(), grown.freeze(), lease.into(), buffer.into()]);
    assert_eq!(sum.count_total, 0);
    assert_eq!(views.each_ref().map(|view| view.as_ptr()), addresses);
    assert_eq!(
        views.each_ref().map(|view| view.len()),
        [1000, 2000, 4096, 3000]
    );
}

#[test]
fn l_view_2_no_way_in_or_out_copies_a_byte() {
    const LEN: usize = 64 * 1024;
    let vec = vec![1_u8; LEN];
    let address = vec.as_ptr();
    // A copy of the bytes would allocate them; what is allocated is far smaller.
    let sum = measure(|| {
        let view = View::from(vec);
        assert_eq!(view.as_ptr(), address);
        let bytes = Bytes::from(view);
        assert_eq!(bytes.as_ptr(), address);
        let view = View::from(bytes);
        assert_eq!((view.as_ptr(), view.len()), (address, LEN));
    });
    assert!(sum.bytes_total < 512, "{} bytes", sum.bytes_total);
}

#[test]
fn l_view_3_the_last_view_gives_the_slot_back() {
    let pool = pool(1, 128);
    for _ in 0..10 {
        let view = View::from(pool.alloc().expect("the slot came home each time"));
        let slice = view.slice(1..2);
        drop(view);
        assert!(pool.alloc().is_none(), "a slice keeps the slot");
        std::thread::spawn(move || drop(slice)).join().unwrap();
        assert_eq!(pool.in_use(), 0);
    }
}

#[test]
fn l_view_4_a_clone_touches_only_its_own_storages_counter() {
    // A kind and a tenant are two bytes each: nothing to count lies behind them.
    assert_eq!((size_of::<Kind>(), size_of::<Tenant>()), (2, 2));
    let registered = Kind::register("lesson-4").unwrap();
    let pool = pool(2, 64);
    let storages = [
        View::from(pool.alloc().unwrap()),
        View::from(pool.alloc().unwrap()),
        View::from(vec![1]),
        View::from(vec![1]),
    ];
    let storages = storages.map(|view| view.retag(registered).with_tenant(Tenant::new(1)).unwrap());
    let clones: Vec<View> = (0..100).map(|_| storages[0].clone()).collect();
    assert_eq!(storages.each_ref().map(View::sharers), [101, 1, 1, 1]);
    drop(clones);
    assert_eq!(storages.each_ref().map(View::sharers), [1; 4]);
}

#[test]
fn l_view_5_built_in_kinds_are_constants() {
    const PNG: Kind = Kind::PNG;
    let mut equal = false;
    let sum = measure(|| equal = PNG == "png".parse().unwrap() && Kind::default() == Kind::RAW);
    assert!(equal);
    assert_eq!(sum.count_total, 0);
}

#[test]
fn l_view_7_totals_are_what_lives() {
    let pool = pool(8, 64);
    let house = Budget::new(10_000);
    let tenants = [1, 2].map(Tenant::new);
    let budgets = tenants.map(|it| house.child().tenant(it).build().unwrap());
    let charged = |tenant: Tenant, view: View| {
        let view = view.with_tenant(tenant).unwrap();
        view.with_budget(&house).unwrap()
    };
    let totals = || budgets.each_ref().map(Budget::used);
    let [alice, bob] = tenants;
    let one = charged(alice, View::from(pool.alloc().unwrap()));
    let other = charged(bob, View::from(vec![0; 100]));
    assert_eq!((totals(), house.used()), ([64, 100], 164));
    // Nobody can release by hand, nor twice: cutting, cloning and dropping views changes nothing while the memory lives.
    let parts: Vec<_> = (0..64).map(|at| one.slice(at..=at)).collect();
    drop(one);
    assert_eq!(totals(), [64, 100]);
    // What was never charged lowers nothing when it goes.
    drop((View::from(vec![0; 500]), View::from(pool.alloc().unwrap())));
    assert_eq!(totals(), [64, 100]);
    std::thread::spawn(move || drop(parts)).join().unwrap();
    assert_eq!((totals(), pool.in_use()), ([0, 100], 0));
    let moved = other.with_tenant(alice).unwrap();
    assert_eq!((totals(), house.used()), ([100, 0], 100));
    drop(moved);
    assert_eq!((totals(), house.used()), ([0, 0], 0));
}

#[test]
fn l_view_8_what_a_small_slice_keeps_is_seen() {
    const MIB: usize = 1 << 20;
    let pool = pool(1, MIB);
    let pooled = View::from(pool.alloc().unwrap()).slice(5..6);
    assert_eq!((pooled.len(), pooled.retained_bytes()), (1, MIB));
    let mut roomy = Vec::with_capacity(MIB);
    roomy.push(1);
    let capacity = roomy.capacity();
    let boxed = View::from(roomy);
    assert_eq!(
        (boxed.len(), boxed.retained_bytes()),
        (1, capacity),
        "capacity, not length"
    );
    // It is let go of when asked, and charged as long as it is kept.
    let budget = Budget::new(2 * MIB);
    let mut part = boxed.with_budget(&budget).unwrap();
    assert_eq!(budget.used(), capacity);
    let done = part.compact();
    assert_eq!((done.copied, done.freed), (1, capacity - 1));
    assert_eq!((part.retained_bytes(), budget.used()), (1, 1));
    // And a slice of nothing keeps nothing.
    let nothing = pooled.slice(1..);
    drop(pooled);
    assert_eq!((nothing.retained_bytes(), pool.in_use()), (0, 0));
}

#[test]
fn l_view_9_debug_prints_no_payload() {
    let view = View::from(vec![b'S'; 64 * 1024]).retag(Kind::JPEG);
    let _clone = view.clone();
    let text = format!("{view:?} {view:#?}");
    assert!(
        text.len() < 400 && !text.contains("SS") && !text.contains("83"),
        "{text}"
    );
    for part in ["65536", "jpeg", "sharers: 2"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn l_view_10_slices_do_not_only_panic_and_views_act_as_their_bytes() {
    let view = View::from(b"some bytes".to_vec());
    assert!(view.try_slice(5..11).is_err());
    assert_eq!(view.try_slice(5..).unwrap(), view.slice(5..=9));
    assert_eq!(view.as_ref() as &[u8], b"some bytes");
    // Equality, whatever the storage, the kind and the side.
    let other = View::from_static(b"some bytes").retag(Kind::PDF);
    assert_eq!(view, other);
    assert_eq!(view, *"some bytes");
    assert_eq!(view, "some bytes");
    assert_eq!("some bytes", view);
    assert!(view == b"some bytes" && view == *b"some bytes" && b"some bytes"[..] == view);
    assert_eq!(view, other.to_vec());
    assert_eq!(other.to_vec(), view);
    assert_eq!(view, Bytes::from(other));
    assert!(view != "some byteS" && view != *"");
    // Order and hash of the slice: a map by views is asked by slices.
    assert!(view < View::from_static(b"some c") && view > View::default());
    let state = RandomState::new();
    assert_eq!(state.hash_one(&view), state.hash_one(&b"some bytes"[..]));
    let map = HashMap::from([(view, 1)]);
    assert_eq!(map.get(&b"some bytes"[..]), Some(&1));
}

#[test]
fn l_view_12_a_fresh_slot_reads_as_initialised_bytes() {
    let pool = pool(2, 512);
    let view = View::from(pool.alloc().unwrap());
    assert!(view.iter().all(|byte| *byte == 0));
}

/// An owner that writes down where it lies whenever it is asked for its bytes, and when it is dropped.
struct Located {
    bytes: Vec<u8>,
    seen_at: Arc<Mutex<Vec<usize>>>,
}

impl Located {
    fn note(&self) {
        let mut seen_at = self.seen_at.lock().unwrap_or_else(PoisonError::into_inner);
        seen_at.push(core::ptr::from_ref(self).addr());
    }
}

// SAFETY: as `Vec<u8>`, which nobody else reaches.
unsafe impl StableBytes for Located {
    fn stable_bytes(&self) -> &[u8] {
        self.note();
        &self.bytes
    }
}

impl Drop for Located {
    fn drop(&mut self) {
        self.note();
    }
}

#[test]
fn l_send_3_an_owner_is_asked_for_its_bytes_after_its_last_move() {
    let seen_at = Arc::new(Mutex::new(Vec::new()));
    let view = View::from_owner(Located {
        bytes: vec![1, 2, 3],
        seen_at: seen_at.clone(),
    });
    assert_eq!(view.slice(1..), [2, 3]);
    drop(view);
    let seen_at = seen_at.lock().unwrap();
    assert!(seen_at.len() >= 2, "asked, and dropped");
    assert!(
        seen_at.iter().all(|address| *address == seen_at[0]),
        "{seen_at:?}"
    );
}

#[test]
fn l_send_5_a_range_that_overflows_is_refused() {
    let view = View::from(vec![0; 100]);
    assert!(view.try_slice(usize::MAX - 10..usize::MAX).is_err());
    assert!(view.try_slice(..=usize::MAX).is_err());
    let part = view.slice(40..50);
    for elsewhere in [&view[39..50], &view[40..51], &view[..], &view[50..]] {
        assert!(part.try_slice_ref(elsewhere).is_err());
    }
    let unrelated: Arc<[u8]> = Arc::from([0; 100]);
    assert!(view.try_slice_ref(&unrelated).is_err());
}

/// A view takes no slot itself: the line that a leak report names is the one that took the lease or the frame.
#[cfg(feature = "track")]
#[test]
fn a_view_keeps_the_line_that_took_its_slot() {
    let pool = pool(2, 64);
    let lines = [line!() + 2, line!() + 3];
    let views = [
        View::from(pool.alloc().expect("free")),
        View::from(FrameBuf::from_pool(&pool, b"x")),
    ];
    let slices = views.each_ref().map(|view| view.slice(..1));
    drop(views);
    let mut reported: Vec<_> = pool.outstanding().iter().map(|site| site.line).collect();
    reported.sort_unstable();
    assert_eq!(reported, lines);
    drop(slices);
    assert!(pool.outstanding().is_empty());
}
