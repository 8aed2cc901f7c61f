//! `Arc<[u8]>` of the standard library.

use std::sync::Arc;

use benches::work::view::{self, AcrossThreads, SharedBytes};

crate::submit! {
    "view/clone" => view::clone::<Shared>,
    "view/held32" => view::held32::<Shared>,
    "view/clone-2t" => view::clone_2t::<Shared>,
    "view/clone-2t-distinct" => view::clone_2t_distinct::<Shared>,
}

/// A counted right to the bytes.
#[derive(Clone)]
struct Shared(Arc<[u8]>);

impl SharedBytes for Shared {
    const NAME: &'static str = "arc";

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.0
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
