//! One send's life, from draft to release, as a state machine that knows nothing of rings.
//!
//! ```text
//! Free -> Draft -> Submitted --main completion--> Waiting (short) -> Submitted …
//!                      |
//!                      +--------main completion--> Ended --last notification--> Free
//! ```
//!
//! A send may take several operations: one that came short is followed by one for the rest. Each has a number, because the kernel
//! may notify of the first while the second runs, and because it may notify of an operation that it said would not be notified
//! (a linked one that was cancelled): such a notification must not be taken for another one's.
//!
//! Each operation of a send with a deadline has a timeout linked behind it, an entry with a completion of its own. When one fires, the kernel cancels the
//! operation, whose completion looks like that of any other cancelled one: that the time is over is told by the timeout's completion, or by the clock,
//! whichever says so first. So nothing rests on the order of the two completions, and the slot waits for both.

use std::time::Duration;

use pool_core::Lease;

use crate::arming::TIMEOUT_OP;
use crate::deadline::Deadline;
use crate::guard_cell::GuardCell;
use crate::socket::Socket;
use crate::token::Generation;
use crate::wire::MAX_GUARDS;

/// Operations of one send that may be zero-copy: one bit each in `due`. Later ones are sent with a copy, which needs no notification.
pub(crate) const MAX_ZERO_COPY_OPS: u8 = 64;
/// The number of all operations of one send from this one on. Below a timeout's and a cancellation's, so that a late one of those is never a send's.
const LAST_OP: u8 = TIMEOUT_OP - 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nobody's.
    Free,
    /// Being built.
    Draft,
    /// The operation with this number is with the kernel and has not completed.
    Submitted { op: u8 },
    /// The rest of a short send waits for room in the submission queue.
    Waiting,
    /// All operations have completed; notifications and timeouts may be due.
    Ended,
}

/// - **SLOT-1** From `submit` until `is_over`, nothing of what the kernel reads (header, parts, deadline, guards, copied bytes, socket)
///   is dropped, moved or written, except the header and parts between two operations.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact by itself, and all of them go together"
)]
pub(crate) struct SendSlot {
    pub(crate) generation: Generation,
    pub(crate) phase: Phase,
    pub(crate) tag: u64,
    pub(crate) socket: Option<Socket>,
    /// Room for [`MAX_GUARDS`] from the start: adding one never allocates.
    pub(crate) guards: Vec<GuardCell>,
    pub(crate) copied: Option<Lease>,
    pub(crate) copied_bytes: usize,
    pub(crate) total_bytes: usize,
    sent_bytes: usize,
    /// Whether the next operation is to be zero-copy.
    pub(crate) zero_copy: bool,
    /// Whether the operation that runs names a fixed buffer.
    fixed: bool,
    /// Whether the kernel has refused to send this from a fixed buffer.
    fixed_refused: bool,
    /// Whether the kernel was asked to end it: then what came short does not go on.
    pub(crate) cancelled: bool,
    /// Whether it was asked for the operation that runs.
    pub(crate) asked: bool,
    /// How long it may take, if that is limited: counted from when it is begun.
    pub(crate) timeout: Option<Duration>,
    /// When its time is over, from then on.
    deadline: Option<Deadline>,
    /// Whether its time was over when something was last heard of it.
    late: bool,
    /// How many timeouts are still to complete.
    timeouts_due: u32,
    next_op: u8,
    /// One bit per operation whose notification is still to come.
    due: u64,
}

/// What a main completion means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not of the operation that is with the kernel.
    Stale,
    Sent {
        bytes: usize,
    },
    Short {
        sent: usize,
        left: usize,
    },
    /// The kernel would not do it without a copy, or from a fixed buffer; to be tried with one, or from the memory.
    FallBack,
    Failed {
        errno: i32,
        sent: usize,
    },
}

impl SendSlot {
    pub(crate) fn new() -> Self {
        Self {
            generation: Generation::default(),
            phase: Phase::Free,
            tag: 0,
            socket: None,
            guards: Vec::with_capacity(MAX_GUARDS),
            copied: None,
            copied_bytes: 0,
            total_bytes: 0,
            sent_bytes: 0,
            zero_copy: false,
            fixed: false,
            fixed_refused: false,
            cancelled: false,
            asked: false,
            timeout: None,
            deadline: None,
            late: false,
            timeouts_due: 0,
            next_op: 0,
            due: 0,
        }
    }

    /// How many places in a submission queue its next operation takes.
    pub(crate) fn places(&self) -> usize {
        1 + usize::from(self.timeout.is_some())
    }

    /// Its time begins now. Gives the moment when it is over, if it is limited.
    pub(crate) fn start_clock(&mut self) -> Option<Deadline> {
        self.deadline = self.timeout.map(Deadline::after);
        self.deadline
    }

    pub(crate) fn has_deadline(&self) -> bool {
        self.deadline.is_some()
    }

    pub(crate) fn guarded_bytes(&self) -> usize {
        self.total_bytes - self.copied_bytes
    }

    /// Bytes that are with the kernel for good.
    pub(crate) fn sent(&self) -> usize {
        self.sent_bytes
    }

    /// Whether the next operation may name a fixed buffer.
    pub(crate) fn may_be_fixed(&self) -> bool {
        self.zero_copy && !self.fixed_refused && self.next_op < MAX_ZERO_COPY_OPS
    }

    /// The number and kind of the operation that goes to the kernel now.
    pub(crate) fn begin_op(&mut self, fixed: bool) -> (u8, bool) {
        let op = self.next_op;
        self.fixed = fixed;
        self.asked = false;
        self.next_op = (op + 1).min(LAST_OP);
        self.zero_copy &= op < MAX_ZERO_COPY_OPS;
        self.timeouts_due += u32::from(self.deadline.is_some());
        self.phase = Phase::Submitted { op };
        (op, self.zero_copy)
    }

    /// Takes in the completion of operation `op`: a result, and whether a notification will follow.
    pub(crate) fn main_completed(&mut self, op: u8, result: i32, more: bool) -> Verdict {
        if self.phase != (Phase::Submitted { op }) {
            return Verdict::Stale;
        }
        if more && op < MAX_ZERO_COPY_OPS {
            self.due |= 1 << op;
        }
        self.late |= self.deadline.as_ref().is_some_and(Deadline::has_passed);
        let left = self.total_bytes - self.sent_bytes;
        match usize::try_from(result) {
            Ok(sent) if sent > 0 && sent < left => {
                self.sent_bytes += sent;
                self.short()
            }
            Ok(sent) if sent == left => {
                self.sent_bytes = self.total_bytes;
                self.phase = Phase::Ended;
                Verdict::Sent {
                    bytes: self.total_bytes,
                }
            }
            // Zero bytes of some, or more than there were: no kernel says so; going on could loop for ever or skip bytes.
            Ok(_) => self.fail(libc::EIO),
            Err(_) => self.refused(result.checked_neg().unwrap_or(libc::EIO)),
        }
    }

    fn refused(&mut self, errno: i32) -> Verdict {
        match errno {
            libc::EINTR => self.short(),
            _ if self.cancelled => self.fail(errno),
            libc::ECANCELED if self.late => self.fail(libc::ETIME),
            // The buffer is not registered any more, or not with this ring.
            libc::EFAULT | libc::EINVAL if self.fixed => {
                self.fixed_refused = true;
                self.phase = Phase::Waiting;
                Verdict::FallBack
            }
            libc::EOPNOTSUPP | libc::ENOMEM | libc::ENOBUFS if self.zero_copy => {
                self.zero_copy = false;
                self.phase = Phase::Waiting;
                Verdict::FallBack
            }
            _ => self.fail(errno),
        }
    }

    /// The rest goes on, unless it was cancelled or has no time left.
    fn short(&mut self) -> Verdict {
        if self.cancelled {
            return self.fail(libc::ECANCELED);
        }
        if self.late {
            return self.fail(libc::ETIME);
        }
        self.phase = Phase::Waiting;
        Verdict::Short {
            sent: self.sent_bytes,
            left: self.total_bytes - self.sent_bytes,
        }
    }

    fn fail(&mut self, errno: i32) -> Verdict {
        self.phase = Phase::Ended;
        Verdict::Failed {
            errno,
            sent: self.sent_bytes,
        }
    }

    /// Takes in the notification of operation `op`. Tells whether one was due.
    pub(crate) fn notified(&mut self, op: u8) -> bool {
        let bit = 1_u64.checked_shl(u32::from(op)).unwrap_or(0);
        let was_due = self.due & bit != 0;
        self.due &= !bit;
        was_due
    }

    /// Takes in the completion of a timeout. Tells whether one was due.
    pub(crate) fn timeout_completed(&mut self, result: i32) -> bool {
        let Some(left) = self.timeouts_due.checked_sub(1) else {
            return false;
        };
        self.timeouts_due = left;
        self.late |= result == -libc::ETIME;
        true
    }

    /// Whether the kernel is done with the send's memory: no operation is under way or to come, no notification and no timeout is due.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Ended && self.due == 0 && self.timeouts_due == 0
    }

    /// Whether the kernel may be reading the send's memory, or will.
    pub(crate) fn is_in_flight(&self) -> bool {
        !matches!(self.phase, Phase::Free | Phase::Draft)
    }

    /// Makes the slot ready for its next use. What the send held is dropped here; if a guard's drop panics, the slot is
    /// already free.
    pub(crate) fn reset(&mut self) {
        self.generation = self.generation.next();
        self.phase = Phase::Free;
        self.total_bytes = 0;
        self.copied_bytes = 0;
        self.sent_bytes = 0;
        self.cancelled = false;
        self.asked = false;
        self.timeout = None;
        self.deadline = None;
        self.late = false;
        self.timeouts_due = 0;
        self.next_op = 0;
        self.due = 0;
        self.zero_copy = false;
        self.fixed = false;
        self.fixed_refused = false;
        self.socket = None;
        self.copied = None;
        self.guards.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submitted(total: usize, zero_copy: bool) -> SendSlot {
        let mut slot = SendSlot::new();
        slot.total_bytes = total;
        slot.zero_copy = zero_copy;
        slot.begin_op(false);
        slot
    }

    #[test]
    fn the_last_notification_ends_a_zero_copy_send() {
        let mut slot = submitted(100, true);
        assert_eq!(
            slot.main_completed(0, 100, true),
            Verdict::Sent { bytes: 100 }
        );
        assert!(!slot.is_over());
        assert!(slot.notified(0));
        assert!(slot.is_over());
    }

    #[test]
    fn a_short_send_waits_for_both_notifications_in_any_order() {
        let mut slot = submitted(100, true);
        assert_eq!(
            slot.main_completed(0, 30, true),
            Verdict::Short { sent: 30, left: 70 }
        );
        assert_eq!(slot.begin_op(false), (1, true));
        assert_eq!(
            slot.main_completed(1, 70, true),
            Verdict::Sent { bytes: 100 }
        );
        assert!(slot.notified(1));
        assert!(!slot.is_over());
        assert!(slot.notified(0));
        assert!(slot.is_over());
    }

    #[test]
    fn a_notification_that_was_not_announced_frees_nothing_of_another_operation() {
        let mut slot = submitted(100, true);
        slot.main_completed(0, 30, true);
        slot.begin_op(false);
        // Cancelled because of a link: no F_MORE, yet a notification comes.
        let cancelled = slot.main_completed(1, -libc::ECANCELED, false);
        assert_eq!(
            cancelled,
            Verdict::Failed {
                errno: libc::ECANCELED,
                sent: 30
            }
        );
        assert!(!slot.notified(1), "not due");
        assert!(
            !slot.is_over(),
            "the first operation's memory is still with the kernel"
        );
        assert!(slot.notified(0));
        assert!(slot.is_over());
    }

    #[test]
    fn a_notification_may_come_before_the_rest_is_submitted() {
        let mut slot = submitted(10, true);
        slot.main_completed(0, 4, true);
        assert!(slot.notified(0));
        assert!(!slot.is_over(), "six bytes are to go");
    }

    #[test]
    fn a_cancelled_send_does_not_go_on_and_says_what_left() {
        for result in [40, -libc::EINTR, -libc::ENOMEM, -libc::ECANCELED] {
            let mut slot = submitted(100, true);
            slot.cancelled = true;
            let verdict = slot.main_completed(0, result, true);
            let errno = if result == -libc::ENOMEM {
                libc::ENOMEM
            } else {
                libc::ECANCELED
            };
            let sent = usize::try_from(result).unwrap_or(0);
            assert_eq!(verdict, Verdict::Failed { errno, sent });
            assert!(!slot.is_over(), "to be notified");
            assert!(slot.notified(0) && slot.is_over());
        }
    }

    fn timed(total: usize, limit: Duration) -> SendSlot {
        let mut slot = SendSlot::new();
        slot.total_bytes = total;
        slot.zero_copy = true;
        slot.timeout = Some(limit);
        assert_eq!(slot.places(), 2);
        assert!(slot.start_clock().is_some());
        slot.begin_op(false);
        slot
    }

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_send_whose_time_is_over_says_what_left_and_waits_for_its_timeout() {
        for result in [40, -libc::EINTR, -libc::ECANCELED] {
            // The clock says so.
            let mut by_clock = timed(100, Duration::ZERO);
            // The timeout says so.
            let mut by_timeout = timed(100, LONG);
            assert!(by_timeout.timeout_completed(-libc::ETIME));
            for (slot, due) in [(&mut by_clock, 1), (&mut by_timeout, 0)] {
                let sent = usize::try_from(result).unwrap_or(0);
                let errno = libc::ETIME;
                let verdict = slot.main_completed(0, result, true);
                assert_eq!(verdict, Verdict::Failed { errno, sent });
                assert!(slot.notified(0));
                assert_eq!(slot.is_over(), due == 0);
                assert_eq!(slot.timeout_completed(-libc::ETIME), due == 1);
                assert!(slot.is_over());
            }
        }
    }

    #[test]
    fn a_send_that_ends_in_time_waits_for_its_timeout() {
        let mut slot = timed(100, Duration::ZERO);
        let sent = Verdict::Sent { bytes: 100 };
        assert_eq!(slot.main_completed(0, 100, false), sent, "late, but whole");
        assert!(!slot.is_over());
        assert!(slot.timeout_completed(-libc::ECANCELED));
        assert!(slot.is_over());
        assert!(!slot.timeout_completed(-libc::ECANCELED), "none is due");
    }

    #[test]
    fn other_failures_keep_their_reason_and_the_rest_in_time_goes_on() {
        let mut slot = timed(100, LONG);
        let canceled = Verdict::Failed {
            errno: libc::ECANCELED,
            sent: 30,
        };
        let short = Verdict::Short { sent: 30, left: 70 };
        assert_eq!(slot.main_completed(0, 30, false), short);
        slot.begin_op(false);
        assert_eq!(slot.main_completed(1, -libc::ECANCELED, false), canceled);
        for left in [true, false] {
            assert!(!slot.is_over());
            assert!(slot.timeout_completed(-libc::ECANCELED), "{left}");
        }
        assert!(slot.is_over());
        let mut slot = timed(100, Duration::ZERO);
        let broken = Verdict::Failed {
            errno: libc::EPIPE,
            sent: 0,
        };
        assert_eq!(slot.main_completed(0, -libc::EPIPE, false), broken);
    }

    #[test]
    fn impossible_results_fail_and_do_not_underflow() {
        for result in [0, 101, i32::MAX, i32::MIN, -libc::EPIPE] {
            let mut slot = submitted(100, false);
            let verdict = slot.main_completed(0, result, false);
            assert!(
                matches!(verdict, Verdict::Failed { sent: 0, .. }),
                "{result}: {verdict:?}"
            );
            assert!(slot.is_over());
            assert_eq!(slot.main_completed(0, 1, false), Verdict::Stale);
        }
    }

    #[test]
    fn many_short_sends_end_without_zero_copy() {
        let mut slot = submitted(1000, true);
        for op in 0..LAST_OP {
            slot.main_completed(op, 1, op < MAX_ZERO_COPY_OPS);
            let (next, zero_copy) = slot.begin_op(false);
            assert_eq!(next, op + 1);
            assert_eq!(zero_copy, next < MAX_ZERO_COPY_OPS);
        }
        for _ in 0..10 {
            slot.main_completed(LAST_OP, 1, false);
            assert_eq!(slot.begin_op(false), (LAST_OP, false));
        }
        slot.main_completed(LAST_OP, 737, false);
        assert!((0..64).all(|op| slot.notified(op)));
        assert!(slot.is_over());
    }
}
