//! The last events of a slot and the time it was taken, in one word.

use core::fmt;

use crate::slot_event::SlotEvent;
use crate::track::coarse_time::CoarseTime;

const EVENT_BITS: u32 = 3;
const EVENTS: u32 = 16;
const EVENTS_MASK: u64 = (1 << (EVENTS * EVENT_BITS)) - 1;

/// A slot's last sixteen events, and when it was taken last.
///
/// | bits   | meaning                                                      |
/// |--------|--------------------------------------------------------------|
/// | 63..48 | when the slot was taken last, a [`CoarseTime`]               |
/// | 47..0  | sixteen events of three bits, the latest lowest, 0 for none  |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct HistoryWord(u64);

impl HistoryWord {
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    /// What a slot's word is after it was taken.
    #[must_use]
    pub(crate) fn taken(self, now: CoarseTime) -> Self {
        Self(now.to_high_bits() | (self.0 << EVENT_BITS | code(SlotEvent::Taken)) & EVENTS_MASK)
    }

    /// What a slot's word is after something else happened to it.
    #[must_use]
    pub(crate) fn then(self, event: SlotEvent) -> Self {
        let when = self.0 & !EVENTS_MASK;
        Self(when | (self.0 << EVENT_BITS | code(event)) & EVENTS_MASK)
    }

    pub(crate) fn is_out(self) -> bool {
        !matches!(
            self.history().latest_first().next(),
            None | Some(SlotEvent::GivenBack)
        )
    }

    pub(crate) fn taken_when(self) -> CoarseTime {
        CoarseTime::from_high_bits(self.0)
    }

    pub(crate) fn history(self) -> SlotHistory {
        SlotHistory(self.0 & EVENTS_MASK)
    }
}

fn code(event: SlotEvent) -> u64 {
    match event {
        SlotEvent::Taken => 1,
        SlotEvent::GivenBack => 2,
        SlotEvent::Shared => 3,
        SlotEvent::Unshared => 4,
        SlotEvent::IdOut => 5,
        SlotEvent::Redeemed => 6,
    }
}

fn event(code: u64) -> Option<SlotEvent> {
    Some(match code {
        1 => SlotEvent::Taken,
        2 => SlotEvent::GivenBack,
        3 => SlotEvent::Shared,
        4 => SlotEvent::Unshared,
        5 => SlotEvent::IdOut,
        6 => SlotEvent::Redeemed,
        _ => return None,
    })
}

/// The last events of a slot, at most sixteen. A copy: the slot goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlotHistory(u64);

impl SlotHistory {
    /// The events, the latest first.
    pub fn latest_first(self) -> impl Iterator<Item = SlotEvent> {
        let codes = (0..EVENTS).map(move |at| self.0 >> (at * EVENT_BITS) & 0b111);
        codes.map_while(event)
    }
}

/// The events, the latest last.
impl fmt::Display for SlotHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = (0..EVENTS)
            .rev()
            .map(|at| self.0 >> (at * EVENT_BITS) & 0b111);
        for (number, event) in codes.filter_map(event).enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{event}")?;
        }
        Ok(())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    const ALL: [SlotEvent; 6] = [
        SlotEvent::Taken,
        SlotEvent::GivenBack,
        SlotEvent::Shared,
        SlotEvent::Unshared,
        SlotEvent::IdOut,
        SlotEvent::Redeemed,
    ];

    #[test]
    fn the_last_sixteen_events_are_kept_beside_the_time() {
        let now = CoarseTime::from_millis(u64::MAX);
        let mut word = HistoryWord::default().taken(now);
        let mut naive = alloc::vec![SlotEvent::Taken];
        for event in ALL.iter().cycle().take(40) {
            word = word.then(*event);
            naive.insert(0, *event);
            naive.truncate(16);
            assert_eq!(word.history().latest_first().collect::<Vec<_>>(), naive);
            assert_eq!(word.taken_when(), now);
            assert_eq!(word.is_out(), *event != SlotEvent::GivenBack);
            assert_eq!(HistoryWord::from_bits(word.to_bits()), word);
        }
        assert!(!HistoryWord::default().is_out(), "never taken");
    }

    #[test]
    fn a_history_reads_from_left_to_right() {
        let word = HistoryWord::default().taken(CoarseTime::from_millis(0));
        let shared = word.then(SlotEvent::Shared).then(SlotEvent::GivenBack);
        assert_eq!(shared.history().to_string(), "taken, shared, given back");
    }
}
