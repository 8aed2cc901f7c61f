//! The view itself. All of it safe code over [`Part`].

use core::fmt;
use core::ops::{Deref, Range};

use pool_core::{Lease, StableBytes};
use sha2::{Digest, Sha256};

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

    /// The SHA-256 digest of the bytes. Allocates nothing.
    ///
    /// Cost: reads all the bytes, once. The digest of the first view of a storage that is asked is kept with the storage as long as it is shared: whoever has a
    /// view of the same bytes then gets it by one load and a copy of 32 bytes. Views of other bytes of that storage, views of more than 4 GiB and
    /// static views are digested each time. Nobody waits for another who digests at the same time.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        match self.0.kept_digest() {
            Some(digest) => digest,
            None => self.digest_and_keep(),
        }
    }

    #[cold]
    fn digest_and_keep(&self) -> [u8; 32] {
        let digest = Sha256::digest(self).into();
        self.0.keep_digest(digest);
        digest
    }

    /// The slot under the only view of it, as a unique right, and where in it the bytes lie. The way back to writing in place.
    ///
    /// Kind, tenant and digest are lost, and a charge is given back: a lease has no place for them. To keep the charge beside it, [take](Self::take_charge) it
    /// before.
    ///
    /// # Errors
    ///
    /// Gives the view back, unchanged, if others share the slot or the bytes do not lie in one.
    pub fn try_into_lease(self) -> Result<(Lease, Range<usize>), Self> {
        let unique = self.0.try_into_lease().map_err(Self)?;
        Ok((unique.storage, unique.range))
    }

    /// What moved into a box by [`from_owner`](Self::from_owner) (or `From` a `Vec`, an `Arc`, a `Bytes`), under the only view of it, and where in its bytes
    /// the view's lie.
    ///
    /// Kind, tenant and digest are lost, and a charge is given back.
    ///
    /// # Errors
    ///
    /// Gives the view back, unchanged, if others share the storage or it is not a `T`.
    pub fn try_into_owner<T>(self) -> Result<(T, Range<usize>), Self>
    where
        T: StableBytes + Send + Sync + 'static,
    {
        let unique = self.0.try_into_owner().map_err(Self)?;
        Ok((unique.storage, unique.range))
    }
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
