//! What the types can do, asserted at compile time.

use core::borrow::Borrow;
use core::fmt::{Debug, Display};
use core::hash::Hash;
use core::ops::Deref;
use core::str::FromStr;

use bytes::{Buf, BufMut, Bytes};
use framebuf::FrameBuf;
use pool_core::{Pool, Source};
use sizeclass::PooledBuffer;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::sync::Arc;
use zerocopy_view::{
    Compacted, Heap, Kind, LocalView, OutOfRange, RefusedView, RegisterError, ReserveError,
    StableBytes, UnknownKind, View, ViewChain, ViewMut,
};

assert_impl_all!(View: Send, Sync, Unpin, Clone, Default, Debug, StableBytes, Buf);
assert_impl_all!(View: Deref<Target = [u8]>, AsRef<[u8]>, Borrow<[u8]>, Eq, Ord, Hash);
assert_impl_all!(View: PartialEq<[u8]>, PartialEq<str>, PartialEq<&'static [u8]>, PartialEq<Vec<u8>>, PartialEq<[u8; 3]>);
assert_impl_all!(Bytes: From<View>);
assert_impl_all!(Vec<u8>: TryFrom<View>);
assert_impl_all!(Box<[u8]>: TryFrom<View>);
assert_impl_all!(Arc<[u8]>: TryFrom<View>);
assert_impl_all!(FrameBuf: TryFrom<View>);
assert_impl_all!(PooledBuffer: TryFrom<View>);
assert_impl_all!(View: From<RefusedView>);
assert_impl_all!(RefusedView: Send, Sync, Debug, core::error::Error);
assert_impl_all!(Compacted: Send, Sync, Copy, Eq, Default, Debug);
assert_not_impl_any!(View: core::ops::DerefMut, AsMut<[u8]>, Copy, Display);

assert_impl_all!(ViewMut: Send, Sync, Unpin, Default, Debug, Buf, BufMut, core::fmt::Write);
assert_impl_all!(ViewMut<Pool>: Send, Sync, Unpin, Debug, Buf, BufMut);
assert_impl_all!(ViewMut<&'static dyn Source>: Debug, Buf, BufMut, Into<View>);
assert_impl_all!(ViewMut: core::ops::DerefMut<Target = [u8]>, AsRef<[u8]>, AsMut<[u8]>, Borrow<[u8]>, Eq, Ord, Hash);
assert_impl_all!(ViewMut: PartialEq<[u8]>, PartialEq<str>, PartialEq<&'static [u8]>, PartialEq<Vec<u8>>, PartialEq<[u8; 3]>, PartialEq<View>);
assert_not_impl_any!(ViewMut: Clone);
assert_not_impl_any!(ViewMut<&'static dyn Source>: Send, Sync);

assert_impl_all!(ViewChain: Send, Sync, Unpin, Clone, Default, Debug, Buf, Eq, FromIterator<View>, Extend<View>);
assert_impl_all!(ViewChain: PartialEq<[u8]>, PartialEq<str>, PartialEq<&'static [u8]>, PartialEq<Vec<u8>>, PartialEq<[u8; 3]>, PartialEq<View>);

assert_impl_all!(LocalView: Unpin, Clone, Default, Debug, Buf, From<View>, Into<View>);
assert_impl_all!(LocalView: Deref<Target = [u8]>, AsRef<[u8]>, Borrow<[u8]>, Eq, Ord, Hash);
assert_impl_all!(LocalView: PartialEq<[u8]>, PartialEq<str>, PartialEq<&'static [u8]>, PartialEq<Vec<u8>>, PartialEq<[u8; 3]>, PartialEq<View>);
assert_not_impl_any!(LocalView: Send, Sync, core::ops::DerefMut, AsMut<[u8]>);

assert_impl_all!(Heap: Send, Sync, Copy, Default, Source);
assert_impl_all!(ReserveError: Send, Sync, Clone, core::error::Error);
assert_impl_all!(Kind: Send, Sync, Copy, Eq, Ord, Hash, Debug, Display, FromStr, Default);
assert_impl_all!(OutOfRange: Send, Sync, Copy, Eq, core::error::Error);
assert_impl_all!(RegisterError: Send, Sync, Copy, Eq, core::error::Error);
assert_impl_all!(UnknownKind: Send, Sync, Copy, Eq, core::error::Error);

#[cfg(feature = "std")]
assert_impl_all!(View: std::io::Read);
#[cfg(feature = "std")]
assert_impl_all!(LocalView: std::io::Read);
#[cfg(feature = "std")]
assert_impl_all!(ViewMut: std::io::Read, std::io::Write);
#[cfg(feature = "std")]
assert_impl_all!(ViewChain: std::io::Read, std::io::BufRead);

const EMPTY: View = View::from_static(b"");

#[test]
fn sizes() {
    assert!(size_of::<View>() <= 32);
    assert_eq!(size_of::<Option<View>>(), size_of::<View>());
    assert!(size_of::<LocalView>() <= 32);
    assert!(size_of::<ViewMut>() <= 40);
    assert_eq!(size_of::<Option<ViewMut>>(), size_of::<ViewMut>());
    assert_eq!(size_of::<Kind>(), 2);
    assert!(EMPTY.is_empty(), "and a view can be a constant");
}
