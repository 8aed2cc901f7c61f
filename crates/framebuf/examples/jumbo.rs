//! A message larger than a slot: sent from several slots with vectored writes, received into several with vectored reads.
//! `cargo run -p framebuf --example jumbo`.

use std::error::Error;
use std::io::Read;
use std::net::{TcpListener, TcpStream};

use framebuf::{FrameBuf, FrameChain, UnfilledChain};
use pool_core::Pool;

const LEN_BYTES: usize = 4;

/// The message behind its length. The header is a frame of its own: the payload stays where it is.
fn framed(pool: &Pool, payload: &[u8]) -> Result<FrameChain, Box<dyn Error>> {
    let len = u32::try_from(payload.len())?;
    let mut message = FrameChain::from(FrameBuf::from_pool(pool, &len.to_be_bytes()));
    message.extend(FrameChain::try_from_pool(pool, payload)?);
    Ok(message)
}

/// Reads one message, as many bytes with each call as there are.
fn receive(socket: &mut TcpStream, pool: &Pool) -> Result<FrameChain, Box<dyn Error>> {
    let mut len = [0; LEN_BYTES];
    socket.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len) as usize;
    let mut message = FrameChain::new();
    while message.len() < len {
        let room = UnfilledChain::from_pool(pool, 0, len - message.len()).ok_or("no slots")?;
        let filled = room.fill_with(|rooms| socket.read_vectored(rooms));
        let filled = filled.map_err(|(why, _room)| why)?;
        if filled.is_empty() {
            return Err("the peer went away".into());
        }
        message.extend(filled);
    }
    Ok(message)
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().slots(32).slot_bytes(2048).build()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut here = TcpStream::connect(listener.local_addr()?)?;
    let (mut there, _) = listener.accept()?;
    let payload: Vec<u8> = (0..9000_u32).map(|at| (at % 251) as u8).collect();

    let mut message = framed(&pool, &payload)?;
    println!("sending {message:?}");
    message.write_all_to(&mut here)?;
    assert_eq!(pool.in_use(), 0, "what is sent is home");

    let received = receive(&mut there, &pool)?;
    println!("received {received:?}");
    assert_eq!(received, payload[..]);
    let whole = received.linearize(&pool); // larger than a slot: on the heap, and counted
    assert_eq!((whole.is_pooled(), pool.stats().fallbacks), (false, 1));
    Ok(())
}
