//! Storage that has more to it than a slot: it lies in a box, and only its own calls pay for that.

use alloc::sync::Arc;
use alloc::vec::Vec;

use pool_core::{Budget, Lease};

use crate::fallback::{Fallback, Memory};
use crate::rack::Rack;
use crate::tenant::TenantSlot;

/// Initialised bytes, and how many of them the buffer has.
///
/// - **APART-1** `len` is at most the length of the memory.
pub(crate) struct Apart {
    len: usize,
    kind: Kind,
}

pub(crate) enum Kind {
    /// The caller's own. Its length is what it offers.
    Own(Vec<u8>),
    Fallback(Fallback),
    Tenant(TenantSlot),
    /// A slot too large for the words of [`Storage`](crate::storage::Storage).
    LargeSlot(Lease),
}

impl Apart {
    pub(crate) fn new(kind: Kind, len: usize) -> Self {
        let apart = Self { len, kind };
        debug_assert!(len <= apart.bytes().len(), "{len} bytes do not fit");
        apart
    }

    #[cold]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[cold]
    pub(crate) fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.bytes().len(), "{len} bytes do not fit");
        self.len = len;
    }

    /// All bytes that there are.
    #[cold]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.kind {
            Kind::Own(vec) => vec,
            Kind::Fallback(fallback) => fallback.bytes(),
            Kind::Tenant(slot) => slot.bytes(),
            Kind::LargeSlot(lease) => lease,
        }
    }

    #[cold]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.kind {
            Kind::Own(vec) => vec,
            Kind::Fallback(fallback) => fallback.bytes_mut(),
            Kind::Tenant(slot) => slot.bytes_mut(),
            Kind::LargeSlot(lease) => lease,
        }
    }

    /// Whether this is a slot of a class, or of whatever pool the caller has.
    #[cold]
    pub(crate) fn is_pooled(&self) -> bool {
        matches!(self.kind, Kind::Tenant(_) | Kind::LargeSlot(_))
    }

    /// The tenant's budget that pays for it.
    pub(crate) fn tenant(&self) -> Option<Budget> {
        match &self.kind {
            Kind::Fallback(fallback) => fallback.tenant(),
            Kind::Tenant(slot) => slot.budget(),
            Kind::Own(_) | Kind::LargeSlot(_) => None,
        }
    }

    /// The pool that it knows itself to be from, if that lives.
    pub(crate) fn rack(&self) -> Option<Arc<Rack>> {
        match &self.kind {
            Kind::Fallback(fallback) => fallback.rack(),
            Kind::Tenant(slot) => slot.rack(),
            Kind::Own(_) | Kind::LargeSlot(_) => None,
        }
    }

    /// Whether [`into_memory`](Self::into_memory) gives a lease.
    pub(crate) fn is_slot(&self) -> bool {
        match &self.kind {
            Kind::Own(_) => false,
            Kind::Fallback(fallback) => fallback.is_slot(),
            Kind::Tenant(_) | Kind::LargeSlot(_) => true,
        }
    }

    /// The memory alone.
    pub(crate) fn into_memory(self) -> Memory {
        match self.kind {
            Kind::Own(vec) => Memory::Heap(vec),
            Kind::Fallback(fallback) => fallback.into_memory(),
            Kind::Tenant(slot) => slot.into_memory(),
            Kind::LargeSlot(lease) => Memory::Slot(lease),
        }
    }
}
