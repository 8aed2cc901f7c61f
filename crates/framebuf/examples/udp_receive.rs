//! Datagrams received into slots, answered from there: the reply's header goes where the request's was.
//! `cargo run -p framebuf --example udp_receive`.

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use framebuf::FrameBuf;
use pool_core::Pool;

/// Room for whatever a lower layer would put before the datagram.
const HEADROOM: usize = 64;

const REQUEST: &[u8] = b"echo ";
const REPLY: &[u8] = b"said ";

/// Receives one datagram in place; who sent it travels with it.
fn receive(socket: &UdpSocket, pool: &Pool) -> Result<FrameBuf<SocketAddr>, Box<dyn Error>> {
    let frame = FrameBuf::with_headroom(pool, HEADROOM).ok_or("no slot")?;
    let mut sender = None;
    let filled = frame.unfilled().fill_with(|room| {
        let (len, from) = socket.recv_from(room)?;
        sender = Some(from);
        std::io::Result::Ok(len)
    });
    let frame = filled.map_err(|(why, _room)| why)?;
    Ok(frame.with_meta(sender.ok_or("nobody sent it")?))
}

/// Turns a request into its reply, in the same bytes.
fn answer(frame: &mut FrameBuf<SocketAddr>) -> Result<(), Box<dyn Error>> {
    if !frame.starts_with(REQUEST) {
        return Err("not a request".into());
    }
    frame.trim_front(REQUEST.len())?;
    frame.prepend(REPLY)?;
    Ok(())
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().slots(64).slot_bytes(2048).build()?;
    let [server, client] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0"));
    let (server, client) = (server?, client?);
    for socket in [&server, &client] {
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    }
    client.connect(server.local_addr()?)?;
    client.send(b"echo hello")?;

    let mut frame = receive(&server, &pool)?;
    answer(&mut frame)?;
    server.send_to(&frame, frame.meta())?;

    let mut reply = [0; 64];
    let len = client.recv(&mut reply)?;
    println!("{}", String::from_utf8_lossy(&reply[..len]));
    assert_eq!(&reply[..len], b"said hello");
    Ok(())
}
