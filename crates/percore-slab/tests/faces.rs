//! Small faces of the types: what they say of themselves, which is never a payload; and pages and bridges as plain slices, numbers and states.

use percore_slab::{Bridge, Consumer, CoreSlab, Producer, PushError, WeightedDrain};
use std::num::NonZeroU32;
use std::task::{Context, Poll, Waker};

fn bridge(room: usize) -> (Producer<&'static str>, Consumer<&'static str>) {
    Bridge::new(room).expect("small")
}

fn assert_hides(shown: &str, start: &str) {
    assert!(shown.starts_with(start), "{shown}");
    assert!(
        !shown.contains("secret") && !shown.contains("115, "),
        "{shown}"
    );
}

#[test]
fn pages_show_no_bytes() {
    let slab = CoreSlab::new(0, 64, 2).expect("a small slab");
    let mut page = slab.alloc(b"a secret").expect("free");
    assert_hides(&format!("{page:?}"), "Page");
    assert_eq!(AsRef::<[u8]>::as_ref(&page), b"a secret");
    AsMut::<[u8]>::as_mut(&mut page)[0] = b'A';
    let page = page.into_remote();
    assert_hides(&format!("{page:?}"), "RemotePage");
    assert_eq!(AsRef::<[u8]>::as_ref(&page), b"A secret");
    let id = slab
        .alloc(b"x")
        .expect("free")
        .into_id()
        .expect("of the slab");
    assert_eq!(format!("{id:?}"), format!("PageId({:#034x})", id.to_bits()));
    drop(slab.redeem(id).expect("it is out"));
}

#[test]
fn bridges_show_no_values() {
    let (mut producer, consumer) = bridge(1);
    producer.try_push("secret").expect("room");
    assert!(producer.is_full() && consumer.is_full());
    let full = producer.try_push("secret").expect_err("one fits");
    assert!(full.is_full() && !full.is_closed());
    assert_eq!(format!("{full:?}"), "Full(..)");
    assert_hides(&format!("{producer:?}"), "Producer");
    assert_hides(&format!("{consumer:?}"), "Consumer");
    drop(consumer);
    let closed = producer.try_push("secret").expect_err("nobody is there");
    assert!(closed.is_closed() && matches!(closed, PushError::Closed("secret")));
    assert_eq!(format!("{closed:?}"), "Closed(..)");
}

#[test]
fn a_consumer_knows_whether_anything_can_come() {
    let (mut producer, mut consumer) = bridge(2);
    assert!(!consumer.is_closed() && !consumer.is_full());
    producer.try_push("last").expect("room");
    drop(producer);
    assert!(consumer.is_closed() && !consumer.is_empty());
    assert_eq!(consumer.try_pop(), Ok("last"));
}

#[test]
fn a_drain_lends_its_bridges_to_look_at() {
    let weight = NonZeroU32::MIN;
    let (mut producer, consumer) = bridge(2);
    let (_silent, other) = bridge(2);
    producer.try_push("secret").expect("room");
    let mut drain = WeightedDrain::new([(consumer, weight), (other, weight)]);
    assert_eq!(drain.bridge(0).map(Consumer::len), Some(1));
    assert_eq!(drain.bridge(1).map(Consumer::len), Some(0));
    assert!(drain.bridge(2).is_none());
    assert_hides(&format!("{drain:?}"), "[(Consumer");
    assert!(!drain.prepare_wait(), "there is a value");
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(
        drain.poll_pop(&mut context),
        Poll::Ready(Some((0, "secret")))
    );
    assert_eq!(drain.poll_pop(&mut context), Poll::Pending);
}

#[test]
fn a_slab_too_large_for_the_machine_is_out_of_memory() {
    let wrong = CoreSlab::new(0, 0, 1).expect_err("a page of nothing");
    assert!(!wrong.is_out_of_memory(), "{wrong}");
    let huge = CoreSlab::new(0, 1 << 30, 1 << 20).expect_err("a pebibyte");
    assert!(huge.is_out_of_memory(), "{huge}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_core_that_no_machine_has_is_refused() {
    let why = percore_slab::pin_to_core(usize::MAX).expect_err("too many");
    assert_eq!(why.raw_os_error(), None);
    let text = why.to_string();
    assert!(text.starts_with("core: must be 0 to "), "{text}");
    let error = std::io::Error::from(why);
    assert_eq!(
        (error.kind(), error.to_string()),
        (std::io::ErrorKind::InvalidInput, text)
    );
}
