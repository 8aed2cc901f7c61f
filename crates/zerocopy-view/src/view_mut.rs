//! A buffer with one owner, that grows while bytes arrive and freezes into views.

mod cut;
mod grow;
mod write;

use core::fmt;
use core::ops::{Deref, DerefMut};

use pool_core::{Lease, Source};

use crate::label::Label;
use crate::part::ExclusivePart;
use crate::view::View;

/// Some bytes that only their owner reads and writes, with room behind them to grow in: what becomes [`View`]s.
///
/// ```text
///     |<-------------- capacity -------------->|
///     |  len: the bytes  |  spare capacity     |
/// ```
///
/// It dereferences to its bytes, and takes more by [`extend_from_slice`](Self::extend_from_slice), `bytes::BufMut`, `std::io::Write`, or a
/// `recv`-like call ([`fill_with`](Self::fill_with)). When they do not fit, it moves to a larger lease of its [`Source`] `S`, or to the heap: that
/// copies its bytes, once per doubling. [`freeze`](Self::freeze) and the splits copy nothing and allocate nothing, so a stream is received into a slot,
/// cut into messages where it lies, and the messages are shared:
///
/// ```
/// use std::io::Read;
/// use zerocopy_view::{View, ViewMut};
///
/// let pool = pool_core::Pool::builder().slots(4).slot_bytes(2048).build()?;
/// let mut stream: &[u8] = b"one\ntwo\nth"; // anything with `read`
/// let mut buffer = ViewMut::with_capacity(512, &pool);
/// buffer.fill_with(|room| stream.read(room))?;
///
/// let mut lines: Vec<View> = Vec::new();
/// while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
///     lines.push(buffer.freeze_to(end + 1));
/// }
/// assert_eq!(lines, ["one\n", "two\n"]);
/// assert_eq!(buffer, "th"); // goes on in the same slot
/// assert_eq!(pool.in_use(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What the spare capacity holds
///
/// Initialised bytes, always: zeros on the heap, and in a slot what its last user left, unless the pool [scrubs](pool_core::Scrub). No safe call makes
/// them part of the buffer without writing them first, but for [`filled`](Self::filled) and a call of [`fill_with`](Self::fill_with) that lies
/// about how many it wrote.
///
/// # Sharing the storage
///
/// What was split off has bytes of its own in the same storage, counted as views are; the storage comes home with the last of them.
/// Nothing else can reach a `ViewMut`'s bytes, and so it cannot be cloned:
///
/// ```compile_fail
/// let buffer = zerocopy_view::ViewMut::default();
/// let again = buffer.clone();
/// ```
///
/// - **MUT-1** `len` is at most the length of `bytes`.
pub struct ViewMut<S = Heap> {
    bytes: ExclusivePart,
    len: usize,
    source: S,
}

/// The [`Source`] without leases: a [`ViewMut`] over it takes all its memory from the heap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heap;

impl Source for Heap {
    fn lease(&self, _min: usize) -> Option<Lease> {
        None
    }
}

impl<S: Source> ViewMut<S> {
    /// An empty buffer, which takes its first memory from `source` when it is written. Allocates nothing.
    #[must_use]
    pub const fn new(source: S) -> Self {
        Self {
            bytes: ExclusivePart::empty(Label::NONE),
            len: 0,
            source,
        }
    }
}

impl<S> ViewMut<S> {
    /// How many bytes it has.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes it can have where it is.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Whether its bytes lie in a slot of a pool.
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.bytes.is_pooled()
    }

    /// Where it takes more memory from.
    #[must_use]
    pub fn source(&self) -> &S {
        &self.source
    }

    /// The same buffer, which from now on takes more memory from `source`. What it has stays where it is.
    #[must_use = "the buffer with the new source is returned"]
    pub fn with_source<T>(self, source: T) -> ViewMut<T> {
        let len = self.len;
        ViewMut {
            bytes: self.drop_source(),
            len,
            source,
        }
    }

    /// What is left without the source. That is dropped first of all: its drop may panic, and what a function was about to return is lost then.
    #[inline]
    fn drop_source(self) -> ExclusivePart {
        let Self { bytes, source, .. } = self;
        drop(source);
        bytes
    }

    /// The bytes as a view: at the same address, with nothing copied, allocated or counted. The source is dropped, and so is the right to the spare
    /// capacity; it is of use again when all views and buffers of the storage are gone, or only one is left, which can
    /// [reclaim](Self::reserve) it.
    #[inline]
    #[must_use = "dropping a buffer does not need freezing"]
    pub fn freeze(self) -> View {
        let len = self.len;
        View(self.drop_source().into_part(len))
    }
}

impl View {
    /// The bytes as a buffer, to be written in place: at the same address, if nobody else has a right to the storage. What lies behind them in the
    /// storage is its spare capacity; what lies before them can be [reclaimed](ViewMut::reserve). Allocates nothing.
    ///
    /// The buffer grows onto the heap, unless it is given [another source](ViewMut::with_source). It keeps kind and tenant, for the view that it will be, and
    /// the storage its charge; a digest is forgotten.
    ///
    /// ```
    /// use zerocopy_view::View;
    ///
    /// let view = View::from(b"shared".to_vec());
    /// let reader = view.clone();
    /// let view = view.try_into_mut().expect_err("two views");
    /// drop(reader);
    /// let mut buffer = view.try_into_mut().expect("the only one");
    /// buffer[0] = b'S';
    /// assert_eq!(buffer.freeze(), "Shared");
    /// ```
    ///
    /// # Errors
    ///
    /// Gives the view back, unchanged, if others share the storage (another thread may drop them before the caller sees it), or if the bytes lie
    /// neither in a slot nor in a `Vec<u8>`: of static bytes, `Arc<[u8]>`, `Bytes` and other owners no one can be the only owner.
    pub fn try_into_mut(self) -> Result<ViewMut, Self> {
        let len = self.len();
        let bytes = ExclusivePart::try_from_part(self.0).map_err(Self)?;
        Ok(ViewMut {
            bytes,
            len,
            source: Heap,
        })
    }
}

impl<S> Deref for ViewMut<S> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes.bytes()[..self.len]
    }
}

impl<S> DerefMut for ViewMut<S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        let len = self.len;
        &mut self.bytes.bytes_mut()[..len]
    }
}

impl<S> AsRef<[u8]> for ViewMut<S> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<S> AsMut<[u8]> for ViewMut<S> {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

/// No bytes, with the heap as its source.
impl Default for ViewMut {
    fn default() -> Self {
        Self::new(Heap)
    }
}

impl<S> From<ViewMut<S>> for View {
    fn from(buffer: ViewMut<S>) -> Self {
        buffer.freeze()
    }
}

/// Never prints the bytes.
impl<S> fmt::Debug for ViewMut<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewMut")
            .field("len", &self.len)
            .field("capacity", &self.capacity())
            .field("pooled", &self.is_pooled())
            .finish_non_exhaustive()
    }
}
