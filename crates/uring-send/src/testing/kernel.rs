//! The fake kernel itself: takes entries, is told what to answer, posts completions.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::fs::File;
use std::os::fd::{OwnedFd, RawFd};

use io_uring::squeue;

use super::answer::{Answer, Notice, Outcome, Usage};
use super::choices::Choices;
use super::ledger::{Ledger, Watched};
use super::operation::{Kind, Op, OpId, Operation, Stage};
use super::peers::Peers;
use crate::completion::Completion;
use crate::queue::{Submissions, sealed::Sealed};
use crate::sign::signed;
use crate::socket::Socket;
use crate::sqe::Sqe;

/// `IORING_CQE_F_MORE`.
const MORE: u32 = 1 << 1;
/// `IORING_CQE_F_NOTIF`.
const NOTIFICATION: u32 = 1 << 3;
/// `IORING_NOTIF_USAGE_ZC_COPIED`.
const COPIED: u32 = 1 << 31;

/// A ring whose kernel is the test: see [the module](super).
///
/// Nothing happens by itself. [`enter`](crate::Ring::enter) takes what was queued and makes steps until a completion is there;
/// [`answer`](Self::answer) and [`notify`](Self::notify) make the steps that a test wants. It does sends (`SEND`, `SEND_ZC`, `SENDMSG`, `SENDMSG_ZC`, links between them, timeouts for them), cancellations by
/// `user_data` and `NOP`; anything else gets `EINVAL`. It has no clock: a timeout fires when a test or the choices [say so](Self::expire).
///
/// # Panics
///
/// Its methods panic when the kernel sees memory change that it may still read, or when a loop waits for what cannot come.
pub struct FakeKernel {
    capacity: usize,
    pub(super) choices: Choices,
    pub(super) answers: Vec<Answer>,
    queued: Vec<Op>,
    pub(super) taken: Vec<Op>,
    pub(super) ready: VecDeque<Completion>,
    ledger: Ledger,
    peers: Peers,
    pub(super) stalled: BTreeSet<RawFd>,
    next_op: usize,
    torn_down: bool,
}

/// The submission queue of a [`FakeKernel`].
#[derive(Debug)]
pub struct FakeQueue<'a>(pub(super) &'a mut FakeKernel);

impl FakeKernel {
    /// A ring with room for `entries` submissions, whose steps are decided by `choices`. It answers sends with each of: all bytes, half of them,
    /// `EPIPE`; see [`answers`](Self::answers).
    #[must_use]
    pub fn new(entries: usize, choices: &Choices) -> Self {
        Self {
            capacity: entries,
            choices: choices.clone(),
            answers: vec![Answer::all(), Answer::half(), Answer::error(libc::EPIPE)],
            queued: Vec::new(),
            taken: Vec::new(),
            ready: VecDeque::new(),
            ledger: Ledger::default(),
            peers: Peers::default(),
            stalled: BTreeSet::new(),
            next_op: 0,
            torn_down: false,
        }
    }

    /// Sets what sends may be answered with, when the kernel decides.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn answers(&mut self, answers: &[Answer]) {
        assert!(!answers.is_empty(), "answers: at least 1, got 0");
        self.answers = answers.to_vec();
    }

    /// A guard that panics if it is dropped while this kernel may read its bytes.
    #[must_use]
    pub fn guard(&self, bytes: impl Into<Box<[u8]>>) -> Watched {
        self.ledger.guard(bytes.into())
    }

    /// How many [guards](Self::guard) have not been dropped.
    #[must_use]
    pub fn living_guards(&self) -> usize {
        self.ledger.living_guards()
    }

    /// A socket that no network knows: one send at a time, as on a stream.
    ///
    /// # Panics
    ///
    /// If the process is out of descriptors.
    #[must_use]
    pub fn stream_socket(&self) -> Socket {
        Socket::owning(nowhere(), true)
    }

    /// A socket that no network knows: any number of sends at a time.
    ///
    /// # Panics
    ///
    /// If the process is out of descriptors.
    #[must_use]
    pub fn datagram_socket(&self) -> Socket {
        Socket::owning(nowhere(), false)
    }

    /// What the peer of a socket would read if it read everything now. Bytes of zero-copy sends that were not notified of are read from where they lie
    /// at this moment, as late as a network card may.
    #[must_use]
    pub fn received(&self, socket: &Socket) -> Vec<u8> {
        self.peers.received(socket.raw_fd())
    }

    /// The peer takes nothing from now on: sends to this socket get no answer and no notification until [`resume`](Self::resume),
    /// unless a test gives them.
    pub fn stall(&mut self, socket: &Socket) {
        self.stalled.insert(socket.raw_fd());
    }

    /// The peer reads again.
    pub fn resume(&mut self, socket: &Socket) {
        self.stalled.remove(&socket.raw_fd());
    }

    /// The operations that something is still to come of, in the order in which they were queued.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.taken.iter().map(Op::describe).collect()
    }

    /// Takes what was queued, as `io_uring_enter` does. Tells how many entries.
    pub fn submit(&mut self) -> usize {
        let count = self.queued.len();
        let mut follows = false;
        let mut heads = Vec::new();
        for op in std::mem::take(&mut self.queued) {
            if let Some(send) = op.send() {
                let same = send.message.is_unchanged();
                assert!(same, "{:?}: its header changed in the queue", op.id);
            }
            if !follows {
                heads.push(self.taken.len());
            }
            follows = op.sqe.is_linked();
            self.taken.push(op);
        }
        for head in heads {
            self.start(head);
        }
        self.run_what_is_not_sent();
        count
    }

    /// The main completion of a running operation.
    ///
    /// # Panics
    ///
    /// If it is not a running send, or if the memory that it names was changed since it was queued.
    pub fn answer(&mut self, id: OpId, answer: Answer) {
        let op = self.op(id, &[Stage::Running]);
        let (sqe, zero_copy) = (op.sqe, op.is_zero_copy());
        let send = op.send().expect("an answer is for a send");
        assert!(
            send.message.is_unchanged(),
            "{id:?}: its header changed while it ran"
        );
        let (len, wait_all) = (send.message.len(), send.wait_all);
        let result = match answer.outcome {
            Outcome::All => Ok(len),
            Outcome::Half => Ok((len / 2).max(1)),
            Outcome::Bytes(bytes) => Ok(bytes.min(len)),
            Outcome::Errno(errno) => Err(errno),
        };
        let announced = zero_copy && answer.notice == Notice::Announced;
        let taken = result.unwrap_or(0);
        if announced {
            let message = send.message.clone();
            self.peers.referred(sqe.fd, id, &message, taken);
        } else {
            let bytes = send.message.first_bytes(taken);
            self.peers.copied(sqe.fd, id, bytes);
            self.ledger.release(id);
        }
        let code = result.map_or_else(
            |errno| -errno,
            |bytes| i32::try_from(bytes).expect("below 2 GiB"),
        );
        self.post(sqe.user_data, code, if announced { MORE } else { 0 });
        match (zero_copy, answer.notice) {
            (true, Notice::Announced) => self.stage(id, Stage::Unnotified),
            (true, Notice::Stray) => self.stage(id, Stage::Stray),
            _ => {}
        }
        let went_well = result.is_ok_and(|bytes| bytes == len || !wait_all);
        self.go_on_behind(id, went_well);
        if !zero_copy || answer.notice == Notice::Absent {
            self.taken.retain(|op| op.id != id);
        }
    }

    /// The time of a send is over: its timeout, `id`, fires and cancels it, after `sent` of its bytes left. A kernel has taken some, and goes on waiting, only of a send
    /// that is to [wait for all](crate::InFlightBuilder::wait_all).
    ///
    /// # Panics
    ///
    /// If it is not the timeout of a running send, or of one with no more than `sent` bytes.
    pub fn expire(&mut self, id: OpId, sent: usize) {
        let user_data = self.op(id, &[Stage::Timing]).sqe.user_data;
        let at = self.place(id);
        let timed = &self.taken[at - 1];
        let (of, bytes) = (timed.id, timed.describe().bytes);
        assert!(sent < bytes, "sent: fewer than {bytes}, got {sent}");
        self.post(user_data, -libc::ETIME, 0);
        self.taken.remove(at);
        self.answer(
            of,
            match sent {
                0 => Answer::error(libc::ECANCELED),
                _ => Answer::bytes(sent),
            },
        );
    }

    /// The notification of a zero-copy send whose main completion was posted: the kernel reads its memory no more.
    ///
    /// # Panics
    ///
    /// If none is to come, or if the memory was changed since the bytes left.
    pub fn notify(&mut self, id: OpId, usage: Usage) {
        let op = self.op(id, &[Stage::Unnotified, Stage::Stray]);
        let (sqe, held) = (op.sqe, op.stage == Stage::Unnotified);
        let reports = op.send().is_some_and(|send| send.reports_usage);
        if held {
            let same = self.peers.settle(sqe.fd, id);
            assert!(same, "{id:?}: its bytes changed before its notification");
            self.ledger.release(id);
        }
        let copied = if reports && usage == Usage::Copied {
            COPIED
        } else {
            0
        };
        self.post(sqe.user_data, signed(copied), NOTIFICATION);
        self.taken.retain(|op| op.id != id);
    }

    /// The ring is closed under its users: nothing is taken and nothing completes any more. What was taken is on its way to the peers, read from
    /// where it lies for ever; nobody is told.
    pub fn tear_down(&mut self) {
        self.torn_down = true;
        self.ready.clear();
        for op in self.taken.iter().filter(|op| op.stage == Stage::Running) {
            if let Some(send) = op.send() {
                let len = send.message.len();
                self.peers.referred(op.sqe.fd, op.id, &send.message, len);
            }
        }
    }

    pub(super) fn is_torn_down(&self) -> bool {
        self.torn_down
    }

    fn op(&self, id: OpId, stages: &[Stage]) -> &Op {
        let found = self.taken.iter().find(|op| op.id == id);
        let fitting = found.filter(|op| stages.contains(&op.stage) && !self.torn_down);
        fitting.unwrap_or_else(|| {
            panic!(
                "{id:?}: {stages:?} is asked for, it is {:?}",
                found.map(|op| op.stage)
            )
        })
    }

    fn stage(&mut self, id: OpId, stage: Stage) {
        let op = self.taken.iter_mut().find(|op| op.id == id);
        op.expect("of a taken operation").stage = stage;
    }

    fn post(&mut self, user_data: u64, result: i32, flags: u32) {
        let completion = Completion::assume(user_data, result, flags);
        self.ready.push_back(completion);
    }

    fn place(&self, id: OpId) -> usize {
        let at = self.taken.iter().position(|op| op.id == id);
        at.expect("of a taken operation")
    }

    /// An entry runs, and with it the time that it has.
    fn start(&mut self, at: usize) {
        self.taken[at].stage = Stage::Running;
        if let Some(next) = self.taken.get_mut(at + 1)
            && next.stage == Stage::Linked
            && matches!(next.kind, Kind::Timeout)
        {
            next.stage = Stage::Timing;
        }
    }

    /// The entry linked behind one that ended runs, or is cancelled with all that are linked behind it. A timeout is over, and what is linked behind that goes on.
    fn go_on_behind(&mut self, id: OpId, went_well: bool) {
        let behind = self.place(id) + 1;
        if let Some(timeout) = self.taken.get(behind)
            && timeout.stage == Stage::Timing
        {
            self.post(timeout.sqe.user_data, -libc::ECANCELED, 0);
            self.taken.remove(behind);
        }
        match self.taken.get(behind) {
            Some(next) if next.stage != Stage::Linked => {}
            Some(_) if went_well => self.start(behind),
            Some(next) => self.cancel_linked(next.id),
            None => {}
        }
    }

    fn cancel_linked(&mut self, id: OpId) {
        let op = self.op(id, &[Stage::Linked]);
        let (user_data, zero_copy) = (op.sqe.user_data, op.is_zero_copy());
        self.ledger.release(id);
        self.post(user_data, -libc::ECANCELED, 0);
        self.stage(id, Stage::Stray);
        self.go_on_behind(id, false);
        if !zero_copy {
            self.taken.retain(|op| op.id != id);
        }
    }

    /// Does what the kernel does at once: all that is no send.
    fn run_what_is_not_sent(&mut self) {
        let is_due = |op: &&Op| op.stage == Stage::Running && op.send().is_none();
        while let Some(op) = self.taken.iter().find(is_due) {
            let (id, user_data) = (op.id, op.sqe.user_data);
            let result = match op.kind {
                Kind::Nop => 0,
                Kind::Cancel(word) => self.cancel(word),
                // A timeout of nothing, too.
                _ => -libc::EINVAL,
            };
            self.post(user_data, result, 0);
            self.go_on_behind(id, result == 0);
            self.taken.retain(|op| op.id != id);
        }
    }

    fn cancel(&mut self, word: u64) -> i32 {
        let found = self.taken.iter().find(|op| {
            op.sqe.user_data == word && op.stage == Stage::Running && op.send().is_some()
        });
        let Some(id) = found.map(|op| op.id) else {
            return -libc::ENOENT;
        };
        self.answer(id, Answer::error(libc::ECANCELED));
        0
    }
}

fn nowhere() -> OwnedFd {
    let device = File::open("/dev/null").expect("a descriptor for /dev/null");
    OwnedFd::from(device)
}

impl Sealed for FakeQueue<'_> {}

impl Submissions for FakeQueue<'_> {
    fn capacity(&self) -> usize {
        self.0.capacity
    }

    fn room(&self) -> usize {
        self.0.capacity - self.0.queued.len()
    }

    unsafe fn push(&mut self, entry: &squeue::Entry) -> bool {
        if self.is_full() {
            return false;
        }
        let kernel = &mut *self.0;
        let id = OpId(kernel.next_op);
        kernel.next_op += 1;
        // SAFETY: the caller's promise.
        let op = unsafe { Op::new(id, Sqe::of(entry)) };
        for addresses in op
            .send()
            .into_iter()
            .flat_map(|send| send.message.addresses())
        {
            kernel.ledger.hold(id, addresses);
        }
        kernel.queued.push(op);
        true
    }
}

impl fmt::Debug for FakeKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeKernel")
            .field("queued", &self.queued.len())
            .field("taken", &self.taken.len())
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
