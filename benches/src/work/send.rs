//! Sends: keeping what the kernel reads, and sending itself.

use std::hint::black_box;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use crate::case::{Case, each_of, each_of_cpu};

/// `IORING_CQE_F_MORE`: a notification will follow.
const MORE: u32 = 1 << 1;
/// `IORING_CQE_F_NOTIF`: this is it.
const NOTIFICATION: u32 = 1 << 3;
/// How many bytes each of the two guards has.
const GUARD_BYTES: usize = 1400;
/// How many datagrams go to the kernel at once.
const BATCH: usize = 32;
/// How many bytes a datagram has.
const DATAGRAM_BYTES: usize = 1400;
/// How many bytes each of many has: what Ethernet takes.
const SEGMENT_BYTES: usize = 1472;

/// What keeps a send's memory until the kernel is done with it.
pub trait Keeper: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// For sends to `socket`.
    fn new(socket: UdpSocket) -> Result<Self, String>;

    /// Makes the entry for a zero-copy send of both guards and keeps them; gives its `user_data`. The entry is not submitted.
    fn begin(&mut self, guards: [Arc<[u8]>; 2]) -> u64;

    /// Takes in a completion; tells whether it ended the send and the guards were dropped.
    fn complete(&mut self, user_data: u64, result: i32, flags: u32) -> bool;
}

/// Whatever sends datagrams.
pub trait DatagramSender: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// For datagrams to where `socket` is connected, `most` at once.
    fn new(socket: UdpSocket, most: usize) -> Result<Self, String>;

    /// Sends `datagram` so many times, and returns when the kernel has all of them.
    fn send(&mut self, datagram: &Arc<[u8]>, times: usize);
}

/// Whatever sends many datagrams that lie one behind the other.
pub trait SegmentSender: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// For datagrams of `segment_bytes` to where `socket` is connected.
    fn new(socket: UdpSocket, segment_bytes: usize) -> Result<Self, String>;

    /// Sends all of `datagrams`, and returns when the kernel has them.
    fn send(&mut self, datagrams: &Arc<[u8]>);
}

/// The whole life of a send with two guards, without a kernel: entry, main completion, notification.
pub fn slab<K: Keeper>(case: &mut Case<'_>) {
    let set_up = || new_keeper::<K>().expect("checked: it can be made");
    case.time(
        K::NAME,
        check_keeper::<K>,
        set_up,
        |bencher, (keeper, guards)| {
            bencher.iter(|| one_life(keeper, guards));
        },
    );
}

/// 1400 bytes by UDP over loopback, 32 at once, to a socket that nobody reads: it is full soon, and the kernel drops what comes. Per
/// datagram.
pub fn udp<S: DatagramSender>(case: &mut Case<'_>) {
    let set_up = || {
        let (near, far) = connected().expect("checked: there are sockets");
        let sender = S::new(near, BATCH).expect("checked: it can be made");
        (sender, Arc::from([7; DATAGRAM_BYTES]), far)
    };
    case.only_time(
        S::NAME,
        check_udp::<S>,
        set_up,
        |bencher, (sender, datagram, _far)| {
            each_of(bencher, BATCH as u64, || sender.send(datagram, BATCH));
        },
    );
}

/// 32 datagrams of 1472 bytes by UDP over loopback, to a socket that nobody reads: the sender's processor time, per datagram.
pub fn segments<S: SegmentSender>(case: &mut Case<'_>) {
    let set_up = || {
        let (near, far) = connected().expect("checked: there are sockets");
        let sender = S::new(near, SEGMENT_BYTES).expect("checked: it can be made");
        (sender, Arc::from([7; BATCH * SEGMENT_BYTES]), far)
    };
    case.only_time(
        S::NAME,
        check_segments::<S>,
        set_up,
        |bencher, (sender, datagrams, _far)| {
            each_of_cpu(bencher, BATCH as u64, || sender.send(datagrams));
        },
    );
}

type Guards = [Arc<[u8]>; 2];

fn new_keeper<K: Keeper>() -> Result<(K, Guards), String> {
    let (near, _) = connected().map_err(|error| error.to_string())?;
    let guards = [1, 2].map(|byte| Arc::from([byte; GUARD_BYTES]));
    Ok((K::new(near)?, guards))
}

/// Tells whether the guards were kept until the notification, and no longer.
fn one_life(keeper: &mut impl Keeper, guards: &Guards) -> bool {
    let sent = i32::try_from(2 * GUARD_BYTES).expect("a few kilobytes");
    let name = keeper.begin(guards.clone());
    let early = keeper.complete(black_box(name), sent, MORE);
    let over = keeper.complete(black_box(name), 0, NOTIFICATION);
    !early && over
}

fn check_keeper<K: Keeper>() -> Result<(), String> {
    let (mut keeper, guards) = new_keeper::<K>()?;
    for _ in 0..3 {
        if !one_life(&mut keeper, &guards) {
            return Err("released at the wrong completion".into());
        }
    }
    if guards.iter().any(|guard| Arc::strong_count(guard) != 1) {
        return Err("kept a guard after the notification".into());
    }
    Ok(())
}

fn check_udp<S: DatagramSender>() -> Result<(), String> {
    let attempt = || -> io::Result<Result<(), String>> {
        let (near, far) = connected()?;
        far.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut sender = match S::new(near, BATCH) {
            Ok(sender) => sender,
            Err(why) => return Ok(Err(why)),
        };
        let datagram: Arc<[u8]> = (0..DATAGRAM_BYTES).map(|at| (at % 251) as u8).collect();
        sender.send(&datagram, BATCH);
        for _ in 0..BATCH {
            let mut received = [0; 2 * DATAGRAM_BYTES];
            let bytes = far.recv(&mut received)?;
            if received[..bytes] != datagram[..] {
                return Ok(Err("other bytes arrived".into()));
            }
        }
        Ok(Ok(()))
    };
    attempt().unwrap_or_else(|error| Err(error.to_string()))
}

fn check_segments<S: SegmentSender>() -> Result<(), String> {
    let attempt = || -> io::Result<Result<(), String>> {
        let (near, far) = connected()?;
        far.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut sender = match S::new(near, SEGMENT_BYTES) {
            Ok(sender) => sender,
            Err(why) => return Ok(Err(why)),
        };
        let datagrams: Arc<[u8]> = (0..BATCH * SEGMENT_BYTES)
            .map(|at| (at % 251) as u8)
            .collect();
        sender.send(&datagrams);
        for expected in datagrams.chunks(SEGMENT_BYTES) {
            let mut received = [0; 2 * SEGMENT_BYTES];
            let bytes = far.recv(&mut received)?;
            if received[..bytes] != *expected {
                return Ok(Err("other bytes arrived".into()));
            }
        }
        Ok(Ok(()))
    };
    attempt().unwrap_or_else(|error| Err(error.to_string()))
}

/// Two sockets, the first connected to the second.
fn connected() -> io::Result<(UdpSocket, UdpSocket)> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (near, far) = (UdpSocket::bind(any)?, UdpSocket::bind(any)?);
    near.connect(far.local_addr()?)?;
    Ok((near, far))
}
