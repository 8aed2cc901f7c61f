//! Names of slots that left Rust's ownership, checked when they come back.
//!
//! A slot travels through a `user_data`, a buffer id or a descriptor ring as a number. Each slot has a
//! word that is odd while the slot is out as an id: `into_id` makes it odd, `redeem` makes it even, and
//! the id carries the odd value. So a name is good for one redemption, by whoever comes first.

use core::fmt;

use crate::error::IdErrorKind;
use crate::free_list::{FreeList, OwnedSlot};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The name of a slot that left Rust's ownership through [`Lease::into_id`](crate::Lease::into_id).
///
/// Holding a `SlotId` proves nothing: it is a number that may be copied, kept too long or made up.
/// [`Pool::redeem`](crate::Pool::redeem) checks it and gives the lease to the first who presents it.
///
/// # Odds
///
/// An id of another pool or of another process, or a number that was made up without knowing any id, is accepted with a chance of (slots out as ids of
/// this pool) ÷ 2^64. (Without `std`, processes are told apart by where the system loads them, if it varies that.) An id of the same pool and slot is accepted again after
/// exactly 2^31 further round trips of that slot.
///
/// Ids are names, not secrets: who has seen one can work out others of the same process. What a wrong one could reach is another
/// id's lease, never freed memory and never a slot with an owner.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(u64);

impl SlotId {
    /// The id as a number, for a `user_data` or a descriptor.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// Takes a number for an id; [`Pool::redeem`](crate::Pool::redeem) finds out whether it is one.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

impl From<SlotId> for u64 {
    fn from(id: SlotId) -> Self {
        id.to_bits()
    }
}

impl From<u64> for SlotId {
    fn from(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

impl fmt::Debug for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotId({:#018x})", self.0)
    }
}

/// A pool's own mark, mixed into its ids so that another pool's do not fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nonce(u64);

impl Nonce {
    /// The mark of the `serial`-th pool of this process: all different, and far apart in all bits, also from those of other processes.
    ///
    /// The mixing is the finaliser of Steele, Lea and Flood's `SplitMix64` (OOPSLA 2014), a bijection.
    pub(crate) fn from_serial(serial: u64) -> Self {
        let mut z = process_mark().wrapping_add(serial);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(z ^ (z >> 31))
    }

    fn seal(self, word: u32, slot: u32) -> SlotId {
        SlotId((u64::from(word) << 32 | u64::from(slot)) ^ self.0)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low half is the slot")]
    fn open(self, id: SlotId) -> (u32, u32) {
        let bits = id.0 ^ self.0;
        ((bits >> 32) as u32, bits as u32)
    }
}

/// A number that another process, or the next run of this one, hardly has: what `std` draws for its hash maps.
#[cfg(all(feature = "std", not(loom)))]
fn process_mark() -> u64 {
    use core::hash::BuildHasher;
    use core::sync::atomic::AtomicU64;
    use std::hash::RandomState;

    /// 0: not drawn yet.
    static MARK: AtomicU64 = AtomicU64::new(0);
    // Relaxed, here and below: a number on its own.
    let mark = MARK.load(Relaxed);
    if mark != 0 {
        return mark;
    }
    let drawn = RandomState::new().hash_one("a process") | 1;
    // Relaxed: as above.
    match MARK.compare_exchange(0, drawn, Relaxed, Relaxed) {
        Ok(_) => drawn,
        Err(earlier) => earlier,
    }
}

/// Without `std` there is no source of such a number but where the system put the program.
#[cfg(not(all(feature = "std", not(loom))))]
fn process_mark() -> u64 {
    static HERE: u8 = 0;
    if cfg!(loom) {
        return 0x9e37_79b9_7f4a_7c15; // The same in each execution of a model.
    }
    core::ptr::from_ref(&HERE).addr() as u64
}

/// Turns the ownership of a slot into a name. `id_word` is the slot's.
///
/// Not a `&FreeList`: the moment the word is odd, another thread may guess the id, redeem it, and free the pool while this call
/// is still on its way out. A reference to an atomic alone makes no promise that what it points to outlives the call.
pub(crate) fn issue(id_word: &AtomicU32, nonce: Nonce, slot: OwnedSlot) -> SlotId {
    let slot = slot.into_index();
    // Relaxed: the slot is ours, and only its owner issues; the last redeemer's write came to us with it.
    let odd = id_word.load(Relaxed).wrapping_add(1);
    debug_assert!(odd % 2 == 1, "slot {slot} issued while out as an id");
    // [ID-ISSUE] Release: what we did to the slot's bytes happens before what its redeemer does, even
    // if the id itself travels by a way that orders nothing (a kernel). Pairs with [ID-REDEEM].
    id_word.store(odd, Release);
    nonce.seal(odd, slot)
}

/// Turns a name back into the ownership of a slot, for the first who presents it.
pub(crate) fn redeem(list: &FreeList, nonce: Nonce, id: SlotId) -> Result<OwnedSlot, IdErrorKind> {
    let (word, slot) = nonce.open(id);
    if slot >= list.slots() {
        return Err(IdErrorKind::OutOfRange {
            slot,
            slots: list.slots(),
        });
    }
    if word % 2 == 0 {
        return Err(IdErrorKind::NotOut);
    }
    let id_word = &list.record(slot).id_word;
    // [ID-REDEEM] Acquire: the issuer's last use of the bytes is visible. Success makes the word even,
    // so nobody else can redeem this id (LIST-1). Pairs with [ID-ISSUE].
    // Relaxed on failure: nothing is read but the refusal.
    match id_word.compare_exchange(word, word.wrapping_add(1), Acquire, Relaxed) {
        Ok(_) => Ok(OwnedSlot::assume(slot)),
        Err(_) => Err(IdErrorKind::NotOut),
    }
}

/// How many slots are out as ids at a moment when no pool handle exists to redeem them.
pub(crate) fn count_out(list: &FreeList) -> usize {
    let out = |slot: &u32| {
        // Relaxed: the caller holds the last handle, so nobody redeems; a lease that is being turned
        // into an id at this moment may or may not be counted.
        list.record(*slot).id_word.load(Relaxed) % 2 == 1
    };
    (0..list.slots()).filter(out).count()
}
