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
mod part;
mod read;
mod refused_view;
mod sync;
mod unique;
mod view;

pub use compact::Compacted;
pub use error::{OutOfRange, RegisterError, UnknownKind};
pub use kind::Kind;
pub use pool_core::{Budget, Charge, StableBytes, Tenant};
pub use refused_view::RefusedView;
pub use view::View;
