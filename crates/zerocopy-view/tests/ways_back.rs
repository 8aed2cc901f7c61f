//! What became a view becomes itself again: at the same address, without the allocator, or the view comes back as it was.

use std::ops::Range;
use std::sync::Arc;

use allocation_counter::measure;
use bytes::Bytes;
use framebuf::FrameBuf;
use pool_core::{Pool, StableBytes, Tenant};
use sizeclass::{BufferPool, Classes, PooledBuffer};
use zerocopy_view::{Kind, View};

fn pool() -> Pool {
    Pool::builder().slots(2).slot_bytes(256).build().unwrap()
}

/// There and back, with no allocation on the way back.
#[track_caller]
fn back<T>(view: View) -> T
where
    T: TryFrom<View, Error = View> + AsRef<[u8]>,
{
    back_allocating(view, 0)
}

/// There and back, with so many allocations on the way back, and the bytes where they were.
#[track_caller]
fn back_allocating<T>(view: View, allocations: u64) -> T
where
    T: TryFrom<View, Error = View> + AsRef<[u8]>,
{
    let (address, bytes) = (view.as_ptr(), view.to_vec());
    let mut back = None;
    let sum = measure(|| back = T::try_from(view).ok());
    let back = back.expect("the only view of its storage");
    assert_eq!(sum.count_total, allocations);
    assert_eq!(
        (back.as_ref().as_ptr(), back.as_ref()),
        (address, &bytes[..])
    );
    back
}

/// A part of a view, and nothing else of it.
fn cut(view: View, range: Range<usize>) -> View {
    view.slice(range)
}

/// Refused, with the view as it was.
#[track_caller]
fn refused<T: TryFrom<View, Error = View>>(view: View) -> View {
    let view = view.with_tenant(Tenant::new(5)).unwrap_or_else(View::from);
    let view = view.retag(Kind::MP3);
    let before = (view.as_ptr(), view.len(), view.sharers(), view.tenant());
    let Err(view) = T::try_from(view) else {
        panic!("turned into something else");
    };
    assert_eq!(
        (view.as_ptr(), view.len(), view.sharers(), view.tenant()),
        before
    );
    assert_eq!(view.kind(), Kind::MP3);
    view
}

#[test]
fn vectors() {
    let mut roomy = Vec::with_capacity(100);
    roomy.extend_from_slice(b"some bytes");
    let capacity = roomy.capacity();
    let vec: Vec<u8> = back(cut(View::from(roomy), 0..4));
    assert_eq!((vec.capacity(), &vec[..]), (capacity, &b"some"[..]));
    let _: Vec<u8> = back(View::from("text".to_owned()));
    let _: Vec<u8> = back(View::from(vec![1; 9].into_boxed_slice()));
    let _: Vec<u8> = back(View::from(FrameBuf::from(vec![7; 30])));

    let view = View::from(vec![1, 2, 3]);
    let clone = view.clone();
    drop(refused::<Vec<u8>>(view));
    let tail = refused::<Vec<u8>>(clone.slice(1..));
    drop((clone, tail));
    let pool = pool();
    for view in [
        View::from(pool.alloc().unwrap()),
        View::from(Bytes::from(vec![1])),
        View::from_static(b"x"),
    ] {
        refused::<Vec<u8>>(view);
    }
}

#[test]
fn boxes() {
    let bytes: Box<[u8]> = back(View::from(vec![1; 9].into_boxed_slice()));
    let _: Box<[u8]> = back(View::from(bytes));
    let mut roomy = Vec::with_capacity(100);
    roomy.push(1);
    refused::<Box<[u8]>>(View::from(roomy));
    refused::<Box<[u8]>>(cut(View::from(vec![1, 2, 3]), 0..2));
}

#[test]
fn arcs_also_while_others_have_views() {
    let shared: Arc<[u8]> = Arc::from([5; 20]);
    let view = View::from(shared.clone());
    let again: Arc<[u8]> = back(view.clone());
    assert!(Arc::ptr_eq(&again, &shared));
    let part = refused::<Arc<[u8]>>(view.slice(1..));
    assert_eq!(view, vec![5; 20]);
    drop((view, part, again));
    assert_eq!(Arc::strong_count(&shared), 1);
    refused::<Arc<[u8]>>(View::from(vec![1]));
}

#[test]
fn bytes_also_while_others_have_views() {
    let owned = Bytes::from(vec![6; 20]);
    let view = View::from(owned.clone());
    let part: Bytes = back_into_bytes(view.slice(3..9));
    assert_eq!(part.as_ptr(), owned[3..].as_ptr());
    drop(view);
    // Nothing of ours is between it and the vector: who is alone gets that.
    drop(owned);
    assert!(part.is_unique());
}

fn back_into_bytes(view: View) -> Bytes {
    let mut back = Bytes::new();
    let sum = measure(|| back = view.into());
    assert_eq!(sum.count_total, 0);
    back
}

#[test]
fn frames_with_their_headroom() {
    let pool = pool();
    let mut pooled = FrameBuf::with_headroom(&pool, 40).unwrap();
    pooled.append(b"payload").unwrap();
    let mut on_heap = FrameBuf::from(vec![7; 100]);
    on_heap.trim_front(40).unwrap();
    on_heap.truncate(7);
    for frame in [pooled, on_heap] {
        let (range, capacity) = (frame.range(), frame.capacity());
        let frame: FrameBuf = back(View::from(frame));
        assert_eq!((frame.range(), frame.capacity()), (range, capacity));
        let mut frame: FrameBuf = back(cut(View::from(frame), 2..5));
        assert_eq!(frame.range(), 42..45);
        frame.prepend(&[0; 42]).unwrap();
    }
    assert_eq!(pool.in_use(), 0);
    for view in [
        View::from(Bytes::from(vec![1])),
        View::from_static(b"x"),
        View::default(),
    ] {
        refused::<FrameBuf>(view);
    }
    let view = View::from(pool.alloc().unwrap());
    let _clone = view.clone();
    refused::<FrameBuf>(view);
}

#[test]
fn buffers() {
    let builder = BufferPool::builder().classes(Classes::new([4096]));
    let buffers = builder.capacity_per_class(1).build().unwrap();
    let pooled = buffers.acquire(1000);
    let on_heap = buffers.acquire(4097);
    for (buffer, capacity) in [(pooled, 4096), (on_heap, 4097)] {
        let is_pooled = buffer.is_pooled();
        // A buffer keeps a vector in a record.
        let mut buffer: PooledBuffer = back_allocating(View::from(buffer), u64::from(!is_pooled));
        assert_eq!(
            (buffer.is_pooled(), buffer.capacity()),
            (is_pooled, capacity)
        );
        buffer.resize(capacity + 1);
        assert!(!buffer.is_pooled() && buffer[capacity] == 0);
    }
    assert_eq!(buffers.stats().in_use_bytes(), 0);
    refused::<PooledBuffer>(cut(View::from(buffers.acquire(10)), 1..10));
    let shared = View::from(buffers.acquire(10));
    let _clone = shared.clone();
    refused::<PooledBuffer>(shared);
}

/// An owner of another crate.
#[derive(Debug)]
struct Mapped(Vec<u8>);

// SAFETY: as `Vec<u8>`, which nothing here changes.
unsafe impl StableBytes for Mapped {
    fn stable_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[test]
fn owners() {
    let view = View::from_owner(Mapped(vec![1; 50])).slice(10..20);
    let address = view.as_ptr();
    let clone = view.clone();
    let view = view.try_into_owner::<Mapped>().unwrap_err();
    drop(clone);
    let view = view.try_into_owner::<Vec<u8>>().unwrap_err();
    let (mapped, range) = view.try_into_owner::<Mapped>().unwrap();
    assert_eq!((mapped.0[range.clone()].as_ptr(), range), (address, 10..20));
    let pool = pool();
    for view in [View::from(pool.alloc().unwrap()), View::default()] {
        assert!(view.try_into_owner::<Mapped>().is_err());
    }
}
