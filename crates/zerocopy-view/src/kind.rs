//! What bytes are.

use core::fmt;
use core::str::FromStr;

use crate::error::{RegisterError, RegisterErrorKind, UnknownKind};
use crate::excerpt::Excerpt;
use crate::kind_table::REGISTERED;

/// Kinds a process can have, built in and registered together: 8 KiB of table, and a bound on what is leaked. A model
/// has room for two registered ones, so that it can fill the table.
pub(crate) const MAX_KINDS: usize = if cfg!(loom) { BUILT_IN.len() + 2 } else { 1024 };

/// The longest slug. What is registered and leaked is at most this per kind.
pub(crate) const MAX_SLUG_BYTES: usize = 64;

/// What some bytes are: a small `Copy` name that travels with them.
///
/// Copying, comparing and passing on a kind touches no memory but its own two bytes. Nothing here looks at the bytes: a kind
/// says what their maker says.
///
/// ```
/// use zerocopy_view::Kind;
///
/// let h264 = Kind::register("h264")?; // once, at start-up
/// assert_eq!(h264, "h264".parse().unwrap());
/// assert_eq!(Kind::JPEG.to_string(), "jpeg");
/// # Ok::<(), zerocopy_view::RegisterError>(())
/// ```
///
/// - **KIND-1** The number is that of a built-in slug, or `BUILT_IN.len()` more than that of a filled word of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u16);

/// The slugs of the built-in kinds, in the order of their numbers.
const BUILT_IN: [&str; 14] = [
    "raw", "pcm16", "mulaw8", "wav", "mp3", "opus", "jpeg", "png", "webp", "mp4", "webm", "pdf",
    "json", "csv",
];

impl Kind {
    /// Bytes of which nothing is said. What a view is until somebody says otherwise.
    pub const RAW: Self = Self(0);
    /// Audio samples: signed 16-bit little-endian PCM.
    pub const PCM16: Self = Self(1);
    /// Audio samples: 8-bit mu-law.
    pub const MULAW8: Self = Self(2);
    /// A WAV file.
    pub const WAV: Self = Self(3);
    /// MP3 audio.
    pub const MP3: Self = Self(4);
    /// Opus audio.
    pub const OPUS: Self = Self(5);
    /// A JPEG image.
    pub const JPEG: Self = Self(6);
    /// A PNG image.
    pub const PNG: Self = Self(7);
    /// A WebP image.
    pub const WEBP: Self = Self(8);
    /// An MP4 file.
    pub const MP4: Self = Self(9);
    /// A `WebM` file.
    pub const WEBM: Self = Self(10);
    /// A PDF document.
    pub const PDF: Self = Self(11);
    /// JSON text.
    pub const JSON: Self = Self(12);
    /// Comma-separated values.
    pub const CSV: Self = Self(13);

    /// How many kinds a process can have, the 14 built-in ones included.
    pub const MAX: usize = MAX_KINDS;

    /// The kind with this slug, made if there is none yet. The same slug gives the same kind, on every thread.
    ///
    /// A slug is 1 to 64 of the characters `a-z 0-9 . _ + -` and begins with a letter or digit. Numbers are given out in the order
    /// of registration: what leaves the process should be the slug.
    ///
    /// Kinds are never given back. Cost: compares with every slug there is; a new one allocates twice, for good. Lock-free.
    /// Meant for start-up, not for each message.
    ///
    /// # Errors
    ///
    /// [`RegisterError`] if the slug breaks those rules, or [`Kind::MAX`] kinds are in use.
    pub fn register(slug: &str) -> Result<Self, RegisterError> {
        if !is_slug(slug) {
            return Err(RegisterErrorKind::Invalid(Excerpt::new(slug)).into());
        }
        if let Some(kind) = Self::built_in(slug) {
            return Ok(kind);
        }
        let index = REGISTERED.find_or_add(slug);
        let full = || RegisterErrorKind::Full(Excerpt::new(slug)).into();
        index.map(Self::registered).ok_or_else(full)
    }

    /// The name: lower case, as registered. Cost: one indexed load.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it cannot (KIND-1)")]
    pub fn slug(self) -> &'static str {
        let number = usize::from(self.0);
        match BUILT_IN.get(number) {
            Some(slug) => slug,
            None => REGISTERED
                .get(number - BUILT_IN.len())
                .expect("a number is given out after its word was filled (KIND-1)"),
        }
    }

    fn built_in(slug: &str) -> Option<Self> {
        let number = BUILT_IN.iter().position(|known| *known == slug)?;
        Some(Self::numbered(number))
    }

    fn registered(index: usize) -> Self {
        Self::numbered(BUILT_IN.len() + index)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "below MAX_KINDS, which fits"
    )]
    fn numbered(number: usize) -> Self {
        const _: () = assert!(MAX_KINDS <= u16::MAX as usize);
        Self(number as u16)
    }
}

/// How many kinds can be registered beside the built-in ones.
pub(crate) const MAX_REGISTERED: usize = MAX_KINDS - BUILT_IN.len();

fn is_slug(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let goes_on = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'+' | b'-');
    begins && text.len() <= MAX_SLUG_BYTES && text.bytes().all(goes_on)
}

impl Default for Kind {
    /// [`Kind::RAW`].
    fn default() -> Self {
        Self::RAW
    }
}

/// The slug.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({})", self.slug())
    }
}

/// Finds a kind by its slug and registers nothing, so that texts from outside cannot fill the table. Cost: compares with
/// every slug there is; allocates nothing.
impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(slug: &str) -> Result<Self, UnknownKind> {
        Self::built_in(slug)
            .or_else(|| REGISTERED.find(slug).map(Self::registered))
            .ok_or_else(|| UnknownKind(Excerpt::new(slug)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for good in ["a", "0", "h264", "x.y_z+w-1", &"a".repeat(MAX_SLUG_BYTES)] {
            assert!(is_slug(good), "{good}");
        }
        for bad in [
            "",
            "A",
            "-a",
            ".",
            "a b",
            "a\0",
            "\u{e4}",
            &"a".repeat(MAX_SLUG_BYTES + 1),
        ] {
            assert!(!is_slug(bad), "{bad}");
        }
        assert!(BUILT_IN.iter().all(|slug| is_slug(slug)));
    }
}
