//! What becomes a view, each without copying a byte.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;
use framebuf::FrameBuf;
use pool_core::{Charge, Lease, Shared, Tenant};
use sizeclass::PooledBuffer;

use crate::label::Label;
use crate::part::Part;
use crate::view::View;

/// The whole slot. Allocates nothing.
impl From<Lease> for View {
    #[inline]
    fn from(lease: Lease) -> Self {
        let range = 0..lease.len();
        Self(Part::from_shared(lease.share(), range, Label::NONE))
    }
}

/// The whole slot. Allocates nothing, and counts nothing: the share becomes the view. If the slot is charged to a tenant's budget, that is the
/// view's tenant.
impl From<Shared> for View {
    fn from(shared: Shared) -> Self {
        let tenant = shared.charge().map_or(Tenant::NONE, Charge::tenant);
        let range = 0..shared.slot_bytes();
        let label = Label {
            tenant,
            ..Label::NONE
        };
        Self(Part::from_shared(shared, range, label))
    }
}

/// The live bytes. A pooled frame allocates nothing; one on the heap as its `Vec<u8>`. The metadata is dropped; headroom and tailroom
/// stay, and come back with [`FrameBuf::try_from`]. A [part](FrameBuf::is_part) beside which others live is one small allocation, and stays a view.
impl<M> From<FrameBuf<M>> for View {
    #[inline]
    fn from(frame: FrameBuf<M>) -> Self {
        match frame.into_lease() {
            Ok((lease, range)) => Self(Part::from_shared(lease.share(), range, Label::NONE)),
            Err(frame) => view_of_no_lease(frame.with_meta(())),
        }
    }
}

#[cold]
fn view_of_no_lease(frame: FrameBuf) -> View {
    match frame.into_vec() {
        Ok((bytes, range)) => {
            let mut part = Part::from_vec(bytes, Label::NONE);
            part.narrow(range);
            View(part)
        }
        Err(part) => View::from_owner(part),
    }
}

/// The bytes up to its length. A pooled buffer allocates nothing; one on the heap as its `Vec<u8>`.
impl From<PooledBuffer> for View {
    fn from(buffer: PooledBuffer) -> Self {
        match buffer.into_lease() {
            Ok((lease, range)) => Self(Part::from_shared(lease.share(), range, Label::NONE)),
            Err(buffer) => match buffer.into_vec() {
                Ok(bytes) => Self::from(bytes),
                Err(_) => unreachable!("a buffer's bytes lie in a slot or in a vector"),
            },
        }
    }
}

/// One small allocation, for the count. The spare capacity stays, and is part of
/// [`retained_bytes`](View::retained_bytes).
impl From<Vec<u8>> for View {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Part::from_vec(bytes, Label::NONE))
    }
}

/// As from its `Vec<u8>`.
impl From<String> for View {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

/// One small allocation, for the count.
impl From<Box<[u8]>> for View {
    fn from(bytes: Box<[u8]>) -> Self {
        Self::from(Vec::from(bytes))
    }
}

/// One small allocation. Views of it count by themselves and hold one count of the `Arc`.
impl From<Arc<[u8]>> for View {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::from_owner(bytes)
    }
}

/// One small allocation. Views of it count by themselves and hold one handle of the `Bytes`.
impl From<Bytes> for View {
    fn from(bytes: Bytes) -> Self {
        Self::from_owner(bytes)
    }
}

impl From<&'static [u8]> for View {
    fn from(bytes: &'static [u8]) -> Self {
        Self::from_static(bytes)
    }
}

impl From<&'static str> for View {
    fn from(text: &'static str) -> Self {
        Self::from_static(text.as_bytes())
    }
}
