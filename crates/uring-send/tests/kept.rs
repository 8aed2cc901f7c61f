//! Guards made of anything that lends bytes.

mod loopback;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use loopback::{drain, names, reader, ring, stream, tcp, zero_copy};
use pool_core::StableBytes;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use uring_send::Kept;

assert_impl_all!(Kept<Vec<u8>>: Send, Sync);
assert_impl_all!(Kept<Cell<u8>>: Send);
assert_not_impl_any!(Kept<Cell<u8>>: Sync);
assert_not_impl_any!(Kept<Rc<[u8]>>: Send, Sync);

#[test]
fn inline_bytes_stay_when_the_guard_moves() {
    let kept = Kept::new([5_u8; 40], |array| array);
    let before = kept.stable_bytes().as_ptr();
    let moved = [Box::new(kept)];
    assert_eq!(moved[0].stable_bytes().as_ptr(), before);
    assert_eq!(moved[0].stable_bytes(), [5; 40]);
    assert_eq!(format!("{:?}", moved[0]), "Kept { len: 40, .. }");
}

#[test]
fn the_owner_is_dropped_once_or_given_back() {
    let owner: Rc<[u8]> = Rc::from(*b"bytes");
    drop(Kept::new(owner.clone(), |bytes| bytes));
    assert_eq!(Rc::strong_count(&owner), 1);
    let back = Kept::new(owner.clone(), |bytes| &bytes[1..3]).into_owner();
    assert_eq!((Rc::strong_count(&owner), &back[..]), (2, &b"bytes"[..]));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        Kept::new(back, |_| panic!("by the caller"))
    }));
    assert!(panicked.is_err());
    assert_eq!(Rc::strong_count(&owner), 1);
}

#[test]
fn a_kept_value_guards_a_send() {
    let Some(mut ring) = ring(8) else { return };
    let (near, far) = tcp();
    let near = stream(near);
    let mut sends = zero_copy(1);
    let mut draft = sends.send(&near).expect("a free slot");
    draft
        .guard(Kept::new([b'a'; 3], |array| array))
        .expect("room");
    let pieces = vec![String::from("left out, "), String::from(", and kept")];
    draft
        .guard(Kept::new(pieces, |pieces| pieces[1].as_bytes()))
        .expect("room");
    draft.submit(&mut ring.submission()).expect("room");
    assert_eq!(names(&drain(&mut ring, &mut sends)), "Sent Released");
    near.finish();
    assert_eq!(reader(far).join().expect("reads"), b"aaa, and kept");
}

/// Another runtime's buffers go through our sends, and ours through its traits.
#[cfg(feature = "compio-buf")]
#[test]
fn buffers_of_compio_and_ours_stand_for_one_another() {
    use compio_buf::IoBuf;
    use uring_send::Stable;

    let kept = Kept::new(b"0123456789".to_vec().slice(2..5), IoBuf::as_init);
    assert_eq!(kept.stable_bytes(), b"234");
    let pool = loopback::pool(2, 8);
    let mut lease = pool.alloc().expect("a free slot");
    lease.copy_from_slice(b"in place");
    let address = lease.stable_bytes().as_ptr();
    let ours = Stable(lease.share());
    assert_eq!(
        (ours.buf_ptr(), ours.as_init()),
        (address, &b"in place"[..])
    );
    let there_and_back = Kept::new(ours.slice(3..), IoBuf::as_init);
    assert_eq!(there_and_back.stable_bytes(), b"place");
    drop(there_and_back);
    assert_eq!(pool.in_use(), 0);
}
