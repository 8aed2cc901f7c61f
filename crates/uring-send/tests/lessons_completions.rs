//! What the field got wrong about completions: each state and each order of them, played by the test. The names start with the lines of docs/lessons.md.

mod loopback;

use loopback::{Drops, MORE, NOTIFICATION, PlayedKernel, names};
use uring_send::SendEvent;

#[test]
fn l_send_6_a_completion_presented_twice_frees_one_slot_once() {
    let mut kernel = PlayedKernel::zero_copy(2);
    let drops = Drops::default();
    let first = kernel.take(drops.guard(*b"first"));
    assert_eq!(names(&kernel.complete(first, 5, MORE)), "Sent");
    assert_eq!(names(&kernel.complete(first, 0, NOTIFICATION)), "Released");
    for flags in [NOTIFICATION, 0, MORE] {
        assert_eq!(names(&kernel.complete(first, 5, flags)), "");
    }
    let slots = [(); 2].map(|()| kernel.take(b"next".as_slice()) >> 32);
    assert_ne!(slots[0], slots[1], "two sends, two headers");
    assert_eq!((kernel.sends.stats().stale, drops.count()), (3, 1));
}

#[test]
fn l_send_7_a_late_notification_releases_nothing_of_the_next_owner() {
    let mut kernel = PlayedKernel::zero_copy(1);
    let drops = Drops::default();
    let first = kernel.take(b"first".as_slice());
    // Ended without a promise of a notification, and yet one comes: a cancelled link does that.
    assert_eq!(
        names(&kernel.complete(first, -libc::ECANCELED, 0)),
        "Failed Released"
    );
    let second = kernel.take(drops.guard(*b"second"));
    kernel.complete(second, 6, MORE);
    assert_eq!(names(&kernel.complete(first, 0, NOTIFICATION)), "");
    assert_eq!(drops.count(), 0);
    assert_eq!(names(&kernel.complete(second, 0, NOTIFICATION)), "Released");
    assert_eq!((drops.count(), kernel.sends.stats().stale), (1, 1));
}

/// 300 operations of one send, 64 of them with a notification to come, which all come at the end.
#[test]
fn l_send_8_no_number_of_notifications_wraps() {
    let mut kernel = PlayedKernel::zero_copy(1);
    let drops = Drops::default();
    let mut words = vec![kernel.take(drops.guard(vec![1; 300]))];
    let mut due = Vec::new();
    loop {
        let word = *words.last().expect("one from the start");
        let more = kernel.sends.stats().copied_sends == 0;
        due.extend(more.then_some(word));
        let log = kernel.complete(word, 1, if more { MORE } else { 0 });
        if names(&log) == "Sent" {
            break;
        }
        assert_eq!(names(&log), "Short");
        words.extend(kernel.take_rests());
    }
    assert_eq!((words.len(), due.len()), (300, 64));
    for (left, word) in (0..due.len()).rev().zip(due) {
        assert_eq!(drops.count(), 0);
        let log = kernel.complete(word, 0, NOTIFICATION);
        assert_eq!(names(&log), if left == 0 { "Released" } else { "" });
    }
    let stats = kernel.sends.stats();
    assert_eq!(
        (stats.notifications, stats.stale, drops.count()),
        (64, 0, 1)
    );
}

#[test]
fn l_send_9_completions_for_a_free_slot_change_nothing() {
    let mut kernel = PlayedKernel::zero_copy(1);
    let word = kernel.take(b"four".as_slice());
    assert_eq!(names(&kernel.complete(word, 4, 0)), "Sent Released");
    for result in [4, 1, 0, -libc::EPIPE, i32::MIN, i32::MAX] {
        for flags in [0, MORE, NOTIFICATION, u32::MAX] {
            assert_eq!(names(&kernel.complete(word, result, flags)), "");
        }
    }
    assert_eq!(kernel.sends.stats().stale, 24);
    assert!(kernel.sends.is_empty() && kernel.take_rests().is_empty());
}

#[test]
fn l_send_10_success_means_every_byte() {
    let mut kernel = PlayedKernel::zero_copy(1);
    let mut word = kernel.take(vec![1; 16]);
    for (result, sent, left) in [(12, 12, 4), (3, 15, 1)] {
        let log = kernel.complete(word, result, 0);
        assert!(
            matches!(log[..], [SendEvent::Short { sent: s, left: l, .. }] if (s, l) == (sent, left)),
            "{log:?}"
        );
        word = kernel.take_rests()[0];
    }
    let log = kernel.complete(word, 1, 0);
    assert!(
        matches!(log[0], SendEvent::Sent { bytes: 16, .. }),
        "{log:?}"
    );
}

#[test]
fn l_send_12_a_late_notification_is_counted_for_its_own_send() {
    let mut kernel = PlayedKernel::zero_copy(2);
    let (first, second) = (Drops::default(), Drops::default());
    // One connection's, one after the other.
    let words = [&first, &second].map(|drops| kernel.take(drops.guard(*b"same")));
    kernel.complete(words[0], 4, MORE);
    kernel.complete(words[1], 4, MORE);
    kernel.complete(words[0], 0, NOTIFICATION);
    assert_eq!((first.count(), second.count()), (1, 0));
    kernel.complete(words[0], 0, NOTIFICATION);
    assert_eq!(second.count(), 0);
    kernel.complete(words[1], 0, NOTIFICATION);
    assert_eq!(second.count(), 1);
}

#[test]
fn l_send_16_notifications_in_any_order_release_their_own_memory() {
    let mut kernel = PlayedKernel::zero_copy(4);
    let drops: [Drops; 4] = Default::default();
    let words = drops
        .each_ref()
        .map(|drops| kernel.take(drops.guard(*b"x")));
    for word in words {
        kernel.complete(word, 1, MORE);
    }
    for (released, place) in [2, 0, 3, 1].into_iter().enumerate() {
        kernel.complete(words[place], 0, NOTIFICATION);
        assert_eq!(drops[place].count(), 1);
        let all: usize = drops.iter().map(Drops::count).sum();
        assert_eq!(all, released + 1);
    }
}

#[test]
fn l_send_17_an_error_with_more_to_come_fails_and_keeps_the_memory() {
    let mut kernel = PlayedKernel::zero_copy(1);
    for errno in [
        libc::EPIPE,
        libc::ECONNRESET,
        libc::EBADF,
        libc::EINVAL,
        libc::EFAULT,
        libc::EMSGSIZE,
        libc::ENOTSOCK,
        libc::ECONNREFUSED,
        libc::EDESTADDRREQ,
    ] {
        let drops = Drops::default();
        let word = kernel.take(drops.guard(*b"bytes"));
        let log = kernel.complete(word, -errno, MORE);
        assert!(
            matches!(&log[..], [SendEvent::Failed { error, sent: 0, .. }] if error.raw_os_error() == Some(errno)),
            "{log:?}"
        );
        assert_eq!(drops.count(), 0);
        // Copied, says the kernel: a negative number, and no error.
        let copied = 0x8000_0000_u32.cast_signed();
        assert_eq!(
            names(&kernel.complete(word, copied, NOTIFICATION)),
            "Released"
        );
        assert_eq!(drops.count(), 1);
    }
    assert_eq!(kernel.sends.stats().kernel_copied, 9);
}
