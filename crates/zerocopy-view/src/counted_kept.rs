//! What lies in a counted box beside the count: the owner itself, and who is charged for it.

use alloc::boxed::Box;
use core::any::TypeId;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use pool_core::Charge;

use crate::counted::{Body, Counted};

impl Counted {
    /// The body, if its owner is a `T`.
    fn body<T: 'static>(&self) -> Option<NonNull<Body<T>>> {
        (self.header().owner_type.id == TypeId::of::<T>()).then(|| self.header.cast())
    }

    /// The owner, if it is a `T`.
    pub(crate) fn owner<T: 'static>(&self) -> Option<&T> {
        let body = self.body::<T>()?;
        // SAFETY: validity: of this type (COUNTED-2), and it lives as long as `self` (COUNTED-1). Aliasing: only shared references are made (COUNTED-3).
        Some(&unsafe { body.as_ref() }.owner)
    }

    /// Moves the owner out and frees its box, if this is the only right to it and it is a `T`. With it comes the charge.
    pub(crate) fn try_into_owner<T: 'static>(self) -> Result<(T, Option<Charge>), Self> {
        let Some(body) = self.body::<T>() else {
            return Err(self);
        };
        if self.sharers() != 1 {
            return Err(self);
        }
        let _ended = ManuallyDrop::new(self);
        // SAFETY: validity: leaked by `Counted::new` from a box of this type (COUNTED-2), and the pointer is still good for all of it. Aliasing: ours was
        // the only right (COUNTED-1), and is used no more.
        let body = unsafe { Box::from_raw(body.as_ptr()) };
        Ok(body.into_parts())
    }

    /// The owner, if it is a `T` and this is the only right to it, for who is to change its bytes: what is kept of them, a digest, is forgotten.
    ///
    /// Parts that remember the owner's address are the caller's: it changes neither that nor the bytes that they show.
    pub(crate) fn sole_owner<T: 'static>(&mut self) -> Option<&mut T> {
        let mut body = self.body::<T>().filter(|_| self.sharers() == 1)?;
        // SAFETY: validity: of this type (COUNTED-2), and it lives as long as `self` (COUNTED-1). Aliasing: `self` is the only right and borrowed
        // exclusively, and only who has one makes references to a body.
        let body = unsafe { body.as_mut() };
        body.forget_digest();
        Some(&mut body.owner)
    }

    /// The charge for the owner.
    pub(crate) fn charge(&self) -> Option<&Charge> {
        let charge = self.header().charge.with(|charge| charge);
        // SAFETY: validity: inside the header, which lives as long as `self` (COUNTED-1). Aliasing: nobody changes it while `self` is borrowed (COUNTED-4).
        unsafe { &*charge }.as_ref()
    }

    /// The place of the charge, if this is the only right to the owner.
    pub(crate) fn charge_place(&mut self) -> Option<&mut Option<Charge>> {
        if self.sharers() != 1 {
            return None;
        }
        let place = self.header().charge.with_mut(|charge| charge);
        // SAFETY: validity: inside the header, which lives as long as `self` (COUNTED-1). Aliasing: the only right is borrowed by an `&mut`, as long as the
        // answer (COUNTED-4).
        Some(unsafe { &mut *place })
    }
}
