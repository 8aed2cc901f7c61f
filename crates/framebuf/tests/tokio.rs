//! Tokio's own calls take frames and chains as they are.
#![cfg(not(miri))] // has no sockets

use std::io;

use bytes::Buf;
use framebuf::{FrameBuf, FrameChain};
use pool_core::Pool;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Builder;

fn pool() -> Pool {
    let builder = Pool::builder().slots(100).slot_bytes(1024);
    builder.build().expect("100 KiB")
}

fn run<T>(work: impl Future<Output = io::Result<T>>) -> T {
    let runtime = Builder::new_current_thread().enable_io().build();
    let done = runtime.expect("a runtime").block_on(work);
    done.expect("sockets on this machine work")
}

async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let here = TcpStream::connect(listener.local_addr()?).await?;
    let (there, _) = listener.accept().await?;
    Ok((here, there))
}

#[test]
fn a_chain_is_written_with_vectored_writes_and_its_slots_go_home() {
    let pool = pool();
    let data: Vec<u8> = (0..90_000_u32).map(|at| (at % 251) as u8).collect();
    let mut chain = FrameChain::try_from_pool(&pool, &data).expect("88 slots");
    run(async {
        let (mut here, mut there) = connected().await?;
        assert!(here.is_write_vectored());
        let reader = tokio::spawn(async move {
            let mut received = Vec::new();
            there.read_to_end(&mut received).await?;
            io::Result::Ok(received)
        });
        here.write_all_buf(&mut chain).await?;
        here.shutdown().await?;
        assert_eq!(reader.await??, data);
        Ok(())
    });
    assert_eq!((chain.remaining(), pool.in_use()), (0, 0));
}

#[test]
fn a_stream_is_read_into_a_frame_in_place() {
    let pool = pool();
    let mut frame = FrameBuf::with_headroom(&pool, 14).expect("a slot");
    run(async {
        let (mut here, mut there) = connected().await?;
        let mut sent = FrameBuf::from_pool(&pool, b"hello");
        here.write_all_buf(&mut sent).await?;
        here.shutdown().await?;
        while there.read_buf(&mut frame).await? > 0 {}
        Ok(())
    });
    assert_eq!((&frame[..], frame.headroom()), (&b"hello"[..], 14));
    assert!(frame.is_pooled());
}

#[test]
fn a_full_frame_reads_nothing_more() {
    let pool = pool();
    let mut frame = FrameBuf::with_headroom(&pool, 1020).expect("a slot");
    run(async {
        let (mut here, mut there) = connected().await?;
        here.write_all(b"12345678").await?;
        while frame.tailroom() > 0 {
            there.read_buf(&mut frame).await?;
        }
        assert_eq!(there.read_buf(&mut frame).await?, 0);
        Ok(())
    });
    assert_eq!(frame, b"1234");
}

#[test]
fn a_datagram_is_received_into_a_frame_in_place() {
    let pool = pool();
    let frame = FrameBuf::with_headroom(&pool, 42).expect("a slot");
    let frame = run(async {
        let there = UdpSocket::bind("127.0.0.1:0").await?;
        let here = UdpSocket::bind("127.0.0.1:0").await?;
        here.send_to(b"datagram", there.local_addr()?).await?;
        let mut room = frame.unfilled();
        loop {
            there.readable().await?;
            match room.fill_with(|room| there.try_recv(room)) {
                Ok(frame) => break Ok(frame),
                Err((_not_yet, again)) => room = again,
            }
        }
    });
    assert_eq!((&frame[..], frame.headroom()), (&b"datagram"[..], 42));
}
