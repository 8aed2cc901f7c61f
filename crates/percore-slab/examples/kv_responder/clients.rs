//! Plain clients: each asks, waits for the answer, and compares it.

use crate::{Options, value};
use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

/// Runs all clients to their end; gives the latencies that they saw, in nanoseconds.
pub(crate) fn ask(address: SocketAddr, options: &Options) -> Result<Histogram<u64>> {
    let clients: Vec<_> = (0..options.clients)
        .map(|number| {
            let options = options.clone();
            thread::spawn(move || client(address, number, &options))
        })
        .collect();
    let mut all = Histogram::new(3)?;
    for client in clients {
        let latencies = client.join().ok().context("a client panicked")??;
        all.add(&latencies)?;
    }
    Ok(all)
}

fn client(address: SocketAddr, number: usize, options: &Options) -> Result<Histogram<u64>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut latencies = Histogram::new(3)?;
    let mut newest = vec![0; options.keys];
    let mut bytes = vec![0; value::MOST_BYTES];
    for n in 0..options.requests {
        // All keys in turn, each client in another order.
        let place = (number + 7 * usize::try_from(n)?) % options.keys;
        let began = Instant::now();
        let version = round_trip(&mut stream, place as u64, &mut bytes)?;
        latencies.record(u64::try_from(began.elapsed().as_nanos())?)?;
        ensure!(version >= newest[place], "an older version than before");
        newest[place] = version;
    }
    Ok(latencies)
}

fn round_trip(stream: &mut TcpStream, key: u64, bytes: &mut [u8]) -> Result<u64> {
    stream.write_all(&key.to_le_bytes())?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_le_bytes(length))?;
    ensure!(length <= bytes.len(), "an answer of {length} bytes");
    stream.read_exact(&mut bytes[..length])?;
    value::check(&bytes[..length], key)
}
