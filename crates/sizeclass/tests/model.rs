//! Buffers against vectors, and the pool's counts against counting by hand.

#[path = "../../../fuzz/inputs.rs"]
mod inputs;

use bytes::BufMut;
use proptest::prelude::*;
use sizeclass::{BufferPool, PooledBuffer};

const CAPACITY: usize = 2;

/// The class table once more, by hand.
const CLASS_BYTES: [usize; 9] = [
    4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576,
];

#[derive(Debug, Clone)]
enum Op {
    Acquire(usize, u8),
    AcquireZeroed(usize),
    TryAcquire(usize, u8),
    Resize(usize, usize),
    Extend(usize, Vec<u8>),
    Put(usize, u8, usize),
    Truncate(usize, usize),
    /// Lowers a buffer to what it is, and makes a buffer of that.
    Adopt(usize),
    Drop(usize),
}

fn op() -> impl Strategy<Value = Op> {
    // Mostly the edges of the small classes; a few beyond the largest.
    let size = || {
        let largest: usize = if cfg!(miri) { 9000 } else { 40_000 };
        prop_oneof![
            6 => 0_usize..largest,
            2 => prop_oneof![Just(4096_usize), Just(4097), Just(8192), Just(8193)],
            1 => (1_usize << 20) - 1..(1 << 20) + 2,
        ]
    };
    let at = || 0..8_usize;
    prop_oneof![
        3 => (size(), any::<u8>()).prop_map(|(len, fill)| Op::Acquire(len, fill)),
        1 => size().prop_map(Op::AcquireZeroed),
        2 => (size(), any::<u8>()).prop_map(|(len, fill)| Op::TryAcquire(len, fill)),
        3 => (at(), size()).prop_map(|(at, len)| Op::Resize(at, len)),
        2 => (at(), proptest::collection::vec(any::<u8>(), 0..5000))
            .prop_map(|(at, bytes)| Op::Extend(at, bytes)),
        1 => (at(), any::<u8>(), 0..9000_usize).prop_map(|(at, byte, n)| Op::Put(at, byte, n)),
        1 => (at(), size()).prop_map(|(at, len)| Op::Truncate(at, len)),
        1 => at().prop_map(Op::Adopt),
        3 => at().prop_map(Op::Drop),
    ]
}

struct Live {
    buffer: PooledBuffer,
    bytes: Vec<u8>,
    /// The class whose slot it has.
    class: Option<usize>,
    /// Whether it can find the pool that it came from.
    knows_its_pool: bool,
}

struct Model {
    pool: BufferPool,
    live: Vec<Live>,
    recycles: u64,
    misses: u64,
    oversize: u64,
}

impl Model {
    fn class_of(len: usize) -> Option<usize> {
        CLASS_BYTES.iter().position(|bytes| *bytes >= len)
    }

    /// Slots of a class that buffers hold.
    fn in_use(&self, class: usize) -> usize {
        let here = |live: &&Live| live.class == Some(class);
        self.live.iter().filter(here).count()
    }

    /// Counts what handing out `len` bytes must do now; tells the class whose slot serves it, if one does.
    fn expect(&mut self, len: usize) -> Option<usize> {
        match Self::class_of(len) {
            None => self.oversize += 1,
            Some(class) if self.in_use(class) == CAPACITY => self.misses += 1,
            slot => {
                self.recycles += 1;
                return slot;
            }
        }
        None
    }

    fn keep(&mut self, mut buffer: PooledBuffer, len: usize, class: Option<usize>, fill: u8) {
        assert_eq!((buffer.len(), buffer.is_pooled()), (len, class.is_some()));
        let class_bytes = Self::class_of(len).map_or(len, |class| CLASS_BYTES[class]);
        assert_eq!(buffer.capacity(), class_bytes);
        buffer.fill(fill);
        self.live.push(Live {
            buffer,
            bytes: vec![fill; len],
            class,
            knows_its_pool: true,
        });
    }

    /// What a buffer that is about to have `len` bytes must do. Growth beyond all classes is on the heap, and how much a heap
    /// buffer there keeps in reserve is its own affair: it is an allocation if and only if the capacity changes.
    fn grow(&mut self, at: usize, len: usize, grow: impl FnOnce(&mut PooledBuffer)) {
        let Live {
            buffer,
            knows_its_pool,
            ..
        } = &self.live[at];
        let (capacity, knows_its_pool) = (buffer.capacity(), *knows_its_pool);
        if len <= capacity {
            let was_pooled = buffer.is_pooled();
            let buffer = &mut self.live[at].buffer;
            grow(buffer);
            assert_eq!((buffer.len(), buffer.capacity()), (len, capacity));
            return assert_eq!(buffer.is_pooled(), was_pooled);
        }
        let class = knows_its_pool.then(|| self.expect(len)).flatten();
        let live = &mut self.live[at];
        live.class = class;
        let buffer = &mut live.buffer;
        grow(buffer);
        assert_eq!((buffer.len(), buffer.is_pooled()), (len, class.is_some()));
        match Self::class_of(len) {
            Some(class) if knows_its_pool => assert_eq!(buffer.capacity(), CLASS_BYTES[class]),
            _ => assert!((len..=len.max(2 * capacity)).contains(&buffer.capacity())),
        }
    }

    /// A slot of a class still knows its pool, by its address; a vector is anybody's.
    fn adopt(&mut self, at: usize) {
        let live = self.live.swap_remove(at);
        let len = live.buffer.len();
        let (buffer, knows_its_pool) = match live.buffer.into_lease() {
            Ok((lease, range)) => {
                assert_eq!(range, 0..len);
                let refused = PooledBuffer::from_lease(lease, usize::MAX);
                let lease = refused.expect_err("not so long");
                let adopted = PooledBuffer::from_lease(lease, len).expect("as long as it was");
                (adopted, live.class.is_some() && cfg!(feature = "std"))
            }
            Err(buffer) => {
                let vec = buffer.into_vec().expect("on the heap");
                (PooledBuffer::from_vec(vec), false)
            }
        };
        self.live.push(Live {
            buffer,
            knows_its_pool,
            ..live
        });
    }

    fn apply(&mut self, op: Op) {
        let chosen = |at: usize| (at < self.live.len()).then_some(at);
        match op {
            Op::Acquire(len, fill) => {
                let class = self.expect(len);
                let buffer = self.pool.acquire(len);
                self.keep(buffer, len, class, fill);
            }
            Op::AcquireZeroed(len) => {
                let class = self.expect(len);
                let buffer = self.pool.acquire_zeroed(len);
                assert!(buffer.iter().all(|byte| *byte == 0));
                self.keep(buffer, len, class, 0);
            }
            Op::TryAcquire(len, fill) => match self.pool.try_acquire(len) {
                Ok(buffer) => {
                    let class = self.expect(len);
                    assert!(class.is_some());
                    self.keep(buffer, len, class, fill);
                }
                Err(why) => match Self::class_of(len) {
                    None => assert!(why.is_too_large() && !why.is_exhausted()),
                    Some(class) => {
                        assert!(why.is_exhausted() && !why.is_too_large());
                        assert_eq!(self.in_use(class), CAPACITY);
                    }
                },
            },
            Op::Resize(at, len) => {
                if let Some(at) = chosen(at) {
                    self.live[at].bytes.resize(len, 0);
                    self.grow(at, len, |buffer| buffer.resize(len));
                }
            }
            Op::Extend(at, bytes) => {
                if let Some(at) = chosen(at) {
                    self.live[at].bytes.extend_from_slice(&bytes);
                    let len = self.live[at].bytes.len();
                    self.grow(at, len, |buffer| buffer.extend_from_slice(&bytes));
                }
            }
            Op::Put(at, byte, n) => {
                // In place only: how often `put_bytes` moves is its own affair.
                if let Some(at) = chosen(at) {
                    let room = self.live[at].buffer.capacity() - self.live[at].buffer.len();
                    let n = n.min(room);
                    self.live[at].buffer.put_bytes(byte, n);
                    let len = self.live[at].bytes.len() + n;
                    self.live[at].bytes.resize(len, byte);
                }
            }
            Op::Truncate(at, len) => {
                if let Some(at) = chosen(at) {
                    self.live[at].buffer.truncate(len);
                    self.live[at].bytes.truncate(len);
                }
            }
            Op::Adopt(at) => {
                if let Some(at) = chosen(at) {
                    self.adopt(at);
                }
            }
            Op::Drop(at) => {
                if let Some(at) = chosen(at) {
                    self.live.swap_remove(at);
                }
            }
        }
    }

    fn check(&self) {
        for Live { buffer, bytes, .. } in &self.live {
            assert!(buffer.as_slice() == &bytes[..], "a buffer lost its bytes");
        }
        let stats = self.pool.stats();
        let counted = (stats.recycles, stats.misses, stats.oversize);
        assert_eq!(counted, (self.recycles, self.misses, self.oversize));
        assert_eq!(
            stats.allocations,
            self.recycles + self.misses + self.oversize
        );
        for (index, class) in stats.classes().iter().enumerate() {
            assert_eq!(class.class_bytes, CLASS_BYTES[index]);
            assert_eq!(class.in_use, self.in_use(index), "class {index}");
            assert_eq!(class.in_use + class.idle + class.vacant, CAPACITY);
        }
    }
}

fn run(ops: Vec<Op>) {
    let mut model = Model {
        pool: BufferPool::new(CAPACITY),
        live: Vec::new(),
        recycles: 0,
        misses: 0,
        oversize: 0,
    };
    for op in ops {
        model.apply(op);
        model.check();
    }
    model.live.clear();
    model.check();
}

/// What the fuzz target `sizeclass_buffer` does with an input.
pub(crate) fn replay(input: &[u8]) {
    inputs::replay(input, op(), run);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("sizeclass_buffer", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 60 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn buffers_are_vectors_and_the_counts_are_right(
        ops in proptest::collection::vec(op(), 1..if cfg!(miri) { 8 } else { 40 }),
    ) {
        run(ops);
    }
}
