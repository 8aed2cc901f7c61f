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
#![allow(
    clippy::inline_always,
    reason = "on the fast paths only, which a step of CI looks at"
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(all(feature = "os", unix))]
mod os;

#[cfg(feature = "std")]
mod alloc_future;
mod batch;
mod budget;
mod builder;
mod cache;
mod caches;
mod digest_cell;
mod error;
mod faults;
mod fences;
mod free_list;
mod geometry;
mod guard;
mod hand;
mod head;
mod index_stack;
mod lease;
mod lease_chain;
mod line;
mod magazine;
mod mode;
mod name;
mod pages;
mod policy;
mod pool;
mod raw_slot;
mod region;
mod reservation;
mod run;
mod scrub;
mod share_record;
mod share_records;
mod shared;
mod shared_kept;
mod shelf;
mod site;
#[cfg(feature = "track")]
mod slot_event;
mod slot_id;
mod slots;
mod source;
mod stable_bytes;
mod stats;
mod stock;
mod sync;
mod tenant;
mod thread_cache;
#[cfg(feature = "track")]
mod track;
#[cfg(feature = "std")]
mod wait_queue;
mod waiting;

#[cfg(feature = "std")]
pub use alloc_future::AllocFuture;
pub use batch::LeaseBatch;
pub use budget::{
    Budget, BudgetBuilder, BudgetError, BudgetReport, BudgetUse, Charge, ChargeError, Charging,
    ChildBuilder,
};
pub use builder::PoolBuilder;
pub use cache::Cache;
pub use digest_cell::DigestCell;
pub use error::{AllocError, BuildError, IdError};
pub use faults::Faults;
pub use index_stack::{FreeList, Taken};
pub use lease::Lease;
pub use pool::Pool;
pub use raw_slot::RawSlot;
pub use region::{Backing, ExternalRegion, MemoryLock, RefusedRegion, RegionSource, RegionSpan};
pub use reservation::Reservation;
pub use scrub::Scrub;
pub use shared::Shared;
#[cfg(feature = "track")]
pub use slot_event::SlotEvent;
pub use slot_id::SlotId;
pub use slots::leaked_regions;
pub use source::Source;
pub use stable_bytes::StableBytes;
pub use stats::PoolStats;
pub use stock::{Stock, StockCounts, Wanted};
pub use tenant::Tenant;
#[cfg(feature = "track")]
pub use track::{Outstanding, SlotHistory};
