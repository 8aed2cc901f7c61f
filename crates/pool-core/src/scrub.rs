//! When a slot's bytes are overwritten with zeros.

/// When a slot's bytes are overwritten with zeros between two owners.
///
/// The bytes of a pool are always initialised (a fresh region is zero), so reading what the last
/// owner left is no soundness question but one of confidentiality: choose for your tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Scrub {
    /// Never: a new owner finds what the last one left. No cost.
    #[default]
    Never,
    /// When the slot is given back. The giver pays one `memset` of the slot.
    OnFree,
    /// When the slot is handed out. The taker pays one `memset` of the slot.
    OnAlloc,
}
