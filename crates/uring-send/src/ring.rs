//! Making a ring, or saying what to do where there is none; and sleeping in one.

use std::io;
use std::time::Duration;

use io_uring::IoUring;
use io_uring::types::{SubmitArgs, Timespec};

use crate::error::RingError;

/// Makes a ring for one thread with room for `entries` submissions (a power of two is what the kernel rounds up to) and four
/// times as many completions.
///
/// Any `IoUring` will do for this crate; this one says plainly what is wrong where there is none.
///
/// # Errors
///
/// [`RingError`] with advice.
pub fn new_ring(entries: u32) -> Result<IoUring, RingError> {
    IoUring::builder()
        .setup_clamp()
        .setup_cqsize(entries.saturating_mul(4))
        .build(entries)
        .map_err(|source| RingError {
            advice: advice(&source),
            source,
        })
}

/// Submits what is queued and sleeps until a completion is there, or until `most` has passed.
///
/// Returns early, without an error, when a signal comes or when completions must be read before more can be submitted.
///
/// # Errors
///
/// What the kernel says of the submission.
pub fn submit_and_wait(ring: &IoUring, most: Option<Duration>) -> io::Result<()> {
    let waited = match most {
        None => ring.submit_and_wait(1),
        Some(most) => {
            let most = Timespec::from(most);
            ring.submitter()
                .submit_with_args(1, &SubmitArgs::new().timespec(&most))
        }
    };
    match waited {
        Err(error) if !ends_a_wait(&error) => Err(error),
        _ => Ok(()),
    }
}

fn ends_a_wait(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ETIME | libc::EINTR | libc::EBUSY)
    )
}

fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => "this kernel has none; Linux 6.1 or newer is needed",
        Some(libc::EPERM | libc::EACCES) => {
            "it is forbidden here; see sysctl kernel.io_uring_disabled and the container's seccomp profile"
        }
        Some(libc::ENOMEM) => "raise RLIMIT_MEMLOCK (ulimit -l) or ask for fewer entries",
        Some(libc::EMFILE | libc::ENFILE) => "raise RLIMIT_NOFILE (ulimit -n)",
        _ => "see io_uring_setup(2)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_to_do() {
        let source = io::Error::from_raw_os_error(libc::EPERM);
        let error = RingError {
            advice: advice(&source),
            source,
        };
        assert!(error.is_unavailable());
        assert!(error.to_string().contains("io_uring_disabled"), "{error}");
    }
}
