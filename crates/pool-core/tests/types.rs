//! Every public type: what may cross threads, what may be copied, and how large it is. Checked when this file is compiled.

use std::error::Error;
use std::fmt::Debug;

use pool_core::*;
use static_assertions::{assert_eq_size, assert_impl_all, assert_not_impl_any};

// Handles.
assert_impl_all!(Pool: Send, Sync, Clone, Debug);
assert_impl_all!(Budget: Send, Sync, Clone, Debug);
// An owner's magazines are its own, so a cache goes from thread to thread and is used by one at a time.
assert_impl_all!(Cache: Send, Debug);
assert_not_impl_any!(Cache: Sync, Clone);
assert_impl_all!(FreeList: Send, Sync, Debug);
assert_not_impl_any!(FreeList: Clone);

// Rights: one owner each, on any thread.
assert_impl_all!(Lease: Send, Sync, Debug);
assert_not_impl_any!(Lease: Clone, Copy, Default);
assert_impl_all!(LeaseBatch: Send, Sync, Iterator, ExactSizeIterator, Debug);
assert_not_impl_any!(LeaseBatch: Clone);
assert_impl_all!(Reservation: Send, Sync, Debug);
assert_not_impl_any!(Reservation: Clone);
assert_impl_all!(Charge: Send, Sync, Debug);
assert_not_impl_any!(Charge: Clone);
assert_impl_all!(Taken<'static>: Send, Sync, Iterator, Debug);
assert_not_impl_any!(Taken<'static>: Clone);
// The counted one.
assert_impl_all!(Shared: Send, Sync, Clone, Debug);
assert_not_impl_any!(Shared: Copy, Default);

// Waits.
#[cfg(feature = "std")]
assert_impl_all!(AllocFuture<'static>: Send, Sync, Unpin, Future, Debug);
assert_impl_all!(Charging: Send, Sync, Unpin, Future, Debug);

// Names and plain words. A right as plain words says nothing about threads: who makes it a right again does.
assert_impl_all!(SlotId: Send, Sync, Copy, Eq, Debug);
assert_impl_all!(Tenant: Send, Sync, Copy, Eq, Default, Debug);
assert_impl_all!(RawSlot: Copy, Eq, Debug);
assert_not_impl_any!(RawSlot: Send, Sync);

// Memory. What is used through its addresses is used by `unsafe` code, which has to know of whom.
assert_impl_all!(RegionSpan: Send, Sync, Copy, Eq, Debug);
assert_impl_all!(ExternalRegion<()>: Send, Sync, Debug);
assert_not_impl_any!(ExternalRegion<()>: Clone);
assert_not_impl_any!(ExternalRegion<*mut u8>: Send, Sync);
assert_impl_all!(RefusedRegion<()>: Send, Sync, Error);

// Options.
assert_impl_all!(PoolBuilder: Send, Sync, Clone, Debug);
assert_impl_all!(BudgetBuilder: Send, Sync, Clone, Debug);
assert_impl_all!(ChildBuilder: Send, Sync, Clone, Debug);
assert_impl_all!(RegionSource: Send, Sync, Copy, Eq, Debug);
assert_impl_all!(Backing: Send, Sync, Copy, Eq, Debug);
assert_impl_all!(MemoryLock: Send, Sync, Copy, Eq, Debug);
assert_impl_all!(Scrub: Send, Sync, Copy, Eq, Debug);
assert_impl_all!(Faults: Send, Sync, Copy, PartialEq, Debug);

// Answers.
assert_impl_all!(BuildError: Send, Sync, Error);
assert_impl_all!(AllocError: Send, Sync, Copy, Eq, Error);
assert_impl_all!(IdError: Send, Sync, Copy, Eq, Error);
assert_impl_all!(BudgetError: Send, Sync, Error);
assert_impl_all!(ChargeError: Send, Sync, Error);
assert_impl_all!(PoolStats: Send, Sync, Copy, Eq, Debug);
assert_impl_all!(BudgetReport: Send, Sync, Debug);
assert_impl_all!(BudgetUse: Send, Sync, Debug);
#[cfg(feature = "track")]
assert_impl_all!(Outstanding: Send, Sync, Clone, Debug);
#[cfg(feature = "track")]
assert_impl_all!(SlotHistory: Send, Sync, Debug);
#[cfg(feature = "track")]
assert_impl_all!(SlotEvent: Send, Sync, Copy, Eq, Debug);

// Two words for a right, and nothing more for perhaps one.
assert_eq_size!(Lease, Option<Lease>, [usize; 2]);
assert_eq_size!(Shared, Option<Shared>, [usize; 2]);
assert_eq_size!(Charge, Option<Charge>, [usize; 2]);
// With `track` a batch also knows who took it.
#[cfg(not(feature = "track"))]
assert_eq_size!(Option<LeaseBatch>, [u64; 2]);
