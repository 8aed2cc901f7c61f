//! Reading from the front, by the traits that readers know.

use bytes::{Buf, Bytes};

use crate::local_view::LocalView;
use crate::view::View;
use crate::view_mut::ViewMut;

/// A type that dereferences to its bytes is one chunk. Reading drops what was read, and gives up the storage with the last byte.
macro_rules! read_from_the_front {
    ([$($parameter:ident)?] $type:ty, $cut_off:expr) => {
        /// One chunk. Reading drops what was read, and gives up the storage when nothing is left.
        impl$(<$parameter>)? Buf for $type {
            #[inline]
            fn remaining(&self) -> usize {
                self.len()
            }

            #[inline]
            fn chunk(&self) -> &[u8] {
                self
            }

            #[inline]
            fn advance(&mut self, count: usize) {
                <$type>::advance(self, count);
            }

            /// Copies no byte: cuts them off, and makes [`Bytes`] of the [`View`].
            fn copy_to_bytes(&mut self, count: usize) -> Bytes {
                let cut_off: fn(&mut Self, usize) -> View = $cut_off;
                cut_off(self, count).into()
            }
        }

        #[cfg(feature = "std")]
        impl$(<$parameter>)? std::io::Read for $type {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let count = self.len().min(into.len());
                into[..count].copy_from_slice(&self[..count]);
                <$type>::advance(self, count);
                Ok(count)
            }
        }
    };
}

read_from_the_front! { [] View, View::split_to }
read_from_the_front! { [] LocalView, |view, count| view.split_to(count).into_view() }
read_from_the_front! { [S] ViewMut<S>, ViewMut::freeze_to }
