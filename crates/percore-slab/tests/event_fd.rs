//! Waking by a file descriptor.
#![cfg(all(target_os = "linux", feature = "os", not(miri)))]

use percore_slab::{Bridge, EventFd, PopError};
use std::os::fd::{AsFd, AsRawFd};
use std::thread;
use std::time::Duration;

#[test]
fn it_is_readable_from_a_wake_up_until_it_is_cleared() {
    let event = EventFd::new().expect("a descriptor");
    let at_once = Some(Duration::ZERO);
    assert!(!event.wait(at_once).expect("asked"));
    assert!(!event.clear().expect("cleared"));
    let waker = event.waker();
    waker.wake_by_ref();
    event.waker().wake();
    assert!(event.wait(at_once).expect("asked"));
    assert!(
        event.wait(None).expect("asked"),
        "waiting does not clear it"
    );
    assert!(event.clear().expect("cleared"));
    assert!(!event.wait(at_once).expect("asked"));
    assert_eq!(event.as_fd().as_raw_fd(), event.as_raw_fd());
}

#[test]
fn it_lives_as_long_as_its_wakers() {
    let event = EventFd::new().expect("a descriptor");
    let (waker, other) = (event.waker(), event.clone());
    drop(event);
    waker.wake();
    assert!(other.clear().expect("cleared"));
}

/// A lost wake-up hangs the test.
#[test]
fn a_sleeper_gets_everything() {
    let (mut producer, mut consumer) = Bridge::new(4).expect("small");
    let sender = thread::spawn(move || {
        for n in 0..20_000_u32 {
            while producer.try_push(n).is_err() {
                thread::yield_now();
            }
        }
    });
    let event = EventFd::new().expect("a descriptor");
    consumer.set_waker(&event.waker());
    let mut expected = 0;
    loop {
        match consumer.try_pop() {
            Ok(n) => {
                assert_eq!(n, expected);
                expected += 1;
            }
            Err(PopError::Closed) => break,
            Err(_) => {
                if consumer.prepare_wait() {
                    event.wait(None).expect("asked");
                    event.clear().expect("cleared");
                }
            }
        }
    }
    assert_eq!(expected, 20_000);
    sender.join().expect("no panic");
}
