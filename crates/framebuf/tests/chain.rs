//! Packets in several frames: what a property test of the bytes does not see.

use bytes::Buf;
use framebuf::{FrameBuf, FrameChain};
use pool_core::Pool;

const SLOT_BYTES: usize = 64;

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(SLOT_BYTES);
    builder.build().expect("a small pool")
}

#[test]
fn putting_together_and_taking_apart_moves_no_byte() {
    let pool = pool(3);
    let pieces = [&b"one"[..], b"two", b"three"].map(|piece| FrameBuf::from_pool(&pool, piece));
    let addresses = pieces.each_ref().map(|piece| piece.as_ptr());
    let mut chain = FrameChain::from_iter(pieces);
    assert_eq!(chain, b"onetwothree");
    let slices: Vec<_> = chain.io_slices().map(|slice| slice.as_ptr()).collect();
    assert_eq!(slices, addresses);

    let rest = chain.split_off(4).expect("eleven bytes");
    assert_eq!(chain, b"onet");
    assert_eq!(rest, b"wothree");
    let first = rest.frames().next().expect("the rest of two").as_ptr();
    assert_eq!(first, addresses[1].wrapping_add(1));
    chain.extend(rest);
    let addresses_now: Vec<_> = chain.into_iter().map(|frame| frame.as_ptr()).collect();
    assert_eq!(
        addresses_now,
        [addresses[0], addresses[1], first, addresses[2]]
    );
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn slots_go_home_as_a_chain_is_consumed_from_either_end() {
    let pool = pool(5);
    let mut chain = FrameChain::try_from_pool(&pool, &[7; 300]).expect("five slots");
    assert_eq!((chain.frame_count(), pool.in_use()), (5, 5));
    chain.advance(64);
    assert_eq!(pool.in_use(), 4);
    chain.advance(1);
    chain.trim_back(300 - 256).expect("235 bytes");
    assert_eq!((chain.len(), pool.in_use()), (191, 3));
    chain.truncate(63 + 1);
    assert_eq!((chain.len(), pool.in_use()), (64, 2));
    chain.clear();
    assert_eq!((chain.len(), chain.frame_count(), pool.in_use()), (0, 0, 0));
}

#[test]
fn metadata_is_the_chains() {
    let chain = FrameChain::from(FrameBuf::from(vec![1, 2]).with_meta("eth0"));
    let port = *chain.meta();
    let mut chain = chain.with_meta((port, 7));
    chain.meta_mut().1 += 1;
    let front = chain.split_to(1).expect("two bytes");
    assert_eq!((front.meta(), chain.meta()), (&("eth0", 8), &("eth0", 8)));
    let (chain, meta) = chain.split_meta();
    assert_eq!((chain.len(), meta), (1, ("eth0", 8)));
    assert_eq!(front.linearize(&pool(1)).meta(), &("eth0", 8));
}

#[test]
fn a_chain_of_data_needs_all_its_slots_or_takes_none() {
    let pool = pool(3);
    let chain = FrameChain::try_from_pool(&pool, &[1; 3 * SLOT_BYTES]).expect("three slots");
    assert_eq!((chain.len(), pool.in_use()), (192, 3));
    drop(chain);
    let why = FrameChain::try_from_pool(&pool, &[1; 3 * SLOT_BYTES + 1]).expect_err("four slots");
    assert!(why.is_exhausted());
    assert_eq!(pool.in_use(), 0);
    let nothing = FrameChain::try_from_pool(&pool, &[]).expect("no slot");
    assert_eq!((nothing.len(), nothing.frame_count()), (0, 0));
    pool.close();
    assert!(
        FrameChain::try_from_pool(&pool, &[1])
            .expect_err("closed")
            .is_closed()
    );
}

#[test]
fn a_single_frame_is_linear_where_it_is() {
    let pool = pool(1);
    let mut frame = FrameBuf::with_headroom(&pool, 9)
        .expect("one slot")
        .with_meta(3);
    frame.append(b"payload").expect("room");
    let address = frame.as_ptr();
    let frame = FrameChain::from(frame).linearize(&pool);
    assert_eq!(
        (frame.as_ptr(), frame.headroom(), frame.meta()),
        (address, 9, &3)
    );
    assert_eq!(pool.stats().fallbacks, 0);
}

#[test]
fn several_frames_become_one_with_the_headroom_that_fits() {
    let pool = pool(3);
    let chain = |headroom, pieces: [usize; 2]| {
        let mut first = FrameBuf::with_headroom(&pool, headroom).expect("a slot");
        first.append(&[1; 64][..pieces[0]]).expect("room");
        let second = FrameBuf::from_pool(&pool, &[2; 64][..pieces[1]]);
        FrameChain::from_iter([first, second])
    };
    for (headroom, pieces, kept) in [(10, [20, 30], 10), (10, [20, 40], 4), (10, [20, 44], 0)] {
        let frame = chain(headroom, pieces)
            .try_linearize(&pool)
            .expect("a slot");
        assert_eq!(frame, [vec![1; pieces[0]], vec![2; pieces[1]]].concat());
        assert_eq!((frame.headroom(), frame.is_pooled()), (kept, true));
        assert_eq!(pool.in_use(), 1);
    }
    let (why, chain) = chain(10, [20, 45])
        .try_linearize(&pool)
        .expect_err("65 bytes");
    assert_eq!(why.to_string(), "data: must be at most 64 bytes, got 65");
    assert_eq!((chain.len(), chain.frame_count()), (65, 2));
    let on_heap = chain.linearize(&pool);
    assert_eq!((on_heap.len(), on_heap.is_pooled()), (65, false));
    assert_eq!(
        (pool.stats().fallbacks, pool.stats().fallback_bytes),
        (1, 65)
    );
}

#[test]
fn an_exhausted_pool_gives_the_chain_back() {
    let pool = pool(1);
    let chain = FrameChain::from_iter([vec![1; 3], vec![2; 4]].map(FrameBuf::from));
    let held = pool.alloc();
    let (why, chain) = chain.try_linearize(&pool).expect_err("no slot");
    assert!(why.is_exhausted());
    assert_eq!(chain, [1, 1, 1, 2, 2, 2, 2]);
    drop(held);
    assert!(chain.try_linearize(&pool).expect("one slot").is_pooled());
}

#[test]
fn ends_without_room_refuse_and_change_nothing() {
    let mut empty = FrameChain::new();
    assert_eq!(empty.prepend(b"x").expect_err("no frame").available(), 0);
    assert_eq!(empty.append(b"x").expect_err("no frame").available(), 0);
    let pool = pool(2);
    let mut chain = FrameChain::from(FrameBuf::with_headroom(&pool, 3).expect("a slot"));
    chain.push_back(FrameBuf::from_pool(&pool, &[1; 62]));
    let front = chain.prepend(b"1234").expect_err("three bytes");
    let back = chain.append(b"123").expect_err("two bytes");
    assert_eq!(
        (front.available(), back.available(), chain.len()),
        (3, 2, 62)
    );
    chain.prepend(b"123").expect("three bytes");
    chain.append(b"12").expect("two bytes");
    assert_eq!(chain, [&b"123"[..], &[1; 62], b"12"].concat()[..]);
}

#[test]
fn taking_no_bytes_leaves_an_empty_first_frame_its_room() {
    let pool = pool(2);
    let mut chain = FrameChain::from(FrameBuf::with_headroom(&pool, 14).expect("a free slot"));
    chain.push_back(FrameBuf::from_pool(&pool, b"payload"));
    assert_eq!(chain.copy_to_bytes(0), b""[..]);
    assert_eq!((chain.frame_count(), pool.in_use()), (2, 2));
    chain.prepend(&[1; 14]).expect("the headroom of the first");
    assert_eq!(chain.len(), 14 + 7);
}
