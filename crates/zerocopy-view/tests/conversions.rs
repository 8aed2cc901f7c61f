//! Into views and out of them: the same addresses, and the allocations that are admitted.

use std::sync::Arc;

use allocation_counter::measure;
use bytes::{Buf, Bytes};
use framebuf::FrameBuf;
use pool_core::{Lease, Pool, StableBytes};
use sizeclass::{BufferPool, Classes};
use zerocopy_view::{Kind, Tenant, View};

fn pool() -> Pool {
    Pool::builder().slots(4).slot_bytes(256).build().unwrap()
}

/// The view, its one address checked, and how many allocations making it took.
fn adopt<T: AsRef<[u8]> + Into<View>>(bytes: T) -> (View, u64) {
    let (address, len) = (bytes.as_ref().as_ptr(), bytes.as_ref().len());
    let mut view = View::default();
    let allocations = measure(|| view = bytes.into()).count_total;
    assert_eq!((view.as_ptr(), view.len()), (address, len));
    assert_eq!((view.kind(), view.tenant()), (Kind::RAW, Tenant::NONE));
    (view, allocations)
}

#[test]
fn no_byte_moves_on_the_way_in() {
    let pool = pool();
    let mut roomy = Vec::with_capacity(500);
    roomy.extend_from_slice(b"roomy");
    let builder = BufferPool::builder().classes(Classes::new([4096]));
    let buffers = builder.capacity_per_class(1).build().unwrap();
    let framed = |pool| FrameBuf::from_pool(pool, b"frame").with_meta("metadata");
    let mut headed = FrameBuf::with_headroom(&pool, 40).unwrap();
    headed.append(b"headed").unwrap();
    let mut on_heap = FrameBuf::from(vec![5; 30]);
    on_heap.trim_front(10).unwrap();
    let no_pool = Pool::builder().slots(1).slot_bytes(1).build().unwrap();
    let cases = [
        (adopt(framed(&pool)), 0, 256, 0),
        (adopt(headed), 0, 256, 0),
        (adopt(on_heap), 1, 30, 0),
        (adopt(framed(&no_pool)), 1, 5, 0),
        (adopt(buffers.acquire(1000)), 0, 4096, 0),
        (adopt(buffers.acquire(4097)), 1, 4097, 0),
        (adopt(roomy), 1, 500, 0),
        (adopt("text".to_owned()), 1, 4, 0),
        (adopt(vec![1_u8; 9].into_boxed_slice()), 1, 9, 0),
        (adopt(Arc::<[u8]>::from([2_u8; 8])), 1, 8, 0),
        (adopt(Bytes::from(vec![3_u8; 7])), 1, 7, 0),
        (adopt(pool.alloc().unwrap()), 0, 256, 0),
        (adopt(pool.alloc().unwrap().share()), 0, 256, 0),
        (adopt(&b"static"[..]), 0, 0, 0),
        (adopt("static"), 0, 0, 0),
    ];
    for ((view, allocations), expected, retained, admitted_spare) in cases {
        assert_eq!(allocations, expected, "{view:?}");
        let spare = view.retained_bytes() - retained;
        assert!(spare <= admitted_spare, "{view:?} and {spare} bytes more");
        assert_eq!(view.sharers(), usize::from(retained > 0), "{view:?}");
    }
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn no_byte_moves_on_the_way_into_bytes() {
    let pool = pool();
    let cases = [
        (View::from(vec![1, 2, 3]), 1),
        (View::from(pool.alloc().unwrap()), 1),
        (View::from(Bytes::from_static(b"abc")), 0),
        (View::from_static(b"static"), 0),
        (View::default(), 0),
    ];
    for (view, expected) in cases {
        let address = view.as_ptr();
        let mut bytes = Bytes::new();
        let allocations = measure(|| bytes = view.into()).count_total;
        assert_eq!(allocations, expected);
        assert!(bytes.is_empty() || bytes.as_ptr() == address);
    }
    assert_eq!(pool.in_use(), 0, "`Bytes` gave the slot back");
}

#[test]
fn a_pooled_view_lives_without_the_allocator() {
    let pool = pool();
    let sum = measure(|| {
        for _ in 0..10 {
            let mut view = View::from(pool.alloc().unwrap()).retag(Kind::PCM16);
            let clone = view.clone();
            let slice = view.slice(10..20);
            let front = view.split_to(100);
            let whole = front.try_join(view).unwrap();
            assert_eq!((whole.len(), clone.sharers()), (256, 3));
            let _ = (slice.sha256(), whole.retained_bytes());
        }
    });
    assert_eq!(sum.count_total, 0);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_counted_view_allocates_once() {
    let bytes = vec![7_u8; 100];
    let sum = measure(move || {
        let view = View::from(bytes);
        let clones: [View; 4] = core::array::from_fn(|at| view.slice(at..));
        assert_eq!(clones[3].sharers(), 5);
    });
    assert_eq!(sum.count_total, 1);
    assert_eq!(sum.bytes_current, -100, "the box and the `Vec` are gone");
}

/// An owner that tells when it is dropped.
struct Owned {
    bytes: Vec<u8>,
    _alive: Arc<()>,
}

// SAFETY: as `Vec<u8>`; the field is private and nothing here changes it.
unsafe impl StableBytes for Owned {
    fn stable_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[test]
fn an_owner_goes_with_its_last_view() {
    let alive = Arc::new(());
    let owned = |bytes: &[u8]| Owned {
        bytes: bytes.to_vec(),
        _alive: alive.clone(),
    };
    let view = View::from_owner(owned(&[1, 2, 3, 4]));
    let part = view.slice(1..3);
    drop(view);
    assert_eq!(Arc::strong_count(&alive), 2);
    assert_eq!(part, [2, 3]);
    std::thread::spawn(move || drop(part)).join().unwrap();
    assert_eq!(Arc::strong_count(&alive), 1);
    // An owner of nothing is not kept at all.
    let empty = View::from_owner(owned(&[]));
    assert_eq!((Arc::strong_count(&alive), empty.sharers()), (1, 0));
}

#[test]
fn an_only_view_becomes_the_lease_again() {
    let pool = pool();
    let mut lease = pool.alloc().unwrap();
    lease[10..14].copy_from_slice(b"back");
    let slot = lease.slot_index();
    let view = View::from(lease);
    let part = view.slice(10..14);
    let part = part.try_into_lease().unwrap_err();
    drop(view);
    let (mut lease, range): (Lease, _) = part.try_into_lease().unwrap();
    assert_eq!((lease.slot_index(), &range), (slot, &(10..14)));
    assert_eq!(&lease[range], b"back");
    lease.fill(0);
    drop(lease);
    assert_eq!(pool.in_use(), 0);
    for view in [
        View::from(vec![1]),
        View::from_static(b"x"),
        View::default(),
    ] {
        assert!(view.try_into_lease().is_err());
    }
}

#[test]
fn a_frame_comes_back_with_its_headroom() {
    let pool = pool();
    let mut frame = FrameBuf::with_headroom(&pool, 64).unwrap();
    frame.append(b"payload").unwrap();
    let address = frame.as_ptr();
    let sum = measure(|| {
        let view = View::from(frame);
        let clone = view.clone();
        let view = FrameBuf::try_from(view.retag(Kind::MP4)).unwrap_err();
        assert_eq!((view.kind(), &view[..]), (Kind::MP4, &b"payload"[..]));
        drop(clone);
        let mut frame = FrameBuf::try_from(view).unwrap();
        assert_eq!(
            (frame.headroom(), frame.len(), frame.as_ptr()),
            (64, 7, address)
        );
        frame.prepend(b"header: ").unwrap();
        assert_eq!(frame, b"header: payload");
    });
    assert_eq!(sum.count_total, 0);
    assert_eq!(pool.in_use(), 0);
}

/// The memory is only reserved: one page of it is touched.
#[cfg(all(feature = "os", unix, target_pointer_width = "64", not(miri)))]
#[test]
fn a_view_behind_a_frames_reach_comes_back_as_it_was() {
    let reach = u32::MAX as usize;
    let builder = Pool::builder().slots(1).slot_bytes(reach + 100);
    let Ok(pool) = builder.region(pool_core::RegionSource::Mmap).build() else {
        println!("skipped: the system reserves no 4 GiB");
        return;
    };
    let view = View::from(pool.alloc().unwrap()).slice(reach..reach + 8);
    let view = view.with_tenant(Tenant::new(3)).unwrap().retag(Kind::WAV);
    let address = view.as_ptr();
    let view = FrameBuf::try_from(view).unwrap_err();
    assert_eq!((view.as_ptr(), view.len()), (address, 8));
    assert_eq!((view.kind(), view.tenant()), (Kind::WAV, Tenant::new(3)));
}

#[test]
fn an_empty_frame_keeps_no_slot_as_a_view() {
    let pool = pool();
    let view = View::from(FrameBuf::with_headroom(&pool, 64).unwrap());
    assert_eq!((view.len(), pool.in_use()), (0, 0));
    let empty = View::from(BufferPool::new(1).acquire(0));
    assert_eq!((empty.len(), empty.sharers()), (0, 0));
}

#[test]
fn a_tenant_moves_only_with_the_storage_to_oneself() {
    let (seven, eight) = (Tenant::new(7), Tenant::new(8));
    let pool = pool();
    for view in [View::from(pool.alloc().unwrap()), View::from(vec![1, 2, 3])] {
        let view = view.with_tenant(seven).unwrap();
        let clone = view.clone();
        assert_eq!((clone.tenant(), clone.slice(1..).tenant()), (seven, seven));
        let refused = view.with_tenant(eight).unwrap_err();
        assert!(refused.is_shared());
        let view = refused.into_view();
        assert_eq!(view.tenant(), seven);
        drop(clone);
        assert_eq!(view.with_tenant(eight).unwrap().tenant(), eight);
    }
    let fixed = View::from_static(b"x");
    assert_eq!(fixed.clone().with_tenant(eight).unwrap().tenant(), eight);
    assert_eq!(fixed.tenant(), Tenant::NONE);
}

#[test]
fn read_from_the_front() {
    let pool = pool();
    let mut lease = pool.alloc().unwrap();
    lease[..6].copy_from_slice(&[0, 0, 0, 9, 1, 2]);
    let mut view = View::from(lease);
    assert_eq!(view.get_u32(), 9);
    let first = view.as_ptr();
    let two = view.copy_to_bytes(2);
    assert_eq!((&two[..], two.as_ptr()), (&[1, 2][..], first));
    drop(two);
    Buf::advance(&mut view, 249);
    assert_eq!(pool.in_use(), 1);
    assert_eq!(
        (view.remaining(), view.get_u8(), view.has_remaining()),
        (1, 0, false)
    );
    assert_eq!(pool.in_use(), 0, "read to its end, a view keeps nothing");
}

#[cfg(feature = "std")]
#[test]
fn read_by_std() {
    use std::io::Read;
    let mut view = View::from(b"one two".to_vec());
    let mut three = [0; 3];
    view.read_exact(&mut three).unwrap();
    let mut rest = String::new();
    view.read_to_string(&mut rest).unwrap();
    assert_eq!((&three, &rest[..]), (b"one", " two"));
    assert_eq!(view.read(&mut three).unwrap(), 0);
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let hex = |view: View| -> String {
        view.sha256()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex(View::from_static(b"abc")), abc);
    assert_eq!(hex(View::from(b"xabcx".to_vec()).slice(1..4)), abc);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hex(View::default()), empty);
}

#[test]
fn the_parts_of_a_frame_are_views_each_and_keep_their_slot() {
    let pool = pool();
    let mut frame = FrameBuf::from_pool(&pool, b"headtail");
    let address = frame.as_ptr();
    let (head, allocations) = adopt(frame.split_to(4).unwrap().with_meta("metadata"));
    assert_eq!(
        (&head[..], head.as_ptr(), allocations),
        (&b"head"[..], address, 1)
    );
    frame.fill(7); // the tail is still its own
    let copy = head.clone();
    drop(head);
    assert_eq!(copy, b"head"[..]);
    drop(copy);
    let (tail, allocations) = adopt(frame);
    assert_eq!(
        (&tail[..], tail.retained_bytes(), allocations),
        (&[7; 4][..], 256, 0)
    );
    drop(tail);
    assert_eq!(pool.in_use(), 0);
}
