//! Waiting with the thread.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Waker};
use core::time::Duration;
use std::thread::{self, Thread};
use std::time::Instant;

use super::charge::Charge;
use super::charging::Charging;
use super::error::ChargeError;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits at most so long for what was asked.
pub(super) fn wait(mut request: Charging, timeout: Duration) -> Result<Charge, ChargeError> {
    let mut poll = |waker: &Waker| {
        let poll = Pin::new(&mut request).poll(&mut Context::from_waker(waker));
        match poll {
            core::task::Poll::Ready(answer) => Some(answer),
            core::task::Poll::Pending => None,
        }
    };
    // Nothing is allocated, and the clock is not asked, if there is room.
    if let Some(answer) = poll(Waker::noop()) {
        return answer;
    }
    let begin = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    while let Some(left) = timeout.checked_sub(begin.elapsed()) {
        if left.is_zero() {
            break;
        }
        if let Some(answer) = poll(&waker) {
            return answer;
        }
        thread::park_timeout(left);
    }
    request.time_out()
}
