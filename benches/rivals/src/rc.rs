//! `Rc<[u8]>` of the standard library: what counting on one thread can cost.

use std::rc::Rc;

use benches::work::view::{self, SharedBytes};

crate::submit! {
    "view/local" => view::clone::<Shared>,
}

/// A counted right to the bytes.
#[derive(Clone)]
struct Shared(Rc<[u8]>);

impl SharedBytes for Shared {
    const NAME: &'static str = "rc";

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}
