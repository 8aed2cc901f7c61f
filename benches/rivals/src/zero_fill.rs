//! The size-class pool that many build themselves: vectors behind a lock, each filled with zeros when it is used again.
//! amaters-core's pool is this, with a count of users on top; itself it is not built here, for it brings 170 crates.

use std::sync::{Mutex, PoisonError};

use benches::work::class::{Buffers, untouched};
use benches::work::{LINE_BYTES, Line, Memory, Writable};

const KIB: usize = 1024;

crate::submit! {
    "class/4k" => untouched::<ZeroFill, { 4 * KIB }>,
    "class/64k" => untouched::<ZeroFill, { 64 * KIB }>,
    "class/1m" => untouched::<ZeroFill, { KIB * KIB }>,
    "scale/class-bytes-64" => untouched::<ZeroFill, 64>,
    "scale/class-bytes-1024" => untouched::<ZeroFill, 1024>,
    "scale/class-bytes-16384" => untouched::<ZeroFill, 16384>,
    "scale/class-bytes-262144" => untouched::<ZeroFill, 262_144>,
    "scale/class-bytes-1048576" => untouched::<ZeroFill, 1_048_576>,
}

/// The vectors that are free, of the one class that a case uses.
struct ZeroFill(Mutex<Vec<Vec<u8>>>);

/// A vector, and where it goes back.
struct Buffer<'a> {
    home: &'a ZeroFill,
    bytes: Vec<u8>,
}

impl Buffers for ZeroFill {
    const NAME: &'static str = "zero-fill";

    type Buffer<'a> = Buffer<'a>;

    #[inline]
    fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    #[inline]
    fn acquire(&self, bytes: usize) -> Buffer<'_> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = match free {
            Some(mut used) => {
                used.clear();
                used.resize(bytes, 0);
                used
            }
            None => vec![0; bytes],
        };
        Buffer { home: self, bytes }
    }
}

impl Drop for Buffer<'_> {
    #[inline]
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let home = &self.home.0;
        home.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(bytes);
    }
}

impl Memory for Buffer<'_> {
    #[inline]
    fn start(&self) -> *const u8 {
        self.bytes.as_ptr()
    }
}

impl Writable for Buffer<'_> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        self.bytes[..LINE_BYTES].copy_from_slice(line);
    }
}
