//! Forwards each datagram to several targets, with a number in front. No payload byte is copied and nothing is allocated per datagram.

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use framebuf::FrameBuf;
use pool_core::Pool;
use zerocopy_view::View;

/// Before each datagram stands its number, big-endian.
const HEADER: usize = size_of::<u64>();
const SLOT_BYTES: usize = 2048;
/// How many datagrams wait for one target, before further ones are dropped.
const QUEUE: usize = 64;
/// What became of the datagrams.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    received: u64,
    too_long: u64,
    /// Counted for each target by itself.
    dropped: u64,
}

/// Receives one datagram into a slot, behind room for the header.
fn receive(socket: &UdpSocket, pool: &Pool) -> Result<FrameBuf, Box<dyn Error>> {
    let frame = FrameBuf::with_headroom(pool, HEADER).expect("`forward` made enough slots");
    let filled = frame.unfilled().fill_with(|room| socket.recv(room));
    Ok(filled.map_err(|(why, _room)| why)?)
}

/// Receives `count` datagrams and queues a view of each for each target.
fn receive_all(
    socket: &UdpSocket,
    pool: &Pool,
    queues: &[SyncSender<View>],
    count: u64,
) -> Result<Tally, Box<dyn Error>> {
    let mut tally = Tally::default();
    while tally.received < count {
        let mut frame = receive(socket, pool)?;
        tally.received += 1;
        if frame.tailroom() == 0 {
            tally.too_long += 1; // it filled the slot: the kernel may have cut it off
            continue;
        }
        frame.prepend(&tally.received.to_be_bytes())?;
        let view = View::from(frame);
        for queue in queues {
            if queue.try_send(view.clone()).is_err() {
                tally.dropped += 1; // this target is slow, the others are not
            }
        }
    }
    Ok(tally)
}

/// Sends what is queued to one target, until the queue is closed.
fn send_all(socket: &UdpSocket, target: SocketAddr, views: Receiver<View>) {
    for view in views {
        if let Err(error) = socket.send_to(&view, target) {
            eprintln!("{target}: {error}");
        }
    } // dropped here: the last view of a datagram gives its slot back
}

/// Forwards `count` datagrams from `socket` to all `targets`, by a thread for each.
fn forward(
    socket: &UdpSocket,
    targets: &[SocketAddr],
    count: u64,
) -> Result<Tally, Box<dyn Error>> {
    // For each target those that wait and the one that is being sent; and the one that is being received.
    let slots = targets.len() * (QUEUE + 1) + 1;
    let pool = Pool::builder()
        .slots(slots)
        .slot_bytes(SLOT_BYTES)
        .build()?;
    let tally = thread::scope(|scope| {
        let mut queues = Vec::new();
        for &target in targets {
            let (queue, views) = sync_channel(QUEUE);
            scope.spawn(move || send_all(socket, target, views));
            queues.push(queue);
        }
        receive_all(socket, &pool, &queues, count)
    })?;
    assert_eq!(pool.in_use(), 0); // every thread has ended: every slot is home
    Ok(tally)
}

/// Drives the forwarder over loopback: two targets compare every byte.
pub(crate) fn self_test() -> Result<(), Box<dyn Error>> {
    const DATAGRAMS: u64 = 500;
    let loopback = || {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?; // a lost datagram is a failure, and no hang
        std::io::Result::Ok(socket)
    };
    let (source, entrance) = (loopback()?, loopback()?);
    let targets = [loopback()?, loopback()?];
    let addresses = [targets[0].local_addr()?, targets[1].local_addr()?];
    source.connect(entrance.local_addr()?)?;

    let tally = thread::scope(|scope| {
        let forwarder = scope.spawn(|| {
            forward(&entrance, &addresses, DATAGRAMS + 1).map_err(|error| error.to_string())
        });
        let mut received = [0; SLOT_BYTES];
        for number in 1..=DATAGRAMS {
            let payload = vec![number as u8; 3 * number as usize];
            source.send(&payload)?;
            for target in &targets {
                let len = target.recv(&mut received)?;
                let (header, body) = received[..len].split_at(HEADER);
                assert_eq!(header, number.to_be_bytes());
                assert_eq!(body, payload);
            }
        }
        source.send(&[0; SLOT_BYTES])?; // cut off, and so not forwarded
        let tally = forwarder.join().expect("the forwarder does not panic")?;
        Result::<_, Box<dyn Error>>::Ok(tally)
    })?;
    let expected = Tally {
        received: DATAGRAMS + 1,
        too_long: 1,
        dropped: 0,
    };
    assert_eq!(tally, expected);
    println!("self-test passed: {tally:?}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((listen, targets)) if !targets.is_empty() => {
            let targets: Result<Vec<SocketAddr>, _> =
                targets.iter().map(|text| text.parse()).collect();
            let tally = forward(&UdpSocket::bind(listen)?, &targets?, u64::MAX)?;
            println!("{tally:?}");
            Ok(())
        }
        Some((option, _)) if option == "--self-test" => self_test(),
        _ => Err("usage: udp_forwarder LISTEN TARGET… | --self-test".into()),
    }
}
