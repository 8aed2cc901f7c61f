//! Regions registered as fixed buffers: what lies in them is found by its address, and all else goes as without them.

mod loopback;

use std::fs::File;
use std::io::{Read, Write};
use std::slice;
use std::sync::Arc;

use io_uring::IoUring;
use loopback::{drain, names, pattern, pool, reader, ring, stream, tcp, wait, zero_copy};
use pool_core::{Pool, RegionSource};
use uring_send::{FileReads, InFlight, ReadEvent, Registered, SetupError, Socket, completions};
use zerocopy_view::View;

/// A ring and a pool that it knows; or `None` with the reason, where this kernel cannot send several parts from a fixed buffer.
fn fixed(pools: &[&Pool]) -> Option<(IoUring, Registered)> {
    let ring = ring(8)?;
    let registered = Registered::new(&ring, pools).expect("a small region");
    if !registered.is_vectored() {
        println!("skipped: this kernel has no fixed vectored sends (Linux 6.15 has)");
        return None;
    }
    Some((ring, registered))
}

fn view(pool: &Pool, bytes: &[u8]) -> View {
    let mut lease = pool.alloc().expect("a free slot");
    lease[..bytes.len()].copy_from_slice(bytes);
    View::from(lease).slice(..bytes.len())
}

fn send(ring: &mut IoUring, sends: &mut InFlight, to: &Socket, views: &[View]) {
    let mut draft = sends.send(to).expect("a free slot");
    for view in views {
        draft.guard(view.clone()).expect("room");
    }
    let submitted = draft.submit(&mut ring.submission());
    submitted.map_err(|(_, why)| why).expect("room");
    let log = drain(ring, sends);
    assert_eq!(names(&log), "Sent Released");
}

#[test]
fn views_of_one_region_go_out_as_one_fixed_send() {
    let pool = pool(8, 4096);
    let Some((mut ring, registered)) = fixed(&[&pool]) else {
        return;
    };
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let mut sends = zero_copy(2);
    sends.use_registered(&registered);
    let payloads = [1, 2, 3].map(|seed| pattern(seed, 3000));
    let views = payloads.each_ref().map(|payload| view(&pool, payload));
    assert!(views.iter().all(|view| registered.contains(view)));
    let parts = [
        views[2].clone(),
        views[0].slice(100..),
        views[1].slice(..1000),
        views[2].slice(5..6),
    ];
    send(&mut ring, &mut sends, &near, &parts);
    let stats = sends.stats();
    assert_eq!(
        (stats.fixed_sends, stats.zero_copy_sends, stats.fallbacks),
        (1, 1, 0)
    );
    drop((views, parts));
    assert_eq!(pool.in_use(), 0, "the slots are home");
    near.finish();
    let expected = [
        &payloads[2][..],
        &payloads[0][100..],
        &payloads[1][..1000],
        &payloads[2][5..6],
    ];
    assert!(reader.join().expect("reads") == expected.concat());
}

#[test]
fn what_lies_in_several_places_goes_as_without_a_registration() {
    let (one, other) = (pool(2, 4096), pool(2, 4096));
    let Some((mut ring, registered)) = fixed(&[&one, &other]) else {
        return;
    };
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let mut sends = zero_copy(2);
    sends.use_registered(&registered);
    let (first, second) = (view(&one, b"first "), view(&other, b"second "));
    let heap = View::from(b"heap ".to_vec());
    assert!(registered.contains(&second) && !registered.contains(&heap));
    let messages: [(&[&View], u64); 5] = [
        (&[&first], 1),
        (&[&second, &second], 2),
        (&[&first, &second], 2),
        (&[&first, &heap], 2),
        (&[&heap], 2),
    ];
    for (parts, fixed) in messages {
        let parts: Vec<_> = parts.iter().copied().cloned().collect();
        send(&mut ring, &mut sends, &near, &parts);
        assert_eq!(sends.stats().fixed_sends, fixed);
    }
    // Bytes that are copied lie in no region.
    let mut draft = sends.send(&near).expect("a free slot");
    draft.copy(b"copied ").expect("room");
    draft.guard(first).expect("room");
    draft.submit(&mut ring.submission()).expect("room");
    drain(&mut ring, &mut sends);
    assert_eq!(
        (sends.stats().fixed_sends, sends.stats().zero_copy_sends),
        (2, 6)
    );
    near.finish();
    let text = "first second second first second first heap heap copied first ";
    assert_eq!(
        String::from_utf8(reader.join().expect("reads")).expect("text"),
        text
    );
}

#[test]
fn what_is_registered_no_more_or_elsewhere_is_sent_from_the_memory() {
    let pool = pool(2, 4096);
    let Some((mut ring, registered)) = fixed(&[&pool]) else {
        return;
    };
    let Some(mut stranger) = loopback::ring(8) else {
        return;
    };
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let mut sends = zero_copy(1);
    sends.use_registered(&registered);
    let view = view(&pool, b"bytes ");
    send(&mut stranger, &mut sends, &near, slice::from_ref(&view));
    assert_eq!((sends.stats().fixed_sends, sends.stats().fallbacks), (1, 1));
    let (registered, refused) = registered.unregister(&stranger).expect_err("another ring");
    assert_eq!(refused.raw_os_error(), Some(libc::EINVAL));
    registered.unregister(&ring).expect("nothing is in flight");
    send(&mut ring, &mut sends, &near, slice::from_ref(&view));
    // And where the place in the table is another memory's.
    let other = loopback::pool(2, 4096);
    let _again = Registered::new(&ring, &[&other]).expect("a small region");
    send(&mut ring, &mut sends, &near, &[view]);
    let stats = sends.stats();
    assert_eq!(
        (stats.fixed_sends, stats.fallbacks, stats.zero_copy_sends),
        (3, 3, 6)
    );
    near.finish();
    assert_eq!(reader.join().expect("reads"), b"bytes bytes bytes ");
}

#[test]
fn a_registration_says_what_is_wrong() {
    let Some(ring) = ring(8) else { return };
    let pool = pool(2, 4096);
    let none = Registered::new(&ring, &[]).expect_err("no pool");
    assert!(
        matches!(
            none,
            SetupError::OutOfRange {
                field: "pools",
                value: 0,
                ..
            }
        ),
        "{none}"
    );
    let _first = Registered::new(&ring, &[&pool]).expect("a small region");
    let twice = Registered::new(&ring, &[&pool]).expect_err("one registration for a ring");
    assert!(
        twice.to_string().contains("this ring has some already"),
        "{twice}"
    );
}

/// A discarded page would be sent as it was before.
#[test]
fn a_pool_that_gives_pages_back_is_refused() {
    let Some(ring) = ring(8) else { return };
    let builder = Pool::builder().slots(2).slot_bytes(4096).page_by_page(true);
    let pool = builder
        .region(RegionSource::Mmap)
        .build()
        .expect("a small pool");
    if !pool.gives_back_pages() {
        println!("skipped: no pool gives pages back here");
        return;
    }
    let refused = Registered::new(&ring, &[&pool]).expect_err("its pages may go");
    assert!(matches!(refused, SetupError::PagesGoBack), "{refused}");
}

#[test]
fn a_region_is_kept_as_long_as_anybody_may_name_it() {
    let pool = pool(2, 4096);
    let region = pool.region();
    let Some((ring, registered)) = fixed(&[&pool]) else {
        return;
    };
    let mut sends = zero_copy(1);
    sends.use_registered(&registered);
    drop((pool, ring, registered));
    // A region of the same size would be likely to take its place, if it were free.
    let others: Vec<_> = (0..16).map(|_| loopback::pool(2, 4096)).collect();
    assert!(
        others
            .iter()
            .all(|other| other.region().base() != region.base())
    );
}

/// A file with these bytes, that nobody can find.
fn file(bytes: &[u8]) -> Arc<File> {
    let path =
        std::env::temp_dir().join(format!("uring-send-{}-{}", std::process::id(), bytes.len()));
    let mut file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .expect("a new file");
    std::fs::remove_file(&path).expect("ours");
    file.write_all(bytes).expect("room on the disk");
    Arc::new(file)
}

/// File to socket: read into slots, which go out from where they lie.
#[test]
fn a_file_is_read_into_slots_and_sent_from_them() {
    let pool = pool(3, 4096);
    let Some(mut ring) = ring(8) else { return };
    let contents = pattern(9, 10_000);
    let file = file(&contents);
    for is_registered in [false, true] {
        let (near, far) = tcp();
        let (near, reader) = (stream(near), reader(far));
        let (mut reads, mut sends) = (FileReads::new(2).expect("a nonce"), zero_copy(1));
        if is_registered {
            let registered = Registered::new(&ring, &[&pool]).expect("a small region");
            reads.use_registered(&registered);
            sends.use_registered(&registered);
        }
        let mut at = 0;
        loop {
            let lease = pool.alloc().expect("a free slot");
            let queued = reads.read(&mut ring.submission(), &file, at, lease, 16..4096, at);
            queued.expect("room");
            wait(&ring);
            let completion = completions(&mut ring.completion())
                .next()
                .expect("it is there");
            let event = reads.complete(completion).expect("ours");
            let ReadEvent::Read { tag, lease, range } = event else {
                panic!("{event:?}")
            };
            assert_eq!((tag, range.start, reads.len()), (at, 16, 0));
            if range.is_empty() {
                break;
            }
            at += range.len() as u64;
            send(
                &mut ring,
                &mut sends,
                &near,
                &[View::from(lease).slice(range)],
            );
        }
        near.finish();
        assert!(reader.join().expect("reads") == contents);
        assert_eq!((sends.stats().zero_copy_sends, pool.in_use()), (3, 0));
    }
}

#[test]
fn a_read_that_is_refused_gives_its_slot_back() {
    let pool = pool(4, 64);
    let Some(mut ring) = ring(1) else { return };
    let mut reads = FileReads::new(1).expect("a nonce");
    let file = file(b"contents");
    let slot = || pool.alloc().expect("a free slot");
    for range in [0..65, 3..3, 64..65, 0..usize::MAX] {
        let error = reads.read(&mut ring.submission(), &file, 0, slot(), range, 0);
        let error = error.expect_err("out of the slot");
        assert!(
            error.to_string().starts_with("range: ") && !error.is_full(),
            "{error}"
        );
        assert_eq!(error.into_lease().len(), 64);
    }
    reads
        .read(&mut ring.submission(), &file, 0, slot(), 0..64, 7)
        .expect("room");
    let error = reads.read(&mut ring.submission(), &file, 0, slot(), 0..64, 0);
    let error = error.expect_err("the queue is full");
    assert!(
        error.is_full() && error.to_string().contains("queue"),
        "{error}"
    );
    drop(error);
    ring.submit().expect("a live ring");
    let error = reads.read(&mut ring.submission(), &file, 0, slot(), 0..64, 0);
    let error = error.expect_err("one of one is under way");
    assert!(
        error.is_full() && error.to_string().contains("all 1"),
        "{error}"
    );
    drop(error);
    wait(&ring);
    for completion in completions(&mut ring.completion()) {
        let event = reads.complete(completion).expect("ours");
        let ReadEvent::Read {
            tag: 7,
            lease,
            range,
        } = event
        else {
            panic!("{event:?}")
        };
        assert_eq!(&lease[range], b"contents");
    }
    assert!(reads.is_empty());
    let write_only = Arc::new(
        File::options()
            .write(true)
            .open("/dev/null")
            .expect("a device"),
    );
    reads
        .read(&mut ring.submission(), &write_only, 0, slot(), 0..64, 8)
        .expect("room");
    wait(&ring);
    for completion in completions(&mut ring.completion()) {
        let event = reads.complete(completion).expect("ours");
        let ReadEvent::Failed { tag: 8, error, .. } = event else {
            panic!("{event:?}")
        };
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    }
    assert_eq!(pool.in_use(), 0);
    let mut rest = Vec::new();
    (&*file)
        .read_to_end(&mut rest)
        .expect("its own offset was not moved");
}
