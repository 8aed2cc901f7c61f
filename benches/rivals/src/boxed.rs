//! The usual way to keep a send's memory: a boxed header, a vector of parts and the guards, in a table by `user_data`. The table is a vector with a list of
//! free places, or the crate slab.

use std::hint::black_box;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::Arc;

use io_uring::{opcode, types};
use slab::Slab;

use benches::work::send::{self, Keeper};

crate::submit! {
    "send/slab" => send::slab::<Boxed<Places>>,
    "send/slab" => send::slab::<Boxed<Slab<Send>>>,
}

/// A table of sends; no generations, so a late completion is taken for another send's.
struct Boxed<T> {
    socket: Arc<OwnedFd>,
    sends: T,
}

/// Where sends are kept, each under a number.
trait Table {
    const NAME: &'static str;

    fn with_room(sends: usize) -> Self;
    fn insert(&mut self, send: Send) -> usize;
    fn get_mut(&mut self, place: usize) -> Option<&mut Send>;
    fn remove(&mut self, place: usize);
}

/// A place for each send.
struct Places {
    sends: Vec<Option<Send>>,
    free: Vec<usize>,
}

impl Table for Places {
    const NAME: &'static str = "boxed";

    fn with_room(sends: usize) -> Self {
        Self {
            sends: (0..sends).map(|_| None).collect(),
            free: (0..sends).rev().collect(),
        }
    }

    #[inline]
    fn insert(&mut self, send: Send) -> usize {
        let place = self.free.pop().expect("few sends are alive");
        self.sends[place] = Some(send);
        place
    }

    #[inline]
    fn get_mut(&mut self, place: usize) -> Option<&mut Send> {
        self.sends[place].as_mut()
    }

    #[inline]
    fn remove(&mut self, place: usize) {
        self.sends[place] = None;
        self.free.push(place);
    }
}

impl Table for Slab<Send> {
    const NAME: &'static str = "slab";

    fn with_room(sends: usize) -> Self {
        Self::with_capacity(sends)
    }

    #[inline]
    fn insert(&mut self, send: Send) -> usize {
        Self::insert(self, send)
    }

    #[inline]
    fn get_mut(&mut self, place: usize) -> Option<&mut Send> {
        Self::get_mut(self, place)
    }

    #[inline]
    fn remove(&mut self, place: usize) {
        Self::remove(self, place);
    }
}

/// What one send keeps.
struct Send {
    header: Box<libc::msghdr>,
    parts: Vec<libc::iovec>,
    guards: Vec<Arc<[u8]>>,
    socket: Arc<OwnedFd>,
    /// Bytes that the main completion must name.
    bytes: usize,
    main_completed: bool,
}

impl<T: Table> Keeper for Boxed<T> {
    const NAME: &'static str = T::NAME;

    #[inline]
    fn new(socket: UdpSocket) -> Result<Self, String> {
        Ok(Self {
            socket: Arc::new(socket.into()),
            sends: T::with_room(256),
        })
    }

    #[inline]
    fn begin(&mut self, guards: [Arc<[u8]>; 2]) -> u64 {
        let guards = Vec::from(guards);
        let mut parts: Vec<_> = guards.iter().map(|guard| part(guard)).collect();
        let send = Send {
            header: Box::new(header(&mut parts)),
            bytes: guards.iter().map(|guard| guard.len()).sum(),
            parts,
            guards,
            socket: self.socket.clone(),
            main_completed: false,
        };
        let fd = types::Fd(send.socket.as_raw_fd());
        let entry = opcode::SendMsgZc::new(fd, &raw const *send.header)
            .flags(libc::MSG_NOSIGNAL.cast_unsigned())
            .build();
        let place = self.sends.insert(send);
        black_box(&entry.user_data(place as u64)).get_user_data()
    }

    #[inline]
    fn complete(&mut self, user_data: u64, result: i32, flags: u32) -> bool {
        let place = user_data as usize;
        let Some(send) = self.sends.get_mut(place) else {
            return false;
        };
        if !io_uring::cqueue::notif(flags) {
            assert_eq!(usize::try_from(result), Ok(send.bytes), "a short send");
            send.main_completed = true;
            if io_uring::cqueue::more(flags) {
                return false;
            }
        }
        let over = send.main_completed;
        if over {
            black_box((&send.parts, &send.guards));
            self.sends.remove(place);
        }
        over
    }
}

fn part(bytes: &[u8]) -> libc::iovec {
    libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    }
}

fn header(parts: &mut [libc::iovec]) -> libc::msghdr {
    libc::msghdr {
        msg_name: ptr::null_mut(),
        msg_namelen: 0,
        msg_iov: parts.as_mut_ptr(),
        msg_iovlen: parts.len(),
        msg_control: ptr::null_mut(),
        msg_controllen: 0,
        msg_flags: 0,
    }
}
