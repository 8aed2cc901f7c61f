//! VIEW-11, what prior art got wrong about messages in pieces.

#![cfg(feature = "std")]

use std::io::{self, IoSlice, Write};

use allocation_counter::measure;
use bytes::{Buf, BufMut};
use pool_core::Pool;
use zerocopy_view::{View, ViewChain, ViewMut};

const PIECES: usize = 16;
const PIECE_BYTES: usize = 4096;

/// A socket that takes part of what it is given, and notes from where.
#[derive(Default)]
struct Socket {
    taken: Vec<(usize, usize)>,
    digits: Vec<u8>,
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut room = 10_000;
        for slice in slices {
            let taken = &slice[..slice.len().min(room)];
            if !taken.is_empty() {
                self.taken.push((taken.as_ptr().addr(), taken.len()));
                self.digits.push(taken[0]);
            }
            room -= taken.len();
        }
        Ok(10_000 - room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn l_view_11_a_message_of_sixteen_pieces_is_sent_from_where_they_lie() {
    let builder = Pool::builder().slots(PIECES).slot_bytes(PIECE_BYTES);
    let pool = builder.build().unwrap();
    let pieces: Vec<View> = (0..16)
        .map(|digit| {
            let mut piece = ViewMut::with_capacity(PIECE_BYTES, &pool);
            piece.put_bytes(digit, PIECE_BYTES);
            piece.freeze()
        })
        .collect();
    let places: Vec<_> = pieces.iter().map(|view| view.as_ptr().addr()).collect();

    let mut socket = Socket::default();
    let sum = measure(|| {
        let mut message = ViewChain::from_iter(pieces);
        assert_eq!(message.len(), PIECES * PIECE_BYTES);
        while message.has_remaining() {
            let mut slices = [IoSlice::new(&[]); PIECES];
            let count = message.chunks_vectored(&mut slices);
            let sent = socket.write_vectored(&slices[..count]).unwrap();
            message.advance(sent);
        }
    });
    assert!(
        sum.bytes_max < PIECE_BYTES as u64,
        "no piece was copied, let alone all: {} bytes",
        sum.bytes_max
    );
    // Each byte of each piece was taken once, in order, from its place in its slot.
    let mut expected = (0..PIECES).flat_map(|at| (0..PIECE_BYTES).map(move |byte| (at, byte)));
    for ((address, len), digit) in socket.taken.iter().zip(&socket.digits) {
        for at in 0..*len {
            let (piece, byte) = expected.next().unwrap();
            assert_eq!(
                (address + at, usize::from(*digit)),
                (places[piece] + byte, piece)
            );
        }
    }
    assert_eq!((expected.next(), pool.in_use()), (None, 0));
}
