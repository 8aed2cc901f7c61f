//! Two threads write one word with nothing to order them: what a thread sanitizer that works reports.

use std::cell::UnsafeCell;
use std::thread;

struct Shared(UnsafeCell<u64>);

// SAFETY: none. That it is wrong is what this program is for.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(UnsafeCell::new(0));

fn main() {
    let writers = [1, 2].map(|number| {
        thread::spawn(move || {
            for _ in 0..1000 {
                // SAFETY: none; see above.
                unsafe { SHARED.0.get().write_volatile(number) }
            }
        })
    });
    for writer in writers {
        writer.join().expect("it only writes");
    }
}
