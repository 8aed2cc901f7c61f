//! Where a buffer's bytes lie.

use alloc::boxed::Box;
use alloc::vec::Vec;

use pool_core::{Budget, Lease};

use crate::fallback::{Fallback, Memory};
use crate::tenant::TenantSlot;

/// Initialised bytes. A vector's length is what it offers.
pub(crate) enum Storage {
    /// A slot of a class, or of whatever pool the caller has.
    Slot(Lease),
    /// The caller's own.
    Heap(Vec<u8>),
    /// What has more to it, which only its own calls pay for.
    Apart(Box<Apart>),
}

pub(crate) enum Apart {
    Fallback(Fallback),
    Tenant(TenantSlot),
}

impl Storage {
    pub(crate) fn apart(it: Apart) -> Self {
        Self::Apart(Box::new(it))
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Slot(lease) => lease,
            Self::Heap(vec) => vec,
            Self::Apart(apart) => apart.bytes(),
        }
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Slot(lease) => lease,
            Self::Heap(vec) => vec,
            Self::Apart(apart) => apart.bytes_mut(),
        }
    }

    /// Whether this is a slot of a class.
    #[inline]
    pub(crate) fn is_pooled(&self) -> bool {
        match self {
            Self::Slot(_) => true,
            Self::Heap(_) => false,
            Self::Apart(apart) => matches!(**apart, Apart::Tenant(_)),
        }
    }

    /// The tenant's budget that pays for it.
    pub(crate) fn tenant(&self) -> Option<Budget> {
        match self {
            Self::Apart(apart) => apart.tenant(),
            Self::Slot(_) | Self::Heap(_) => None,
        }
    }

    pub(crate) fn into_lease(self) -> Result<Lease, Self> {
        match self {
            Self::Slot(lease) => Ok(lease),
            Self::Apart(apart) if apart.is_slot() => apart.into_lease().map_err(Self::Heap),
            other => Err(other),
        }
    }

    pub(crate) fn into_vec(self) -> Result<Vec<u8>, Self> {
        match self {
            Self::Heap(vec) => Ok(vec),
            Self::Apart(apart) if !apart.is_slot() => match apart.into_lease() {
                Ok(lease) => Err(Self::Slot(lease)),
                Err(vec) => Ok(vec),
            },
            other => Err(other),
        }
    }
}

impl Apart {
    #[cold]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Fallback(fallback) => fallback.bytes(),
            Self::Tenant(slot) => slot.bytes(),
        }
    }

    #[cold]
    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Fallback(fallback) => fallback.bytes_mut(),
            Self::Tenant(slot) => slot.bytes_mut(),
        }
    }

    fn tenant(&self) -> Option<Budget> {
        match self {
            Self::Fallback(fallback) => fallback.tenant(),
            Self::Tenant(slot) => slot.budget(),
        }
    }

    fn is_slot(&self) -> bool {
        match self {
            Self::Fallback(fallback) => fallback.is_slot(),
            Self::Tenant(_) => true,
        }
    }

    /// The memory alone: a lease, or else the vector that it is.
    fn into_lease(self) -> Result<Lease, Vec<u8>> {
        match self {
            Self::Fallback(fallback) => match fallback.into_memory() {
                Memory::Slot(lease) => Ok(lease),
                Memory::Heap(vec) => Err(vec),
            },
            Self::Tenant(slot) => slot.into_lease().ok_or_else(Vec::new),
        }
    }
}
