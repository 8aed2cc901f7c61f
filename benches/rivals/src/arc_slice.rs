//! arc-slice: three words, a count in front of the bytes.

use std::ops::Range;

use arc_slice::ArcSlice;
use arc_slice::layout::ArcLayout;
use benches::work::view::{self, AcrossThreads, MaybeStatic, SharedBytes, Sliceable, Splits};

crate::submit! {
    "view/clone" => view::clone::<Shared>,
    "view/slice" => view::slice::<Shared>,
    "view/held32" => view::held32::<Shared>,
    "view/static" => view::of_static::<Shared>,
    "view/split" => view::split::<Shared>,
    "view/clone-2t" => view::clone_2t::<Shared>,
    "view/clone-2t-distinct" => view::clone_2t_distinct::<Shared>,
}

/// Bytes of any origin, static ones too, as ours are.
#[derive(Clone)]
struct Shared(ArcSlice<[u8], ArcLayout<true, true>>);

impl SharedBytes for Shared {
    const NAME: &'static str = "arc-slice";

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        Self(ArcSlice::from_slice(bytes))
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Sliceable for Shared {
    #[inline]
    fn part(&self, range: Range<usize>) -> Self {
        Self(self.0.subslice(range))
    }
}

impl Splits for Shared {
    #[inline]
    fn split_to(&mut self, at: usize) -> Self {
        Self(self.0.split_to(at))
    }
}

impl MaybeStatic for Shared {
    #[inline]
    fn of_static(bytes: &'static [u8]) -> Self {
        Self(ArcSlice::<[u8], _>::from_static(bytes))
    }
}

impl AcrossThreads for Shared {
    type Sent = Self;

    #[inline]
    fn neighbours(bytes: &[u8]) -> [Self; 2] {
        [Self::of(bytes), Self::of(bytes)]
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
