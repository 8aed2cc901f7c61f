//! Many peers that read, and one that never does: what a message to one of the others takes.

use std::net::TcpStream;
use std::sync::Arc;

use crate::case::{Case, each_of};
use crate::work::tcp;

/// How many peers read.
const READERS: usize = 64;
/// More than a socket takes for a peer that does not read, within the first rounds.
const MESSAGE_BYTES: usize = 16 * 1024;

/// Whatever sends to many peers at once.
pub trait CrowdSender: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// The name of the same without the peer that does not read.
    const ALONE: &'static str;

    /// For messages to those who read, and to one who does not, if there is one.
    fn new(readers: Vec<TcpStream>, stalled: Option<TcpStream>) -> Result<Self, String>;

    /// Sends `message` to everybody, but to the one who does not read only if it may; returns when the kernel has what is for those who read.
    fn send(&mut self, message: &Arc<[u8]>);

    /// How many messages to the one who does not read were refused so far.
    fn refused(&self) -> usize;
}

/// A message to each of 64 peers, while another one does not read its own. Per message that is read, by the clock.
pub fn one_stalls<S: CrowdSender>(case: &mut Case<'_>) {
    timed::<S>(case, S::NAME, true);
}

/// [`one_stalls`] without the one.
pub fn all_read<S: CrowdSender>(case: &mut Case<'_>) {
    timed::<S>(case, S::ALONE, false);
}

/// A sender, and the end of the connection that nobody reads.
struct Crowd<S> {
    sender: S,
    _unread: Vec<TcpStream>,
    message: Arc<[u8]>,
}

fn timed<S: CrowdSender>(case: &mut Case<'_>, subject: &str, one_stalls: bool) {
    let set_up = || crowd::<S>(one_stalls).expect("checked: it can be made");
    case.only_time(
        subject,
        || check::<S>(one_stalls),
        set_up,
        |bencher, crowd| {
            each_of(bencher, READERS as u64, || {
                crowd.sender.send(&crowd.message)
            });
        },
    );
}

fn crowd<S: CrowdSender>(one_stalls: bool) -> Result<Crowd<S>, String> {
    let text = |error: std::io::Error| error.to_string();
    let readers = tcp::read_connections(READERS).map_err(text)?;
    let mut unread = Vec::new();
    let stalled = tcp::connected(usize::from(one_stalls), |far| unread.push(far));
    Ok(Crowd {
        sender: S::new(readers, stalled.map_err(text)?.pop())?,
        _unread: unread,
        message: Arc::from(vec![7; MESSAGE_BYTES]),
    })
}

/// Whether the one is refused more after a while, and only it.
fn check<S: CrowdSender>(one_stalls: bool) -> Result<(), String> {
    /// So many fill every buffer on the way.
    const MANY: usize = 2000;
    let mut crowd = crowd::<S>(one_stalls)?;
    for _ in 0..MANY {
        crowd.sender.send(&crowd.message);
    }
    match (one_stalls, crowd.sender.refused()) {
        (true, 0) => Err(format!(
            "takes {MANY} messages for a peer that does not read"
        )),
        (false, 1..) => Err("refuses a message for a peer that reads".into()),
        _ => Ok(()),
    }
}
