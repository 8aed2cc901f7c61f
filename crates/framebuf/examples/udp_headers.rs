//! A UDP datagram as it goes on the wire: payload first, then UDP, IPv4 and Ethernet headers before it, where it lies.
//! That the headroom suffices is checked when compiling: `cargo run -p framebuf --example udp_headers`.

use std::error::Error;
use std::net::Ipv4Addr;

use framebuf::Headroom;
use pool_core::Pool;

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const UDP: usize = 8;
const HEADERS: usize = ETHERNET + IPV4 + UDP;

const UDP_PROTOCOL: u8 = 17;

struct Flow {
    source: (Ipv4Addr, u16),
    destination: (Ipv4Addr, u16),
    source_mac: [u8; 6],
    destination_mac: [u8; 6],
}

impl Flow {
    /// Prepends all three headers to a payload of less than 64 KiB.
    fn wrap(&self, payload: Headroom<HEADERS>) -> Headroom<0> {
        let udp = self.udp_header(&payload);
        let datagram: Headroom<{ ETHERNET + IPV4 }> = payload.prepend(&udp);
        let ip = self.ipv4_header(datagram.len());
        let packet: Headroom<ETHERNET> = datagram.prepend(&ip);
        packet.prepend(&self.ethernet_header())
    }

    fn udp_header(&self, payload: &[u8]) -> [u8; UDP] {
        let len = u16::try_from(UDP + payload.len()).expect("a datagram");
        let mut header = [0; UDP];
        header[0..2].copy_from_slice(&self.source.1.to_be_bytes());
        header[2..4].copy_from_slice(&self.destination.1.to_be_bytes());
        header[4..6].copy_from_slice(&len.to_be_bytes());
        let sum = checksum(&[&self.pseudo_header(len), &header, payload]);
        // 0 would say that there is none.
        let sum = if sum == 0 { 0xffff } else { sum };
        header[6..8].copy_from_slice(&sum.to_be_bytes());
        header
    }

    /// What the checksum of UDP covers besides the datagram.
    fn pseudo_header(&self, udp_len: u16) -> [u8; 12] {
        let mut header = [0; 12];
        header[0..4].copy_from_slice(&self.source.0.octets());
        header[4..8].copy_from_slice(&self.destination.0.octets());
        header[9] = UDP_PROTOCOL;
        header[10..12].copy_from_slice(&udp_len.to_be_bytes());
        header
    }

    fn ipv4_header(&self, datagram_len: usize) -> [u8; IPV4] {
        let len = u16::try_from(IPV4 + datagram_len).expect("a packet");
        let mut header = [0; IPV4];
        header[0] = 0x45; // version 4, five words
        header[2..4].copy_from_slice(&len.to_be_bytes());
        header[6] = 0x40; // do not fragment
        header[8] = 64; // hops
        header[9] = UDP_PROTOCOL;
        header[12..16].copy_from_slice(&self.source.0.octets());
        header[16..20].copy_from_slice(&self.destination.0.octets());
        let sum = checksum(&[&header]);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        header
    }

    fn ethernet_header(&self) -> [u8; ETHERNET] {
        let mut header = [0; ETHERNET];
        header[0..6].copy_from_slice(&self.destination_mac);
        header[6..12].copy_from_slice(&self.source_mac);
        header[12..14].copy_from_slice(&0x0800_u16.to_be_bytes()); // IPv4
        header
    }
}

/// The internet checksum (RFC 1071) of parts that follow each other; all but the last have an even length. 0 over what contains its own.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u64 = words
        .map(|word| {
            u64::from(u16::from_be_bytes([
                word[0],
                word.get(1).copied().unwrap_or(0),
            ]))
        })
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let flow = Flow {
        source: (Ipv4Addr::new(192, 0, 2, 1), 4000),
        destination: (Ipv4Addr::new(198, 51, 100, 7), 53),
        source_mac: [2, 0, 0, 0, 0, 1],
        destination_mac: [2, 0, 0, 0, 0, 2],
    };
    let pool = Pool::builder().slots(256).slot_bytes(2048).build()?;
    let mut payload = Headroom::from_pool(&pool).expect("256 slots are free");
    payload.append(b"what the datagram says")?;
    let address = payload.as_ptr();

    let frame = flow.wrap(payload);

    let (ip, datagram) = frame[ETHERNET..].split_at(IPV4);
    let pseudo_header = flow.pseudo_header(datagram.len().try_into()?);
    assert_eq!(checksum(&[ip]), 0, "the receiver's sum of the IPv4 header");
    assert_eq!(
        checksum(&[&pseudo_header, datagram]),
        0,
        "and of the datagram"
    );
    assert_eq!(
        frame[HEADERS..].as_ptr(),
        address,
        "the payload did not move"
    );
    println!("{} bytes: {:02x?}", frame.len(), &frame[..HEADERS]);
    Ok(())
}
