//! Sends as futures, in an executor of a few lines, on a kernel that answers in every order and on real ones.

mod loopback;

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use loopback::{Drops, pattern, reader, ring, stream, tcp};
use static_assertions::assert_impl_all;
use uring_send::testing::{Answer, Choices, FakeKernel, Notice, explore};
use uring_send::{AsyncSends, Doorbell, FallbackRing, InFlight, Ring, Socket};

assert_impl_all!(AsyncSends: Send, Sync, Clone);

/// Whether a task is to be polled.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        // Relaxed: tasks and ring are on one thread here.
        self.0.store(true, Ordering::Relaxed);
    }
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Polls only who was woken, and sleeps in the ring when nobody is.
fn run(ring: &mut impl Ring, sends: &AsyncSends, tasks: Vec<Task<'_>>) {
    let with_flag = |task| (task, Arc::new(Flag(AtomicBool::new(true))));
    let mut tasks: Vec<_> = tasks.into_iter().map(with_flag).collect();
    while !tasks.is_empty() {
        tasks.retain_mut(|(task, flag)| {
            let woken = flag.0.swap(false, Ordering::Relaxed);
            let waker = Waker::from(flag.clone());
            !woken
                || task
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
        });
        if tasks.iter().any(|(_, flag)| flag.0.load(Ordering::Relaxed)) || tasks.is_empty() {
            continue;
        }
        turn(ring, sends);
    }
}

fn turn(ring: &mut impl Ring, sends: &AsyncSends) {
    let _all_queued = sends.flush(&mut ring.submissions());
    ring.enter(None).expect("a live ring");
    for completion in ring.completions() {
        sends
            .complete(completion)
            .expect("nobody else is on this ring");
    }
}

fn in_flight(sends: usize) -> InFlight {
    let builder = InFlight::builder()
        .sends(sends)
        .zero_copy_from(1)
        .copy_bytes(16);
    builder.wait_all(false).build().expect("sizes in range")
}

/// Three tasks want one stream and two slots, one a second socket: each is told what became of its send, and then that its memory is free. A wake-up that is lost
/// would be noticed as a loop that waits for ever.
#[test]
fn tasks_share_slots_and_a_stream_in_every_order() {
    let orders = explore(1_000_000, |choices| {
        let mut kernel = FakeKernel::new(2, choices);
        kernel.answers(&[Answer::all(), Answer::error(libc::EPIPE)]);
        let sends = AsyncSends::new(in_flight(2));
        let sockets = [kernel.stream_socket(), kernel.datagram_socket()];
        let told = Rc::new(RefCell::new(0));
        let task = |socket: &Socket| -> Task<'_> {
            let guard = kernel.guard(*b"x");
            let (sends, socket, told) = (sends.clone(), socket.clone(), told.clone());
            Box::pin(async move {
                let sent = sends.send(&socket, |draft| {
                    draft.guard(guard)?;
                    Ok(())
                });
                match sent.await {
                    Ok(sent) => {
                        assert_eq!(sent.bytes(), 1);
                        *told.borrow_mut() += 1;
                        sent.released().await;
                    }
                    Err(error) => {
                        let errno = error.io_error().and_then(std::io::Error::raw_os_error);
                        assert_eq!((errno, error.sent()), (Some(libc::EPIPE), 0));
                    }
                }
            })
        };
        let mut tasks = vec![task(&sockets[0]), task(&sockets[1]), task(&sockets[0])];
        let last = sends.clone();
        tasks.push(Box::pin(async move { last.idle().await }));
        run(&mut kernel, &sends, tasks);
        while sends.in_flight() > 0 {
            turn(&mut kernel, &sends);
        }
        let received: usize = sockets
            .iter()
            .map(|socket| kernel.received(socket).len())
            .sum();
        assert_eq!((received, kernel.living_guards()), (*told.borrow(), 0));
    });
    assert!(orders > 100, "{orders}");
}

/// Futures that are dropped at any time, before they begin, while they run, and when they were told: nothing is lost, freed early or stuck.
#[test]
fn dropped_futures_lose_nothing() {
    let orders = explore(60_000, |choices| {
        let mut kernel = FakeKernel::new(2, choices);
        kernel.answers(&[Answer::half(), Answer::all().with(Notice::Absent)]);
        let sends = AsyncSends::new(in_flight(1));
        let socket = kernel.stream_socket();
        let mut polled = Vec::new();
        for _ in 0..2 {
            let guard = kernel.guard(*b"xy");
            let mut future = Box::pin(sends.send(&socket, |draft| {
                draft.guard(guard)?;
                Ok(())
            }));
            let mut context = Context::from_waker(Waker::noop());
            if choices.pick(2) == 1 {
                assert!(matches!(future.as_mut().poll(&mut context), Poll::Pending));
            }
            polled.push(future);
        }
        polled.swap(0, choices.pick(2));
        drop(polled.pop());
        for _ in 0..choices.pick(3) {
            if sends.in_flight() > 0 {
                turn(&mut kernel, &sends);
            }
        }
        drop(polled);
        while sends.in_flight() > 0 {
            turn(&mut kernel, &sends);
        }
        assert_eq!(kernel.living_guards(), 0);
        // And the only slot and the stream are free for the next.
        let next = sends.clone();
        run(
            &mut kernel,
            &sends,
            vec![Box::pin(async move {
                let sent = next.send(&socket, |draft| {
                    draft.copy(b"z")?;
                    Ok(())
                });
                sent.await.expect("taken").released().await;
            })],
        );
    });
    assert!(orders > 100, "{orders}");
}

fn many_tasks(mut ring: impl Ring) {
    let sends = AsyncSends::new(in_flight(3));
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let drops = Drops::default();
    let task = |n: u8| -> Task<'_> {
        let (sends, near, guard) = (sends.clone(), near.clone(), drops.guard(vec![n; 50_000]));
        Box::pin(async move {
            let sent = sends.send(&near, move |draft| {
                draft.copy(&[n])?;
                draft.guard(guard)?;
                Ok(())
            });
            let sent = sent.await.expect("connected");
            assert_eq!(sent.bytes(), 50_001);
            sent.released().await;
        })
    };
    run(&mut ring, &sends, (0..20).map(task).collect());
    assert_eq!((sends.in_flight(), drops.count()), (0, 20));
    near.finish();
    let bytes = reader.join().expect("reads");
    let mut seen: Vec<_> = bytes
        .chunks(50_001)
        .map(|message| {
            assert!(
                message.iter().all(|byte| *byte == message[0]),
                "one message after the other"
            );
            message[0]
        })
        .collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..20));
}

#[test]
fn many_tasks_on_a_real_ring() {
    let Some(ring) = ring(4) else { return };
    many_tasks(ring);
}

#[test]
fn many_tasks_on_the_fallback() {
    many_tasks(FallbackRing::new(4));
}

/// A task on another thread than the ring's: the bell wakes the ring for its send, and the task's waker wakes the thread.
#[test]
fn a_task_on_another_thread_wakes_the_ring() {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let Some(mut ring) = ring(8) else { return };
    let sends = AsyncSends::new(in_flight(2));
    let mut bell = Doorbell::new().expect("a descriptor");
    sends.wake_loop_with(bell.waker());
    let (near, far) = tcp();
    let (near, reader) = (stream(near), reader(far));
    let (theirs, bytes) = (sends.clone(), pattern(1, 100_000));
    let expected = bytes.clone();
    let task = thread::spawn(move || {
        let sent = theirs.send(&near, |draft| {
            draft.guard(bytes)?;
            Ok(())
        });
        let mut task = Box::pin(async move {
            sent.await.expect("connected").released().await;
            near.finish();
        });
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        while task
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            thread::park();
        }
    });
    while !task.is_finished() {
        assert!(bell.flush(&mut ring.submission()) && sends.flush(&mut ring.submission()));
        // Not for ever: the task's end is nobody's completion.
        ring.enter(Some(std::time::Duration::from_millis(20)))
            .expect("a live ring");
        for completion in ring.completions() {
            if let Err(completion) = sends.complete(completion) {
                bell.complete(completion).expect("the bell's");
            }
        }
    }
    task.join().expect("sent");
    assert!(reader.join().expect("reads") == expected);
}

#[test]
fn what_cannot_be_sent_is_told_at_once() {
    let sends = AsyncSends::new(in_flight(1));
    let kernel = FakeKernel::new(1, &Choices::first());
    let socket = kernel.stream_socket();
    let poll = |future: Pin<&mut dyn Future<Output = _>>| match future
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(Err(error)) => format!("{error}"),
        Poll::Ready(Ok(sent)) => panic!("{sent:?}"),
        Poll::Pending => panic!("it waits"),
    };
    for _ in 0..3 {
        let mut empty = Box::pin(sends.send(&socket, |_| Ok(())));
        assert_eq!(poll(empty.as_mut()), "parts: at least one byte");
        let mut large = Box::pin(sends.send(&socket, |draft| draft.copy(&[0; 17]).map(|_| ())));
        assert!(poll(large.as_mut()).starts_with("copied bytes: 17 more"));
    }
    assert_eq!(sends.in_flight(), 0);
}
