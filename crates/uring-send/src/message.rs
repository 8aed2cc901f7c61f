//! The message of a send as a kernel sees it: addresses and lengths, read when they are asked for.

#[cfg(feature = "testing")]
use std::ops::Range;
use std::ptr;
#[cfg(feature = "testing")]
use std::slice;

/// What a `msghdr` said when it was read, or the one part of an entry without.
///
/// - **MESSAGE-1** The header at `header` (if there is one), the list that it named and the bytes that the list named are readable until the operation's
///   terminal completion, by the promise of [`Submissions::push`](crate::Submissions::push); header and list until its main completion.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    header: Option<*const libc::msghdr>,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    base: *const u8,
    len: usize,
}

// SAFETY: addresses; who reads through them vouches that no main completion, or no terminal one, was given (MESSAGE-1).
unsafe impl Send for Message {}

impl Message {
    /// Reads the header at this address.
    ///
    /// # Safety
    ///
    /// MESSAGE-1 holds for it.
    pub(crate) unsafe fn read(address: u64) -> Self {
        let address = usize::try_from(address).expect("an address of this process");
        let header = ptr::with_exposed_provenance::<libc::msghdr>(address);
        // SAFETY: MESSAGE-1, by the caller.
        let parts = unsafe { parts_of(header) };
        let header = Some(header);
        Self { header, parts }
    }

    /// The bytes that an entry names by itself. MESSAGE-1 holds for them by the promise of who pushed it.
    pub(crate) fn single(address: u64, len: u32) -> Self {
        let address = usize::try_from(address).expect("an address of this process");
        let part = Part {
            base: ptr::with_exposed_provenance(address),
            len: usize::try_from(len).expect("Linux has 32 bits at least"),
        };
        Self {
            header: None,
            parts: vec![part],
        }
    }

    /// Whether header and list say what they said at first. To be asked before the main completion.
    #[cfg(feature = "testing")]
    pub(crate) fn is_unchanged(&self) -> bool {
        let Some(header) = self.header else {
            return true;
        };
        // SAFETY: before the main completion (MESSAGE-1).
        self.parts == unsafe { parts_of(header) }
    }

    /// The header's destination and control data, without parts. To be asked before the main completion.
    pub(crate) fn header(&self) -> libc::msghdr {
        let mut header = match self.header {
            // SAFETY: before the main completion (MESSAGE-1).
            Some(header) => unsafe { header.read() },
            None => libc::msghdr {
                msg_name: ptr::null_mut(),
                msg_namelen: 0,
                msg_iov: ptr::null_mut(),
                msg_iovlen: 0,
                msg_control: ptr::null_mut(),
                msg_controllen: 0,
                msg_flags: 0,
            },
        };
        (header.msg_iov, header.msg_iovlen) = (ptr::null_mut(), 0);
        header
    }

    /// Writes the parts behind the first `skip` bytes, as many as there is room for. Tells how many.
    pub(crate) fn rest(&self, skip: usize, into: &mut [libc::iovec]) -> usize {
        let (mut left, mut count) = (skip, 0);
        for part in &self.parts {
            let cut = left.min(part.len);
            left -= cut;
            if cut == part.len {
                continue;
            }
            let Some(place) = into.get_mut(count) else {
                break;
            };
            *place = libc::iovec {
                iov_base: part.base.wrapping_add(cut).cast_mut().cast(),
                iov_len: part.len - cut,
            };
            count += 1;
        }
        count
    }

    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.len).sum()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn addresses(&self) -> impl Iterator<Item = Range<usize>> {
        let range = |part: &Part| part.base.addr()..part.base.addr() + part.len;
        self.parts.iter().map(range)
    }

    /// The first `len` bytes as they are now. To be asked before the terminal completion.
    #[cfg(feature = "testing")]
    pub(crate) fn first_bytes(&self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len);
        for part in &self.parts {
            let wanted = part.len.min(len - bytes.len());
            // SAFETY: validity: readable, being asked before the terminal completion (MESSAGE-1). Aliasing: whoever sends them does not
            // write them meanwhile.
            bytes.extend_from_slice(unsafe { slice::from_raw_parts(part.base, wanted) });
        }
        bytes
    }
}

/// # Safety
///
/// The header and its list are readable.
unsafe fn parts_of(header: *const libc::msghdr) -> Vec<Part> {
    // SAFETY: readable, by the caller.
    let header = unsafe { header.read() };
    let part = |index| {
        // SAFETY: inside the list, by the header.
        let place = unsafe { header.msg_iov.add(index) };
        // SAFETY: readable, by the caller.
        let part = unsafe { place.read() };
        Part {
            base: part.iov_base.cast_const().cast(),
            len: part.iov_len,
        }
    };
    (0..header.msg_iovlen).map(part).collect()
}
