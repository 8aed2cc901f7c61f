//! `serde`: a frame is its live bytes, as one byte string.

use alloc::vec::Vec;
use core::fmt;

use pool_core::Pool;
use serde_core::de::{DeserializeSeed, Error, SeqAccess, Visitor};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

use crate::FrameBuf;

/// The live bytes, as a byte string. The metadata is not written.
impl<M> Serialize for FrameBuf<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

/// On the heap: where the format hands over a vector, without copying. [`InPool`] takes slots instead.
impl<'de> Deserialize<'de> for FrameBuf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(OnHeap)
    }
}

/// Deserializes a frame into a slot of a pool, as [`FrameBuf::from_pool`]: what the pool has no slot for goes to the heap, and is counted.
///
/// ```
/// use framebuf::InPool;
/// use serde::de::DeserializeSeed;
///
/// let pool = pool_core::Pool::builder().slots(4).slot_bytes(2048).build()?;
/// let mut json = serde_json::Deserializer::from_str("[1, 2, 3]");
/// let frame = InPool(&pool).deserialize(&mut json)?;
/// assert!(frame.is_pooled());
/// assert_eq!(frame, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct InPool<'a>(pub &'a Pool);

impl<'de> DeserializeSeed<'de> for InPool<'_> {
    type Value = FrameBuf;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FrameBuf, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

const EXPECTED: &str = "bytes";

/// Bytes that are allocated because the input says that so many follow; who sends more than says so pays for growing.
const MOST_TRUSTED: usize = 64 * 1024;

impl<'de> Visitor<'de> for InPool<'_> {
    type Value = FrameBuf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<FrameBuf, E> {
        if let Ok(frame) = FrameBuf::try_from_pool(self.0, bytes) {
            return Ok(frame);
        }
        self.0.count_fallback(bytes.len());
        OnHeap.visit_bytes(bytes)
    }

    /// Formats without byte strings (JSON) give the bytes one by one, and not how many there are: they are collected first.
    fn visit_seq<A: SeqAccess<'de>>(self, bytes: A) -> Result<FrameBuf, A::Error> {
        self.visit_bytes(&collected(bytes)?)
    }
}

struct OnHeap;

impl<'de> Visitor<'de> for OnHeap {
    type Value = FrameBuf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<FrameBuf, E> {
        self.visit_byte_buf(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<FrameBuf, E> {
        FrameBuf::try_from_vec(bytes).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, bytes: A) -> Result<FrameBuf, A::Error> {
        self.visit_byte_buf(collected(bytes)?)
    }
}

fn collected<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<u8>, A::Error> {
    let mut bytes = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(MOST_TRUSTED));
    while let Some(byte) = seq.next_element()? {
        bytes.push(byte);
    }
    Ok(bytes)
}
