//! What a view becomes, each without copying a byte.
//!
//! Kind, tenant and digest are lost on the way, and a charge is given back when the view is the last of its storage: to keep it,
//! [take](View::take_charge) it before. (`Bytes` keep the view, and so the charge.)

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;
use framebuf::FrameBuf;
use sizeclass::PooledBuffer;

use crate::unique::{Storage, Unique};
use crate::view::View;

/// One small allocation (`bytes` boxes every owner); none for a static or empty view, and none if the storage is [`Bytes`] itself, which are handed on.
impl From<View> for Bytes {
    fn from(view: View) -> Self {
        if let Some(bytes) = view.0.static_bytes() {
            return Bytes::from_static(bytes);
        }
        let range = view.0.range();
        // If the storage is charged, `Bytes` beside it would outlive the charge.
        let is_charged = view.0.with_charge(|_| ()).is_some();
        let handed_on = match view.0.with_owner(|bytes: &Bytes| bytes.slice(range)) {
            Some(bytes) if !is_charged => Some(bytes),
            _ => None,
        };
        handed_on.unwrap_or_else(|| Bytes::from_owner(view))
    }
}

/// # Errors
///
/// Gives the view back, unchanged, if others share the storage, if it is no `Vec<u8>` (or `String`, or `Box<[u8]>`, or a frame or buffer on the heap), or if
/// the view does not begin where that begins: a vector's bytes lie at the beginning of its memory. What the view does not show of its end becomes
/// spare capacity.
impl TryFrom<View> for Vec<u8> {
    type Error = View;

    fn try_from(view: View) -> Result<Self, View> {
        if view.0.range().start > 0 {
            return Err(view);
        }
        let unique = view.0.try_into_owner::<Self>().map_err(View)?;
        let mut bytes = unique.storage;
        bytes.truncate(unique.range.end);
        Ok(bytes)
    }
}

/// # Errors
///
/// As for `Vec<u8>`, and if the view is not of all the memory: a box has no spare capacity.
impl TryFrom<View> for Box<[u8]> {
    type Error = View;

    fn try_from(view: View) -> Result<Self, View> {
        if view.len() < view.retained_bytes() {
            return Err(view);
        }
        Vec::try_from(view).map(Vec::into_boxed_slice)
    }
}

/// Also while others share the storage: they count by themselves, and hold one count of the `Arc` together.
///
/// # Errors
///
/// Gives the view back, unchanged, if the storage is no `Arc<[u8]>`, if the view is not of all of it, or if it is charged, which the `Arc` would outlive.
impl TryFrom<View> for Arc<[u8]> {
    type Error = View;

    fn try_from(view: View) -> Result<Self, View> {
        let is_charged = view.0.with_charge(|_| ()).is_some();
        let is_whole = view.len() == view.retained_bytes();
        let handed_on = if is_whole && !is_charged {
            view.0.with_owner(Self::clone)
        } else {
            None
        };
        handed_on.ok_or(view)
    }
}

/// The only view of a slot, or of a vector, becomes a frame again: what lies before the bytes in it is the frame's headroom, what lies behind its
/// tailroom. Allocates nothing; the spare capacity of a vector is filled with zeros.
///
/// # Errors
///
/// Gives the view back, unchanged, if others share the storage, if it is neither slot nor vector, or if it lies beyond what a frame
/// reaches (1 GiB).
impl TryFrom<View> for FrameBuf {
    type Error = View;

    fn try_from(view: View) -> Result<Self, View> {
        let unique = view.0.try_into_unique().map_err(View)?;
        let range = unique.range.clone();
        let refused = match unique.storage {
            Storage::Slot(lease) => match Self::from_lease(lease, range) {
                Ok(frame) => return Ok(frame),
                Err(refused) => Storage::Slot(refused.into_lease()),
            },
            Storage::Heap(bytes) => match Self::try_from_vec(bytes) {
                Ok(mut frame) => {
                    frame.truncate(range.end);
                    frame.trim_front(range.start).expect("it has so many");
                    return Ok(frame);
                }
                Err(refused) => Storage::Heap(refused.into_vec()),
            },
        };
        let as_it_was = Unique {
            storage: refused,
            ..unique
        };
        Err(View(as_it_was.into_part()))
    }
}

/// The only view of a slot, or of a vector, that begins where that begins, becomes a buffer again. A slot allocates nothing, and goes back to the pool it came
/// from; a vector takes a small record. See [`PooledBuffer::from_lease`] and [`from_vec`](PooledBuffer::from_vec).
///
/// # Errors
///
/// Gives the view back, unchanged, if others share the storage, if it is neither slot nor vector, or if the view begins further behind.
impl TryFrom<View> for PooledBuffer {
    type Error = View;

    fn try_from(view: View) -> Result<Self, View> {
        if view.0.range().start > 0 {
            return Err(view);
        }
        let unique = view.0.try_into_unique().map_err(View)?;
        let len = unique.range.end;
        match unique.storage {
            Storage::Slot(lease) => Ok(Self::from_lease(lease, len).expect("it lay in there")),
            Storage::Heap(mut bytes) => {
                bytes.truncate(len);
                Ok(Self::from_vec(bytes))
            }
        }
    }
}
