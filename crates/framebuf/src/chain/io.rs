//! A chain and the operating system's vectored calls.

use core::array;
use std::io::{self, IoSlice, IoSliceMut, Write};

use bytes::Buf;

use super::{FrameChain, UnfilledChain};
use crate::error::{FillError, NoRoom};

/// Frames that one vectored call takes at a time: twice what 64 KiB in slots of 2 KiB need, and 1 KiB on the stack.
const AT_ONCE: usize = 64;

impl<M> FrameChain<M> {
    /// The bytes as the kernel takes them for one vectored call, in order, without the frames that have none.
    ///
    /// Linux takes 1024 at a time.
    pub fn io_slices(&self) -> impl Iterator<Item = IoSlice<'_>> {
        self.chunks().map(IoSlice::new)
    }

    /// Writes everything, with vectored writes of up to 64 frames. What is written leaves the chain, and its slots go home as soon as the frame is.
    ///
    /// # Errors
    ///
    /// What `writer` says, except that an interrupted write goes on; [`WriteZero`](io::ErrorKind::WriteZero) if it takes nothing. What was not written is
    /// still in the chain.
    pub fn write_all_to(&mut self, writer: &mut (impl Write + ?Sized)) -> io::Result<()> {
        while !self.is_empty() {
            let mut slices = [IoSlice::new(&[]); AT_ONCE];
            let filled = self.chunks_vectored(&mut slices);
            match writer.write_vectored(&slices[..filled]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}

impl UnfilledChain {
    /// The bytes to fill, as the kernel takes them for one vectored call.
    pub fn io_slices_mut(&mut self) -> impl Iterator<Item = IoSliceMut<'_>> {
        self.rooms_mut().map(IoSliceMut::new)
    }

    /// Lets `call` fill the rooms, the first 64 of them if there are more, and makes live as many bytes as `call` says it has written. 0 is fine.
    ///
    /// # Errors
    ///
    /// With the room, to try again: what `call` failed with, or that it claims to have written more than it was given. Nothing is
    /// live then. If `call` panics, the slots go home.
    pub fn fill_with<E>(
        mut self,
        call: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<usize, E>,
    ) -> Result<FrameChain, (FillError<E>, Self)> {
        let mut slices: [_; AT_ONCE] = array::from_fn(|_| IoSliceMut::new(&mut []));
        let (mut filled, mut given) = (0, 0);
        for (place, slice) in slices.iter_mut().zip(self.io_slices_mut()) {
            given += slice.len();
            filled += 1;
            *place = slice;
        }
        let said = call(&mut slices[..filled]);
        match said {
            Ok(written) if written > given => {
                let claim = NoRoom::new("tailroom", written, given);
                Err((FillError::claim(claim), self))
            }
            Ok(written) => self
                .filled(written)
                .map_err(|(why, room)| (FillError::claim(why), room)),
            Err(why) => Err((FillError::call(why), self)),
        }
    }
}
