//! Chains and vectored calls: received into several slots, written from several.

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use framebuf::{FrameChain, UnfilledChain};
use pool_core::Pool;

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(64);
    builder.build().expect("a small pool")
}

#[test]
fn a_vectored_receive_fills_as_many_slots_as_it_needs() {
    let pool = pool(5);
    for (sent, frames) in [
        (0, 1),
        (1, 1),
        (40, 1),
        (41, 2),
        (104, 2),
        (105, 3),
        (200, 4),
    ] {
        let room = UnfilledChain::from_pool(&pool, 24, 200).expect("four slots");
        assert_eq!((room.room(), pool.in_use()), (40 + 3 * 64, 4));
        let data: Vec<u8> = (0..sent).map(|at| at as u8).collect();
        let mut socket = &data[..];
        let chain = room.fill_with(|rooms| socket.read_vectored(rooms));
        let mut chain = chain.expect("reading memory");
        assert_eq!((chain.frame_count(), pool.in_use()), (frames, frames));
        assert_eq!(chain, data[..]);
        chain.prepend(&[9; 24]).expect("the headroom stayed");
    }
}

#[test]
fn room_for_a_chain_is_taken_whole_or_not() {
    let pool = pool(3);
    assert!(UnfilledChain::from_pool(&pool, 0, 3 * 64 + 1).is_none());
    assert!(UnfilledChain::from_pool(&pool, 1, 3 * 64).is_none());
    assert!(UnfilledChain::from_pool(&pool, 65, 1).is_none());
    assert!(UnfilledChain::from_pool(&pool, usize::MAX, usize::MAX).is_none());
    assert!(UnfilledChain::from_pool(&pool, 0, usize::MAX).is_none());
    let held = pool.alloc();
    assert!(UnfilledChain::from_pool(&pool, 0, 3 * 64).is_none());
    assert_eq!(pool.in_use(), 1);
    drop(held);
    let mut room = UnfilledChain::from_pool(&pool, 64, 128).expect("three slots");
    let rooms: Vec<_> = room.rooms_mut().map(|room| room.len()).collect();
    assert_eq!(rooms, [64, 64], "the first is headroom and nothing else");
    let empty = UnfilledChain::from_pool(&pool, 0, 0);
    assert!(empty.is_none(), "room for nothing is a slot too");
    drop(room);
    let empty = UnfilledChain::from_pool(&pool, 0, 0).expect("one slot");
    assert_eq!((empty.room(), pool.in_use()), (64, 1));
}

#[test]
fn a_failed_or_lying_vectored_call_gives_the_room_back() {
    let pool = pool(2);
    let room = UnfilledChain::from_pool(&pool, 0, 100).expect("two slots");
    let (why, room) = room.fill_with(|_| Err("again")).expect_err("failed");
    assert_eq!(why.into_call(), Some("again"));
    let (why, room) = room.fill_with(|_| Ok::<_, ()>(129)).expect_err("a lie");
    assert!(why.is_false_claim());
    let (why, room) = room.filled(129).expect_err("a lie");
    assert_eq!((why.wanted(), why.available()), (129, 128));
    let mut rooms = room;
    rooms.rooms_mut().for_each(|room| room.fill(3));
    assert_eq!(rooms.filled(128).expect("all of it"), [3; 128]);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_vectored_call_is_given_64_rooms_and_may_not_claim_more() {
    let pool = Pool::builder()
        .slots(70)
        .slot_bytes(1)
        .build()
        .expect("70 bytes");
    let room = UnfilledChain::from_pool(&pool, 0, 70).expect("70 slots");
    let mut given = 0;
    let call = |rooms: &mut [io::IoSliceMut<'_>]| {
        given = rooms.len();
        Ok::<_, ()>(65)
    };
    let (why, room) = room
        .fill_with(call)
        .expect_err("claims more than it was given");
    assert!(given == 64 && why.is_false_claim());
    assert_eq!(room.filled(70).expect("the slots have so many").len(), 70);
}

/// Takes a few bytes with each call, and is interrupted now and then.
struct Slow {
    taken: Vec<u8>,
    calls: usize,
    gives_up_after: usize,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.calls += 1;
        assert!(slices.len() <= 64 && !slices.is_empty());
        if self.calls > self.gives_up_after {
            return Ok(0);
        }
        if self.calls % 3 == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let bytes = slices.iter().flat_map(|slice| slice.iter().copied());
        let before = self.taken.len();
        self.taken.extend(bytes.take(100));
        Ok(self.taken.len() - before)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn everything_is_written_however_little_is_taken_at_a_time() {
    let pool = pool(100);
    let data: Vec<u8> = (0..6000_u32).map(|at| (at % 251) as u8).collect();
    let mut chain = FrameChain::try_from_pool(&pool, &data).expect("94 slots");
    let mut slow = Slow {
        taken: vec![],
        calls: 0,
        gives_up_after: usize::MAX,
    };
    chain
        .write_all_to(&mut slow)
        .expect("it takes everything in the end");
    assert_eq!(
        (slow.taken, chain.frame_count(), pool.in_use()),
        (data, 0, 0)
    );
}

#[test]
fn what_was_not_written_stays_in_the_chain() {
    let pool = pool(100);
    let mut chain = FrameChain::try_from_pool(&pool, &[5; 1000]).expect("16 slots");
    let mut slow = Slow {
        taken: vec![],
        calls: 0,
        gives_up_after: 4,
    };
    let why = chain
        .write_all_to(&mut slow)
        .expect_err("takes nothing any more");
    assert_eq!(why.kind(), ErrorKind::WriteZero);
    assert_eq!((slow.taken.len(), chain.len()), (300, 700));
}
