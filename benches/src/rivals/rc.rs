//! `Rc<[u8]>` of the standard library: what counting on one thread can cost.

use std::rc::Rc;

use crate::work::view::SharedBytes;

impl SharedBytes for Rc<[u8]> {
    const NAME: &'static str = "rc";

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        bytes.into()
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }
}
