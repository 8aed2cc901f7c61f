//! Reading a view from the front, by the traits that readers know.

use bytes::{Buf, Bytes};

use crate::view::View;

/// A view is one chunk. Reading drops what was read, and gives up the storage with the last byte.
impl Buf for View {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self
    }

    fn advance(&mut self, count: usize) {
        View::advance(self, count);
    }

    /// Copies no byte: as [`split_to`](View::split_to) and then into [`Bytes`].
    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        self.split_to(count).into()
    }
}

#[cfg(feature = "std")]
impl std::io::Read for View {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.len().min(into.len());
        into[..count].copy_from_slice(&self[..count]);
        View::advance(self, count);
        Ok(count)
    }
}
