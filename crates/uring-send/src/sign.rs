//! The same 32 bits with the other sign: what is a flag to one side is a number to the other.

/// As `u32::cast_signed`, which came with Rust 1.87.
pub(crate) const fn signed(bits: u32) -> i32 {
    i32::from_ne_bytes(bits.to_ne_bytes())
}

/// As `i32::cast_unsigned`.
pub(crate) const fn unsigned(bits: i32) -> u32 {
    u32::from_ne_bytes(bits.to_ne_bytes())
}
