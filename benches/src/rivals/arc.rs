//! `Arc<[u8]>` of the standard library.

use std::sync::Arc;

use crate::work::view::SharedBytes;

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
