//! The part of a send that the kernel reads: message headers and their part lists, at addresses that stay.

use std::net::SocketAddr;
use std::ptr::NonNull;

use io_uring::types::Timespec;

use crate::datagram::{Address, SegmentSize};
use crate::deadline::Deadline;

/// Most parts of one send: what the header's list has room for.
pub const MAX_PARTS: usize = 32;
/// Most guards of one send.
pub const MAX_GUARDS: usize = 8;

#[repr(C)]
struct Wire {
    header: libc::msghdr,
    parts: [libc::iovec; MAX_PARTS],
    address: Address,
    control: SegmentSize,
    deadline: Timespec,
}

/// One header per send slot.
///
/// - **WIRE-1** `base` heads one live allocation of `count` initialised `Wire`s that stays where it is until this is dropped.
/// - **WIRE-2** No reference to a `Wire` is ever made: the kernel reads them at times of its own. We write to one only while
///   no operation names it, or after the main completion of the one that did.
#[derive(Debug)]
pub(crate) struct Wires {
    base: NonNull<Wire>,
    count: usize,
}

// SAFETY: the memory is owned by this value alone; nothing in it belongs to a thread.
unsafe impl Send for Wires {}

impl Wires {
    pub(crate) fn new(count: usize) -> Self {
        let blank = || Wire {
            header: libc::msghdr {
                msg_name: std::ptr::null_mut(),
                msg_namelen: 0,
                msg_iov: std::ptr::null_mut(),
                msg_iovlen: 0,
                msg_control: std::ptr::null_mut(),
                msg_controllen: 0,
                msg_flags: 0,
            },
            parts: [libc::iovec {
                iov_base: std::ptr::null_mut(),
                iov_len: 0,
            }; MAX_PARTS],
            address: Address::of(SocketAddr::from(([0; 4], 0))).0,
            control: SegmentSize::new(0),
            deadline: Timespec::new(),
        };
        let wires: Box<[Wire]> = (0..count).map(|_| blank()).collect();
        Self {
            base: NonNull::from(Box::leak(wires)).cast(),
            count,
        }
    }

    fn wire(&self, slot: u16) -> *mut Wire {
        assert!(
            usize::from(slot) < self.count,
            "send slot {slot} of {}",
            self.count
        );
        // SAFETY: inside the allocation by the assertion (WIRE-1).
        unsafe { self.base.as_ptr().add(usize::from(slot)) }
    }

    fn header(&self, slot: u16) -> *mut libc::msghdr {
        let wire = self.wire(slot);
        // SAFETY: the address of a field of a live `Wire` (WIRE-1); makes no reference.
        unsafe { &raw mut (*wire).header }
    }

    fn parts(&self, slot: u16) -> *mut libc::iovec {
        let wire = self.wire(slot);
        // SAFETY: the address of a field of a live `Wire` (WIRE-1); makes no reference.
        unsafe { (&raw mut (*wire).parts).cast() }
    }

    /// The header's address, for an entry.
    pub(crate) fn header_address(&self, slot: u16) -> *const libc::msghdr {
        self.header(slot)
    }

    fn read_header(&self, slot: u16) -> libc::msghdr {
        // SAFETY: initialised (WIRE-1); the kernel only reads, so reading beside it is no race.
        unsafe { self.header(slot).read() }
    }

    fn write_header(&mut self, slot: u16, header: libc::msghdr) {
        // SAFETY: valid for writes (WIRE-1); no operation names it now (WIRE-2).
        unsafe { self.header(slot).write(header) }
    }

    /// Empties the part list of a slot that no operation names.
    pub(crate) fn clear(&mut self, slot: u16) {
        let mut header = self.read_header(slot);
        header.msg_iov = self.parts(slot);
        header.msg_iovlen = 0;
        header.msg_name = std::ptr::null_mut();
        header.msg_namelen = 0;
        header.msg_control = std::ptr::null_mut();
        header.msg_controllen = 0;
        self.write_header(slot, header);
    }

    /// Sets where the datagram goes.
    pub(crate) fn set_address(&mut self, slot: u16, to: SocketAddr) {
        let (address, bytes) = Address::of(to);
        let wire = self.wire(slot);
        // SAFETY: the address of a field of a live `Wire` (WIRE-1); makes no reference.
        let place = unsafe { &raw mut (*wire).address };
        // SAFETY: valid for writes (WIRE-1); no operation names it now (WIRE-2).
        unsafe { place.write(address) };
        let mut header = self.read_header(slot);
        header.msg_name = place.cast();
        header.msg_namelen = bytes;
        self.write_header(slot, header);
    }

    /// Has the kernel cut the datagram into segments of so many bytes.
    pub(crate) fn set_segment_bytes(&mut self, slot: u16, bytes: u16) {
        let wire = self.wire(slot);
        // SAFETY: the address of a field of a live `Wire` (WIRE-1); makes no reference.
        let place = unsafe { &raw mut (*wire).control };
        // SAFETY: valid for writes (WIRE-1); no operation names it now (WIRE-2).
        unsafe { place.write(SegmentSize::new(bytes)) };
        let mut header = self.read_header(slot);
        header.msg_control = place.cast();
        header.msg_controllen = size_of::<SegmentSize>();
        self.write_header(slot, header);
    }

    fn deadline(&self, slot: u16) -> *mut Timespec {
        let wire = self.wire(slot);
        // SAFETY: the address of a field of a live `Wire` (WIRE-1); makes no reference.
        unsafe { &raw mut (*wire).deadline }
    }

    /// Sets when the time of a slot that no operation names is over.
    pub(crate) fn set_deadline(&mut self, slot: u16, deadline: Deadline) {
        // SAFETY: valid for writes (WIRE-1); no operation names it now (WIRE-2).
        unsafe { self.deadline(slot).write(deadline.timespec()) }
    }

    /// The deadline's address, for an entry.
    pub(crate) fn deadline_address(&self, slot: u16) -> *const Timespec {
        self.deadline(slot)
    }

    /// The address and length of the only part that is left, if the header says nothing else.
    pub(crate) fn only_part(&self, slot: u16) -> Option<(*const u8, u32)> {
        let header = self.read_header(slot);
        if header.msg_iovlen != 1 || header.msg_namelen != 0 || header.msg_controllen != 0 {
            return None;
        }
        let part = self.read_part(slot, MAX_PARTS - self.parts_after(slot, header.msg_iov));
        let len = u32::try_from(part.iov_len).ok()?;
        Some((part.iov_base.cast_const().cast(), len))
    }

    pub(crate) fn part_count(&self, slot: u16) -> usize {
        self.read_header(slot).msg_iovlen
    }

    /// Adds a part, or lengthens the last one if the new bytes lie right behind it. The caller has checked that there is room.
    pub(crate) fn push_part(&mut self, slot: u16, bytes: *const [u8]) {
        let mut header = self.read_header(slot);
        if let Some(last) = header.msg_iovlen.checked_sub(1) {
            let mut part = self.read_part(slot, last);
            // Exposed: the longer part's own pointer may be of another allocation.
            let start = bytes.cast::<u8>().expose_provenance();
            if part.iov_base.addr() + part.iov_len == start {
                part.iov_len += bytes.len();
                self.write_part(slot, last, part);
                return;
            }
        }
        let part = libc::iovec {
            iov_base: bytes.cast_mut().cast(),
            iov_len: bytes.len(),
        };
        self.write_part(slot, header.msg_iovlen, part);
        header.msg_iovlen += 1;
        self.write_header(slot, header);
    }

    /// Drops the first `bytes` bytes of the part list: they are with the kernel.
    pub(crate) fn advance(&mut self, slot: u16, bytes: usize) {
        let mut header = self.read_header(slot);
        let mut index = MAX_PARTS - self.parts_after(slot, header.msg_iov);
        let mut left = bytes;
        while left > 0 && header.msg_iovlen > 0 {
            let mut part = self.read_part(slot, index);
            if left < part.iov_len {
                part.iov_base = part.iov_base.wrapping_byte_add(left);
                part.iov_len -= left;
                self.write_part(slot, index, part);
                break;
            }
            left -= part.iov_len;
            index += 1;
            header.msg_iovlen -= 1;
        }
        header.msg_iov = self.parts(slot).wrapping_add(index);
        self.write_header(slot, header);
    }

    /// Addresses and lengths of the parts that were not [advanced](Self::advance) over.
    pub(crate) fn parts_to_go(&self, slot: u16) -> impl Iterator<Item = (usize, usize)> {
        let header = self.read_header(slot);
        let first = MAX_PARTS - self.parts_after(slot, header.msg_iov);
        let parts = first..first + header.msg_iovlen;
        parts.map(move |index| {
            let part = self.read_part(slot, index);
            (part.iov_base.addr(), part.iov_len)
        })
    }

    /// How many places of the list lie from `part` to its end.
    fn parts_after(&self, slot: u16, part: *const libc::iovec) -> usize {
        let end = self.parts(slot).wrapping_add(MAX_PARTS);
        (end.addr() - part.addr()) / size_of::<libc::iovec>()
    }

    fn part(&self, slot: u16, index: usize) -> *mut libc::iovec {
        assert!(index < MAX_PARTS, "part {index} of {MAX_PARTS}");
        // SAFETY: inside the list by the assertion (WIRE-1).
        unsafe { self.parts(slot).add(index) }
    }

    fn read_part(&self, slot: u16, index: usize) -> libc::iovec {
        // SAFETY: initialised (WIRE-1); the kernel only reads.
        unsafe { self.part(slot, index).read() }
    }

    fn write_part(&mut self, slot: u16, index: usize, part: libc::iovec) {
        // SAFETY: valid for writes (WIRE-1); no operation names it now (WIRE-2).
        unsafe { self.part(slot, index).write(part) }
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        let wires = NonNull::slice_from_raw_parts(self.base, self.count);
        // SAFETY: validity: made by `Box::leak` in `new` with this length. Aliasing: whoever drops it vouches that no operation
        // names a header any more (else it is leaked).
        drop(unsafe { Box::from_raw(wires.as_ptr()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(wires: &Wires) -> Vec<usize> {
        wires.parts_to_go(0).map(|(_, bytes)| bytes).collect()
    }

    #[test]
    fn advancing_skips_whole_parts_and_cuts_one() {
        let (a, b, c) = ([0_u8; 4], [0_u8; 8], [0_u8; 2]);
        let mut wires = Wires::new(1);
        wires.clear(0);
        for part in [&a[..], &b[..], &c[..]] {
            wires.push_part(0, part);
        }
        let parts = wires.part_count(0);
        assert!(
            (1..=3).contains(&parts),
            "neighbours on the stack may be joined"
        );
        wires.advance(0, 0);
        assert_eq!(lengths(&wires).iter().sum::<usize>(), 14);
        wires.advance(0, 5);
        assert_eq!(lengths(&wires).iter().sum::<usize>(), 9);
        wires.advance(0, 7);
        assert_eq!(lengths(&wires).iter().sum::<usize>(), 2);
        wires.advance(0, 2);
        assert_eq!(lengths(&wires), Vec::<usize>::new());
    }

    #[test]
    fn neighbours_become_one_part() {
        let bytes = [0_u8; 10];
        let mut wires = Wires::new(1);
        wires.clear(0);
        wires.push_part(0, &raw const bytes[..4]);
        wires.push_part(0, &raw const bytes[4..]);
        assert_eq!(lengths(&wires), [10]);
        wires.push_part(0, &raw const bytes[..1]);
        assert_eq!(lengths(&wires), [10, 1]);
    }
}
