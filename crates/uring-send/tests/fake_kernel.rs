//! The fake kernel notices what it is there for, and says nothing that Linux would not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use io_uring::opcode;
use uring_send::testing::{Answer, Choices, FakeKernel, Notice, Usage, explore};
use uring_send::{InFlight, Ring, SendEvent, Socket, Submissions, SubmitError};

const NOTIFICATION: u32 = 1 << 3;

fn kernel() -> FakeKernel {
    FakeKernel::new(8, &Choices::first())
}

fn zero_copy(sends: usize) -> InFlight {
    let builder = InFlight::builder().sends(sends).zero_copy_from(1);
    builder.build().expect("sizes in range")
}

fn send(kernel: &mut FakeKernel, sends: &mut InFlight, socket: &Socket, bytes: &[u8]) {
    let guard = kernel.guard(bytes);
    let mut draft = sends.send(socket).expect("a free slot");
    draft.guard(guard).expect("room");
    let submitted = draft.submit(&mut kernel.submissions());
    submitted.map_err(|(_, why)| why).expect("room");
}

fn reap(kernel: &mut FakeKernel, sends: &mut InFlight) -> Vec<SendEvent> {
    let mut log = Vec::new();
    for completion in kernel.completions() {
        let ours = sends.complete(completion, |event| log.push(event));
        ours.expect("nobody else is on this ring");
    }
    log
}

fn panic_of(action: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(action)).expect_err("it panics");
    let text = payload.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| payload.downcast_ref::<&str>().expect("a text").to_string())
}

#[test]
fn a_guard_that_is_dropped_early_is_found() {
    let (mut kernel, mut sends) = (kernel(), zero_copy(1));
    let socket = kernel.datagram_socket();
    send(&mut kernel, &mut sends, &socket, b"bytes");
    kernel.submit();
    let op = kernel.operations()[0];
    kernel.answer(op.id, Answer::all());
    reap(&mut kernel, &mut sends);
    let found = panic_of(|| {
        // SAFETY: the kernel did not post this, which is what the test is about; the guard's bytes are leaked.
        let _ = unsafe { sends.complete_raw(op.user_data, 0, NOTIFICATION, |_| ()) };
    });
    assert!(found.contains("dropped while OpId(0)"), "{found}");
    assert_eq!(kernel.received(&socket), b"bytes");
}

/// From the moment on at which the entry lies in the queue, the kernel may read.
#[test]
fn a_guard_of_a_queued_entry_is_held_too() {
    let (mut kernel, mut sends) = (kernel(), zero_copy(1));
    let socket = kernel.datagram_socket();
    let guard = kernel.guard(*b"bytes");
    let draft = {
        let mut draft = sends.send(&socket).expect("a free slot");
        draft.guard(guard).expect("room");
        draft
    };
    draft.submit(&mut kernel.submissions()).expect("room");
    let word = {
        kernel.submit();
        kernel.operations()[0].user_data
    };
    let found = panic_of(|| {
        // SAFETY: the kernel did not post this either; the bytes are leaked.
        let _ = unsafe { sends.complete_raw(word, 5, 0, |_| ()) };
    });
    assert!(found.contains("may still read"), "{found}");
}

#[test]
fn bytes_that_change_before_the_notification_are_found() {
    let pool = pool_core::Pool::builder().slots(1).slot_bytes(8);
    let pool = pool.build().expect("a small pool");
    let (mut kernel, mut sends) = (kernel(), zero_copy(1));
    let socket = kernel.datagram_socket();
    let mut lease = pool.alloc().expect("one slot");
    lease.fill(b'a');
    let address = lease.as_mut_ptr();
    let mut draft = sends.send(&socket).expect("a free slot");
    draft.guard(lease).expect("room");
    draft.submit(&mut kernel.submissions()).expect("room");
    kernel.submit();
    let op = kernel.operations()[0].id;
    kernel.answer(op, Answer::all());
    assert_eq!(kernel.received(&socket), b"aaaaaaaa");
    // SAFETY: the slot is live; the lease that could be read through lies in `sends` and is not touched. Wrong towards the kernel alone.
    unsafe { address.write(b'b') };
    assert_eq!(
        kernel.received(&socket),
        b"baaaaaaa",
        "read late, as a card does"
    );
    let found = panic_of(|| kernel.notify(op, Usage::NotCopied));
    assert!(found.contains("changed before its notification"), "{found}");
}

#[test]
fn a_loop_that_waits_for_ever_is_found() {
    let (mut kernel, mut sends) = (kernel(), zero_copy(1));
    let socket = kernel.stream_socket();
    send(&mut kernel, &mut sends, &socket, b"bytes");
    kernel.stall(&socket);
    kernel.enter(Some(Duration::ZERO)).expect("time passes");
    assert!(reap(&mut kernel, &mut sends).is_empty());
    let found = panic_of(|| kernel.enter(None).expect("a panic"));
    assert!(found.contains("none can come"), "{found}");
    kernel.resume(&socket);
    while !sends.is_empty() {
        kernel.enter(None).expect("an answer");
        reap(&mut kernel, &mut sends);
    }
}

#[test]
fn a_full_queue_takes_nothing() {
    let (mut kernel, mut sends) = (FakeKernel::new(1, &Choices::first()), zero_copy(2));
    let socket = kernel.datagram_socket();
    send(&mut kernel, &mut sends, &socket, b"first");
    let mut draft = sends.send(&socket).expect("a free slot");
    draft.guard(kernel.guard(*b"other")).expect("room");
    let (_, why) = draft.submit(&mut kernel.submissions()).expect_err("full");
    assert_eq!((why, kernel.living_guards()), (SubmitError::QueueFull, 1));
    assert_eq!(kernel.submit(), 1);
    send(&mut kernel, &mut sends, &socket, b"third");
    assert_eq!((kernel.submit(), kernel.operations().len()), (1, 2));
}

/// The rows about links: what follows a failed entry is cancelled without "more", and notified of all the same.
#[test]
fn a_failed_link_cancels_all_behind_it() {
    let (mut kernel, mut sends) = (kernel(), zero_copy(3));
    let socket = kernel.datagram_socket();
    for flags in [
        io_uring::squeue::Flags::IO_LINK,
        io_uring::squeue::Flags::IO_LINK,
        io_uring::squeue::Flags::empty(),
    ] {
        let mut draft = sends.send(&socket).expect("a free slot");
        draft.guard(kernel.guard(*b"bytes")).expect("room");
        // SAFETY: pushed below, once, with a flag for linking.
        let entry = unsafe { draft.into_entry() }.expect("a datagram");
        // SAFETY: what the entry names is kept by `sends`.
        assert!(unsafe { kernel.submissions().push(&entry.flags(flags)) });
    }
    kernel.submit();
    let ids: Vec<_> = kernel.operations().iter().map(|op| op.id).collect();
    kernel.answer(ids[0], Answer::error(libc::ENOTSOCK));
    let log = reap(&mut kernel, &mut sends);
    let failed = log.iter().filter_map(|event| match event {
        SendEvent::Failed { error, .. } => error.raw_os_error(),
        _ => None,
    });
    assert!(failed.eq([libc::ENOTSOCK, libc::ECANCELED, libc::ECANCELED]));
    assert_eq!((sends.len(), kernel.living_guards()), (1, 1));
    for id in ids {
        kernel.notify(id, Usage::Copied);
    }
    reap(&mut kernel, &mut sends);
    let stats = sends.stats();
    assert_eq!(
        (stats.stale, stats.notifications, stats.kernel_copied),
        (2, 1, 1)
    );
    assert!(sends.is_empty() && kernel.operations().is_empty());
}

#[test]
fn a_cancellation_ends_the_send_that_it_names() {
    let (mut kernel, mut sends) = (kernel(), zero_copy(1));
    let socket = kernel.stream_socket();
    send(&mut kernel, &mut sends, &socket, b"bytes");
    kernel.submit();
    let word = kernel.operations()[0].user_data;
    for (target, answer) in [(word ^ 1, -libc::ENOENT), (word, 0)] {
        let entry = opcode::AsyncCancel::new(target).build().user_data(7);
        // SAFETY: names no memory.
        assert!(unsafe { kernel.submissions().push(&entry) });
        kernel.submit();
        let told: Vec<_> = kernel.completions().collect();
        let own = told.iter().find(|completion| completion.user_data() == 7);
        assert_eq!(own.expect("its own completion").result(), answer);
        for completion in told {
            let _foreign = sends.complete(completion, |event| {
                assert!(matches!(event, SendEvent::Failed { .. }), "{event:?}");
            });
        }
    }
    assert_eq!(sends.len(), 1, "the notification is to come");
    assert!(kernel.step());
    reap(&mut kernel, &mut sends);
    assert!(sends.is_empty());
}

#[test]
fn a_torn_down_ring_reads_the_original_bytes_for_ever() {
    for answered in [false, true] {
        let (mut kernel, mut sends) = (kernel(), zero_copy(2));
        let socket = kernel.datagram_socket();
        send(&mut kernel, &mut sends, &socket, b"first ");
        send(&mut kernel, &mut sends, &socket, b"second");
        kernel.submit();
        if answered {
            let ids: Vec<_> = kernel.operations().iter().map(|op| op.id).collect();
            ids.iter().for_each(|id| kernel.answer(*id, Answer::all()));
        }
        kernel.tear_down();
        drop(sends);
        // Written all over by the guards' drops, if there were any.
        assert_eq!(kernel.received(&socket), b"first second");
        assert_eq!(kernel.living_guards(), 2);
        assert!(!kernel.step());
    }
}

#[test]
fn each_row_of_decisions_is_taken_once() {
    let mut rows = Vec::new();
    let count = explore(100, |choices| {
        let first = choices.pick(2);
        let second = if first == 1 { choices.pick(3) } else { 0 };
        rows.push((first, second, choices.pick(2)));
    });
    let mut once = rows.clone();
    once.dedup();
    assert_eq!((count, once.len()), (8, 8));
    assert_eq!(rows[0], (0, 0, 0));
    assert_eq!(rows[7], (1, 2, 1));
}

#[test]
fn too_many_orders_are_no_silent_success() {
    let found = panic_of(|| {
        explore(3, |choices| assert!(choices.pick(4) < 4));
    });
    assert!(found.contains("more than 3 orders"), "{found}");
}

#[test]
fn a_seed_decides_the_same_each_time_and_can_be_replayed() {
    let decide = |choices: &Choices| [(); 50].map(|()| choices.pick(10));
    let first = decide(&Choices::seeded(7));
    assert_eq!(first, decide(&Choices::seeded(7)));
    assert_ne!(first, decide(&Choices::seeded(8)));
    assert_eq!(first, decide(&Choices::replay(&first)));
}

/// A notification that is announced by nobody frees nothing of the slot's next owner.
#[test]
fn a_stray_notification_is_ignored() {
    let (mut kernel, mut sends) = (kernel(), zero_copy(1));
    let socket = kernel.datagram_socket();
    send(&mut kernel, &mut sends, &socket, b"first");
    kernel.submit();
    let first = kernel.operations()[0].id;
    kernel.answer(first, Answer::error(libc::ECANCELED).with(Notice::Stray));
    reap(&mut kernel, &mut sends);
    send(&mut kernel, &mut sends, &socket, b"other");
    kernel.submit();
    kernel.answer(kernel.operations()[1].id, Answer::all());
    kernel.notify(first, Usage::NotCopied);
    reap(&mut kernel, &mut sends);
    assert_eq!((sends.len(), kernel.living_guards()), (1, 1));
}
