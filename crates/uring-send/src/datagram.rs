//! What a header says of a datagram beside its bytes: where it goes, and how it is cut.

use std::mem::{offset_of, size_of};
use std::net::SocketAddr;

/// Where a datagram goes, as the kernel has it: room for either kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) union Address {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl Address {
    /// An address, and how many bytes of it count.
    pub(crate) fn of(address: SocketAddr) -> (Self, libc::socklen_t) {
        let (address, bytes) = match address {
            SocketAddr::V4(address) => {
                let v4 = libc::sockaddr_in {
                    sin_family: family(libc::AF_INET),
                    sin_port: address.port().to_be(),
                    sin_addr: libc::in_addr {
                        s_addr: u32::from_ne_bytes(address.ip().octets()),
                    },
                    sin_zero: [0; 8],
                };
                (Self { v4 }, size_of::<libc::sockaddr_in>())
            }
            SocketAddr::V6(address) => {
                let v6 = libc::sockaddr_in6 {
                    sin6_family: family(libc::AF_INET6),
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: address.flowinfo(),
                    sin6_addr: libc::in6_addr {
                        s6_addr: address.ip().octets(),
                    },
                    sin6_scope_id: address.scope_id(),
                };
                (Self { v6 }, size_of::<libc::sockaddr_in6>())
            }
        };
        let bytes = libc::socklen_t::try_from(bytes).expect("28 at most");
        (address, bytes)
    }
}

fn family(number: libc::c_int) -> libc::sa_family_t {
    libc::sa_family_t::try_from(number).expect("a small number")
}

/// The control message that has the kernel cut a datagram into segments (`UDP_SEGMENT`), padded as `CMSG_SPACE` has it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct SegmentSize {
    header: libc::cmsghdr,
    bytes: u16,
    padding: [u8; size_of::<usize>() - size_of::<u16>()],
}

// The data lies where `CMSG_DATA` looks for it, and the whole is as long as `CMSG_SPACE` says.
const _: () = {
    assert!(offset_of!(SegmentSize, bytes) == size_of::<libc::cmsghdr>());
    assert!(size_of::<SegmentSize>() == size_of::<libc::cmsghdr>() + size_of::<usize>());
};

impl SegmentSize {
    /// Segments of so many bytes.
    pub(crate) fn new(bytes: u16) -> Self {
        let header = libc::cmsghdr {
            cmsg_len: size_of::<libc::cmsghdr>() + size_of::<u16>(),
            cmsg_level: libc::SOL_UDP,
            cmsg_type: libc::UDP_SEGMENT,
        };
        Self {
            header,
            bytes,
            padding: [0; size_of::<usize>() - size_of::<u16>()],
        }
    }
}
