//! What a value looks like: its key, its version, and bytes that follow from both.

use anyhow::{Result, ensure};

/// Bytes of the largest value: a page.
pub(crate) const MOST_BYTES: usize = 4096;
const HEAD_BYTES: usize = 16;

/// How long a key's values are: between a head and a page.
pub(crate) fn bytes_of(key: u64) -> usize {
    let spread = (MOST_BYTES - HEAD_BYTES) as u64;
    HEAD_BYTES + usize::try_from(key.wrapping_mul(0x9e37_79b9) % spread).expect("less than a page")
}

/// Writes a value in place.
pub(crate) fn write(bytes: &mut [u8], key: u64, version: u64) {
    let (head, body) = bytes.split_at_mut(HEAD_BYTES);
    head[..8].copy_from_slice(&key.to_le_bytes());
    head[8..].copy_from_slice(&version.to_le_bytes());
    body.fill(filler(key, version));
}

/// Compares every byte; tells the version.
pub(crate) fn check(bytes: &[u8], key: u64) -> Result<u64> {
    ensure!(
        bytes.len() == bytes_of(key),
        "a value of {} bytes",
        bytes.len()
    );
    let (head, body) = bytes.split_at(HEAD_BYTES);
    let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("8 bytes"));
    let version = number(8);
    ensure!(number(0) == key, "asked for {key}, got {}", number(0));
    let expected = filler(key, version);
    ensure!(
        body.iter().all(|byte| *byte == expected),
        "bytes of another value"
    );
    Ok(version)
}

fn filler(key: u64, version: u64) -> u8 {
    (key.wrapping_mul(31) ^ version).to_le_bytes()[0]
}
