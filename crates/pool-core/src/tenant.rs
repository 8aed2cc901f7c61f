//! Who is charged for memory.

use core::fmt;

/// Who is charged for memory: a small `Copy` name that travels with the bytes.
///
/// The number is the application's. [`Tenant::NONE`] (0) is what memory bears until somebody says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tenant(u16);

impl Tenant {
    /// Nobody in particular.
    pub const NONE: Self = Self(0);

    /// Names a tenant.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number the tenant was named with.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({})", self.0)
    }
}
