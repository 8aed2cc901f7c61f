//! Wakers of futures of sends: what is done with those that are not needed any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use uring_send::testing::{Choices, FakeKernel};
use uring_send::{AsyncSends, Draft, DraftError, InFlight, Ring, Socket};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A waker that owns a task, as an executor's does.
struct Owner(#[expect(dead_code, reason = "kept for its drop")] Mutex<Task>);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

/// A waker that owns nothing, and whose owners can be counted.
struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

fn copy(draft: &mut Draft<'_>) -> Result<(), DraftError> {
    draft.copy(b"bytes").map(|_| ())
}

fn task(sends: &AsyncSends, socket: &Socket) -> Task {
    let (sends, socket) = (sends.clone(), socket.clone());
    Box::pin(async move {
        if let Ok(sent) = sends.send(&socket, copy).await {
            sent.released().await;
        }
    })
}

fn poll(task: &mut Task, waker: &Waker) {
    let polled = task.as_mut().poll(&mut Context::from_waker(waker));
    assert!(polled.is_pending());
}

/// One slot, which is taken; so every other future waits.
fn taken(kernel: &mut FakeKernel) -> (AsyncSends, Socket, Task) {
    let socket = kernel.datagram_socket();
    let sends = AsyncSends::new(InFlight::new(1).expect("one send"));
    let mut first = task(&sends, &socket);
    poll(&mut first, Waker::noop());
    assert!(sends.flush(&mut kernel.submissions()));
    (sends, socket, first)
}

/// A waker may be the last that owns a task, whose drop takes the lock of the instance: a waker that another one replaces, and one whose future is dropped. If it
/// were dropped under that lock, this would never end.
#[test]
fn a_waker_that_owns_a_future_of_the_same_instance_is_dropped_outside() {
    let mut kernel = FakeKernel::new(4, &Choices::first());
    let (sends, socket, mut first) = taken(&mut kernel);
    let owner = || {
        let mut waits = task(&sends, &socket);
        poll(&mut waits, Waker::noop());
        Waker::from(Arc::new(Owner(Mutex::new(waits))))
    };
    let idle = sends.idle();
    let idle: Task = Box::pin(idle);
    for mut future in [task(&sends, &socket), idle] {
        poll(&mut future, &owner());
        poll(&mut future, &owner());
        drop(future);
    }
    // The one that has begun waits for its outcome.
    poll(&mut first, &owner());
    poll(&mut first, &owner());
    sends.wake_loop_with(owner());
    sends.wake_loop_with(owner());
    drop(first);
}

/// Futures that were dropped, or were polled by one task after the other, leave no waker behind.
#[test]
fn a_future_keeps_one_waker_and_leaves_none() {
    let mut kernel = FakeKernel::new(4, &Choices::first());
    let (sends, socket, _first) = taken(&mut kernel);
    let nobody = Arc::new(Nobody);
    let idle: Task = Box::pin(sends.idle());
    for mut future in [task(&sends, &socket), idle] {
        for _ in 0..100 {
            poll(&mut future, &Waker::from(nobody.clone()));
        }
        assert_eq!(Arc::strong_count(&nobody), 2);
        drop(future);
        assert_eq!(Arc::strong_count(&nobody), 1);
    }
}
