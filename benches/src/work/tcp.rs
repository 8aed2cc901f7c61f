//! Messages by TCP over loopback: what the sending thread's processor time is, per message.
//!
//! Processor time and not the clock, because the receivers share the machine's few cores with the sender.

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::case::{Case, each_of_cpu};

/// How many messages are given to the kernel at once.
const BATCH: usize = 32;
/// What a receiver reads at once.
const READ_BYTES: usize = 256 * 1024;

/// Whatever sends messages on connections.
pub trait StreamSender: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// For messages of `bytes` bytes on these connections, `batch` at once.
    fn new(connections: Vec<TcpStream>, bytes: usize, batch: usize) -> Result<Self, String>;

    /// Sends `message` so many times, on one connection after the other, and returns when the kernel has all of them.
    fn send(&mut self, message: &Arc<[u8]>, times: usize);
}

/// One message of `BYTES` on each of 32 connections.
pub fn one_each<S: StreamSender, const BYTES: usize>(case: &mut Case<'_>) {
    per_message::<S>(case, BYTES, BATCH);
}

/// 32 messages of `BYTES` on one connection.
pub fn many<S: StreamSender, const BYTES: usize>(case: &mut Case<'_>) {
    per_message::<S>(case, BYTES, 1);
}

fn per_message<S: StreamSender>(case: &mut Case<'_>, bytes: usize, connections: usize) {
    let set_up = || {
        let near = read_connections(connections);
        let sender = near.map_err(|error| error.to_string());
        let sender = sender.and_then(|near| S::new(near, bytes, BATCH));
        (
            sender.expect("checked: it can be made"),
            Arc::from(vec![7; bytes]),
        )
    };
    case.only_time(
        S::NAME,
        || check::<S>(bytes, connections),
        set_up,
        |bencher, (sender, message)| {
            each_of_cpu(bencher, BATCH as u64, || sender.send(message, BATCH));
        },
    );
}

/// Tells whether every byte arrives.
fn check<S: StreamSender>(bytes: usize, connections: usize) -> Result<(), String> {
    let mut readers = Vec::new();
    let near = connected(connections, |far| {
        readers.push(thread::spawn(move || read_all(far)));
    });
    let mut sender = S::new(near.map_err(|error| error.to_string())?, bytes, BATCH)?;
    let message: Arc<[u8]> = Arc::from(vec![7; bytes]);
    for _ in 0..3 {
        sender.send(&message, BATCH);
    }
    drop(sender);
    let arrived: usize = readers
        .into_iter()
        .map(|reader| reader.join().expect("a reader does not panic"))
        .sum();
    if arrived != 3 * BATCH * bytes {
        return Err(format!("{arrived} of {} bytes arrived", 3 * BATCH * bytes));
    }
    if Arc::strong_count(&message) != 1 {
        return Err("kept a message after the kernel was done with it".into());
    }
    Ok(())
}

/// Reads to the end and tells how many bytes there were.
fn read_all(mut far: TcpStream) -> usize {
    let mut buffer = vec![0; READ_BYTES];
    let mut all = 0;
    while let Ok(bytes @ 1..) = far.read(&mut buffer) {
        all += bytes;
    }
    all
}

/// Connections whose far ends are read, each by a thread, until they end.
pub(crate) fn read_connections(count: usize) -> io::Result<Vec<TcpStream>> {
    connected(count, |far| {
        thread::spawn(move || read_all(far));
    })
}

/// The near ends of connections whose far ends `take_far` gets.
pub(crate) fn connected(
    count: usize,
    mut take_far: impl FnMut(TcpStream),
) -> io::Result<Vec<TcpStream>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let connect = |_| {
        let near = TcpStream::connect(listener.local_addr()?)?;
        // Else the kernel holds small messages back until older ones arrived, and some subjects' messages more than others'.
        near.set_nodelay(true)?;
        take_far(listener.accept()?.0);
        Ok(near)
    };
    (0..count).map(connect).collect()
}
