//! What a pool does to a slot's bytes between two owners, if it does anything: the cold side of alloc and free.

use core::ptr::NonNull;

use crate::free_list::OwnedSlot;
use crate::guard::{Damage, GuardedSlot, ZONE_BYTES};
use crate::hand::Hand;
use crate::name::Name;
use crate::scrub::Scrub;
use crate::site::SlotEvent;
use crate::slots::Slots;

/// Why a slot is not handed out.
enum Unfit {
    Inaccessible,
    Damaged(Damage),
}

/// What was found in a slot or beside it, with all that a report of it says: it outlives the caller's right to the slot.
pub(crate) struct Finding {
    pool: Name,
    slot: u32,
    damage: Damage,
    taken: LastTaken,
}

impl Finding {
    /// # Panics
    ///
    /// Always: that is the report.
    pub(crate) fn report(self) -> ! {
        let Self {
            pool,
            slot,
            damage,
            taken,
        } = self;
        panic!("{pool}slot {slot}: {damage}{taken}")
    }
}

impl Slots {
    /// What a new pool's policies do to all slots, before anybody has one.
    pub(crate) fn furnish(&self) {
        let geometry = self.geometry();
        for slot in 0..geometry.slots {
            if geometry.check_free {
                self.guarded(slot).mark_zones();
                self.guarded(slot).mark_free();
            }
            if geometry.protect_free {
                // A slot that stays accessible is not watched, and no less right.
                self.set_accessible(slot, false);
            }
        }
    }

    /// See [`prepare`](Self::prepare).
    ///
    /// # Safety
    ///
    /// The slot is the caller's.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn prepare_by_policy(this: NonNull<Self>, slot: OwnedSlot) -> OwnedSlot {
        // SAFETY: the slot keeps the body alive (SLOTS-1); only shared references to it exist.
        let slots = unsafe { this.as_ref() };
        let index = slot.index();
        let found = match slots.make_fit(index) {
            Ok(()) => return slot,
            Err(Unfit::Damaged(damage)) => Some(slots.finding(index, damage)),
            Err(Unfit::Inaccessible) => None,
        };
        let name = *slots.name();
        // A reserved one was taken already.
        slots.note(index, SlotEvent::GivenBack);
        // SAFETY: the slot is ours, and the body is not used after this.
        unsafe { Self::put_home(this, None, slot) }
        match found {
            Some(found) => found.report(),
            None => panic!(
                "{name}the kernel refused to make a protected slot accessible again (out of mappings)"
            ),
        }
    }

    fn finding(&self, slot: u32, damage: Damage) -> Finding {
        Finding {
            pool: *self.name(),
            slot,
            damage,
            taken: self.last_taken(slot),
        }
    }

    fn make_fit(&self, slot: u32) -> Result<(), Unfit> {
        let geometry = self.geometry();
        if geometry.protect_free && !self.set_accessible(slot, true) {
            return Err(Unfit::Inaccessible);
        }
        if geometry.check_free {
            self.note_write(slot);
            let guarded = self.guarded(slot);
            if let Some(damage) = guarded.check_free() {
                // Said once: the next to take it finds it whole.
                guarded.mark_free();
                return Err(Unfit::Damaged(damage));
            }
        }
        let holds_marks = geometry.check_free && geometry.scrub != Scrub::Never;
        if geometry.scrub == Scrub::OnAlloc || holds_marks {
            self.zero(slot);
        }
        Ok(())
    }

    /// See [`give_back`](Self::give_back).
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn give_back_by_policy(
        this: NonNull<Self>,
        hand: Option<&Hand>,
        slot: OwnedSlot,
    ) {
        // SAFETY: alive until the slot is home (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        let index = slot.index();
        let found = slots.retire(index);
        slots.note(index, SlotEvent::GivenBack);
        // SAFETY: this function's own promise.
        unsafe { Self::put_home(this, hand, slot) }
        if let Some(found) = found {
            found.report();
        }
    }

    /// What the pool's policies do to a slot that is free from now on: they see to its bytes, and tell what happened beside them while it was out.
    ///
    /// The slot is the caller's, and nobody uses its bytes before it is prepared again.
    pub(crate) fn retire(&self, slot: u32) -> Option<Finding> {
        let geometry = self.geometry();
        if geometry.check_free {
            self.note_write(slot);
            let guarded = self.guarded(slot);
            let damage = guarded.check_zones();
            if damage.is_some() {
                guarded.mark_zones();
            }
            guarded.mark_free();
            return damage.map(|damage| self.finding(slot, damage));
        }
        if geometry.scrub == Scrub::OnFree {
            self.zero(slot);
        }
        if geometry.protect_free {
            self.set_accessible(slot, false);
        }
        None
    }

    /// As [`retire`](Self::retire), for a slot that is kept back: memory that can go back to the system is scrubbed by that.
    pub(crate) fn retire_to_stock(&self, slot: u32) -> Option<Finding> {
        let geometry = self.geometry();
        if geometry.scrub == Scrub::OnFree && geometry.gives_back_pages {
            self.note_write(slot);
            if self.discard_slot(slot) {
                return None;
            }
        }
        self.retire(slot)
    }

    /// The caller owns the slot, and uses the answer as long only.
    fn guarded(&self, slot: u32) -> GuardedSlot {
        let geometry = self.geometry();
        let behind = geometry.stride_bytes - geometry.slot_bytes - ZONE_BYTES;
        // SAFETY: the builder adds a zone before the first slot, and to each stride two: the end of a stride is the next slot's zone, what
        // lies before it the slot's own (GUARD-1). The slot is the caller's (LIST-1).
        unsafe { GuardedSlot::new(self.slot_ptr(slot), geometry.slot_bytes, behind) }
    }

    fn zero(&self, slot: u32) {
        self.note_write(slot);
        let (base, bytes) = (self.slot_ptr(slot), self.geometry().slot_bytes);
        // SAFETY: validity: `slot_bytes` bytes of the region (SLOTS-2). Aliasing: the slot is the caller's (LIST-1).
        unsafe { base.write_bytes(0, bytes) }
    }

    #[cfg(all(feature = "os", unix))]
    fn set_accessible(&self, slot: u32, accessible: bool) -> bool {
        let stride_bytes = self.geometry().stride_bytes;
        // SAFETY: the stride is whole pages (the builder checks) of a mapping, and the slot is the caller's (LIST-1).
        unsafe { crate::os::set_accessible(self.slot_ptr(slot), stride_bytes, accessible) }
    }

    #[cfg(not(all(feature = "os", unix)))]
    #[expect(clippy::unused_self, reason = "the same face as with `os`")]
    fn set_accessible(&self, _slot: u32, _accessible: bool) -> bool {
        unreachable!("the builder refuses to protect slots without `os`")
    }

    /// Who took the slot last, for a message.
    #[cfg(feature = "track")]
    fn last_taken(&self, slot: u32) -> LastTaken {
        LastTaken(self.sites.last_taken(slot))
    }

    #[cfg(not(feature = "track"))]
    #[expect(clippy::unused_self, reason = "the same face as with `track`")]
    fn last_taken(&self, _slot: u32) -> LastTaken {
        ""
    }
}

#[cfg(not(feature = "track"))]
type LastTaken = &'static str;

#[cfg(feature = "track")]
struct LastTaken(Option<crate::site::Site>);

#[cfg(feature = "track")]
impl core::fmt::Display for LastTaken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(site) => write!(f, " (last taken at {}:{})", site.file(), site.line()),
            None => f.write_str(" (never taken)"),
        }
    }
}
