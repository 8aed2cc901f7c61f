//! Keeping a contended word away from its neighbours.

/// Puts a value on a 128-byte boundary with nothing else beside it.
///
/// 128 and not 64, because x86 prefetches cache lines in pairs and Apple's cores have lines of 128.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Line<T>(pub(crate) T);
