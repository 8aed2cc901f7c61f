//! The only door to atomics: `core`'s.
//!
//! # Why no loom behind it
//!
//! The other end of the buffer ring's tail is the kernel, which no model runs. A socket's flag decides by itself who may send and
//! guards no memory of ours: a model of it would be a model of `swap`.

pub(crate) mod atomic {
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicU16, Ordering};
}
