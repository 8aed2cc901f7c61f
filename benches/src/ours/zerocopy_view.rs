//! zerocopy-view: views of a pool's slots, and of static bytes.

use std::hint::black_box;
use std::ops::Range;

use framebuf::FrameBuf;
use pool_core::Pool;
use zerocopy_view::{LocalView, View, ViewMut};

use crate::work::view::{
    AcrossThreads, Digests, Freezes, MaybeStatic, SharedBytes, Sliceable, Splits,
};

const NAME: &str = "zerocopy-view";

/// Frames to fill, from a pool of 256 slots of 2 KiB.
pub struct ZerocopyView(Pool);

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let built = Pool::builder().slots(slots).slot_bytes(slot_bytes).build();
    built.expect("at most half a megabyte")
}

impl SharedBytes for View {
    const NAME: &'static str = NAME;

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        Self::from(FrameBuf::from_pool(&pool(1, bytes.len()), bytes))
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }
}

impl Sliceable for View {
    #[inline]
    fn part(&self, range: Range<usize>) -> Self {
        self.slice(range)
    }
}

impl AcrossThreads for View {
    type Sent = Self;

    #[inline]
    fn neighbours(bytes: &[u8]) -> [Self; 2] {
        let pool = pool(2, bytes.len());
        [(); 2].map(|()| FrameBuf::from_pool(&pool, bytes).into())
    }

    #[inline]
    fn send(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn arrive(sent: Self) -> Self {
        sent
    }
}

impl Splits for View {
    #[inline]
    fn split_to(&mut self, at: usize) -> Self {
        self.split_to(at)
    }
}

impl SharedBytes for LocalView {
    const NAME: &'static str = NAME;

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        <View as SharedBytes>::of(bytes).into()
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// A family for each thread.
impl AcrossThreads for LocalView {
    type Sent = View;

    #[inline]
    fn neighbours(bytes: &[u8]) -> [Self; 2] {
        View::neighbours(bytes).map(Self::from)
    }

    #[inline]
    fn send(&self) -> View {
        self.to_view()
    }

    #[inline]
    fn arrive(sent: View) -> Self {
        sent.into()
    }
}

impl MaybeStatic for View {
    #[inline]
    fn of_static(bytes: &'static [u8]) -> Self {
        Self::from_static(bytes)
    }
}

impl Freezes for ZerocopyView {
    const NAME: &'static str = NAME;

    type Frozen = View;

    #[inline]
    fn new() -> Self {
        Self(pool(256, 2048))
    }

    #[inline]
    fn freeze(&mut self, bytes: &[u8]) -> View {
        let mut frame = FrameBuf::with_headroom(&self.0, 0).expect("few slots are out");
        frame.append(bytes).expect("as large as a slot at most");
        View::from(frame)
    }
}

/// The same without a frame: a growing buffer, whose memory is a slot as well.
pub struct GrowingView(Pool);

impl Freezes for GrowingView {
    const NAME: &'static str = "zerocopy-view-mut";

    type Frozen = View;

    #[inline]
    fn new() -> Self {
        Self(pool(256, 2048))
    }

    #[inline]
    fn freeze(&mut self, bytes: &[u8]) -> View {
        let mut buffer = ViewMut::with_capacity(2048, &self.0);
        buffer.extend_from_slice(bytes);
        buffer.freeze()
    }
}

impl Digests for View {
    const NAME: &'static str = NAME;

    /// Of other bytes of the same storage a digest is kept.
    fn of(bytes: &[u8]) -> Self {
        let view: Self = SharedBytes::of(bytes);
        black_box(view.slice(1..).sha256());
        view
    }

    #[inline]
    fn sha256(&self) -> [u8; 32] {
        self.sha256()
    }
}

/// A view whose digest was asked for before.
pub struct DigestedView(View);

impl Digests for DigestedView {
    const NAME: &'static str = NAME;

    fn of(bytes: &[u8]) -> Self {
        let view: View = SharedBytes::of(bytes);
        black_box(view.sha256());
        Self(view)
    }

    #[inline]
    fn sha256(&self) -> [u8; 32] {
        self.0.sha256()
    }
}
