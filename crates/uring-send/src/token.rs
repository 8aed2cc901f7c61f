//! The `user_data` word: which instance, which slot of it, which use of that slot, which operation of that use.

/// What travels through the kernel as `user_data`.
///
/// | bits   | meaning                                                                        |
/// |--------|--------------------------------------------------------------------------------|
/// | 63..48 | nonce of the instance: no two living instances of a process share one          |
/// | 47..32 | slot in that instance                                                          |
/// | 31..8  | generation: one higher after each use of the slot, so that a late one is known |
/// | 7..0   | operation: a resubmission of the same send has another number                  |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) nonce: u16,
    pub(crate) slot: u16,
    pub(crate) generation: Generation,
    pub(crate) op: u8,
}

/// Counts the uses of a slot, modulo 2^24.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Generation(u32);

impl Generation {
    const MASK: u32 = (1 << 24) - 1;

    pub(crate) fn next(self) -> Self {
        Self(self.0.wrapping_add(1) & Self::MASK)
    }
}

impl Token {
    #[inline]
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.nonce) << 48
            | u64::from(self.slot) << 32
            | u64::from(self.generation.0) << 8
            | u64::from(self.op)
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each cast takes the field's own bits"
    )]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self {
            nonce: (bits >> 48) as u16,
            slot: (bits >> 32) as u16,
            generation: Generation((bits >> 8) as u32 & Generation::MASK),
            op: bits as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_the_round_trip() {
        for bits in [0, u64::MAX, 0x0123_4567_89ab_cdef, 1 << 31, 1 << 47, 0xff] {
            assert_eq!(Token::from_bits(bits).to_bits(), bits);
        }
    }

    #[test]
    fn a_generation_wraps_inside_its_bits() {
        let last = Generation(Generation::MASK);
        assert_eq!(last.next(), Generation(0));
        assert_eq!(Generation(0).next(), Generation(1));
    }
}
