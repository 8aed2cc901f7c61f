//! sharded-slab's `Pool`: objects in a slab per thread, cleared and used again. It grows when it is empty, so it makes the objects that a case asks for.

use benches::work::pool::{self, SlotPool};
use benches::work::{LINE_BYTES, Line, Memory, Writable};
use sharded_slab::pool::RefMut;
use sharded_slab::{Clear, Pool};

use crate::boxes::{Block, block};

crate::submit! {
    "pool/pair" => pool::pair::<ShardedSlab>,
    "pool/held32" => pool::held32::<ShardedSlab>,
    "pool/shared-2t" => pool::shared_2t::<ShardedSlab>,
}

/// The pool, which has made its objects already.
struct ShardedSlab(Pool<Object>);

struct Object(Block);

impl Default for Object {
    fn default() -> Self {
        Self(block())
    }
}

impl Clear for Object {
    /// What a slot held is not wiped, here as elsewhere.
    #[inline]
    fn clear(&mut self) {}
}

/// An object, and where it is cleared.
struct Slot<'a> {
    pool: &'a Pool<Object>,
    /// `Some` until it is dropped.
    object: Option<RefMut<'a, Object>>,
}

impl SlotPool for ShardedSlab {
    const NAME: &'static str = "sharded-slab";

    type Slot<'a> = Slot<'a>;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        let pool = Self(Pool::new());
        let all: Vec<_> = (0..slots).map_while(|_| pool.take()).collect();
        drop(all);
        pool
    }

    #[inline]
    fn take(&self) -> Option<Slot<'_>> {
        Some(Slot {
            pool: &self.0,
            object: Some(self.0.create()?),
        })
    }
}

impl Drop for Slot<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            let key = object.key();
            drop(object);
            self.pool.clear(key);
        }
    }
}

impl Memory for Slot<'_> {
    #[inline]
    fn start(&self) -> *const u8 {
        let object = self.object.as_ref().expect("not dropped yet");
        object.0.as_ptr()
    }
}

impl Writable for Slot<'_> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        let object = self.object.as_mut().expect("not dropped yet");
        object.0[..LINE_BYTES].copy_from_slice(line);
    }
}
