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
mod bounds;
mod charging;
mod compact;
mod compare;
mod counted;
mod counted_kept;
mod cut;
mod error;
mod excerpt;
mod give_up;
mod kind;
mod kind_table;
mod label;
mod local_view;
mod part;
mod read;
mod refused_view;
#[cfg(feature = "serde")]
mod serialize;
mod sync;
mod unique;
mod view;
mod view_chain;
mod view_mut;

pub use compact::Compacted;
pub use error::{OutOfRange, RegisterError, ReserveError, UnknownKind};
#[cfg(feature = "futures")]
pub use framebuf::futures;
pub use kind::Kind;
pub use local_view::LocalView;
pub use pool_core::{Budget, Charge, StableBytes, Tenant};
pub use refused_view::RefusedView;
pub use view::View;
pub use view_chain::ViewChain;
pub use view_mut::{Heap, ViewMut};
