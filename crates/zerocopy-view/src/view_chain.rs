//! A message in pieces: several views, one after another, that act as one run of bytes.

mod cut;
#[cfg(feature = "std")]
mod io;
mod linearize;
mod traits;

use alloc::collections::VecDeque;
use core::fmt;

use crate::view::View;

/// Several views, one after another, as one message: header, body and trailer that lie in different storages.
///
/// Building, cutting and sending a chain never copies a byte: it holds the views themselves. It is a [`Buf`](bytes::Buf) whose
/// [`chunks_vectored`](bytes::Buf::chunks_vectored) are its segments, so that one `writev` sends it: by `write_all_to` with `std`, by `write_all_buf` of
/// `tokio`, or of the module `futures` with that feature; `io_slices` gives the same to those who call it themselves. Only
/// [`to_view`](Self::to_view) and [`linearize`](Self::linearize), which ask for one run of bytes, may have to copy.
///
/// ```
/// use zerocopy_view::{View, ViewChain};
///
/// let body = View::from(b"{\"a\":1.5}".to_vec());
/// let mut message = ViewChain::from(body.clone());
/// message.prepend(View::from_static(b"Content-Length: 9\r\n\r\n"));
/// assert_eq!(message.len(), 30);
///
/// let sent: Vec<_> = message.io_slices().collect(); // what `write_vectored` takes
/// assert_eq!(sent[1].as_ptr(), body.as_ptr());      // the body, where it was
/// ```
///
/// Its cost is a [`VecDeque`] of views: 32 bytes a segment, one allocation now and then, which [`clear`](Self::clear) keeps for the next message.
///
/// Chains are equal to each other, and to bytes, if they have the same bytes, however these are cut.
///
/// - **CHAIN-1** No segment is without bytes, and `len` is the sum of their lengths.
#[derive(Clone, Default)]
pub struct ViewChain {
    segments: VecDeque<View>,
    len: usize,
}

impl ViewChain {
    /// No bytes. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            segments: VecDeque::new(),
            len: 0,
        }
    }

    /// No bytes, with room for so many segments.
    #[must_use]
    pub fn with_capacity(segments: usize) -> Self {
        Self {
            segments: VecDeque::with_capacity(segments),
            len: 0,
        }
    }

    /// How many bytes all segments have together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The views, from the front. Each has bytes.
    #[must_use]
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &View> + ExactSizeIterator {
        self.segments.iter()
    }

    /// Adds a view at the end. One without bytes is dropped.
    ///
    /// # Panics
    ///
    /// If the chain would have more than `usize::MAX` bytes (of the same memory, several times).
    pub fn push(&mut self, view: View) {
        let len = self.len_with(&view);
        if !view.is_empty() {
            self.segments.push_back(view);
        }
        self.len = len;
    }

    /// Adds a view at the front. One without bytes is dropped.
    ///
    /// # Panics
    ///
    /// If the chain would have more than `usize::MAX` bytes (of the same memory, several times).
    pub fn prepend(&mut self, view: View) {
        let len = self.len_with(&view);
        if !view.is_empty() {
            self.segments.push_front(view);
        }
        self.len = len;
    }

    fn len_with(&self, view: &View) -> usize {
        let len = self.len.checked_add(view.len());
        len.expect("length: a chain has at most usize::MAX bytes")
    }

    /// Drops all segments. The memory for their list stays.
    pub fn clear(&mut self) {
        self.len = 0;
        self.segments.clear();
    }

    fn first_segment(&self) -> &[u8] {
        self.segments.front().map_or(&[], |view| view)
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.segments.iter().flat_map(|view| view.iter().copied())
    }
}

/// Never prints the bytes.
impl fmt::Debug for ViewChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewChain")
            .field("len", &self.len)
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "length: a chain has at most usize::MAX bytes")]
    fn a_length_that_no_number_holds_is_refused() {
        // As if the same bytes had been pushed until here: no test has the time.
        let mut chain = ViewChain::from(View::from_static(b"ab"));
        chain.len = usize::MAX - 1;
        chain.push(View::from_static(b"cd"));
    }
}
