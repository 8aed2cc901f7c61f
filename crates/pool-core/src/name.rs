//! What a pool is called in reports.

use core::fmt;

use crate::error::BuildErrorKind;

/// What fits 32 bytes with its count.
const MAX_BYTES: usize = 31;

/// A pool's name, or none. Copied into whatever tells of the pool, so that a report keeps nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    bytes: [u8; MAX_BYTES],
    len: u8,
}

impl Name {
    pub(crate) const NONE: Self = Self {
        bytes: [0; MAX_BYTES],
        len: 0,
    };

    /// # Errors
    ///
    /// If `text` is too long.
    pub(crate) fn new(text: &str) -> Result<Self, BuildErrorKind> {
        let mut name = Self::NONE;
        let (bytes, len) = (name.bytes.get_mut(..text.len()), u8::try_from(text.len()));
        let (Some(bytes), Ok(len)) = (bytes, len) else {
            return Err(BuildErrorKind::OutOfRange {
                field: "name",
                bound: "0 to 31 bytes",
                value: text.len(),
            });
        };
        bytes.copy_from_slice(text.as_bytes());
        Ok(Self { len, ..name })
    }

    /// The name, unless there is none.
    pub(crate) fn get(&self) -> Option<&str> {
        let text = core::str::from_utf8(&self.bytes[..usize::from(self.len)]);
        text.ok().filter(|text| !text.is_empty())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// The beginning of a line about the pool: `pool "rx": `, or nothing.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get()
            .map_or(Ok(()), |name| write!(f, "pool {name:?}: "))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn a_name_is_kept_whole_or_refused() {
        for text in ["", "rx", "\u{e9}", &"n".repeat(31)] {
            let name = Name::new(text).expect("short enough");
            assert_eq!(name.get().unwrap_or(""), text);
        }
        for text in ["n".repeat(32), "\u{e9}".repeat(16), "n".repeat(257)] {
            let refused = Name::new(&text).expect_err("too long").to_string();
            assert_eq!(
                refused,
                format!("name: must be 0 to 31 bytes, got {}", text.len())
            );
        }
    }
}
