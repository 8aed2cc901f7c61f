//! Bytes to copy, where copying them takes as long for everybody.

use std::ops::{Deref, Range};

/// After how many bytes addresses look the same to a processor that compares a load with the stores before it.
const ALIAS_BYTES: usize = 4096;

/// Bytes that lie half a page away from where they are copied to, modulo [`ALIAS_BYTES`].
///
/// A load whose address agrees with that of an earlier store in the low 12 bits may have to wait until the store is done, though it wants nothing of it. So a copy takes
/// up to three times as long if its source begins a little behind its destination, modulo 4096, and whether it does is up to the allocators: the same in each run of a program, and another with
/// the next line of code. Here no subject's source meets its destination, up to 2 KiB; and source and destination begin equally far from the beginning of a cache line, for
/// each subject as for the bare `memcpy`.
pub(crate) struct Packet {
    pages: Vec<u8>,
    range: Range<usize>,
}

impl Packet {
    /// `bytes`, to be copied to `destination` or as far behind a page's beginning.
    pub(crate) fn apart_from(destination: *const u8, bytes: &[u8]) -> Self {
        let mut pages = vec![0; ALIAS_BYTES + bytes.len()];
        let half_a_page_on = destination.addr() + ALIAS_BYTES / 2;
        let start = half_a_page_on.wrapping_sub(pages.as_ptr().addr()) % ALIAS_BYTES;
        let range = start..start + bytes.len();
        pages[range.clone()].copy_from_slice(bytes);
        Self { pages, range }
    }
}

impl Deref for Packet {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.pages[self.range.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_lies_half_a_page_away_wherever_it_goes() {
        for destination in [0_usize, 1, 960, 2048, 4095, 1 << 20] {
            let packet = Packet::apart_from(std::ptr::without_provenance(destination), &[7; 1500]);
            let away = packet.as_ptr().addr().wrapping_sub(destination) % ALIAS_BYTES;
            assert_eq!((away, &*packet), (ALIAS_BYTES / 2, &[7; 1500][..]));
        }
    }
}
