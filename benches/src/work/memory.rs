//! Memory as pools, classes and slabs hand it out.

/// How many bytes are written where memory is to be touched.
pub const LINE_BYTES: usize = 64;
/// What is written there.
pub type Line = [u8; LINE_BYTES];

/// Memory that a subject handed out. Dropping it gives it back.
pub trait Memory {
    /// Its first byte.
    fn start(&self) -> *const u8;
}

/// Memory that its holder may write.
pub trait Writable: Memory {
    /// Writes to its front.
    fn touch(&mut self, line: &Line);
}

/// Checks that no two overlap, each having `bytes` bytes.
pub(crate) fn check_apart<M: Memory>(memory: &[M], bytes: usize) -> Result<(), String> {
    let mut starts: Vec<usize> = memory.iter().map(|m| m.start().addr()).collect();
    starts.sort_unstable();
    if starts.windows(2).any(|pair| pair[1] - pair[0] < bytes) {
        return Err("gave the same memory twice".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(*const u8);

    impl Memory for At {
        fn start(&self) -> *const u8 {
            self.0
        }
    }

    #[test]
    fn memory_given_twice_is_found() {
        let bytes = [0_u8; 64];
        let at = |offset: usize| At(bytes[offset..].as_ptr());
        check_apart(&[at(32), at(0), at(16)], 16).expect("side by side");
        for twice in [[at(0), at(32), at(0)], [at(32), at(0), at(15)]] {
            assert!(check_apart(&twice, 16).is_err());
        }
    }
}
