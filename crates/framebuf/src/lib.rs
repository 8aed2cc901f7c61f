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

mod access;
mod adopt;
mod body;
mod buf;
mod chain;
mod compare;
mod edit;
mod error;
mod extent;
mod frame;
#[cfg(feature = "futures")]
pub mod futures;
mod give_up;
mod headroom;
mod heap_block;
mod meta;
mod segmented;
mod segments;
#[cfg(feature = "serde")]
mod serial;
mod split;
mod unfilled;
#[cfg(feature = "std")]
mod write;

pub use chain::{FrameChain, UnfilledChain};
pub use error::{BadRange, FillError, FrameError, NoRoom, SegmentError, TooShort, VecTooLarge};
pub use frame::FrameBuf;
pub use headroom::Headroom;
pub use segmented::SegmentedFrame;
pub use segments::IntoSegments;
#[cfg(feature = "serde")]
pub use serial::InPool;
pub use unfilled::Unfilled;
