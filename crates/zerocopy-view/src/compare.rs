//! Equality, order and hash: those of the bytes, as a slice has them, for everything that shows its bytes as one.

use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

use bytes::Bytes;

use crate::local_view::LocalView;
use crate::view::View;
use crate::view_mut::ViewMut;

/// A type that dereferences to its bytes compares as they do.
macro_rules! compare_bytes {
    ([$($parameter:ident)?] $type:ty) => {
        impl$(<$parameter>)? Eq for $type {}

        impl$(<$parameter>)? PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                **self == **other
            }
        }

        impl$(<$parameter>)? Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                (**self).cmp(&**other)
            }
        }

        impl$(<$parameter>)? PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        /// As the slice, which [`Borrow`] asks for.
        impl$(<$parameter>)? Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state);
            }
        }

        impl$(<$parameter>)? Borrow<[u8]> for $type {
            fn borrow(&self) -> &[u8] {
                self
            }
        }

        impl<$($parameter,)? T: ?Sized> PartialEq<&T> for $type
        where
            Self: PartialEq<T>,
        {
            fn eq(&self, other: &&T) -> bool {
                *self == **other
            }
        }

        impl<$($parameter,)? const N: usize> PartialEq<[u8; N]> for $type {
            fn eq(&self, other: &[u8; N]) -> bool {
                **self == *other
            }
        }

        impl$(<$parameter>)? PartialEq<$type> for &[u8] {
            fn eq(&self, bytes: &$type) -> bool {
                **self == **bytes
            }
        }

        impl$(<$parameter>)? PartialEq<$type> for &str {
            fn eq(&self, bytes: &$type) -> bool {
                *self.as_bytes() == **bytes
            }
        }

        equal_bytes! { [$($parameter)?] $type,
            [u8]: |bytes| bytes,
            str: |text| text.as_bytes(),
            Vec<u8>: |bytes| bytes,
            String: |text| text.as_bytes(),
            Bytes: |bytes| bytes,
        }
    };
}

/// Equality in both directions, by the bytes of either.
macro_rules! equal_bytes {
    ([] $type:ty, $($rest:tt)+) => {
        equal_bytes! { @impl [], $type, $($rest)+ }
    };
    ([$parameter:ident] $type:ty, $($rest:tt)+) => {
        equal_bytes! { @impl [<$parameter>], $type, $($rest)+ }
    };
    (@impl $generics:tt, $type:ty, $($other:ty: $bytes:expr),+ $(,)?) => {
        $( equal_bytes! { @one $generics, $type, $other: $bytes } )+
    };
    (@one [$($generics:tt)*], $type:ty, $other:ty: $bytes:expr) => {
        impl $($generics)* PartialEq<$other> for $type {
            fn eq(&self, other: &$other) -> bool {
                let bytes: fn(&$other) -> &[u8] = $bytes;
                **self == *bytes(other)
            }
        }

        impl $($generics)* PartialEq<$type> for $other {
            fn eq(&self, ours: &$type) -> bool {
                *ours == *self
            }
        }
    };
}

compare_bytes! { [] View }
compare_bytes! { [] LocalView }
compare_bytes! { [S] ViewMut<S> }

equal_bytes! { [] LocalView, View: |view| view }
equal_bytes! { [S] ViewMut<S>, View: |view| view }
