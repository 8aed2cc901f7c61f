//! Building a slab: options, and the checks that make every later size safe.

use crate::error::{BuildError, BuildErrorKind};
use crate::local::Local;
use crate::slab::CoreSlab;

const DEFAULT_PAGE_BYTES: usize = 64 * 1024;
const DEFAULT_PAGES: usize = 256;
const MAX_PAGES: u32 = u32::MAX - 1;
const MAX_PAGE_BYTES: u32 = u32::MAX;
/// Rust's limit for one object.
const MAX_SLAB_BYTES: usize = isize::MAX as usize;

/// The sizes of a slab, checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) core: u32,
    pub(crate) pages: usize,
    /// At most `u32::MAX`: a page's length fits a `u32`.
    pub(crate) page_bytes: usize,
}

/// Builds a [`CoreSlab`]; see [`CoreSlab::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct CoreSlabBuilder {
    core: usize,
    page_bytes: usize,
    pages: usize,
}

impl CoreSlabBuilder {
    pub(crate) fn new(core: usize) -> Self {
        Self {
            core,
            page_bytes: DEFAULT_PAGE_BYTES,
            pages: DEFAULT_PAGES,
        }
    }

    /// How many bytes each page offers: 1 to 2^32 - 1, any number. 64 KiB by default.
    pub fn page_bytes(mut self, bytes: usize) -> Self {
        self.page_bytes = bytes;
        self
    }

    /// How many pages: 1 to 2^32 - 2, any number. 256 by default.
    pub fn pages(mut self, pages: usize) -> Self {
        self.pages = pages;
        self
    }

    /// Builds the slab, on the thread that will own it.
    ///
    /// Cost: about 40 bytes written per page, beside the pages; the pages themselves are not touched.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the field, its bound and the value; or says that the system has no such memory.
    pub fn build(self) -> Result<CoreSlab, BuildError> {
        Ok(CoreSlab::from_local(Local::new(self.geometry()?)?))
    }

    fn geometry(&self) -> Result<Geometry, BuildErrorKind> {
        let out_of_range = |field, bound, value| BuildErrorKind::OutOfRange {
            field,
            bound,
            value,
        };
        let core = u32::try_from(self.core)
            .map_err(|_| out_of_range("core", "0 to 4294967295", self.core))?;
        if !(1..=MAX_PAGE_BYTES as usize).contains(&self.page_bytes) {
            let bound = "1 to 4294967295";
            return Err(out_of_range("page_bytes", bound, self.page_bytes));
        }
        if !(1..=MAX_PAGES as usize).contains(&self.pages) {
            return Err(out_of_range("pages", "1 to 4294967294", self.pages));
        }
        let bytes = self.pages.checked_mul(self.page_bytes);
        if bytes.is_none_or(|bytes| bytes > MAX_SLAB_BYTES) {
            return Err(BuildErrorKind::TooLarge {
                pages: self.pages,
                page_bytes: self.page_bytes,
                bound: MAX_SLAB_BYTES,
            });
        }
        Ok(Geometry {
            core,
            pages: self.pages,
            page_bytes: self.page_bytes,
        })
    }
}
