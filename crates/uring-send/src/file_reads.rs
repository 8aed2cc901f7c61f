//! Reading files straight into a pool's slots.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use io_uring::{opcode, squeue, types};
use pool_core::Lease;

use crate::completion::Completion;
use crate::error::{ReadError, SetupError};
use crate::event::ReadEvent;
use crate::leaks;
use crate::nonce::Nonce;
use crate::queue::Submissions;
use crate::registered::{Registered, Table};
use crate::token::{Generation, Token};

/// Reads under way: a fixed number of places, each keeping a slot and a file until the kernel is done with them.
///
/// With [`use_registered`](Self::use_registered) a read into a registered region is a fixed one (`READ_FIXED`). Allocates nothing per read.
///
/// Dropping it with reads under way leaks their slots and files on purpose and counts them in [`leaks`](crate::leaks()). Take in completions
/// until [`is_empty`](Self::is_empty) to avoid that.
///
/// - **READ-1** From `read` until its completion, the lease and the file of a place are neither dropped nor given away, and nobody touches the slot's
///   bytes.
pub struct FileReads {
    nonce: Nonce,
    places: Box<[Place]>,
    free: Vec<u16>,
    registered: Option<Arc<Table>>,
}

#[derive(Default)]
struct Place {
    generation: Generation,
    /// `None` while the place is free.
    read: Option<Read>,
}

struct Read {
    tag: u64,
    lease: Lease,
    start: usize,
    bytes: usize,
    file: Arc<File>,
}

impl FileReads {
    /// Room for `reads` reads at a time: 1 to 65 535.
    ///
    /// # Errors
    ///
    /// [`SetupError`] names the argument and its range, or says that there are too many instances.
    pub fn new(reads: usize) -> Result<Self, SetupError> {
        let count =
            u16::try_from(reads)
                .ok()
                .filter(|count| *count > 0)
                .ok_or(SetupError::OutOfRange {
                    field: "reads",
                    bound: "1 to 65535",
                    value: reads,
                })?;
        Ok(Self {
            nonce: Nonce::take()?,
            places: (0..count).map(|_| Place::default()).collect(),
            free: (0..count).rev().collect(),
            registered: None,
        })
    }

    /// From now on, reads into a registered region are fixed reads. They must go to the ring of `registered`: another one
    /// refuses them (`EFAULT`), or, if a region that was registered with it earlier lay at the same addresses and is not unregistered, moves bytes of that one.
    pub fn use_registered(&mut self, registered: &Registered) {
        self.registered = Some(registered.table().clone());
    }

    /// Puts a read into the queue: of `file`, from byte `offset` on, into this range of the slot. Its event bears `tag`.
    ///
    /// # Errors
    ///
    /// [`ReadError`] gives the lease back and says why: no place, no room in the queue, or a range that is empty, not in the slot, or
    /// longer than 2 GiB.
    pub fn read(
        &mut self,
        queue: &mut impl Submissions,
        file: &Arc<File>,
        offset: u64,
        mut lease: Lease,
        range: Range<usize>,
        tag: u64,
    ) -> Result<(), ReadError> {
        let Some(bytes) = bytes_of(&lease, &range) else {
            return Err(ReadError::range(lease, range));
        };
        if queue.is_full() {
            return Err(ReadError::queue_full(lease));
        }
        let Some(place) = self.free.pop() else {
            return Err(ReadError::no_place(lease, self.places.len()));
        };
        let address = lease.as_mut_ptr().wrapping_add(range.start);
        let entry = self.entry(place, file, address, bytes, offset);
        self.places[usize::from(place)].read = Some(Read {
            tag,
            lease,
            start: range.start,
            bytes: range.len(),
            file: file.clone(),
        });
        // SAFETY: the slot and the file stay as they are until the completion (READ-1).
        let pushed = unsafe { queue.push(&entry) };
        assert!(pushed, "the queue was not full above");
        Ok(())
    }

    fn entry(
        &self,
        place: u16,
        file: &File,
        to: *mut u8,
        bytes: u32,
        offset: u64,
    ) -> squeue::Entry {
        let fd = types::Fd(file.as_raw_fd());
        let len = usize::try_from(bytes).expect("32 bits fit");
        let index = self.registered.as_ref();
        let entry = match index.and_then(|table| table.index_of(to.addr(), len)) {
            Some(index) => opcode::ReadFixed::new(fd, to, bytes, index)
                .offset(offset)
                .build(),
            None => opcode::Read::new(fd, to, bytes).offset(offset).build(),
        };
        let token = Token {
            nonce: self.nonce.number(),
            slot: place,
            generation: self.places[usize::from(place)].generation,
            op: 0,
        };
        entry.user_data(token.to_bits())
    }

    /// Takes in one completion.
    ///
    /// # Errors
    ///
    /// Gives a completion back that is not this instance's.
    pub fn complete(&mut self, completion: Completion) -> Result<ReadEvent, Completion> {
        let token = completion.token();
        if token.nonce != self.nonce.number() {
            return Err(completion);
        }
        let place = self.places.get_mut(usize::from(token.slot));
        let ours = place.filter(|place| place.generation == token.generation && token.op == 0);
        let Some((place, read)) =
            ours.and_then(|place| place.read.take().map(|read| (place, read)))
        else {
            return Ok(ReadEvent::Internal);
        };
        place.generation = place.generation.next();
        self.free.push(token.slot);
        Ok(read.end(completion.result()))
    }

    /// How many reads the kernel may still be writing the memory of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether the kernel uses no memory of ours: dropping now leaks nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Read {
    fn end(self, result: i32) -> ReadEvent {
        let Self {
            tag,
            lease,
            start,
            bytes,
            file,
        } = self;
        drop(file);
        let failed = |lease, errno| ReadEvent::Failed {
            tag,
            lease,
            error: io::Error::from_raw_os_error(errno),
        };
        match usize::try_from(result) {
            Ok(read) if read <= bytes => ReadEvent::Read {
                tag,
                lease,
                range: start..start + read,
            },
            Ok(_) => failed(lease, libc::EIO),
            Err(_) => failed(lease, result.checked_neg().unwrap_or(libc::EIO)),
        }
    }
}

/// The length of a range that can be read into.
fn bytes_of(lease: &Lease, range: &Range<usize>) -> Option<u32> {
    let fits = range.start < range.end && range.end <= lease.len();
    let bytes = i32::try_from(range.len()).ok().filter(|_| fits)?;
    u32::try_from(bytes).ok()
}

impl Drop for FileReads {
    fn drop(&mut self) {
        let under_way = self.len() as u64;
        if under_way == 0 {
            return;
        }
        leaks::count(|leaks| {
            leaks.receive_buffers += under_way;
            leaks.descriptors += under_way;
        });
        std::mem::forget(std::mem::take(&mut self.places));
        self.nonce.retire();
    }
}

impl fmt::Debug for FileReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileReads")
            .field("under_way", &self.len())
            .field("capacity", &self.places.len())
            .finish_non_exhaustive()
    }
}
