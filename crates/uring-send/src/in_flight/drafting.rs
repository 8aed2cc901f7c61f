//! What a draft calls: a send is put together, begun or given up.

use std::net::SocketAddr;
use std::time::Duration;

use io_uring::squeue;
use pool_core::StableBytes;

use super::{InFlight, MAX_SEND_BYTES};
use crate::error::{DraftError, SubmitError};
use crate::guard_cell::GuardCell;
use crate::queue::{Submissions, has_room};
use crate::wire::{MAX_GUARDS, MAX_PARTS};

impl InFlight {
    pub(crate) fn add_copy(&mut self, slot: u16, bytes: &[u8]) -> Result<(), DraftError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let left = self.copy_room(slot);
        if bytes.len() > left {
            let bound = self.options.copy_bytes;
            return Err(DraftError::CopyAreaFull {
                wanted: bytes.len(),
                left,
                bound,
            });
        }
        self.check_part(slot, bytes.len())?;
        let (state, areas) = (&mut self.slots[usize::from(slot)], &self.copy_areas);
        let area = state.copied.get_or_insert_with(|| {
            areas
                .alloc()
                .expect("one area per slot, at most one taken by each")
        });
        let from = state.copied_bytes;
        area[from..from + bytes.len()].copy_from_slice(bytes);
        let start = area.as_mut_ptr().wrapping_add(from);
        state.copied_bytes += bytes.len();
        state.total_bytes += bytes.len();
        self.wires
            .push_part(slot, std::ptr::slice_from_raw_parts(start, bytes.len()));
        Ok(())
    }

    pub(crate) fn check_guard(&self, slot: u16, bytes: usize) -> Result<(), DraftError> {
        if self.guard_room(slot) == 0 {
            return Err(DraftError::TooManyGuards { bound: MAX_GUARDS });
        }
        self.check_part(slot, bytes)
    }

    fn check_part(&self, slot: u16, bytes: usize) -> Result<(), DraftError> {
        if self.wires.part_count(slot) == MAX_PARTS {
            return Err(DraftError::TooManyParts { bound: MAX_PARTS });
        }
        let value = self.total_bytes(slot).saturating_add(bytes);
        if value > MAX_SEND_BYTES {
            return Err(DraftError::TooLong {
                bound: MAX_SEND_BYTES,
                value,
            });
        }
        Ok(())
    }

    pub(crate) fn add_guard<G: StableBytes + Send + 'static>(&mut self, slot: u16, guard: G) {
        self.add_cell(slot, GuardCell::new(guard));
    }

    /// Adds a guard that is in its cell already. The caller has checked that there is room.
    pub(crate) fn add_cell(&mut self, slot: u16, cell: GuardCell) {
        let state = self.slot(slot);
        state.guards.push(cell);
        // The address is asked for after the guard is in its place: what it says now holds until it is dropped.
        let bytes = state.guards.last().expect("pushed just now").bytes();
        if bytes.len() == 0 {
            state.guards.pop();
            return;
        }
        state.total_bytes += bytes.len();
        self.wires.push_part(slot, bytes);
    }

    pub(crate) fn set_tag(&mut self, slot: u16, tag: u64) {
        self.slot(slot).tag = tag;
    }

    pub(crate) fn set_address(&mut self, slot: u16, to: SocketAddr) {
        self.wires.set_address(slot, to);
    }

    pub(crate) fn set_timeout(&mut self, slot: u16, limit: Duration) {
        self.slot(slot).timeout = Some(limit);
    }

    pub(crate) fn has_timeout(&self, slot: u16) -> bool {
        self.slots[usize::from(slot)].timeout.is_some()
    }

    pub(crate) fn set_segment_bytes(&mut self, slot: u16, bytes: u16) {
        self.wires.set_segment_bytes(slot, bytes);
    }

    pub(crate) fn total_bytes(&self, slot: u16) -> usize {
        self.slots[usize::from(slot)].total_bytes
    }

    pub(crate) fn copy_room(&self, slot: u16) -> usize {
        self.options.copy_bytes - self.slots[usize::from(slot)].copied_bytes
    }

    pub(crate) fn guard_room(&self, slot: u16) -> usize {
        MAX_GUARDS - self.slots[usize::from(slot)].guards.len()
    }

    pub(crate) fn submit_draft(
        &mut self,
        slot: u16,
        queue: &mut impl Submissions,
    ) -> Result<(), SubmitError> {
        if !has_room(queue, self.slot(slot).places()) {
            return Err(SubmitError::QueueFull);
        }
        let entry = self.begin(slot)?;
        self.push(slot, &entry, queue);
        Ok(())
    }

    /// From here on the send counts as in flight.
    pub(crate) fn begin(&mut self, slot: u16) -> Result<squeue::Entry, SubmitError> {
        let zero_copy_from = self.options.zero_copy_from;
        let state = self.slot(slot);
        if state.total_bytes == 0 {
            return Err(SubmitError::Empty);
        }
        let socket = state.socket.as_ref().expect("set by `send`");
        if !socket.begin_send() {
            return Err(SubmitError::SocketBusy);
        }
        let zero_copy = state.guarded_bytes() >= zero_copy_from;
        Ok(self.begin_claimed(slot, zero_copy))
    }

    /// As [`begin`](Self::begin), of a send that has bytes and whose caller has the right to send to the socket.
    fn begin_claimed(&mut self, slot: u16, zero_copy: bool) -> squeue::Entry {
        let state = self.slot(slot);
        state.zero_copy = zero_copy;
        let deadline = state.start_clock();
        let (copied, guarded) = (state.copied_bytes, state.guarded_bytes());
        self.stats.bytes_copied += copied as u64;
        self.stats.bytes_guarded += guarded as u64;
        if let Some(deadline) = deadline {
            self.wires.set_deadline(slot, deadline);
        }
        self.operation(slot)
    }

    /// As [`begin`](Self::begin) and [`push`](Self::push), of a send that has bytes and whose caller has the right to send to the socket and saw room.
    pub(crate) fn submit_claimed(
        &mut self,
        slot: u16,
        zero_copy: bool,
        queue: &mut impl Submissions,
    ) {
        let entry = self.begin_claimed(slot, zero_copy);
        self.push(slot, &entry, queue);
    }

    pub(crate) fn abandon(&mut self, slot: u16) {
        self.free.push(slot);
        self.slot(slot).reset();
    }
}
