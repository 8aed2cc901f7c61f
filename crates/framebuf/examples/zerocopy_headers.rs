//! Headers as structs, with the `zerocopy` crate: read and changed where they lie in a frame, and prepended to it without code for each field.
//! `cargo run -p framebuf --example zerocopy_headers`.

use std::error::Error;

use framebuf::{FrameBuf, Headroom};
use pool_core::Pool;
use zerocopy::byteorder::network_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, transmute_ref};

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Udp {
    source_port: U16,
    destination_port: U16,
    len: U16,
    checksum: U16,
}

/// A header of one's own, as a tunnel has it.
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Tunnel {
    flags: u8,
    reserved: [u8; 3],
    network: U32,
}

const UDP: usize = size_of::<Udp>();
const TUNNEL: usize = size_of::<Tunnel>();
const HEADERS: usize = UDP + TUNNEL;

/// Puts a packet into a tunnel: two headers before it.
fn encapsulate(packet: Headroom<HEADERS>, network: u32) -> Headroom<0> {
    let tunnel = Tunnel {
        flags: 0x08,
        reserved: [0; 3],
        network: U32::new(network),
    };
    let tunnel: &[u8; TUNNEL] = transmute_ref!(&tunnel);
    let packet: Headroom<UDP> = packet.prepend(tunnel);
    let udp = Udp {
        source_port: U16::new(40_000),
        destination_port: U16::new(4789),
        len: U16::try_from(UDP + packet.len()).expect("a datagram"),
        checksum: U16::ZERO,
    };
    let udp: &[u8; UDP] = transmute_ref!(&udp);
    packet.prepend(udp)
}

/// Takes a packet out again, if it is one of this network's: reads the headers in place and cuts them off.
fn decapsulate(mut frame: FrameBuf, network: u32) -> Option<FrameBuf> {
    let (udp, rest) = Udp::ref_from_prefix(&frame).ok()?;
    let (tunnel, _) = Tunnel::ref_from_prefix(rest).ok()?;
    let is_ours = udp.destination_port == 4789 && tunnel.network == network;
    frame.trim_front(HEADERS).ok()?;
    is_ours.then_some(frame)
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().slots(64).slot_bytes(2048).build()?;
    let mut packet = Headroom::from_pool(&pool).expect("64 slots are free");
    packet.append(b"a packet of the inner network")?;
    let address = packet.as_ptr();

    let mut frame = encapsulate(packet, 7).into_frame();
    let (udp, _) = Udp::mut_from_prefix(&mut frame).map_err(|_| "too short")?;
    udp.source_port = U16::new(50_000); // changed where it lies
    println!("{udp:?}");
    assert_eq!(frame[..2], 50_000_u16.to_be_bytes());

    let packet = decapsulate(frame, 7).ok_or("another network's")?;
    assert_eq!(packet, b"a packet of the inner network");
    assert_eq!((packet.as_ptr(), packet.headroom()), (address, HEADERS));
    Ok(())
}
