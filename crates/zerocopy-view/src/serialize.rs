//! Bytes to and from `serde`'s formats. Kind and tenant are no part of them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde_core::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_core::ser::{Serialize, Serializer};

use crate::local_view::LocalView;
use crate::view::View;
use crate::view_chain::ViewChain;
use crate::view_mut::{Heap, ViewMut};

/// The most that a format's own word about a length reserves.
const MAX_TRUSTED_BYTES: usize = 4096;

/// As a byte string.
impl Serialize for View {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self)
    }
}

/// As a byte string.
impl Serialize for LocalView {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self)
    }
}

/// As a byte string.
impl<T> Serialize for ViewMut<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self)
    }
}

/// As one byte string: the bytes are copied if there are several segments, because a format takes a byte string as a whole.
impl Serialize for ViewChain {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.to_view())
    }
}

/// From a byte string, a text, or a sequence of numbers. Bytes that the format hands over are taken as they are; others are copied once.
impl<'de> Deserialize<'de> for View {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_byte_buf(Bytes).map(Self::from)
    }
}

/// As a [`View`].
impl<'de> Deserialize<'de> for LocalView {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        View::deserialize(from).map(Self::from)
    }
}

/// As a [`View`], on the heap.
impl<'de> Deserialize<'de> for ViewMut<Heap> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let view = View::deserialize(from)?;
        Ok(view.try_into_mut().expect("a new vector has one view"))
    }
}

/// As a [`View`]: one segment.
impl<'de> Deserialize<'de> for ViewChain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        View::deserialize(from).map(Self::from)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.as_bytes().to_vec())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Vec<u8>, E> {
        Ok(text.into_bytes())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<u8>, A::Error> {
        let announced = numbers.size_hint().unwrap_or(0);
        let mut bytes = Vec::with_capacity(announced.min(MAX_TRUSTED_BYTES));
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}
