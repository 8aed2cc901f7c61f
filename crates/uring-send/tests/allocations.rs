//! A send allocates nothing: neither the draft, nor the operation, nor its completions.

mod loopback;

use std::sync::Arc;

use io_uring::IoUring;
use loopback::{reader, ring, stream, tcp};
use uring_send::{InFlight, Socket, submit_and_wait};

fn send(ring: &mut IoUring, sends: &mut InFlight, near: &Socket, payload: &Arc<[u8]>) {
    let mut draft = sends.send(near).expect("a free slot");
    draft.copy(b"header").expect("room");
    draft.guard(payload.clone()).expect("room");
    draft.guard(payload.clone()).expect("room");
    draft
        .submit(&mut ring.submission())
        .expect("room and a free socket");
    while !sends.is_empty() {
        assert!(sends.flush(&mut ring.submission()));
        submit_and_wait(ring, None).expect("a live ring");
        sends.reap(&mut ring.completion(), |_| (), |_| ());
    }
}

#[test]
fn a_send_allocates_nothing() {
    let Some(mut ring) = ring(8) else { return };
    for (zero_copy_from, wait_all) in [(1, true), (1, false), (usize::MAX, false)] {
        let (near, far) = tcp();
        let (near, reader) = (stream(near), reader(far));
        let builder = InFlight::builder().sends(2).zero_copy_from(zero_copy_from);
        let mut sends = builder.wait_all(wait_all).build().expect("sizes in range");
        let payload: Arc<[u8]> = Arc::from(vec![7; 20_000]);
        // Not even the first one.
        let measured = allocation_counter::measure(|| {
            for _ in 0..300 {
                send(&mut ring, &mut sends, &near, &payload);
            }
        });
        assert_eq!(measured.count_total, 0);
        near.finish();
        assert_eq!(reader.join().expect("reads").len(), 300 * 40_006);
    }
}
