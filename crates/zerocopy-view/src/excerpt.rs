//! The beginning of a text that an error shows, kept without allocating.

use core::fmt;

const SHOWN_BYTES: usize = 32;

/// At most the first 32 bytes of a text, cut at a character, and how long the text was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Excerpt {
    shown: [u8; SHOWN_BYTES],
    shown_bytes: u8,
    text_bytes: usize,
}

impl Excerpt {
    #[expect(clippy::cast_possible_truncation, reason = "at most SHOWN_BYTES")]
    pub(crate) fn new(text: &str) -> Self {
        let mut end = text.len().min(SHOWN_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut shown = [0; SHOWN_BYTES];
        shown[..end].copy_from_slice(&text.as_bytes()[..end]);
        Self {
            shown,
            shown_bytes: end as u8,
            text_bytes: text.len(),
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.shown[..usize::from(self.shown_bytes)];
        let text = core::str::from_utf8(shown).map_err(|_| fmt::Error)?;
        write!(f, "{text:?}")?;
        if shown.len() < self.text_bytes {
            write!(f, "... ({} bytes)", self.text_bytes)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn long_texts_are_cut_at_a_character_and_say_how_long_they_were() {
        assert_eq!(Excerpt::new("h\n264").to_string(), "\"h\\n264\"");
        assert_eq!(Excerpt::new("").to_string(), "\"\"");
        let long = "a".repeat(31) + "\u{e9}";
        let expected = alloc::format!("\"{}\"... (33 bytes)", "a".repeat(31));
        assert_eq!(Excerpt::new(&long).to_string(), expected);
    }
}
