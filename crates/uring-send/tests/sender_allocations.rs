//! A message allocates nothing: neither when it is queued, nor when it is sent, nor when it is released or refused.

mod loopback;
mod sending;

use std::sync::Arc;

use loopback::{reader, stream, tcp};
use sending::Sending;

#[test]
fn messages_allocate_nothing() {
    let options =
        |options: uring_send::SenderBuilder| options.zero_copy_from(20_000).bytes(1 << 20);
    let Some(mut sending) = Sending::new(8, options) else {
        return;
    };
    let (near, far) = tcp();
    let reader = reader(far);
    let to = sending.sender.add(&stream(near)).expect("a place");
    let payload: Arc<[u8]> = Arc::from(vec![7; 20_000]);
    let mut sent = 0;
    let Sending { ring, sender, .. } = &mut sending;
    // Not even the first ones.
    let measured = allocation_counter::measure(|| {
        for round in 0..300 {
            for tag in 0..8 {
                sender.copy(to, tag, &[1; 64]).expect("room");
            }
            let mut message = sender.message(to).expect("open");
            message.copy(b"header").expect("room");
            message.guard(payload.clone()).expect("room");
            message.queue().expect("not empty");
            sent += 8 * 64 + 6 + 20_000;
            if round % 10 == 0 {
                while let Ok(()) = sender.send(to, 9, payload.clone()) {
                    sent += payload.len();
                }
            }
            while !sender.is_idle() {
                assert!(sender.flush(&mut ring.submission(), |_| ()));
                uring_send::submit_and_wait(ring, None).expect("a live ring");
                sender.reap(&mut ring.completion(), |_| (), |_| ());
            }
        }
    });
    assert_eq!(measured.count_total, 0);
    sending.finish(&[to]);
    assert_eq!(reader.join().expect("reads").len(), sent);
}
