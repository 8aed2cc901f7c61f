//! Views whose clones stay on one thread, and are counted there without atomics.

use alloc::rc::Rc;
use core::fmt;
use core::mem;
use core::ops::{Deref, Range, RangeBounds};

use pool_core::Tenant;

use crate::bounds::{check_position, refuse, resolve};
use crate::error::OutOfRange;
use crate::kind::Kind;
use crate::label::Label;
use crate::view::View;

/// Some bytes that nobody changes, shared by counting among the clones of one thread.
///
/// All clones and slices of one `LocalView` are a *family*. The family holds one right to the storage, that of the [`View`] which it was made
/// from, and counts its members without atomics: cloning, slicing and dropping cost about as much as a `Rc`'s clone, however many other threads
/// work on views of the same storage. The last member gives the right back.
///
/// For fan-out on one core: make one `LocalView` of what arrives, clone it for each reader of this thread, and
/// [`into_view`](Self::into_view) what leaves the thread.
///
/// ```
/// use zerocopy_view::{LocalView, View};
///
/// let message = LocalView::from(View::from(b"topic:payload".to_vec()));
/// let readers: Vec<LocalView> = (0..64).map(|_| message.slice(6..)).collect();
/// assert_eq!(readers[63], "payload");
/// let away: View = readers[0].to_view(); // counted with the storage: may go to another thread
/// assert_eq!(away.sharers(), 2);         // the family is one
/// ```
///
/// It stays where it is:
///
/// ```compile_fail
/// let local = zerocopy_view::LocalView::from(zerocopy_view::View::from_static(b"here"));
/// std::thread::spawn(move || drop(local));
/// ```
///
/// # Cost
///
/// Making a family is one small allocation, for its count, whatever the storage. Forgetting a member leaks the family, and with it the storage, and
/// nothing else. At most 32 bytes. As a [`View`], one without bytes keeps nothing.
#[derive(Clone)]
pub struct LocalView {
    /// The view that the family was made from; `None` for no bytes.
    family: Option<Rc<View>>,
    /// Where in it this member's bytes lie; `0..0` without a family.
    start: usize,
    end: usize,
    label: Label,
}

const _: () = assert!(size_of::<LocalView>() <= 32);

impl LocalView {
    /// A member of the same family that shows a part of this one's bytes.
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

    /// A member of the same family that shows a part of this one's bytes, or why there is none.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if the range does not lie in `0..len`.
    #[inline]
    pub fn try_slice(&self, range: impl RangeBounds<usize>) -> Result<Self, OutOfRange> {
        let range = resolve(&range, self.len())?;
        let mut slice = self.clone();
        slice.narrow(range);
        Ok(slice)
    }

    /// Cuts off and returns the first `at` bytes; this one keeps the rest.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    #[must_use = "to drop the first bytes, use `advance`"]
    #[track_caller]
    pub fn split_to(&mut self, at: usize) -> Self {
        let back = self.split_off(at);
        mem::replace(self, back)
    }

    /// Cuts off and returns what lies behind the first `at` bytes, which this one keeps.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    #[must_use = "to drop the last bytes, use `truncate`"]
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        check_position(at, self.len());
        let back = self.slice(at..);
        self.narrow(0..at);
        back
    }

    /// Keeps the first `len` bytes; does nothing if there are not so many.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.narrow(0..len);
        }
    }

    /// Drops the first `count` bytes.
    ///
    /// # Panics
    ///
    /// If `count` is more than the length.
    #[inline]
    #[track_caller]
    pub fn advance(&mut self, count: usize) {
        check_position(count, self.len());
        self.narrow(count..self.len());
    }

    /// What the bytes are, as [`View::kind`].
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.label.kind
    }

    /// The same, of another kind. Other members keep theirs.
    #[must_use = "the view with the new kind is returned"]
    pub fn retag(mut self, kind: Kind) -> Self {
        self.label.kind = kind;
        self
    }

    /// Who is charged for the storage, as [`View::tenant`].
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        self.label.tenant
    }

    /// How many members the family has, this one included; 0 without bytes. Nobody else can change it.
    #[must_use]
    pub fn members(&self) -> usize {
        self.family.as_ref().map_or(0, Rc::strong_count)
    }

    /// The same bytes as a view that may leave the thread: a right of its own, and one count of the storage more.
    #[must_use]
    pub fn to_view(&self) -> View {
        self.clone().into_view()
    }

    /// The same bytes as a view that may leave the thread. The last member hands on the family's right and touches no counter; another counts the
    /// storage once more.
    #[must_use]
    pub fn into_view(self) -> View {
        let range = self.start..self.end;
        let mut view = match self.family.map(Rc::try_unwrap) {
            None => View::default(),
            Some(Ok(view)) => view,
            Some(Err(family)) => View::clone(&family),
        };
        view.0.narrow(range);
        view.0.label = self.label;
        view
    }

    /// The same without bytes, and so without family.
    fn nothing(&self) -> Self {
        Self {
            family: None,
            start: 0,
            end: 0,
            label: self.label,
        }
    }

    /// To a range that lies in `0..len`. Leaves the family if no byte is left.
    #[inline]
    fn narrow(&mut self, range: Range<usize>) {
        if range.is_empty() {
            *self = self.nothing();
        } else {
            self.end = self.start + range.end;
            self.start += range.start;
        }
    }
}

/// The first member of a family. One small allocation; none for a view without bytes.
impl From<View> for LocalView {
    fn from(view: View) -> Self {
        let (end, label) = (view.len(), view.0.label);
        Self {
            family: (end > 0).then(|| Rc::new(view)),
            start: 0,
            end,
            label,
        }
    }
}

/// As [`LocalView::into_view`].
impl From<LocalView> for View {
    fn from(local: LocalView) -> Self {
        local.into_view()
    }
}

/// No bytes.
impl Default for LocalView {
    fn default() -> Self {
        Self::from(View::default())
    }
}

impl Deref for LocalView {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.family {
            Some(family) => &family[self.start..self.end],
            None => &[],
        }
    }
}

impl AsRef<[u8]> for LocalView {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Never prints the bytes.
impl fmt::Debug for LocalView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalView")
            .field("len", &self.len())
            .field("kind", &self.kind())
            .field("tenant", &self.tenant())
            .field("members", &self.members())
            .finish_non_exhaustive()
    }
}
