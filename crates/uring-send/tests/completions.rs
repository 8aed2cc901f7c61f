//! Completions of every shape, in every order: nothing panics, and memory is released exactly at the terminal completion of its own
//! send.

mod loopback;

use std::collections::BTreeSet;

use loopback::{Drops, MORE, NOTIFICATION, PlayedKernel, names};
use proptest::prelude::*;
use uring_send::InFlight;

#[derive(Debug, Clone)]
enum Step {
    Send {
        bytes: usize,
    },
    Flush,
    /// A completion that bears one of the words seen so far, with a bit flipped in some.
    Complete {
        word: prop::sample::Index,
        flip: Option<u8>,
        result: Answer,
        flags: u32,
    },
    /// A completion that bears anything.
    Garbage {
        word: u64,
        result: i32,
        flags: u32,
    },
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    /// All that was left of the send, if the word is a send's.
    Rest,
    Some(i32),
    Errno(i32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let answer = prop_oneof![
        4 => Just(Answer::Rest),
        3 => (0..50).prop_map(Answer::Some),
        1 => any::<i32>().prop_map(Answer::Some),
        3 => prop::sample::select(vec![
            libc::EINTR, libc::EOPNOTSUPP, libc::ENOMEM, libc::ENOBUFS, libc::EPIPE, libc::ECANCELED, libc::EBADF,
        ]).prop_map(Answer::Errno),
    ];
    let flags = prop_oneof![
        2 => Just(0),
        3 => Just(MORE),
        3 => Just(NOTIFICATION),
        1 => any::<u32>(),
    ];
    let flip = prop_oneof![4 => Just(None), 1 => (0..64_u8).prop_map(Some)];
    let step = prop_oneof![
        3 => (1..200_usize).prop_map(|bytes| Step::Send { bytes }),
        2 => Just(Step::Flush),
        8 => (any::<prop::sample::Index>(), flip, answer, flags.clone())
            .prop_map(|(word, flip, result, flags)| Step::Complete { word, flip, result, flags }),
        1 => (any::<u64>(), any::<i32>(), flags)
            .prop_map(|(word, result, flags)| Step::Garbage { word, result, flags }),
    ];
    prop::collection::vec(step, 1..60)
}

/// What a send must be doing, told by the rules alone.
struct Expected {
    drops: Drops,
    /// The word of its first operation.
    first: u64,
    /// The word of the operation that has not completed.
    running: Option<u64>,
    /// Words whose notification was promised and has not come.
    due: BTreeSet<u64>,
    left: usize,
    zero_copy: bool,
    waiting: bool,
}

impl Expected {
    fn is_over(&self) -> bool {
        self.running.is_none() && !self.waiting && self.due.is_empty()
    }

    fn take_in(&mut self, word: u64, result: i32, flags: u32) {
        if flags & NOTIFICATION != 0 {
            self.due.remove(&word);
            return;
        }
        if self.running != Some(word) {
            return;
        }
        self.running = None;
        if flags & MORE != 0 {
            self.due.insert(word);
        }
        match result.checked_neg() {
            Some(libc::EINTR) => self.waiting = true,
            Some(libc::EOPNOTSUPP | libc::ENOMEM | libc::ENOBUFS) if self.zero_copy => {
                self.zero_copy = false;
                self.waiting = true;
            }
            _ => {
                let sent = usize::try_from(result).unwrap_or(0);
                if sent > 0 && sent < self.left {
                    self.left -= sent;
                    self.waiting = true;
                }
            }
        }
    }
}

struct Comparison {
    kernel: PlayedKernel,
    living: Vec<Expected>,
    words: Vec<u64>,
}

impl Comparison {
    fn step(&mut self, step: Step) {
        match step {
            Step::Send { bytes } => self.send(bytes),
            Step::Flush => self.flush(),
            Step::Complete {
                word,
                flip,
                result,
                flags,
            } => {
                if self.words.is_empty() {
                    return;
                }
                let word = *word.get(&self.words) ^ flip.map_or(0, |bit| 1 << bit);
                let left = self.living.iter().find(|s| s.running == Some(word));
                let result = match result {
                    Answer::Rest => left.map_or(1, |s| i32::try_from(s.left).expect("under 200")),
                    Answer::Some(bytes) => bytes,
                    Answer::Errno(errno) => -errno,
                };
                self.complete(word, result, flags);
            }
            Step::Garbage {
                word,
                result,
                flags,
            } => self.complete(word, result, flags),
        }
    }

    fn send(&mut self, bytes: usize) {
        if self.kernel.sends.len() == self.kernel.sends.capacity() {
            return;
        }
        let drops = Drops::default();
        let word = self.kernel.take(drops.guard(vec![1; bytes]));
        assert!(!self.words.contains(&word), "each operation has its word");
        self.words.push(word);
        self.living.push(Expected {
            drops,
            first: word,
            running: Some(word),
            due: BTreeSet::new(),
            left: bytes,
            zero_copy: true,
            waiting: false,
        });
    }

    /// A rest's word differs from its send's earlier ones in the lowest byte alone, the number of the operation.
    fn flush(&mut self) {
        for word in self.kernel.take_rests() {
            assert!(!self.words.contains(&word), "each operation has its word");
            let send = self.living.iter_mut().find(|s| s.first >> 8 == word >> 8);
            let send = send.expect("a rest follows an operation of the same send");
            assert!(send.waiting);
            (send.waiting, send.running) = (false, Some(word));
            self.words.push(word);
        }
        assert!(self.living.iter().all(|send| !send.waiting));
    }

    fn complete(&mut self, word: u64, result: i32, flags: u32) {
        for send in &mut self.living {
            send.take_in(word, result, flags);
        }
        let log = self.kernel.present(word, result, flags);
        let told = names(&log.unwrap_or_default()).matches("Released").count();
        let before = self.living.len();
        self.living.retain(|send| {
            assert_eq!(
                send.drops.count(),
                usize::from(send.is_over()),
                "{word:#x} {result} {flags:#x}"
            );
            !send.is_over()
        });
        assert_eq!(told, before - self.living.len());
        assert_eq!(self.kernel.sends.len(), self.living.len());
    }

    /// Lets every send end well.
    fn end(mut self) {
        while let Some(send) = self.living.first() {
            if send.waiting {
                self.flush();
            } else if let Some(word) = send.running {
                let left = i32::try_from(send.left).expect("under 200");
                self.complete(word, left, 0);
            } else {
                let word = *send.due.first().expect("not over, and nothing else to do");
                self.complete(word, 0, NOTIFICATION);
            }
        }
        assert!(self.kernel.sends.is_empty());
    }
}

/// A notification that nobody announced may come long after its instance is gone. No other instance ever bears that one's number.
#[test]
fn the_number_of_an_instance_with_a_stray_notification_is_not_used_again() {
    let instance = |strays: bool| {
        let mut kernel = PlayedKernel::zero_copy(1);
        let word = kernel.take(b"x".as_slice());
        let cancelled = kernel.complete(word, -libc::ECANCELED, if strays { 0 } else { MORE });
        if !strays {
            kernel.complete(word, 0, NOTIFICATION);
        }
        assert!(names(&cancelled).starts_with("Failed") && kernel.sends.is_empty());
        word >> 48
    };
    let (stray, clean) = (instance(true), instance(false));
    let (mut strays, mut cleans) = (0, 0);
    let mut kernel = PlayedKernel::zero_copy(1);
    for _ in 0..65_600 {
        let builder = InFlight::builder().sends(1).copy_bytes(1);
        kernel.sends = builder.build().expect("a nonce");
        let word = kernel.take(b"x".as_slice());
        kernel.complete(word, 1, 0);
        strays += usize::from(word >> 48 == stray);
        cleans += usize::from(word >> 48 == clean);
    }
    assert_eq!((strays, cleans), (0, 1), "once round");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 300 }, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_released_at_its_terminal_completion_and_at_no_other(steps in steps()) {
        let kernel = PlayedKernel::zero_copy(5);
        let mut comparison = Comparison { kernel, living: Vec::new(), words: Vec::new() };
        for step in steps {
            comparison.step(step);
        }
        comparison.end();
    }
}
