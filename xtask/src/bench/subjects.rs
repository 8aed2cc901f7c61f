//! Who is who in a table: ours, rivals, and what only says what the machine can do.

/// What a subject's time may be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    Rival,
    /// Does less than the case asks for, or is the machine alone: nobody can win against it.
    Limit,
    /// Says how far apart the two cores are. Without it a figure of two threads cannot be compared with that of another run.
    Thermometer,
}

/// Our crates, and our examples beside others of their kind. What is called `<one of these>-<something>` is ours too: another way to the
/// same end.
const OURS: &[&str] = &[
    "pool-core",
    "framebuf",
    "sizeclass",
    "percore-slab",
    "zerocopy-view",
    "uring-send",
    "relay",
    "http",
];

/// The rows of the group `limit`, the copy without a buffer, the digest of bytes that nobody shares, the ring without bookkeeping, the crowd without
/// the peer that does not read.
const LIMITS: &[&str] = &["machine", "memcpy", "sha2", "raw-ring", "all-read"];

pub(super) const ALLOCATORS: &[&str] = &["glibc", "jemalloc", "mimalloc", "snmalloc"];

/// Rivals in C, and those that are a design written down for the comparison.
const NO_CRATES: &[&str] = &["dpdk", "treiber", "per-page-cas", "zero-fill", "boxed"];

pub(super) fn kind(subject: &str) -> Kind {
    match subject {
        "ping-pong" => Kind::Thermometer,
        _ if OURS.iter().any(|ours| is_way_of(ours, subject)) => Kind::Ours,
        _ if LIMITS.contains(&subject) => Kind::Limit,
        _ => Kind::Rival,
    }
}

fn is_way_of(ours: &str, subject: &str) -> bool {
    let rest = subject.strip_prefix(ours);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

pub(super) fn is_ours(subject: &str) -> bool {
    kind(subject) == Kind::Ours
}

/// Whether it is a rival that a user could name in a `Cargo.toml`, allocators left out.
pub(super) fn is_rust_crate(subject: &str) -> bool {
    kind(subject) == Kind::Rival && !ALLOCATORS.contains(&subject) && !NO_CRATES.contains(&subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_one_kind() {
        let kinds = ["pool-core", "dpdk", "memcpy", "ping-pong"].map(kind);
        assert_eq!(
            kinds,
            [Kind::Ours, Kind::Rival, Kind::Limit, Kind::Thermometer]
        );
        assert_eq!(
            ["zerocopy-view-mut", "relays"].map(kind),
            [Kind::Ours, Kind::Rival]
        );
        assert_eq!(
            ["opool", "dpdk", "glibc", "machine"].map(is_rust_crate),
            [true, false, false, false]
        );
    }
}
