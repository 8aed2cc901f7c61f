//! Messages in pieces: what building, cutting and sending them copies (nothing), and what one view of them costs.

#[cfg(feature = "std")]
use std::io::IoSlice;

use allocation_counter::measure;
use bytes::{Buf, Bytes};
use pool_core::Pool;
use zerocopy_view::{Heap, Kind, View, ViewChain};

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let built = Pool::builder().slots(slots).slot_bytes(slot_bytes).build();
    built.unwrap()
}

fn addresses(chain: &ViewChain) -> Vec<*const u8> {
    chain.segments().map(|view| view.as_ptr()).collect()
}

#[test]
fn building_and_cutting_copies_no_byte() {
    let pieces: Vec<View> = (0..4).map(|at| View::from(vec![at; 100])).collect();
    let [a, b, c, d] = [0, 1, 2, 3].map(|at: usize| pieces[at].as_ptr());
    let mut chain: ViewChain = pieces[1..3].iter().cloned().collect();
    chain.push(pieces[3].clone());
    chain.prepend(pieces[0].clone());
    chain.push(View::default());
    chain.prepend(View::default());
    assert_eq!((chain.len(), addresses(&chain)), (400, vec![a, b, c, d]));

    let slice = chain.slice(150..=250);
    assert_eq!(addresses(&slice), [b.wrapping_add(50), c]);
    assert_eq!((slice.len(), pieces[1].sharers()), (101, 3));
    let back = chain.split_off(250);
    assert_eq!(addresses(&back), [c.wrapping_add(50), d]);
    let front = chain.split_to(100);
    assert_eq!(
        (addresses(&front), addresses(&chain)),
        (vec![a], vec![b, c])
    );
    chain.truncate(100);
    chain.advance(99);
    assert_eq!(addresses(&chain), [b.wrapping_add(99)]);
    chain.extend(front);
    assert_eq!(
        (addresses(&chain), chain.len()),
        (vec![b.wrapping_add(99), a], 101)
    );
    drop((chain, slice, back));
    assert!(pieces.iter().all(|piece| piece.sharers() == 1));
}

#[cfg(feature = "std")]
#[test]
fn a_list_that_is_kept_is_the_only_memory() {
    let pool = pool(16, 64);
    let mut chain = ViewChain::with_capacity(16);
    let sum = measure(|| {
        for _ in 0..10 {
            chain.clear();
            chain.extend((0..16).map(|_| View::from(pool.alloc().unwrap())));
            let mut slices = [IoSlice::new(&[]); 16];
            assert_eq!(chain.chunks_vectored(&mut slices), 16);
            chain.advance(100);
            assert_eq!(pool.in_use(), 15, "a storage goes home with its last byte");
        }
    });
    assert_eq!(sum.count_total, 0);
    chain.clear();
    assert_eq!((pool.in_use(), chain.len(), chain.remaining()), (0, 0, 0));
}

#[cfg(feature = "std")]
#[test]
fn vectored_chunks_are_the_segments_as_far_as_there_is_room() {
    let mut chain = ViewChain::from_iter([b"ab", b"cd", b"ef"].map(|text| View::from_static(text)));
    chain.advance(1);
    let mut slices = [IoSlice::new(b"untouched"); 4];
    assert_eq!(chain.chunks_vectored(&mut slices), 3);
    assert_eq!(
        slices.each_ref().map(|slice| &**slice),
        [&b"b"[..], b"cd", b"ef", b"untouched"]
    );
    assert_eq!(chain.chunks_vectored(&mut slices[..2]), 2);
    assert_eq!(chain.chunks_vectored(&mut []), 0);
    assert_eq!(ViewChain::new().chunks_vectored(&mut slices), 0);
    assert!(chain.io_slices().map(|slice| slice.len()).eq([1, 2, 2]));
}

#[test]
fn one_view_of_neighbours_is_made_without_a_copy() {
    let pool = pool(1, 64);
    let mut rest = View::from(pool.alloc().unwrap());
    let pieces = [rest.split_to(10), rest.split_to(10), rest];
    let address = pieces[0].as_ptr();
    let chain = ViewChain::from_iter(pieces);
    let sum = measure(|| {
        let whole = chain.to_view();
        assert_eq!((whole.as_ptr(), whole.len()), (address, 64));
        let single = chain.slice(3..9);
        assert_eq!(single.to_view().as_ptr(), address.wrapping_add(3));
    });
    assert_eq!(sum.count_total, 1, "the list of the slice");
    assert!(ViewChain::new().to_view().is_empty());
}

#[test]
fn one_view_of_strangers_is_a_copy_where_one_says() {
    let two =
        || [View::from(vec![1, 2]), View::from_static(&[3])].map(|view| view.retag(Kind::MP3));
    let chain = ViewChain::from_iter(two());
    let copy = chain.to_view();
    assert_eq!(
        (&copy[..], copy.kind(), chain.len()),
        (&[1, 2, 3][..], Kind::MP3, 3)
    );

    let pool = pool(1, 64);
    let pooled = chain.linearize(&pool);
    assert_eq!(
        (&pooled[..], pooled.kind(), pool.in_use()),
        (&[1, 2, 3][..], Kind::MP3, 1)
    );
    let single = ViewChain::from(pooled);
    let address = addresses(&single)[0];
    let pooled = single.try_linearize(Heap).unwrap();
    assert_eq!(pooled.as_ptr(), address, "is one already");

    // The pool is exhausted now.
    let mut other = ViewChain::from_iter(two());
    other.push(View::from_static(&[4]));
    let (why, other) = other.try_linearize(&pool).unwrap_err();
    assert!(why.is_without_lease());
    assert_eq!((pool.stats().fallbacks, other.segments().len()), (0, 3));
    let on_heap = other.linearize(&pool);
    assert_eq!(
        (&on_heap[..], pool.stats().fallbacks),
        (&[1, 2, 3, 4][..], 1)
    );
    assert_eq!(on_heap.kind(), Kind::RAW, "not all were MP3");
    assert!(ViewChain::new().linearize(Heap).is_empty());
}

/// Takes ten bytes at a time; is interrupted every other time; takes nothing in the end.
#[cfg(feature = "std")]
#[derive(Default)]
struct Sink {
    calls: usize,
    taken: Vec<u8>,
}

#[cfg(feature = "std")]
impl std::io::Write for Sink {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        panic!("there is a vectored call")
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> std::io::Result<usize> {
        self.calls += 1;
        if self.calls % 2 == 1 {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let before = self.taken.len();
        let bytes = slices.iter().flat_map(|slice| slice.iter().copied());
        self.taken.extend(bytes.take(10.min(1000 - before)));
        Ok(self.taken.len() - before)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "std")]
#[test]
fn a_chain_is_written_as_far_as_the_writer_takes_it() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1100).collect();
    let mut chain: ViewChain = bytes
        .chunks(7)
        .map(|piece| View::from(piece.to_vec()))
        .collect();
    let mut sink = Sink::default();
    let why = chain.write_all_to(&mut sink).unwrap_err();
    assert_eq!(why.kind(), std::io::ErrorKind::WriteZero);
    assert_eq!(sink.taken, bytes[..1000]);
    assert_eq!(chain, bytes[1000..], "what was not written is still there");
    let mut plain = Vec::new();
    chain.write_all_to(&mut plain).unwrap();
    assert_eq!((&plain[..], chain.len()), (&bytes[1000..], 0));
}

#[test]
fn into_bytes_copies_only_what_lies_apart() {
    let body = View::from(b"body".to_vec());
    let address = body.as_ptr();
    let mut chain = ViewChain::from_iter([View::from_static(b"head"), body]);
    assert_eq!(chain.copy_to_bytes(4).as_ptr(), b"head".as_ptr());
    let two = chain.copy_to_bytes(2);
    assert_eq!((&two[..], two.as_ptr()), (&b"bo"[..], address));
    chain.prepend(View::from_static(b"some"));
    assert_eq!(Bytes::from(chain), "somedy");
    assert!(Bytes::from(ViewChain::new()).is_empty());
}

#[cfg(feature = "std")]
#[test]
fn read_by_std() {
    use std::io::{BufRead, Read};
    let mut chain = ViewChain::from_iter([&b"one\ntw"[..], b"o\nthree"].map(View::from_static));
    let mut line = String::new();
    chain.read_line(&mut line).unwrap();
    chain.read_line(&mut line).unwrap();
    assert_eq!(line, "one\ntwo\n");
    chain.read_to_string(&mut line).unwrap();
    assert_eq!((&line[8..], chain.read(&mut [0; 4]).unwrap()), ("three", 0));
}

#[test]
fn equal_by_bytes_however_they_are_cut() {
    let one = ViewChain::from_iter([&b"ab"[..], b"cde"].map(View::from_static));
    let other = ViewChain::from_iter([&b"abc"[..], b"d", b"e"].map(View::from_static));
    assert_eq!(one, other);
    assert!(one == b"abcde" && one == *"abcde" && one == b"abcde"[..] && one == b"abcde".to_vec());
    assert!(one == Bytes::from_static(b"abcde") && one == View::from_static(b"abcde"));
    assert!(one != *"abcd" && one != *"abcdef" && one != *"abxde" && one != ViewChain::new());
    assert_ne!(one, other.slice(..4));
    assert!(ViewChain::default() == *"");
    assert!(one.into_iter().map(|view| view.len()).eq([2, 3]));
}

#[test]
fn cuts_outside_are_refused() {
    let chain = ViewChain::from_iter([&b"ab"[..], b"cde"].map(View::from_static));
    assert!(chain.try_slice(3..6).is_err() && chain.try_slice(..=usize::MAX).is_err());
    let panics = |cut: fn(&mut ViewChain)| {
        let mut again = chain.clone();
        let done = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| cut(&mut again)));
        assert_eq!((again.len(), again), (5, chain.clone()));
        done.is_err()
    };
    assert!(panics(|chain| drop(chain.slice(6..))));
    assert!(panics(|chain| drop(chain.split_to(6))));
    assert!(panics(|chain| drop(chain.split_off(6))));
    assert!(panics(|chain| chain.advance(6)));
    assert!(panics(|chain| drop(chain.copy_to_bytes(6))));
    assert!(panics(|chain| chain.copy_to_slice(&mut [0; 6])));
}

#[test]
fn debug_prints_no_payload() {
    let chain = ViewChain::from_iter([vec![b'S'; 10_000], vec![b'S'; 1]].map(View::from));
    let text = format!("{chain:?}");
    assert!(
        text.len() < 200 && text.contains("10001") && !text.contains("SS"),
        "{text}"
    );
}
