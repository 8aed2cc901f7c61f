//! A mempool and what goes with it, as safe types over the shim.
//!
//! - **DPDK-1** The library was started before any pool was made, and is never stopped.
//! - **DPDK-2** A pool, a cache or a ring is a live one of the library's, and belongs to the value that holds it, which frees it once,
//!   when it is dropped. What holds a cache or a ring keeps its pool.
//!
//! Pools may be used by any threads at once. A thread that entered has a number of its own, and pools keep a cache for each number; other
//! threads use no cache.

use std::cell::OnceCell;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};
use std::thread;

use benches::work::pool::{SLOT_BYTES, Shared, SlotPool, cached};
use benches::work::{Line, Memory, Writable};

/// `struct rte_mempool`.
#[repr(C)]
struct RawPool {
    _opaque: [u8; 0],
}

/// `struct rte_mempool_cache`.
#[repr(C)]
struct RawCache {
    _opaque: [u8; 0],
}

/// `struct rte_ring`.
#[repr(C)]
struct RawRing {
    _opaque: [u8; 0],
}

// Names, arguments and results are those that `shims/dpdk.c` declares; what a pointer has to be is asked for at each call.
unsafe extern "C" {
    fn shim_start() -> *const c_char;
    fn shim_enter_thread() -> c_int;
    fn shim_leave_thread();
    fn shim_pool_new(objects: c_uint, bytes: c_uint, cache: c_uint) -> Option<NonNull<RawPool>>;
    fn shim_pool_free(pool: NonNull<RawPool>);
    fn shim_get(pool: NonNull<RawPool>) -> Option<NonNull<c_void>>;
    fn shim_put(pool: NonNull<RawPool>, object: NonNull<c_void>);
    fn shim_cache_new(objects: c_uint) -> Option<NonNull<RawCache>>;
    fn shim_cache_free(pool: NonNull<RawPool>, cache: NonNull<RawCache>);
    fn shim_pairs(pool: NonNull<RawPool>, times: u64) -> u64;
    fn shim_pairs_by(pool: NonNull<RawPool>, cache: NonNull<RawCache>, times: u64) -> u64;
    fn shim_held32(pool: NonNull<RawPool>, rounds: u64, line: &Line) -> u64;
    fn shim_bulk32(pool: NonNull<RawPool>, rounds: u64) -> u64;
    fn shim_ring_new(objects: c_uint) -> Option<NonNull<RawRing>>;
    fn shim_ring_free(ring: NonNull<RawRing>);
    fn shim_send(pool: NonNull<RawPool>, ring: NonNull<RawRing>, chunks: u64);
    fn shim_receive(pool: NonNull<RawPool>, ring: NonNull<RawRing>, chunks: u64);
}

/// Starts the library, the first time; says why it does not start.
pub(super) fn start() -> Result<(), String> {
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    let started = STARTED.get_or_init(|| {
        // On a thread of its own: the library pins the thread that starts it.
        thread::spawn(start_here).join().expect("C does not panic")
    });
    started.clone()
}

fn start_here() -> Result<(), String> {
    // SAFETY: this is the only call in the process.
    let why = unsafe { shim_start() };
    if why.is_null() {
        return Ok(());
    }
    // SAFETY: validity: the library's text for an error ends in a 0, and is constant or this thread's own. Aliasing: in the latter case
    // this thread alone writes to it, and calls nothing meanwhile.
    let why = unsafe { CStr::from_ptr(why) };
    Err(format!("does not start: {}", why.to_string_lossy()))
}

/// The calling thread's number.
struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        // SAFETY: this thread entered, and leaves once.
        unsafe { shim_leave_thread() }
    }
}

/// Gives the calling thread a number, if it has none yet, until it ends. The library must have been started.
pub(super) fn enter_thread() {
    thread_local! {
        static ENTERED: OnceCell<Entered> = const { OnceCell::new() };
    }
    ENTERED.with(|entered| {
        entered.get_or_init(|| {
            assert_eq!(start(), Ok(()), "checked before the case");
            // SAFETY: the library was started just now at the latest.
            let result = unsafe { shim_enter_thread() };
            assert_eq!(result, 0, "a few threads of 128");
            Entered
        });
    });
}

/// A mempool of objects of [`SLOT_BYTES`].
pub(super) struct Mempool {
    /// DPDK-1, DPDK-2.
    raw: NonNull<RawPool>,
    slots: usize,
}

// SAFETY: a pool's functions may be called on any thread.
unsafe impl Send for Mempool {}
// SAFETY: and on several at once.
unsafe impl Sync for Mempool {}

impl Mempool {
    /// How many objects each cache holds.
    fn cached(slots: usize) -> c_uint {
        cached(slots) as c_uint
    }

    /// Takes an object and gives it back, `times` times.
    pub(super) fn pairs(&self, times: u64) {
        // SAFETY: the pool lives (DPDK-2).
        let missed = unsafe { shim_pairs(self.raw, times) };
        assert_none(missed);
    }

    /// Takes 32 objects one by one, writes to each, gives them back one by one, `rounds` times.
    pub(super) fn held32(&self, rounds: u64, line: &Line) {
        // SAFETY: the pool lives (DPDK-2); the line is read, and only during the call. An object has room for it.
        let missed = unsafe { shim_held32(self.raw, rounds, line) };
        assert_none(missed);
    }

    /// Takes 32 objects at once and gives them back at once, `rounds` times.
    pub(super) fn bulk32(&self, rounds: u64) {
        // SAFETY: the pool lives (DPDK-2).
        let missed = unsafe { shim_bulk32(self.raw, rounds) };
        assert_none(missed);
    }

    /// A cache for one thread at a time.
    pub(super) fn cache(&self) -> Cache<'_> {
        // SAFETY: the library was started (DPDK-1).
        let cache = unsafe { shim_cache_new(Self::cached(self.slots)) };
        Cache {
            pool: self,
            raw: cache.expect("a few kilobytes"),
        }
    }
}

fn assert_none(missed: u64) {
    assert_eq!(missed, 0, "the pool had too few objects");
}

impl Drop for Mempool {
    fn drop(&mut self) {
        // SAFETY: it lives, and nobody else frees it (DPDK-2); slots, caches and rings, which keep it, are gone.
        unsafe { shim_pool_free(self.raw) }
    }
}

impl SlotPool for Mempool {
    const NAME: &'static str = "dpdk";

    type Slot<'a> = Slot<'a>;

    fn with_slots(slots: usize) -> Self {
        enter_thread();
        // SAFETY: the library was started: the thread entered.
        let raw =
            unsafe { shim_pool_new(slots as c_uint, SLOT_BYTES as c_uint, Self::cached(slots)) };
        Self {
            raw: raw.expect("a few megabytes"),
            slots,
        }
    }

    fn take(&self) -> Option<Slot<'_>> {
        enter_thread();
        // SAFETY: the pool lives (DPDK-2).
        let object = unsafe { shim_get(self.raw) }?;
        Some(Slot { pool: self, object })
    }
}

/// An object, which this value alone knows.
pub(super) struct Slot<'a> {
    pool: &'a Mempool,
    object: NonNull<c_void>,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        // SAFETY: the object is this pool's, which lives, and nobody uses it any more.
        unsafe { shim_put(self.pool.raw, self.object) }
    }
}

impl Memory for Slot<'_> {
    fn start(&self) -> *const u8 {
        self.object.as_ptr().cast()
    }
}

impl Writable for Slot<'_> {
    fn touch(&mut self, line: &Line) {
        // SAFETY: validity: the object has `SLOT_BYTES` bytes, a line has no alignment. Aliasing: nobody else knows the object.
        unsafe { self.object.cast::<Line>().write(*line) }
    }
}

/// A cache that belongs to no thread's number.
pub(super) struct Cache<'a> {
    pool: &'a Mempool,
    /// DPDK-2.
    raw: NonNull<RawCache>,
}

impl Cache<'_> {
    /// Takes an object and gives it back, `times` times.
    pub(super) fn pairs(&mut self, times: u64) {
        // SAFETY: pool and cache live (DPDK-2); `&mut` keeps other threads from the cache.
        let missed = unsafe { shim_pairs_by(self.pool.raw, self.raw, times) };
        assert_none(missed);
    }
}

impl Drop for Cache<'_> {
    fn drop(&mut self) {
        // SAFETY: pool and cache live, and nobody else frees the cache (DPDK-2).
        unsafe { shim_cache_free(self.pool.raw, self.raw) }
    }
}

/// A ring that carries a pool's objects.
struct Ring {
    pool: Shared<Mempool>,
    /// DPDK-2.
    raw: NonNull<RawRing>,
}

// SAFETY: a ring may be used by one sender and one receiver at once; each is a value that is used by one thread at a time.
unsafe impl Send for Ring {}
// SAFETY: likewise.
unsafe impl Sync for Ring {}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: it lives, and nobody else frees it (DPDK-2).
        unsafe { shim_ring_free(self.raw) }
    }
}

/// The end of a ring where objects go in: there is one. Not `Clone`.
pub(super) struct Sender(Arc<Ring>);

/// The end where they come out: there is one. Not `Clone`.
pub(super) struct Receiver(Arc<Ring>);

/// A ring for `objects` objects of the pool.
pub(super) fn ring(pool: &Shared<Mempool>, objects: usize) -> (Sender, Receiver) {
    // SAFETY: the library was started (DPDK-1: there is a pool).
    let raw = unsafe { shim_ring_new(objects as c_uint) };
    let ring = Arc::new(Ring {
        pool: pool.clone(),
        raw: raw.expect("a few kilobytes"),
    });
    (Sender(ring.clone()), Receiver(ring))
}

impl Sender {
    /// Takes objects and sends them, in chunks of `CHUNK`.
    pub(super) fn send(&mut self, chunks: u64) {
        let ring = &*self.0;
        // SAFETY: pool and ring live (DPDK-2); this is the only sender.
        unsafe { shim_send(ring.pool.raw, ring.raw, chunks) }
    }
}

impl Receiver {
    /// Receives as many chunks and gives their objects back.
    pub(super) fn receive(&mut self, chunks: u64) {
        let ring = &*self.0;
        // SAFETY: pool and ring live (DPDK-2); this is the only receiver, and what was sent are objects of the pool.
        unsafe { shim_receive(ring.pool.raw, ring.raw, chunks) }
    }
}
