//! One message to many readers, each told what it is by a tag: on this thread without an atomic instruction, to other threads by one each:
//! `cargo run -p zerocopy-view --example fan_out`.

use std::sync::mpsc;
use std::thread;

use pool_core::Pool;
use zerocopy_view::{Kind, LocalView, View, ViewMut};

/// Who wants messages of one kind, on this thread.
struct Subscriber {
    wants: Kind,
    inbox: Vec<LocalView>,
}

/// Receives into a slot: the first byte says what the rest is.
fn receive(pool: &Pool, wire: &[u8], kinds: &[Kind]) -> Option<View> {
    let mut buffer = ViewMut::try_with_capacity(wire.len(), pool).ok()?;
    buffer.extend_from_slice(wire); // where a socket would write
    let kind = *kinds.get(usize::from(*buffer.first()?))?;
    buffer.advance(1);
    Some(buffer.freeze().retag(kind))
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Pool::builder().slots(16).slot_bytes(2048).build()?;
    let telemetry = Kind::register("telemetry")?; // once, at start-up
    let kinds = [Kind::JSON, Kind::OPUS, telemetry];
    let subscriber = |wants| Subscriber {
        wants,
        inbox: Vec::new(),
    };
    let mut subscribers: Vec<_> = kinds
        .iter()
        .cycle()
        .take(30)
        .copied()
        .map(subscriber)
        .collect();
    let (archive, archived) = mpsc::channel::<View>();
    let archiver = thread::spawn(move || archived.iter().map(|view| view.len()).sum::<usize>());

    for wire in [
        &b"\0{\"a\":1.5}"[..],
        b"\x01opus frame",
        b"\x02t=21.5",
        b"\x09unknown",
    ] {
        let Some(message) = receive(&pool, wire, &kinds) else {
            println!("refused: {:?}", wire.escape_ascii().to_string());
            continue;
        };
        let message = LocalView::from(message);
        archive.send(message.to_view())?; // counted with the slot: it leaves the thread
        for subscriber in &mut subscribers {
            if subscriber.wants == message.kind() {
                subscriber.inbox.push(message.clone()); // counted here
            }
        }
        println!("{:<9} to {} readers", message.kind(), message.members() - 1);
    }

    drop(archive);
    let archived = archiver.join().expect("the archive does not panic");
    println!("{archived} bytes archived, {} slots in use", pool.in_use());
    assert_eq!((archived, pool.in_use()), (25, 3));
    drop(subscribers);
    assert_eq!(pool.in_use(), 0);
    Ok(())
}
