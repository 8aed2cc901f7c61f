//! What the fake kernel can say of an operation.

/// What a send came to, and what is said of its notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub(super) outcome: Outcome,
    pub(super) notice: Notice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    All,
    Half,
    Bytes(usize),
    Errno(i32),
}

/// What the main completion of a zero-copy send says of the notification, and what becomes of it. Copied sends have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Notice {
    /// "More", and a notification. What Linux does but for entries that it cancels because of a link.
    #[default]
    Announced,
    /// No "more", and yet a notification: what Linux does with a send that it cancels because of a link. The memory is free at
    /// the main completion.
    Stray,
    /// No "more" and no notification: what a kernel does that fails before it has made one.
    Absent,
}

/// What a notification says of the bytes, if the send asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usage {
    /// They went from where they lay.
    NotCopied,
    /// The kernel copied them after all.
    Copied,
}

impl Answer {
    const fn of(outcome: Outcome) -> Self {
        let notice = Notice::Announced;
        Self { outcome, notice }
    }

    /// All bytes were taken.
    #[must_use]
    pub const fn all() -> Self {
        Self::of(Outcome::All)
    }

    /// Half of the bytes were taken, rounded down; of one byte, one.
    #[must_use]
    pub const fn half() -> Self {
        Self::of(Outcome::Half)
    }

    /// So many bytes were taken; all, if there are not as many.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Self {
        Self::of(Outcome::Bytes(bytes))
    }

    /// No byte was taken, for this reason: a positive number, as `libc::EPIPE`.
    #[must_use]
    pub const fn error(errno: i32) -> Self {
        Self::of(Outcome::Errno(errno))
    }

    /// The same, with something else about the notification.
    #[must_use]
    pub const fn with(mut self, notice: Notice) -> Self {
        self.notice = notice;
        self
    }

    /// Whether it says "half" of a single byte, and `others` have "all" of it: a kernel that decides need not try both.
    pub(super) fn repeats(&self, others: &[Self], len: usize) -> bool {
        let same = Self::all().with(self.notice);
        self.outcome == Outcome::Half && len == 1 && others.contains(&same)
    }
}
