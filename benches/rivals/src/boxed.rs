//! The usual way to keep a send's memory: a boxed header, a vector of parts and the guards, in a table by `user_data`.

use std::hint::black_box;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::Arc;

use io_uring::{opcode, types};

use benches::work::send::{self, Keeper};

crate::submit! {
    "send/slab" => send::slab::<Boxed>,
}

/// A table of sends; no generations, so a late completion is taken for another send's.
struct Boxed {
    socket: Arc<OwnedFd>,
    sends: Vec<Option<Send>>,
    free: Vec<usize>,
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

impl Keeper for Boxed {
    const NAME: &'static str = "boxed";

    #[inline]
    fn new(socket: UdpSocket) -> Result<Self, String> {
        Ok(Self {
            socket: Arc::new(socket.into()),
            sends: (0..256).map(|_| None).collect(),
            free: (0..256).rev().collect(),
        })
    }

    #[inline]
    fn begin(&mut self, guards: [Arc<[u8]>; 2]) -> u64 {
        let place = self.free.pop().expect("few sends are alive");
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
            .build()
            .user_data(place as u64);
        self.sends[place] = Some(send);
        black_box(&entry).get_user_data()
    }

    #[inline]
    fn complete(&mut self, user_data: u64, result: i32, flags: u32) -> bool {
        let place = user_data as usize;
        let Some(send) = self.sends[place].as_mut() else {
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
            self.sends[place] = None;
            self.free.push(place);
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
