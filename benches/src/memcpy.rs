//! The copy alone, into memory that is always the same: what no frame can be cheaper than.

use crate::work::frame::Frames;

/// One buffer for every frame.
pub(crate) struct Memcpy(Box<[u8; 2048]>);

impl Frames for Memcpy {
    const NAME: &'static str = "memcpy";

    type Frame<'a> = &'a [u8];

    #[inline]
    fn with_slots(_: usize) -> Self {
        Self(Box::new([0; 2048]))
    }

    #[inline]
    fn copy(&mut self, data: &[u8]) -> &[u8] {
        let frame = &mut self.0[..data.len()];
        frame.copy_from_slice(data);
        frame
    }
}
