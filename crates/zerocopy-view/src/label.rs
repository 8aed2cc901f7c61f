//! What travels with the bytes and costs nothing to copy.

use pool_core::Tenant;

use crate::kind::Kind;

/// What the bytes are, and who is charged for them. Four bytes, and no counter behind either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) kind: Kind,
    pub(crate) tenant: Tenant,
}

const _: () = assert!(size_of::<Label>() == 4);

impl Label {
    pub(crate) const NONE: Self = Self {
        kind: Kind::RAW,
        tenant: Tenant::NONE,
    };
}
