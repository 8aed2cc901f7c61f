//! One client's connection: requests of 8 bytes come in, a length of 4 bytes and the value go out.

use mio::net::TcpStream;
use percore_slab::RemotePage;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

const REQUEST_BYTES: usize = 8;

pub(crate) struct Connection {
    stream: TcpStream,
    /// The beginning of a request.
    begun: Vec<u8>,
    outgoing: VecDeque<Outgoing>,
}

/// An answer, written from the page it lies in.
struct Outgoing {
    length: [u8; 4],
    value: RemotePage,
    written: usize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            begun: Vec::new(),
            outgoing: VecDeque::new(),
        }
    }

    pub(crate) fn stream_mut(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Reads all there is, and gives the keys that were asked for to `on_key`. Tells whether the client is still there.
    pub(crate) fn read(&mut self, mut on_key: impl FnMut(u64)) -> io::Result<bool> {
        let mut bytes = [0; 512];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(false),
                Ok(count) => self.begun.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            let whole = self.begun.len() / REQUEST_BYTES * REQUEST_BYTES;
            for request in self
                .begun
                .drain(..whole)
                .collect::<Vec<_>>()
                .chunks(REQUEST_BYTES)
            {
                on_key(u64::from_le_bytes(request.try_into().expect("8 bytes")));
            }
        }
    }

    pub(crate) fn answer(&mut self, value: RemotePage) {
        let length = u32::try_from(value.len())
            .expect("a page at most")
            .to_le_bytes();
        self.outgoing.push_back(Outgoing {
            length,
            value,
            written: 0,
        });
    }

    /// Writes what the socket takes. Tells how many answers are out: their pages go home here.
    pub(crate) fn write(&mut self) -> io::Result<u64> {
        let mut done = 0;
        while let Some(next) = self.outgoing.front_mut() {
            match self.stream.write_vectored(&next.rest()) {
                Ok(count) => next.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if next.written == next.length.len() + next.value.len() {
                self.outgoing.pop_front();
                done += 1;
            }
        }
        Ok(done)
    }
}

impl Outgoing {
    fn rest(&self) -> [IoSlice<'_>; 2] {
        let of_value = self.written.saturating_sub(self.length.len());
        let of_length = self.written.min(self.length.len());
        [
            IoSlice::new(&self.length[of_length..]),
            IoSlice::new(&self.value[of_value..]),
        ]
    }
}
