//! Frames as byte strings.

use framebuf::{FrameBuf, InPool};
use pool_core::Pool;
use serde::de::value::{BytesDeserializer, Error, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

fn pool() -> Pool {
    let builder = Pool::builder().slots(1).slot_bytes(64);
    builder.build().expect("a small pool")
}

/// A format that hands over the vector it read.
struct Owning(Vec<u8>);

impl<'de> Deserializer<'de> for Owning {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_byte_buf(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple tuple_struct map
        struct enum identifier ignored_any
    }
}

#[test]
fn a_frame_goes_through_json_and_back() {
    let frame = FrameBuf::from_pool(&pool(), &[0, 127, 255]).with_meta("not written");
    let json = serde_json::to_string(&frame).expect("bytes");
    assert_eq!(json, "[0,127,255]");
    let frame: FrameBuf = serde_json::from_str(&json).expect("bytes");
    assert_eq!(frame, [0, 127, 255]);
    assert!(serde_json::from_str::<FrameBuf>("[256]").is_err());
    let why = serde_json::from_str::<FrameBuf>("{}").expect_err("no bytes");
    assert!(why.to_string().contains("expected bytes"), "{why}");
}

#[test]
fn a_vector_is_taken_over_where_it_is() {
    let vec = vec![7; 100];
    let address = vec.as_ptr();
    let frame = FrameBuf::deserialize(Owning(vec)).expect("bytes");
    assert_eq!((frame.as_ptr(), frame.len()), (address, 100));
    let borrowed = BytesDeserializer::<Error>::new(b"borrowed");
    assert_eq!(FrameBuf::deserialize(borrowed).expect("bytes"), b"borrowed");
}

#[test]
fn a_pool_takes_what_fits_and_counts_what_does_not() {
    let pool = pool();
    let bytes = |bytes| InPool(&pool).deserialize(BytesDeserializer::<Error>::new(bytes));
    let first = bytes(&[1; 64]).expect("bytes");
    assert!(first.is_pooled());
    let second = bytes(&[2; 10]).expect("bytes");
    assert_eq!(
        (second.is_pooled(), pool.stats().fallback_bytes),
        (false, 10)
    );
    drop(first);
    let large = InPool(&pool)
        .deserialize(Owning(vec![3; 65]))
        .expect("bytes");
    assert_eq!(
        (large.is_pooled(), pool.stats().fallback_bytes),
        (false, 75)
    );
    let one_by_one = SeqDeserializer::<_, Error>::new([4_u8; 5].into_iter());
    let collected = InPool(&pool).deserialize(one_by_one).expect("bytes");
    assert!(collected.is_pooled());
    assert_eq!(collected, [4; 5]);
}

#[test]
fn a_made_up_length_allocates_no_more_than_64_kib() {
    /// Says that four billion bytes follow, and gives three.
    struct Liar(std::vec::IntoIter<u8>);
    impl Iterator for Liar {
        type Item = u8;
        fn next(&mut self) -> Option<u8> {
            self.0.next()
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (u32::MAX as usize, Some(u32::MAX as usize))
        }
    }
    let input = SeqDeserializer::<_, Error>::new(Liar(vec![1, 2, 3].into_iter()));
    let mut frame = None;
    let counted = allocation_counter::measure(|| frame = FrameBuf::deserialize(input).ok());
    assert_eq!(frame.expect("three bytes"), [1, 2, 3]);
    assert!(counted.bytes_max <= 64 * 1024, "{counted:?}");
}
