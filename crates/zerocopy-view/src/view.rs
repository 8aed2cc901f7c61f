//! The view itself: cutting, joining, naming. All of it safe code over [`Part`].

use core::fmt;
use core::mem;
use core::ops::{Bound, Deref, Range, RangeBounds};

use pool_core::{Lease, StableBytes, Tenant};
use sha2::{Digest, Sha256};

use crate::error::{OutOfRange, OutOfRangeKind};
use crate::kind::Kind;
use crate::label::Label;
use crate::part::Part;

/// Some bytes that nobody changes, shared by counting.
///
/// Holding a `View` proves that the bytes stay where and what they are. It does *not* prove that others do not read them too.
/// Cloning and slicing are O(1), copy no byte, allocate nothing and touch one counter: the storage's own (none for static bytes).
/// The last view of a storage gives it back, on any thread: a slot to its pool, a box to the heap.
///
/// At most 32 bytes, and `Option<View>` no larger.
///
/// # Empty views
///
/// A view of no bytes keeps nothing: whatever leaves one without bytes (an empty slice, `truncate(0)`, `advance` to the end)
/// gives up its storage at once. It still has its kind and tenant.
///
/// # Equality
///
/// Views are equal, ordered and hashed as their bytes are, as slices. Kind and tenant do not count.
///
/// ```
/// use zerocopy_view::{Kind, View};
///
/// let message = View::from(b"HTTP/1.1 200 OK\r\n\r\n{}".to_vec());
/// let body = message.slice(19..).retag(Kind::JSON); // no byte copied, nothing allocated
/// assert_eq!(body, "{}");
/// assert_eq!(message.sharers(), 2);
/// ```
///
/// The bytes cannot be changed through it:
///
/// ```compile_fail
/// let mut view = zerocopy_view::View::from(vec![1, 2, 3]);
/// view[0] = 9;
/// ```
#[derive(Clone)]
pub struct View(pub(crate) Part);

const _: () = assert!(size_of::<View>() <= 32);
const _: () = assert!(size_of::<Option<View>>() == size_of::<View>());

impl View {
    /// A view of static bytes. Nothing is counted for it, ever.
    #[must_use]
    pub const fn from_static(bytes: &'static [u8]) -> Self {
        Self(Part::from_static(bytes, Label::NONE))
    }

    /// A view of all the bytes that `owner` has, which moves into a box and is dropped with the last view, on whatever
    /// thread that happens: a mapped file, a frame of a device, a type of another crate. No byte is copied.
    ///
    /// `owner` is asked for its bytes when it is in its box, and not before. Cost: one allocation. [`retained_bytes`](Self::retained_bytes) believes
    /// that `owner` keeps no more than the bytes it shows.
    ///
    /// Who promises what the trait asks for says so with `unsafe`:
    ///
    /// ```compile_fail
    /// struct Inline([u8; 4]);
    /// impl zerocopy_view::StableBytes for Inline { // an unsafe trait
    ///     fn stable_bytes(&self) -> &[u8] { &self.0 }
    /// }
    /// ```
    #[must_use]
    pub fn from_owner<T>(owner: T) -> Self
    where
        T: StableBytes + Send + Sync + 'static,
    {
        let shown_bytes = |owner: &T| owner.stable_bytes().len();
        Self(Part::from_owner(owner, shown_bytes, Label::NONE))
    }

    /// A view of a part of this one.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`; [`try_slice`](Self::try_slice) does not.
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        match self.try_slice(range) {
            Ok(view) => view,
            Err(error) => refuse(error),
        }
    }

    /// A view of a part of this one, or why there is none.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if the range does not lie in `0..len`.
    #[inline]
    pub fn try_slice(&self, range: impl RangeBounds<usize>) -> Result<Self, OutOfRange> {
        let range = self.resolve(range.start_bound(), range.end_bound())?;
        Ok(Self(self.0.piece(range)))
    }

    /// A view of bytes that were borrowed from this one, as a parser gives them back.
    ///
    /// ```
    /// let line = zerocopy_view::View::from_static(b"key=value");
    /// let value: &[u8] = line.split(|byte| *byte == b'=').nth(1).unwrap();
    /// assert_eq!(line.slice_ref(value), "value");
    /// ```
    ///
    /// # Panics
    ///
    /// If the bytes do not all lie in this view; [`try_slice_ref`](Self::try_slice_ref) does not.
    #[must_use]
    #[track_caller]
    pub fn slice_ref(&self, part: &[u8]) -> Self {
        match self.try_slice_ref(part) {
            Ok(view) => view,
            Err(error) => refuse(error),
        }
    }

    /// A view of bytes that were borrowed from this one, or why there is none. No bytes lie in every view.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if the bytes do not all lie in this view; equal bytes elsewhere do not.
    pub fn try_slice_ref(&self, part: &[u8]) -> Result<Self, OutOfRange> {
        if part.is_empty() {
            return Ok(Self(self.0.piece(0..0)));
        }
        let elsewhere = OutOfRangeKind::Elsewhere {
            part_bytes: part.len(),
            len: self.len(),
        };
        let start = part.as_ptr().addr().checked_sub(self.as_ptr().addr());
        let range = start.and_then(|start| Some(start..start.checked_add(part.len())?));
        let range = range.filter(|range| range.end <= self.len());
        Ok(Self(self.0.piece(range.ok_or(elsewhere)?)))
    }

    /// Cuts off and returns the first `at` bytes; this view keeps the rest. If one of the two has no bytes, no counter is touched.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    #[must_use = "to drop the first bytes, use `advance`"]
    #[track_caller]
    pub fn split_to(&mut self, at: usize) -> Self {
        self.check_position(at);
        if at == self.len() {
            return mem::replace(self, Self(self.0.piece(0..0)));
        }
        let front = self.0.piece(0..at);
        self.0.narrow(at..self.len());
        Self(front)
    }

    /// Cuts off and returns what lies behind the first `at` bytes, which this view keeps. If one of the two has no bytes, no
    /// counter is touched.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    #[must_use = "to drop the last bytes, use `truncate`"]
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        self.check_position(at);
        if at == 0 {
            return mem::replace(self, Self(self.0.piece(0..0)));
        }
        let back = self.0.piece(at..self.len());
        self.0.narrow(0..at);
        Self(back)
    }

    /// Keeps the first `len` bytes; does nothing if there are not so many. Touches no counter unless no byte is left.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.0.narrow(0..len);
        }
    }

    /// Drops the first `count` bytes. Touches no counter unless no byte is left.
    ///
    /// # Panics
    ///
    /// If `count` is more than the length.
    #[inline]
    #[track_caller]
    pub fn advance(&mut self, count: usize) {
        self.check_position(count);
        self.0.narrow(count..self.len());
    }

    /// One view of this one and `next`, if `next` lies right behind it in the same storage and has the same kind and tenant.
    /// Copies nothing, and touches only the storage's counter. A view without bytes joins any of its kind and tenant.
    ///
    /// Static views with bytes never join: two statics that happen to be neighbours are still two.
    ///
    /// ```
    /// let mut head = zerocopy_view::View::from(b"one message".to_vec());
    /// let tail = head.split_off(3);
    /// let whole = head.try_join(tail).expect("they were one");
    /// assert_eq!(whole, "one message");
    /// assert_eq!(whole.sharers(), 1);
    /// ```
    ///
    /// # Errors
    ///
    /// Gives both back, unchanged, if they are not neighbours.
    pub fn try_join(self, next: Self) -> Result<Self, (Self, Self)> {
        match self.0.join(next.0) {
            Ok(whole) => Ok(Self(whole)),
            Err((first, second)) => Err((Self(first), Self(second))),
        }
    }

    /// What the bytes are. [`Kind::RAW`] until somebody says otherwise.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.label.kind
    }

    /// The same view, of another kind. Other views of the same bytes keep theirs.
    #[must_use = "the view with the new kind is returned"]
    pub fn retag(mut self, kind: Kind) -> Self {
        self.0.label.kind = kind;
        self
    }

    /// Who is charged for the storage. [`Tenant::NONE`] until somebody says otherwise. Clones and slices inherit it.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        self.0.label.tenant
    }

    /// The same view, on another tenant's account.
    ///
    /// The charge belongs to the storage, so it moves only with the one view that has the storage to itself. Static and empty
    /// views have none, and may always change.
    ///
    /// # Errors
    ///
    /// Gives the view back, unchanged, if other views share the storage. Another thread may drop them before the caller sees it.
    pub fn with_tenant(mut self, tenant: Tenant) -> Result<Self, Self> {
        if self.sharers() > 1 {
            return Err(self);
        }
        self.0.label.tenant = tenant;
        Ok(self)
    }

    /// How many views (and, of a slot, other [shares](pool_core::Shared)) keep the storage, this one included; 0 for a static or
    /// empty view, which keeps nothing.
    ///
    /// If it says 1, no other thread can change that: the only view is the caller's. A higher number may be stale.
    #[must_use]
    pub fn sharers(&self) -> usize {
        self.0.sharers()
    }

    /// How many bytes of memory this view keeps from being used for anything else, together with the views it shares them with:
    /// a whole slot, a whole `Vec` with its spare capacity. 0 for a static or empty view.
    ///
    /// From [`Bytes`](bytes::Bytes) and [`from_owner`](Self::from_owner) it is what they show: how much more they keep, they do
    /// not say.
    #[must_use]
    pub fn retained_bytes(&self) -> usize {
        self.0.retained_bytes()
    }

    /// The SHA-256 digest of the bytes. Cost: reads all of them; allocates nothing.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self).into()
    }

    /// The slot under the only view of it, as a unique right, and where in it the bytes lie. The way back to writing in place.
    ///
    /// # Errors
    ///
    /// Gives the view back, unchanged, if others share the slot or the bytes do not lie in one.
    pub fn try_into_lease(self) -> Result<(Lease, Range<usize>), Self> {
        self.0.try_into_lease().map_err(Self)
    }

    #[inline]
    fn resolve(
        &self,
        start: Bound<&usize>,
        end: Bound<&usize>,
    ) -> Result<Range<usize>, OutOfRange> {
        let start_at = match start {
            Bound::Included(at) => Some(*at),
            Bound::Excluded(at) => at.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let end_at = match end {
            Bound::Included(at) => at.checked_add(1),
            Bound::Excluded(at) => Some(*at),
            Bound::Unbounded => Some(self.len()),
        };
        match (start_at, end_at) {
            (Some(start), Some(end)) if start <= end && end <= self.len() => Ok(start..end),
            // A bound that does not fit is shown as the nearest that does.
            _ => Err(OutOfRangeKind::Range {
                start: start_at.unwrap_or(usize::MAX),
                end: end_at.unwrap_or(usize::MAX),
                len: self.len(),
            }
            .into()),
        }
    }

    #[inline]
    #[track_caller]
    fn check_position(&self, at: usize) {
        let len = self.len();
        if at > len {
            refuse(OutOfRangeKind::Position { at, len }.into());
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(error: OutOfRange) -> ! {
    panic!("{error}")
}

impl Default for View {
    /// No bytes.
    fn default() -> Self {
        Self::from_static(&[])
    }
}

impl Deref for View {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl AsRef<[u8]> for View {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

// SAFETY: the address lies in the view's words and the bytes in its storage, which neither moves nor changes while the view keeps
// it (PART-1). Only an `&mut` to the view can make it give up the storage before it is dropped, as with `Vec`.
unsafe impl StableBytes for View {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

/// Never prints the bytes.
impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("len", &self.len())
            .field("kind", &self.kind())
            .field("tenant", &self.tenant())
            .field("sharers", &self.sharers())
            .finish_non_exhaustive()
    }
}
