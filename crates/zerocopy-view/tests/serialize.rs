//! Through serde's formats and back.

#![cfg(feature = "serde")]

use serde_test::{
    Token, assert_de_tokens, assert_de_tokens_error, assert_ser_tokens, assert_tokens,
};
use zerocopy_view::{LocalView, View, ViewChain, ViewMut};

const ABC: [u8; 3] = [1, 2, 3];

#[test]
fn everything_is_a_byte_string() {
    let view = View::from_static(&ABC);
    assert_tokens(&view, &[Token::Bytes(&ABC)]);
    assert_tokens(&LocalView::from(view.clone()), &[Token::Bytes(&ABC)]);
    let mut buffer = ViewMut::default();
    buffer.extend(ABC);
    assert_tokens(&buffer, &[Token::Bytes(&ABC)]);
    let chain = ViewChain::from_iter([view.slice(..1), view.slice(1..)]);
    assert_tokens(&chain, &[Token::Bytes(&ABC)]);
    assert_ser_tokens(&ViewChain::new(), &[Token::Bytes(&[])]);
}

#[test]
fn bytes_come_in_every_form_that_formats_have() {
    let number = |at: usize| Token::U8(ABC[at]);
    let numbers = [
        Token::Seq { len: Some(3) },
        number(0),
        number(1),
        number(2),
        Token::SeqEnd,
    ];
    for form in [
        &[Token::BorrowedBytes(&ABC)][..],
        &[Token::ByteBuf(&ABC)],
        &numbers,
    ] {
        assert_de_tokens(&View::from_static(&ABC), form);
    }
    for form in [
        Token::Str("abc"),
        Token::BorrowedStr("abc"),
        Token::String("abc"),
    ] {
        assert_de_tokens(&View::from_static(b"abc"), &[form]);
    }
    assert_de_tokens_error::<View>(
        &[Token::Bool(true)],
        "invalid type: boolean `true`, expected bytes",
    );
}

#[test]
fn through_json() {
    let text = serde_json::to_string(&View::from_static(&ABC)).unwrap();
    assert_eq!(text, "[1,2,3]");
    let mut buffer: ViewMut = serde_json::from_str(&text).unwrap();
    buffer[0] = 9;
    assert_eq!(buffer.freeze(), [9, 2, 3]);
    assert_eq!(serde_json::from_str::<View>("\"text\"").unwrap(), "text");
    assert!(serde_json::from_str::<View>("[1, 256]").is_err());
}

/// A format that announces more than there is makes nobody reserve it.
#[test]
fn a_format_that_announces_too_much_is_not_believed() {
    use serde_core::de::value::{Error, SeqDeserializer};
    use serde_core::de::{Deserialize, Deserializer, Visitor};

    struct Boasting;
    impl<'de> Deserializer<'de> for Boasting {
        type Error = Error;
        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let numbers = (0..usize::MAX).map(|at| at as u8).take_while(|at| *at < 3);
            struct Announced<I>(I);
            impl<I: Iterator> Iterator for Announced<I> {
                type Item = I::Item;
                fn next(&mut self) -> Option<I::Item> {
                    self.0.next()
                }
                fn size_hint(&self) -> (usize, Option<usize>) {
                    (usize::MAX, Some(usize::MAX))
                }
            }
            visitor.visit_seq(SeqDeserializer::new(Announced(numbers)))
        }
        serde_core::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }
    assert_eq!(View::deserialize(Boasting).unwrap(), [0, 1, 2]);
}
