//! `Arc<[u8]>` of the standard library.

use std::sync::Arc;

use crate::work::view::{AcrossThreads, SharedBytes};

impl SharedBytes for Arc<[u8]> {
    const NAME: &'static str = "arc";

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        bytes.into()
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }
}

impl AcrossThreads for Arc<[u8]> {
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
