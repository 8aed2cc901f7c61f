//! The growing buffer: what it costs to freeze and to thaw, who may write, and what is cut where.

use std::io::Read;

use allocation_counter::measure;
use bytes::{Buf, BufMut, Bytes};
use framebuf::FrameBuf;
use pool_core::Pool;
use sizeclass::BufferPool;
use zerocopy_view::{Heap, Kind, View, ViewMut};

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let built = Pool::builder().slots(slots).slot_bytes(slot_bytes).build();
    built.unwrap()
}

#[test]
fn freezing_and_thawing_a_slot_allocates_nothing_and_moves_no_byte() {
    let pool = pool(2, 256);
    let sum = measure(|| {
        let mut buffer = ViewMut::new(&pool);
        buffer.extend_from_slice(b"written once");
        let address = buffer.as_ptr();
        for round in 0..10 {
            let view = buffer.freeze();
            assert_eq!((view.as_ptr(), view.sharers()), (address, 1));
            buffer = view.try_into_mut().unwrap().with_source(&pool);
            assert_eq!((buffer.as_ptr(), buffer.capacity()), (address, 256));
            buffer[0] = round;
        }
        let front = buffer.split_to(4).freeze();
        let back = buffer.freeze();
        assert_eq!((front.len(), back.len()), (4, 8));
        assert_eq!(front.try_join(back).unwrap(), b"\x09ritten once");
    });
    assert_eq!((sum.count_total, pool.in_use()), (0, 0));
}

#[test]
fn a_message_in_a_slot_is_filled_frozen_and_fanned_out_without_an_allocation() {
    let (pool, message) = (pool(1, 2048), [7; 2048]);
    let fill_a_frame = || View::from(FrameBuf::from_pool(&pool, &message));
    let fill_a_buffer = || {
        let mut buffer = ViewMut::with_capacity(2048, &pool);
        buffer.extend_from_slice(&message);
        buffer.freeze()
    };
    drop(fill_a_frame()); // the thread's own memory for this pool
    for fill in [&fill_a_frame as &dyn Fn() -> View, &fill_a_buffer] {
        let sum = measure(|| {
            let readers: [View; 4] = std::array::from_fn({
                let view = fill();
                move |_| view.clone()
            });
            assert!(readers.iter().all(|reader| *reader == message));
        });
        assert_eq!(sum.count_total, 0);
        assert_eq!(pool.in_use(), 0);
    }
}

#[test]
fn freezing_and_thawing_a_vector_keeps_its_memory() {
    let vec = b"on the heap".to_vec();
    let address = vec.as_ptr();
    let sum = measure(move || {
        let mut buffer = View::from(vec).try_into_mut().unwrap();
        assert_eq!((buffer.as_ptr(), buffer.capacity()), (address, 11));
        buffer[..2].make_ascii_uppercase();
        let view = buffer.freeze();
        assert_eq!((view.as_ptr(), &view[..]), (address, &b"ON the heap"[..]));
    });
    assert_eq!(sum.count_total, 1, "the box that a view of a vector has");
    assert_eq!(sum.bytes_current, -11, "and the vector is freed");
}

#[test]
fn a_view_is_thawed_by_its_only_owner_and_only_where_it_can_be_written() {
    let pool = pool(1, 64);
    let writable = || {
        [
            View::from(pool.alloc().unwrap()),
            View::from(vec![1; 64]),
            View::from(vec![1; 64].into_boxed_slice()),
            View::from("x".repeat(64)),
            View::from_owner(vec![1; 64]),
            View::from(FrameBuf::from(vec![1; 64])),
            View::from(BufferPool::new(1).acquire(64)),
        ]
    };
    for view in writable() {
        let view = view.retag(Kind::MP3).slice(16..32);
        let other = view.clone();
        let view = view.try_into_mut().expect_err("shared");
        assert_eq!(
            (view.kind(), view.sharers(), view.len()),
            (Kind::MP3, 2, 16)
        );
        let address = view.as_ptr();
        drop(other);
        let mut buffer = view.try_into_mut().expect("not shared");
        assert_eq!((buffer.as_ptr(), buffer.len()), (address, 16));
        assert!(buffer.capacity() >= 48, "what lies behind is room again");
        buffer.fill(7);
        let view = buffer.freeze();
        assert_eq!((view.kind(), view.as_ptr()), (Kind::MP3, address));
        assert_eq!(view, [7; 16]);
    }
    for view in [
        View::from_static(b"static"),
        View::from(Bytes::from(vec![1, 2])),
        View::from(std::sync::Arc::<[u8]>::from([1, 2])),
    ] {
        let (address, sharers) = (view.as_ptr(), view.sharers());
        let view = view.try_into_mut().unwrap_err();
        assert_eq!((view.as_ptr(), view.sharers()), (address, sharers));
    }
    let nothing = View::default().retag(Kind::CSV).try_into_mut().unwrap();
    assert_eq!((nothing.len(), nothing.capacity()), (0, 0));
    assert_eq!(nothing.freeze().kind(), Kind::CSV);
}

#[test]
fn a_thawed_vector_shows_no_byte_that_was_never_written() {
    let mut roomy = Vec::with_capacity(1000);
    roomy.extend_from_slice(b"five!");
    let buffer = View::from(roomy).try_into_mut().unwrap();
    assert_eq!((buffer.len(), buffer.capacity()), (5, 5));
}

#[test]
fn a_recv_like_call_fills_in_place() {
    let pool = pool(1, 64);
    let mut buffer = ViewMut::with_capacity(64, &pool);
    let mut socket: &[u8] = b"datagram";
    assert_eq!(buffer.fill_with(|room| socket.read(room)).unwrap(), 8);
    let failed = buffer.fill_with(|room| {
        room.fill(9);
        Err::<usize, _>("no more")
    });
    assert_eq!((failed, &buffer[..]), (Err("no more"), &b"datagram"[..]));
    buffer.spare_capacity_mut()[..2].copy_from_slice(b"!?");
    buffer.filled(1);
    assert_eq!(buffer, "datagram!");
    let mut unreserved = ViewMut::new(&pool);
    assert_eq!(unreserved.fill_with(|room| Ok::<_, ()>(room.len())), Ok(0));
}

#[test]
#[should_panic(expected = "filled: must be at most the spare capacity of 64 bytes, got 65")]
fn a_call_that_claims_more_than_its_room_is_found_out() {
    let mut buffer = ViewMut::with_capacity(64, Heap);
    let _ = buffer.fill_with(|room| Ok::<_, ()>(room.len() + 1));
}

#[test]
fn fresh_room_is_initialised() {
    let pool = pool(1, 64);
    let mut pooled = ViewMut::with_capacity(64, &pool);
    assert!(pooled.spare_capacity_mut().iter().all(|byte| *byte == 0));
    let mut heap = ViewMut::with_capacity(1000, Heap);
    assert!(heap.spare_capacity_mut().iter().all(|byte| *byte == 0));
}

#[test]
fn buffers_of_one_slot_are_written_on_two_threads_at_once() {
    let pool = pool(1, 4096);
    let mut front = ViewMut::with_capacity(4096, pool.clone());
    front.resize(4096, 0);
    let back = front.split_off(2048);
    let writers = [(front, 0), (back, 100)].map(|(mut half, first)| {
        std::thread::spawn(move || {
            (first..first + 100).for_each(|round| half.fill(round));
            half
        })
    });
    let [front, back] = writers.map(|writer| writer.join().unwrap());
    let whole = front.try_join(back).expect("neighbours").freeze();
    assert_eq!(whole[..2048], [99; 2048]);
    assert_eq!(whole[2048..], [199; 2048]);
    assert_eq!(whole.sharers(), 1);
}

#[test]
fn a_frozen_front_is_read_and_returned_while_the_back_is_written() {
    let pool = pool(2, 1024);
    let mut buffer = ViewMut::with_capacity(1024, &pool);
    let (to_reader, views) = std::sync::mpsc::channel::<View>();
    let reader = std::thread::spawn(move || {
        for (round, view) in (0..).zip(views) {
            assert_eq!(view, [round; 16]);
            // It asks for its lease: other bytes of the slot are being written, if it is shared.
            drop(view.try_into_lease());
        }
    });
    for round in 0..if cfg!(miri) { 8 } else { 200_u8 } {
        buffer.put_bytes(round, 16);
        to_reader.send(buffer.freeze_to(16)).unwrap();
    }
    drop((buffer, to_reader));
    reader.join().unwrap();
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn joining_undoes_a_split_and_nothing_else() {
    let pool = pool(2, 64);
    let mut buffer = ViewMut::with_capacity(64, &pool);
    buffer.put_slice(b"0123456789");
    let tail = buffer.split_off(10);
    assert_eq!(
        (buffer.capacity(), tail.len(), tail.capacity()),
        (10, 0, 54)
    );
    let mut buffer = buffer.try_join(tail).unwrap();
    assert_eq!(buffer.capacity(), 64, "the room is back");
    let front = buffer.split_to(4);
    let middle = buffer.split_to(3);
    let (buffer, front) = buffer.try_join(front).unwrap_err();
    let (front, buffer) = front.try_join(buffer).unwrap_err();
    let whole = front.try_join(middle).unwrap().try_join(buffer).unwrap();
    assert_eq!(whole, "0123456789");
    // With room between them, they are no neighbours.
    let mut first = whole;
    let second = first.split_off(5);
    first.truncate(4);
    let (first, second) = first.try_join(second).unwrap_err();
    assert_eq!((&first[..], &second[..]), (&b"0123"[..], &b"56789"[..]));
    // One without bytes gives way.
    let other = ViewMut::with_capacity(8, Heap);
    assert_eq!(other.try_join(first).unwrap(), "0123");
    let other = ViewMut::with_capacity(8, Heap);
    assert_eq!(second.try_join(other).unwrap(), "56789");
}

#[test]
fn an_empty_cut_touches_no_counter() {
    let pool = pool(1, 64);
    let mut buffer = ViewMut::with_capacity(64, &pool);
    buffer.put_slice(b"abc");
    let empty = buffer.split_to(0);
    assert_eq!((empty.capacity(), buffer.capacity()), (0, 64));
    let nothing = buffer.split_off(64);
    assert_eq!(nothing.capacity(), 0);
    let whole = buffer.split_off(0);
    assert_eq!((buffer.capacity(), whole.capacity()), (0, 64));
    assert_eq!(whole.freeze().sharers(), 1);
    assert_eq!(pool.in_use(), 0, "and an empty view keeps nothing");
}

#[test]
fn cuts_outside_are_refused() {
    let panics = |cut: fn(&mut ViewMut)| {
        let mut buffer = ViewMut::with_capacity(64, Heap);
        buffer.put_slice(b"abc");
        let done = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| cut(&mut buffer)));
        assert_eq!((&buffer[..], buffer.capacity()), (&b"abc"[..], 64));
        done.is_err()
    };
    assert!(panics(|buffer| drop(buffer.split_to(4))));
    assert!(panics(|buffer| drop(buffer.freeze_to(4))));
    assert!(panics(|buffer| drop(buffer.split_off(65))));
    assert!(panics(|buffer| buffer.advance(4)));
    assert!(panics(|buffer| drop(buffer.copy_to_bytes(4))));
    assert!(panics(|buffer| buffer.filled(62)));
    assert!(panics(|buffer| buffer.resize(usize::MAX, 0)));
    assert!(panics(|buffer| buffer.put_bytes(0, usize::MAX)));
}

#[cfg(feature = "std")]
#[test]
fn written_by_std() {
    use std::io::Write;
    let mut buffer = ViewMut::default();
    write!(buffer, "{}-{:?}", 1, [2]).unwrap();
    buffer.write_all(b" and more").unwrap();
    buffer.flush().unwrap();
    core::fmt::Write::write_str(&mut buffer, "!").unwrap();
    assert_eq!(buffer, "1-[2] and more!");
    let mut read = String::new();
    buffer.read_to_string(&mut read).unwrap();
    assert_eq!((&read[..], buffer.len()), ("1-[2] and more!", 0));
}

#[test]
fn into_bytes_without_a_copy() {
    let pool = pool(1, 64);
    let mut buffer = ViewMut::with_capacity(64, &pool);
    buffer.put_slice(b"head|body");
    let address = buffer.as_ptr();
    let head = buffer.copy_to_bytes(5);
    assert_eq!((&head[..], head.as_ptr()), (&b"head|"[..], address));
    let body = Bytes::from(View::from(buffer));
    assert_eq!(
        (&body[..], body.as_ptr()),
        (&b"body"[..], address.wrapping_add(5))
    );
    drop((head, body));
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn debug_prints_no_payload() {
    let mut buffer = ViewMut::default();
    buffer.put_bytes(b'S', 10_000);
    let text = format!("{buffer:?}");
    assert!(
        text.len() < 200 && text.contains("10000") && !text.contains("SS"),
        "{text}"
    );
}
