//! The bare ring: entries in, completions out, nothing kept.

use std::sync::Arc;

use io_uring::{IoUring, opcode};

use benches::work::nop::{self, NopRing};

crate::submit! {
    "send/nop-1" => nop::plain::<RawRing, 1>,
    "send/nop-32" => nop::plain::<RawRing, 32>,
    "send/nop-1-guards" => nop::guarded::<RawRing, 1>,
    "send/nop-32-guards" => nop::guarded::<RawRing, 32>,
}

/// An `IoUring` as it is.
struct RawRing {
    ring: IoUring,
    batch: u32,
}

impl NopRing for RawRing {
    const NAME: &'static str = "raw-ring";

    fn new(batch: u32, _: Option<[Arc<[u8]>; 2]>) -> Result<Self, String> {
        let builder = IoUring::builder().setup_cqsize(4 * batch).build(batch);
        Ok(Self {
            ring: builder.map_err(|error| error.to_string())?,
            batch,
        })
    }

    #[inline]
    fn round(&mut self) -> u32 {
        for word in 0..u64::from(self.batch) {
            let nop = opcode::Nop::new().build().user_data(word);
            // SAFETY: names no memory.
            unsafe { self.ring.submission().push(&nop) }.expect("room for a batch");
        }
        let mut completed = 0;
        while completed < self.batch {
            self.ring
                .submit_and_wait(self.batch as usize)
                .expect("a live ring");
            completed += self
                .ring
                .completion()
                .map(|entry| u32::from(entry.result() == 0))
                .sum::<u32>();
        }
        completed
    }
}
