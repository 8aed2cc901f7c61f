//! Cache lines: what keeps a contended word away from its neighbours, and what has lines fetched early.

/// Puts a value on a 128-byte boundary with nothing else beside it.
///
/// 128 and not 64, because x86 prefetches cache lines in pairs and Apple's cores have lines of 128.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Line<T>(pub(crate) T);

/// Has the lines of a value on their way into this core's cache. Only a hint: nothing where the compiler offers none.
#[inline]
pub(crate) fn prefetch<T>(value: &T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in (0..size_of::<T>()).step_by(64) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        let line = core::ptr::from_ref(value).cast::<i8>().wrapping_add(line);
        // SAFETY: a hint reads nothing that the program can see, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) }
    }
    let _ = value;
}
