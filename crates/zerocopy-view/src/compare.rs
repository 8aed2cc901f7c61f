//! Equality, order and hash: those of the bytes, as a slice has them.

use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

use bytes::Bytes;

use crate::view::View;

impl Eq for View {}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Ord for View {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl PartialOrd for View {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As the slice, which [`Borrow`] asks for.
impl Hash for View {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl Borrow<[u8]> for View {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl<T: ?Sized> PartialEq<&T> for View
where
    Self: PartialEq<T>,
{
    fn eq(&self, other: &&T) -> bool {
        *self == **other
    }
}

impl<const N: usize> PartialEq<[u8; N]> for View {
    fn eq(&self, other: &[u8; N]) -> bool {
        **self == *other
    }
}

/// Both directions, by the bytes of either.
macro_rules! equal_bytes {
    ($($other:ty: $bytes:expr),+ $(,)?) => {$(
        impl PartialEq<$other> for View {
            fn eq(&self, other: &$other) -> bool {
                let bytes: fn(&$other) -> &[u8] = $bytes;
                **self == *bytes(other)
            }
        }

        impl PartialEq<View> for $other {
            fn eq(&self, view: &View) -> bool {
                *view == *self
            }
        }
    )+};
}

equal_bytes! {
    [u8]: |bytes| bytes,
    str: |text| text.as_bytes(),
    Vec<u8>: |bytes| bytes,
    String: |text| text.as_bytes(),
    Bytes: |bytes| bytes,
}

impl PartialEq<View> for &[u8] {
    fn eq(&self, view: &View) -> bool {
        *view == **self
    }
}

impl PartialEq<View> for &str {
    fn eq(&self, view: &View) -> bool {
        *view == **self
    }
}
