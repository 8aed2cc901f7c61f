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
#[cfg(any(feature = "std", loom))]
extern crate std;

#[cfg(all(feature = "os", target_os = "linux"))]
mod os;

mod arrivals;
mod at_hand;
mod bare_lease;
mod bell;
mod bridge;
mod bridge_error;
mod builder;
mod card;
mod consumer;
mod error;
mod fences;
mod line;
mod local;
mod mailbox;
mod outboxes;
mod page;
mod page_id;
mod pressure;
mod producer;
mod queue;
mod remote_page;
mod slab;
mod stats;
mod sync;
mod weighted_drain;

pub use bridge::Bridge;
pub use bridge_error::{BridgeError, Closed, PopError, PushError};
pub use builder::CoreSlabBuilder;
pub use consumer::Consumer;
pub use error::{BuildError, PageIdError, PageLenError};
#[cfg(all(feature = "os", feature = "std", target_os = "linux"))]
pub use os::event_fd::EventFd;
#[cfg(all(feature = "os", target_os = "linux"))]
pub use os::pin::{PinError, pin_to_core};
pub use page::Page;
pub use page_id::PageId;
pub use pressure::Pressure;
pub use producer::Producer;
pub use remote_page::RemotePage;
pub use slab::CoreSlab;
pub use stats::SlabStats;
pub use weighted_drain::WeightedDrain;
