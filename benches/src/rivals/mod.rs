//! Other ways to do the same work, each under the name of its crate or design.

mod allocators;
mod arc;
mod arcbox;
mod arrayqueue;
mod boxed;
mod bytes;
pub mod dpdk;
mod glibc;
mod jemalloc;
mod lockfree_object_pool;
mod memcpy;
mod opool;
mod per_page_cas;
mod rc;
mod rtrb;
mod send;
mod sha2;
mod treiber;
mod zero_fill;

pub use allocators::{Jemalloc, Mimalloc};
pub use arcbox::Arcbox;
pub use arrayqueue::{PageQueue, SlotQueue};
pub use boxed::Boxed;
pub use bytes::BytesCrate;
pub use glibc::Glibc;
pub use jemalloc::{JemallocArcs, JemallocPages};
pub use lockfree_object_pool::LockfreeObjectPool;
pub use memcpy::Memcpy;
pub use opool::Opool;
pub use per_page_cas::PerPageCas;
pub use rtrb::RtrbByValue;
pub use send::OneSendEach;
pub use sha2::BareSha2;
pub use treiber::Treiber;
pub use zero_fill::ZeroFill;
