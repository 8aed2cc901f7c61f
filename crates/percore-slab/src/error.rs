//! What can go wrong with a slab, each error naming the field, the bound and the value.

use thiserror::Error;

/// Why a slab could not be built.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct BuildError(#[from] BuildErrorKind);

#[derive(Debug, Error)]
pub(crate) enum BuildErrorKind {
    #[error("{field}: must be {bound}, got {value}")]
    OutOfRange {
        field: &'static str,
        bound: &'static str,
        value: usize,
    },
    #[error("pages x page_bytes: {pages} pages of {page_bytes} bytes are more than {bound} bytes")]
    TooLarge {
        pages: usize,
        page_bytes: usize,
        bound: usize,
    },
    #[error("pages: no memory to keep {pages} of them at hand")]
    OutOfMemory { pages: usize },
    #[error(transparent)]
    Pool(#[from] pool_core::BuildError),
}

impl BuildError {
    /// Whether the system had no memory for the pages; another size may work, or the same one later.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        match &self.0 {
            BuildErrorKind::OutOfMemory { .. } => true,
            BuildErrorKind::Pool(error) => error.is_out_of_memory(),
            BuildErrorKind::OutOfRange { .. } | BuildErrorKind::TooLarge { .. } => false,
        }
    }
}

/// Why [`CoreSlab::redeem`](crate::CoreSlab::redeem) refused an id. Nothing was changed by the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct PageIdError(#[from] PageIdErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum PageIdErrorKind {
    #[error("page id: bits 127..96 must be 0, got {high:#x}: not an id")]
    NotAnId { high: u32 },
    #[error("page id: issued by core {issuer}, this slab is core {core}'s")]
    WrongCore { issuer: u32, core: u32 },
    #[error("page id: {0}")]
    NotOut(pool_core::IdError),
}

impl PageIdError {
    /// Whether the id names another core: it may be good there.
    #[must_use]
    pub fn is_wrong_core(&self) -> bool {
        matches!(self.0, PageIdErrorKind::WrongCore { .. })
    }
}

/// A length that a page does not have room for. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("page len: must be 0 to {capacity}, got {len}")]
pub struct PageLenError {
    pub(crate) len: usize,
    pub(crate) capacity: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn errors_name_field_bound_and_value() {
        let range = BuildErrorKind::OutOfRange {
            field: "pages",
            bound: "1 to 9",
            value: 0,
        };
        let cases = [
            (
                BuildError::from(range).to_string(),
                "pages: must be 1 to 9, got 0",
            ),
            (
                PageIdError::from(PageIdErrorKind::WrongCore { issuer: 3, core: 1 }).to_string(),
                "page id: issued by core 3, this slab is core 1's",
            ),
            (
                PageLenError {
                    len: 9,
                    capacity: 8,
                }
                .to_string(),
                "page len: must be 0 to 8, got 9",
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(message, expected);
        }
    }
}
