//! Options of an [`InFlight`].

use std::collections::VecDeque;

use pool_core::Pool;

use super::{InFlight, MAX_SEND_BYTES};
use crate::error::SetupError;
use crate::nonce::Nonce;
use crate::send_slot::SendSlot;
use crate::stats::SendStats;
use crate::wire::Wires;

/// Options of an [`InFlight`]; see [`InFlight::builder`].
#[derive(Debug, Clone, Copy)]
#[must_use = "a builder does nothing until `build`"]
pub struct InFlightBuilder {
    sends: usize,
    pub(super) copy_bytes: usize,
    pub(super) zero_copy_from: usize,
    pub(super) wait_all: bool,
}

impl InFlightBuilder {
    pub(super) fn new() -> Self {
        Self {
            sends: 256,
            copy_bytes: 4096,
            zero_copy_from: 32 * 1024,
            wait_all: true,
        }
    }

    /// How many sends can be in flight: 1 to 65 535. 256 by default.
    pub fn sends(mut self, sends: usize) -> Self {
        self.sends = sends;
        self
    }

    /// How many bytes [`Draft::copy`](crate::Draft::copy) can take in one send. 4096 by default.
    pub fn copy_bytes(mut self, bytes: usize) -> Self {
        self.copy_bytes = bytes;
        self
    }

    /// From how many guarded bytes on a send asks the kernel not to copy. 32 KiB by default: below, on the machines measured, pinning and
    /// notifying cost more than a copy. `usize::MAX` never asks.
    pub fn zero_copy_from(mut self, bytes: usize) -> Self {
        self.zero_copy_from = bytes;
        self
    }

    /// Whether the kernel itself goes on after a partial send on a stream. `true` by default; `false` makes each partial send an event.
    pub fn wait_all(mut self, wait: bool) -> Self {
        self.wait_all = wait;
        self
    }

    /// Builds it.
    ///
    /// # Errors
    ///
    /// [`SetupError`] names the option and its range, or says what there is too little of.
    pub fn build(self) -> Result<InFlight, SetupError> {
        let count = u16::try_from(self.sends)
            .ok()
            .filter(|count| *count > 0)
            .ok_or(SetupError::OutOfRange {
                field: "sends",
                bound: "1 to 65535",
                value: self.sends,
            })?;
        if self.copy_bytes == 0 || self.copy_bytes > MAX_SEND_BYTES {
            return Err(SetupError::OutOfRange {
                field: "copy_bytes",
                bound: "1 to 2147479552",
                value: self.copy_bytes,
            });
        }
        let copy_areas = Pool::builder()
            .slots(self.sends)
            .slot_bytes(self.copy_bytes)
            .build()?;
        Ok(InFlight {
            nonce: Nonce::take()?,
            slots: (0..count).map(|_| SendSlot::new()).collect(),
            wires: Wires::new(self.sends),
            free: (0..count).rev().collect(),
            waiting: VecDeque::with_capacity(self.sends),
            copy_areas,
            options: self,
            registered: None,
            stats: SendStats::default(),
            ended: None,
            stray_due: false,
        })
    }
}
