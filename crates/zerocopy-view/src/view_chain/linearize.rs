//! From a chain to one run of bytes: what may have to copy.

use pool_core::Source;

use crate::error::ReserveError;
use crate::kind::Kind;
use crate::view::View;
use crate::view_mut::{Heap, ViewMut};

use super::ViewChain;

/// The view is of the segments' kind, if they have one in common, and else [`Kind::RAW`].
impl ViewChain {
    /// All bytes in one view. Never fails, and copies nothing if they lie in one storage one behind the other, a single segment among them; else copies
    /// them, once, to the heap.
    #[must_use]
    pub fn to_view(&self) -> View {
        self.joined()
            .unwrap_or_else(|| self.copied_to(ViewMut::with_capacity(self.len, Heap)))
    }

    /// All bytes in one view: as [`to_view`](Self::to_view), with the memory, if some is needed, from `source`, or from the heap if that has no lease so large
    /// now, of which it [hears](Source::count_fallback).
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn linearize(self, source: impl Source) -> View {
        if let Some(whole) = self.joined() {
            return whole;
        }
        let buffer = ViewMut::with_capacity(self.len, source);
        self.moved_to(buffer)
    }

    /// As [`linearize`](Self::linearize), without the heap. Allocates nothing.
    ///
    /// # Errors
    ///
    /// [`ReserveError`], and the chain as it was: its segments are strangers, and the source has no lease so large now.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_linearize(self, source: impl Source) -> Result<View, (ReserveError, Self)> {
        if let Some(whole) = self.joined() {
            return Ok(whole);
        }
        match ViewMut::try_with_capacity(self.len, source) {
            Ok(buffer) => Ok(self.moved_to(buffer)),
            Err(why) => Err((why, self)),
        }
    }

    /// One view, if the segments are neighbours in one storage.
    fn joined(&self) -> Option<View> {
        let mut segments = self.segments.iter().cloned();
        let first = segments.next().unwrap_or_default();
        segments.try_fold(first, |whole, next| whole.try_join(next).ok())
    }

    /// As [`copied_to`](Self::copied_to), and without the segments. They go before the copy is the answer: who is woken then may panic.
    fn moved_to(self, buffer: ViewMut<impl Source>) -> View {
        let copy = self.copied_to(buffer);
        drop(self);
        copy
    }

    /// A copy in a buffer that has room for it.
    fn copied_to(&self, mut buffer: ViewMut<impl Source>) -> View {
        for segment in &self.segments {
            buffer.extend_from_slice(segment);
        }
        buffer.freeze().retag(self.common_kind())
    }

    fn common_kind(&self) -> Kind {
        let mut kinds = self.segments.iter().map(View::kind);
        let first = kinds.next().unwrap_or(Kind::RAW);
        if kinds.all(|kind| kind == first) {
            first
        } else {
            Kind::RAW
        }
    }
}
