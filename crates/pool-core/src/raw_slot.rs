//! A slot's right as two plain words, for storage that Rust's types do not reach.

use core::ptr::NonNull;

use crate::slots::Slots;

/// What [`Lease::into_raw`](crate::Lease::into_raw) and [`Shared::into_raw`](crate::Shared::into_raw)
/// give: the same right as two plain words, which forget to give the slot back.
///
/// For foreign interfaces, and for types that pack a right beside other fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawSlot {
    /// The pool, as an opaque address. Only compare it and carry it.
    pub pool: NonNull<()>,
    /// The slot's index in that pool: less than 2^32 - 2.
    pub slot: u32,
}

impl RawSlot {
    pub(crate) fn new(slots: NonNull<Slots>, slot: u32) -> Self {
        Self {
            pool: slots.cast(),
            slot,
        }
    }

    pub(crate) fn slots(self) -> NonNull<Slots> {
        self.pool.cast()
    }
}
