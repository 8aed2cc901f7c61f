//! A time in sixteen bits.

/// Milliseconds since some start, rounded down: exact below 4 seconds, to one part in 2048 above, up to 139 years.
///
/// A number of 11 bits and how often it is doubled, in 5: in the order of the times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CoarseTime(u16);

const FRACTION_BITS: u32 = 11;
const ONE: u64 = 1 << FRACTION_BITS;
const HIGH: u32 = 48;

impl CoarseTime {
    #[expect(clippy::cast_possible_truncation, reason = "both are below 16 bits")]
    pub(crate) fn from_millis(millis: u64) -> Self {
        if millis < ONE {
            return Self(millis as u16);
        }
        let doublings = millis.ilog2() - FRACTION_BITS;
        if doublings >= 31 {
            return Self(u16::MAX);
        }
        let fraction = (millis >> doublings) - ONE;
        Self(((u64::from(doublings) + 1) << FRACTION_BITS | fraction) as u16)
    }

    pub(crate) fn to_millis(self) -> u64 {
        let (doublings, fraction) = (self.0 >> FRACTION_BITS, u64::from(self.0) % ONE);
        match doublings {
            0 => fraction,
            _ => (ONE + fraction) << (doublings - 1),
        }
    }

    pub(crate) fn to_high_bits(self) -> u64 {
        u64::from(self.0) << HIGH
    }

    pub(crate) fn from_high_bits(word: u64) -> Self {
        Self((word >> HIGH) as u16)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_down_a_little_and_keep_their_order() {
        let year = 365 * 24 * 3600 * 1000;
        let mut before = CoarseTime::from_millis(0);
        assert_eq!(before.to_millis(), 0);
        for millis in (1..10_000).chain((0..5000).map(|step| 10_000 + step * (year / 100))) {
            let time = CoarseTime::from_millis(millis);
            let lost = millis - time.to_millis();
            assert!(lost <= millis / 2048, "{millis} lost {lost}");
            assert!(millis >= 4096 || lost == 0);
            assert!(time >= before, "{millis}");
            assert_eq!(CoarseTime::from_high_bits(time.to_high_bits() | 1), time);
            before = time;
        }
        assert!(CoarseTime::from_millis(u64::MAX) >= before);
    }
}
