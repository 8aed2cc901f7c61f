//! In place of `trace`, for processors and systems that it does not know.

use std::io;

use super::instruction::Instruction;

/// Nothing was seen.
#[derive(Debug)]
pub struct Refused(pub io::Error);

/// Runs something.
#[inline(always)]
pub fn watched<T>(run: impl FnOnce() -> T) {
    drop(run());
}

/// Sees nothing.
pub fn step_through(
    _: impl FnOnce(),
    _: usize,
    _: u32,
    _: impl FnMut(Instruction),
) -> Result<(), Refused> {
    let why = "only the instructions of x86-64 under Linux are known";
    Err(Refused(io::Error::new(io::ErrorKind::Unsupported, why)))
}
