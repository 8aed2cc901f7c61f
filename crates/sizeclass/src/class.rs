//! The classes: which sizes there are, and which one a request falls into.

/// How many classes there are.
pub(crate) const CLASSES: usize = 9;
/// 4 KiB, as a power of two: a page, below which a buffer of its own hardly pays.
const SMALLEST_LOG2: u32 = 12;
/// Bytes of the largest class: 1 MiB.
pub(crate) const LARGEST: usize = CLASS_BYTES[CLASSES - 1];

/// Bytes of each class, ascending: 4 KiB, 8 KiB, … 1 MiB.
pub(crate) const CLASS_BYTES: [usize; CLASSES] = doubling_table();

const fn doubling_table() -> [usize; CLASSES] {
    let mut table = [0; CLASSES];
    let mut index = 0;
    while index < CLASSES {
        table[index] = 1 << (SMALLEST_LOG2 as usize + index);
        index += 1;
    }
    table
}

/// The smallest class of at least `bytes` bytes, by counting bits; `None` if the largest is smaller.
#[inline]
pub(crate) const fn class_of(bytes: usize) -> Option<usize> {
    if bytes > LARGEST {
        return None;
    }
    let pages_beyond_first = bytes.saturating_sub(1) >> SMALLEST_LOG2;
    Some((usize::BITS - pages_beyond_first.leading_zeros()) as usize)
}

/// Both edges of each class are where the table says.
const _: () = {
    let mut index = 0;
    while index < CLASSES {
        let bytes = CLASS_BYTES[index];
        assert!(matches!(class_of(bytes), Some(found) if found == index));
        let beyond = class_of(bytes + 1);
        if index + 1 < CLASSES {
            assert!(matches!(beyond, Some(found) if found == index + 1));
            assert!(CLASS_BYTES[index + 1] == 2 * bytes);
        } else {
            assert!(beyond.is_none());
        }
        index += 1;
    }
    assert!(CLASS_BYTES[0] == 4096 && LARGEST == 1 << 20);
    assert!(matches!(class_of(0), Some(0)) && class_of(usize::MAX).is_none());
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_the_smallest_that_fits() {
        for bytes in 0..=LARGEST + 2 {
            let by_search = CLASS_BYTES.iter().position(|class| *class >= bytes);
            assert_eq!(class_of(bytes), by_search, "{bytes} bytes");
            if cfg!(miri) && bytes > 9000 {
                break;
            }
        }
    }
}
