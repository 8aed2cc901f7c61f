//! The growing buffer: where more room comes from, in which order, and what is refused.

use allocation_counter::measure;
use bytes::BufMut;
use pool_core::{Lease, Pool, Source};
use sizeclass::BufferPool;
use zerocopy_view::{Heap, ViewMut};

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let built = Pool::builder().slots(slots).slot_bytes(slot_bytes).build();
    built.unwrap()
}

/// Pools of ascending slots, as an application that has several would write it.
struct Ladder([Pool; 3]);

impl Ladder {
    fn new() -> Self {
        Self([64, 256, 1024].map(|slot_bytes| pool(2, slot_bytes)))
    }

    fn in_use(&self) -> [usize; 3] {
        self.0.each_ref().map(Pool::in_use)
    }
}

impl Source for Ladder {
    fn lease(&self, min: usize) -> Option<Lease> {
        self.0.iter().find_map(|pool| pool.lease(min))
    }

    fn count_fallback(&self, bytes: usize) {
        self.0[2].count_fallback(bytes);
    }
}

#[test]
fn bytes_that_do_not_fit_move_to_a_larger_lease_and_the_old_one_goes_home() {
    let ladder = Ladder::new();
    let text: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let sum = measure(|| {
        let mut buffer = ViewMut::new(&ladder);
        for (at, byte) in text.iter().enumerate() {
            buffer.put_u8(*byte);
            assert_eq!(buffer, text[..=at]);
        }
        assert_eq!((buffer.capacity(), ladder.in_use()), (1024, [0, 0, 1]));
    });
    assert_eq!((sum.count_total, ladder.in_use()), (0, [0; 3]));
}

#[test]
fn a_pool_of_size_classes_is_a_source_that_grows_with_the_buffer() {
    let buffers = BufferPool::new(1);
    let sum = measure(|| {
        let mut buffer = ViewMut::new(&buffers);
        (0..100_000_u32).for_each(|number| buffer.put_u32(number));
        assert_eq!((buffer.len(), buffer.capacity()), (400_000, 512 * 1024));
        let view = buffer.freeze();
        assert_eq!(view[399_996..], 99_999_u32.to_be_bytes());
    });
    assert_eq!((sum.count_total, buffers.stats().in_use_bytes()), (0, 0));
}

#[test]
fn growing_bit_by_bit_copies_each_byte_a_few_times() {
    /// Counts the bytes that a buffer moved: it asks for room when it has none left.
    struct Counting(std::cell::Cell<usize>);
    impl Source for Counting {
        fn lease(&self, _: usize) -> Option<Lease> {
            None
        }
        fn count_fallback(&self, _: usize) {
            self.0.set(self.0.get() + 1);
        }
    }
    let counting = Counting(std::cell::Cell::new(0));
    let mut buffer = ViewMut::new(&counting);
    (0..100_000_u32).for_each(|_| buffer.put_u8(1));
    assert_eq!(counting.0.get(), 12, "64 bytes, doubled eleven times");
    // A queue: what is read at the front is room at the back, without ever growing.
    let grown = counting.0.get();
    for _ in 0..100_000_u32 {
        buffer.advance(3);
        buffer.put_slice(&[1; 3]);
    }
    assert!(counting.0.get() <= grown + 1);
    assert_eq!(buffer.len(), 100_000);
}

#[test]
fn the_same_slot_is_used_again_when_nobody_else_has_it() {
    let pool = pool(1, 64);
    let mut buffer = ViewMut::with_capacity(64, &pool);
    let address = buffer.as_ptr();
    buffer.put_bytes(1, 40);
    let front = buffer.split_to(30).freeze();
    assert_eq!((buffer.len(), buffer.capacity()), (10, 34));
    let refused = buffer.try_reserve(54).unwrap_err();
    assert!(refused.is_without_lease(), "the only slot is shared");
    drop(front);
    buffer.reserve(54);
    assert_eq!((buffer.as_ptr(), buffer.capacity()), (address, 64));
    assert_eq!(buffer, [1; 10]);
    // What was split off behind is room again too, and nothing moves for it.
    let back = buffer.split_off(20);
    assert_eq!((buffer.capacity(), back.capacity()), (20, 44));
    drop(back);
    buffer.reserve(54);
    assert_eq!((buffer.as_ptr(), buffer.capacity()), (address, 64));
    assert_eq!((pool.stats().fallbacks, pool.in_use()), (0, 1));
}

#[test]
fn a_full_slot_is_squeezed_before_the_heap_is_asked() {
    let pool = pool(1, 64);
    let mut buffer = ViewMut::with_capacity(64, &pool);
    buffer.extend(0..64);
    buffer.advance(1);
    buffer.reserve(1);
    assert_eq!((buffer.capacity(), pool.stats().fallbacks), (64, 0));
    assert!(buffer.is_pooled() && buffer.iter().copied().eq(1..64));
    buffer.put_u8(64);
    buffer.put_u8(65);
    assert!(!buffer.is_pooled() && buffer.iter().copied().eq(1..=65));
    let stats = pool.stats();
    assert_eq!((stats.fallbacks, pool.in_use()), (1, 0));
}

#[test]
fn a_lease_that_is_just_large_enough_is_better_than_the_heap() {
    let pool = pool(2, 64);
    let mut buffer = ViewMut::with_capacity(64, &pool);
    buffer.extend(0..60);
    let front = buffer.freeze_to(10);
    buffer.reserve(14); // twice the 50 bytes fit no slot, and the front keeps this one
    assert!(buffer.is_pooled() && buffer.iter().copied().eq(10..60));
    assert_eq!((pool.in_use(), pool.stats().fallbacks), (2, 0));
    assert!(front.iter().copied().eq(0..10));
}

#[test]
fn a_buffer_on_the_heap_is_squeezed_only_where_it_may_not_grow() {
    let mut buffer = ViewMut::with_capacity(64, Heap);
    buffer.extend(0..64);
    buffer.advance(1);
    buffer.try_reserve(1).unwrap();
    assert_eq!(buffer.capacity(), 64);
    buffer.put_u8(64);
    buffer.advance(1);
    buffer.reserve(1);
    assert!(buffer.capacity() >= 126, "grown, or a queue would be slow");
    assert!(buffer.iter().copied().eq(2..=64));
}

#[test]
fn what_is_refused_says_why_and_changes_nothing() {
    let pool = pool(1, 64);
    let mut buffer = ViewMut::try_with_capacity(10, &pool).unwrap();
    buffer.put_slice(b"kept");
    let refused = buffer.try_reserve(61).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "lease: must be of at least 65 bytes, got none from the source"
    );
    assert!(refused.is_without_lease() && !refused.is_too_large());
    let refused = buffer.try_reserve(usize::MAX).unwrap_err();
    assert!(refused.is_too_large() && !refused.is_without_lease());
    assert_eq!(
        refused.to_string(),
        format!(
            "capacity: must be at most {} bytes, got 4 and {} more",
            isize::MAX,
            usize::MAX
        )
    );
    assert_eq!((&buffer[..], buffer.capacity()), (&b"kept"[..], 64));
    assert!(
        ViewMut::try_with_capacity(1, &pool).is_err(),
        "the slot is taken"
    );
    assert!(
        ViewMut::try_with_capacity(1, Heap).is_err(),
        "the heap is not tried"
    );
    assert_eq!(pool.stats().fallbacks, 0);
    drop(buffer);
    assert_eq!(pool.in_use(), 0);
}

#[test]
#[should_panic(expected = "capacity: must be at most")]
fn reserving_more_than_there_can_be_panics_and_says_why() {
    ViewMut::default().reserve(usize::MAX);
}

#[test]
fn a_source_that_gives_too_little_is_not_believed() {
    struct Stingy(Pool);
    impl Source for Stingy {
        fn lease(&self, _: usize) -> Option<Lease> {
            self.0.alloc()
        }
    }
    let stingy = Stingy(pool(2, 8));
    let mut buffer = ViewMut::new(&stingy);
    assert!(buffer.try_reserve(9).is_err());
    buffer.put_slice(b"nine byte");
    assert_eq!((&buffer[..], stingy.0.in_use()), (&b"nine byte"[..], 0));
}

#[test]
fn a_source_that_panics_leaves_the_buffer_as_it_was() {
    #[derive(Clone)]
    struct Faulty(Pool);
    impl Source for Faulty {
        fn lease(&self, _: usize) -> Option<Lease> {
            self.0.alloc().or_else(|| panic!("out of slots"))
        }
    }
    let pool = pool(1, 16);
    let mut buffer = ViewMut::new(Faulty(pool.clone()));
    buffer.put_slice(b"0123456789abcdef");
    buffer.advance(3);
    let grown = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| buffer.reserve(4)));
    assert!(grown.is_err());
    assert_eq!((&buffer[..], pool.in_use()), (&b"3456789abcdef"[..], 1));
}

/// A leak report names the line that took the lease, or that made the buffer grow.
#[cfg(feature = "track")]
#[test]
fn a_leak_report_names_the_line_that_grew() {
    let pool = pool(3, 64);
    let lines = [line!() + 1, line!() + 2, line!() + 5];
    let mut one = ViewMut::with_capacity(1, &pool);
    let two = ViewMut::try_with_capacity(1, &pool).unwrap();
    one.put_bytes(0, 40);
    let kept = one.freeze_to(30);
    one.reserve(40);
    let mut reported: Vec<_> = pool.outstanding().iter().map(|site| site.line).collect();
    reported.sort_unstable();
    assert_eq!(reported, lines);
    drop((kept, two));
}
