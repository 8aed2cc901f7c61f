//! Watches a pool's body from outside: that it is freed once, after everybody's last use, and touched by nobody then.
//!
//! loom knows nothing of memory that is freed. So a model's program has an allocator that knows the body by its
//! alignment, and does three things when the body is freed: it counts, it writes to a cell of loom's (so loom compares
//! that instant with everybody's [`BodyWatch::used`]), and it fills the memory with ones and keeps it until the
//! interleaving ends. A later access to one of the body's atomics then names an object that loom does not have.

use loom::cell::UnsafeCell;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::Relaxed};

/// Only the body of a pool is aligned so, and its array of magazines, which goes just before it: contended words have 128 bytes to themselves.
const BODY_ALIGN: usize = 128;

// Relaxed at each of them: loom runs all threads of a model on one.
static MADE: AtomicUsize = AtomicUsize::new(0);
static FREED: AtomicUsize = AtomicUsize::new(0);
static FREED_TOO_EARLY: AtomicBool = AtomicBool::new(false);
static KEPT: Mutex<Vec<(AtomicPtr<u8>, Layout)>> = Mutex::new(Vec::new());

thread_local! {
    /// The cell that a free writes to.
    static USES: RefCell<Option<Rc<UnsafeCell<()>>>> = const { RefCell::new(None) };
}

struct Watched;

#[global_allocator]
static ALLOCATOR: Watched = Watched;

// SAFETY: all memory is `System`'s, given out once and given back at most once; a body's is given back later than asked.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() == BODY_ALIGN {
            MADE.fetch_add(1, Relaxed);
        }
        // SAFETY: the caller's promise is the one asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if layout.align() == BODY_ALIGN {
            FREED.fetch_add(1, Relaxed);
            note_free();
            // SAFETY: `layout.size()` bytes that nobody owns any more; not given back to `System` yet.
            unsafe { memory.write_bytes(0xff, layout.size()) };
            let mut kept = KEPT.lock().expect("nothing panics under it");
            kept.push((AtomicPtr::new(memory), layout));
        } else {
            // SAFETY: the caller's promise is the one asked for.
            unsafe { System.dealloc(memory, layout) }
        }
    }
}

/// A free is a write: loom complains unless each use happened before. An allocator must not unwind.
fn note_free() {
    let uses = USES.with(|uses| uses.borrow().clone());
    let Some(uses) = uses else { return };
    let written = catch_unwind(AssertUnwindSafe(|| uses.with_mut(|_| ())));
    if written.is_err() {
        FREED_TOO_EARLY.store(true, Relaxed);
    }
}

/// One interleaving's view of the one pool it makes.
#[derive(Clone)]
pub(crate) struct BodyWatch {
    uses: Rc<UnsafeCell<()>>,
}

impl BodyWatch {
    /// To be called before the pool is made, in the model.
    pub(crate) fn start() -> Self {
        let watch = Self {
            uses: Rc::new(UnsafeCell::new(())),
        };
        MADE.store(0, Relaxed);
        FREED.store(0, Relaxed);
        FREED_TOO_EARLY.store(false, Relaxed);
        USES.with(|uses| uses.replace(Some(Rc::clone(&watch.uses))));
        watch
    }

    /// Says that the caller used the body: whoever frees it must come after this.
    pub(crate) fn used(&self) {
        self.uses.with(|_| ());
    }

    pub(crate) fn is_freed(&self) -> bool {
        FREED.load(Relaxed) > 0
    }

    /// To be called when nothing of the pool is left.
    pub(crate) fn assert_freed_once(self) {
        USES.with(|uses| uses.replace(None));
        for (memory, layout) in KEPT.lock().expect("nothing panics under it").drain(..) {
            // SAFETY: `System` gave it with this layout, and it was kept from being given back until now.
            unsafe { System.dealloc(memory.into_inner(), layout) }
        }
        let made = MADE.load(Relaxed);
        assert!(
            (1..=2).contains(&made),
            "one pool per interleaving, with or without magazines: {made}"
        );
        assert_eq!(FREED.load(Relaxed), made, "times the body was freed");
        assert!(
            !FREED_TOO_EARLY.load(Relaxed),
            "the body was freed without a happens-before edge from somebody's last use"
        );
    }
}
