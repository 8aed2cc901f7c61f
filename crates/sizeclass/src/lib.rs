#![doc = include_str!("../README.md")]
#![no_std]
#![warn(
    clippy::pedantic,
    clippy::std_instead_of_core,
    clippy::alloc_instead_of_core
)]
#![allow(
    clippy::module_name_repetitions,
    reason = "a file is named by the thing it holds, and so is the thing"
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod adopt;
mod apart;
mod buf_mut;
mod buffer;
mod buffer_pool;
mod builder;
mod class;
mod classes;
mod decay;
mod error;
mod fallback;
mod home;
mod line;
mod rack;
mod size_table;
mod source;
mod stats;
mod storage;
mod sync;
mod taking;
mod tenant;
mod trim;
#[cfg(feature = "std")]
mod waiting;
#[cfg(feature = "std")]
mod write;

pub use buffer::PooledBuffer;
pub use buffer_pool::BufferPool;
pub use builder::BufferPoolBuilder;
pub use classes::Classes;
pub use error::{AcquireError, BuildError, TenantError};
pub use stats::{BufferPoolStats, ClassStats};
pub use tenant::TenantPool;
#[cfg(feature = "std")]
pub use waiting::AcquireFuture;
