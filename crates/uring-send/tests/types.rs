//! What may cross threads, and what may not.

use static_assertions::{assert_impl_all, assert_not_impl_any};
use uring_send::{
    Acceptor, Completion, Destination, Doorbell, FileReads, InFlight, QueueError, RecvRing,
    Registered, SendEvent, Sender, SenderEvent, Socket,
};

// A loop and its parts may be built on one thread and run on another.
assert_impl_all!(InFlight: Send);
assert_impl_all!(RecvRing: Send);
assert_impl_all!(FileReads: Send);
assert_impl_all!(Acceptor: Send);
assert_impl_all!(Doorbell: Send);
assert_impl_all!(Completion: Send);
assert_impl_all!(SendEvent: Send);
// One socket may be written by one thread's loop and read by another's.
assert_impl_all!(Socket: Send, Sync, Clone);
// It is only read once it is made.
assert_impl_all!(Registered: Send, Sync);
assert_impl_all!(Sender: Send);
assert_impl_all!(SenderEvent: Send);
assert_impl_all!(QueueError: Send, Sync);
assert_impl_all!(Destination: Send, Sync, Copy);
// Guards need not be `Sync`, so what holds them is not.
assert_not_impl_any!(InFlight: Sync, Clone);
assert_not_impl_any!(Sender: Sync, Clone);
// One for each thing the kernel said.
assert_not_impl_any!(Completion: Clone, Copy, Default);

#[test]
fn debug_prints_no_payload() {
    let mut sends = InFlight::new(1).expect("a nonce");
    let (near, _far) = std::os::unix::net::UnixStream::pair().expect("two descriptors");
    let near = Socket::stream(near).expect("blocking");
    let mut draft = sends.send(&near).expect("a free slot");
    draft.guard(b"secret".as_slice()).expect("room");
    draft.copy(b"secret").expect("room");
    assert_eq!(format!("{draft:?}"), "Draft { len: 12, .. }");
    let refused = draft.copy(&[b's'; 5000]).expect_err("too many");
    assert!(!format!("{refused:?} {refused}").contains("115"));
    drop(draft);
    assert_eq!(
        format!("{sends:?}"),
        "InFlight { in_flight: 0, capacity: 1, .. }"
    );

    let mut sender = Sender::builder().build().expect("sizes in range");
    let (near, _far) = std::os::unix::net::UnixStream::pair().expect("two descriptors");
    let near = Socket::stream(near).expect("blocking");
    let to = sender.add(&near).expect("a place");
    let mut message = sender.message(to).expect("open");
    message.copy(b"secret").expect("room");
    assert_eq!(format!("{message:?}"), "Message { len: 6, .. }");
    message.queue().expect("not empty");
    let refused = sender.copy(to, 0, &[b's'; 5000]).expect_err("too many");
    assert!(!format!("{sender:?} {refused:?} {refused}").contains("115"));
}
