//! The real tokio on loopback: a message in pieces is written from where its pieces lie, and a stream is received in place.

#![cfg(all(feature = "std", not(any(loom, miri))))]

mod loopback;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BufMut;
use pool_core::Pool;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zerocopy_view::{LocalView, View, ViewChain, ViewMut};

use crate::loopback::run;

async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address);
    let client = tokio::spawn(client);
    let (server, _) = listener.accept().await.unwrap();
    (client.await.unwrap().unwrap(), server)
}

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let built = Pool::builder().slots(slots).slot_bytes(slot_bytes).build();
    built.unwrap()
}

/// 16 pieces in slots of their own, and all their bytes.
fn sixteen_pieces(pool: &Pool) -> (ViewChain, Vec<u8>) {
    let pieces = (0..16).map(|at| {
        let mut piece = ViewMut::with_capacity(1000, pool);
        piece.put_bytes(at, 1000);
        piece.freeze()
    });
    let chain = ViewChain::from_iter(pieces);
    let bytes = (0..16).flat_map(|at| [at; 1000]).collect();
    (chain, bytes)
}

/// Writes to a socket, and notes from where.
struct Witness {
    socket: TcpStream,
    seen: Vec<Vec<(usize, usize)>>,
}

impl AsyncWrite for Witness {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let seen = slices
            .iter()
            .map(|slice| (slice.as_ptr().addr(), slice.len()));
        self.seen.push(seen.collect());
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[test]
fn a_chain_is_written_from_where_its_pieces_lie() {
    run(async {
        let pool = pool(16, 1024);
        let (mut chain, expected) = sixteen_pieces(&pool);
        let pieces: Vec<_> = chain
            .segments()
            .map(|view| (view.as_ptr().addr(), view.len()))
            .collect();
        let (socket, mut peer) = connected().await;
        assert!(socket.is_write_vectored());
        let reader = tokio::spawn(async move {
            let mut received = Vec::new();
            peer.read_to_end(&mut received).await.map(|_| received)
        });
        let mut witness = Witness {
            socket,
            seen: Vec::new(),
        };
        witness.write_all_buf(&mut chain).await.unwrap();
        witness.shutdown().await.unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), expected);
        assert_eq!(
            witness.seen[0], pieces,
            "all in the first call, where they lie"
        );
        assert_eq!(
            (chain.len(), pool.in_use()),
            (0, 0),
            "what was written went home"
        );
    });
}

#[test]
fn every_kind_of_view_is_written_as_a_buf() {
    run(async {
        let (mut socket, mut peer) = connected().await;
        let view = View::from(b"view,".to_vec());
        let mut buffer = ViewMut::default();
        buffer.put_slice(b"buffer");
        socket.write_all_buf(&mut view.clone()).await.unwrap();
        socket.write_buf(&mut LocalView::from(view)).await.unwrap();
        socket.write_all_buf(&mut buffer).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut received = String::new();
        peer.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "view,view,buffer");
    });
}

#[test]
fn a_stream_is_received_into_slots_and_cut_where_it_lies() {
    run(async {
        let (mut socket, mut peer) = connected().await;
        let writer = tokio::spawn(async move {
            for number in 0..1000_u32 {
                socket.write_u32(number).await?;
            }
            socket.shutdown().await
        });
        let pool = pool(8, 512);
        let mut buffer = ViewMut::with_capacity(512, &pool);
        let mut held: Vec<View> = Vec::new();
        let mut next = 0;
        loop {
            buffer.reserve(64);
            if peer.read_buf(&mut buffer).await.unwrap() == 0 {
                break;
            }
            while buffer.len() >= 4 {
                let address = buffer.as_ptr();
                let number = buffer.freeze_to(4);
                assert_eq!(
                    (number.as_ptr(), &number[..]),
                    (address, &u32::to_be_bytes(next)[..])
                );
                held.push(number);
                next += 1;
            }
            let old = held.len().saturating_sub(100);
            held.drain(..old);
        }
        assert_eq!((next, buffer.len()), (1000, 0));
        writer.await.unwrap().unwrap();
        drop((buffer, held));
        assert_eq!((pool.in_use(), pool.stats().fallbacks), (0, 0));
    });
}
