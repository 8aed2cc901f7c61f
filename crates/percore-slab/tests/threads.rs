//! Real threads, on and on: what the models prove for a few steps is tried here for many, on a real machine, also with the thread sanitizer.

#[path = "../../pool-core/tests/together/mod.rs"]
mod together;

use percore_slab::{Bridge, Consumer, CoreSlab, PopError, RemotePage};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use together::{at_once, lock};

const READERS: usize = 3;

fn slab(pages: usize) -> CoreSlab {
    CoreSlab::new(0, 64, pages).expect("a small slab")
}

/// Checks, clones and drops pages until the bridge is closed.
fn read_all(mut consumer: Consumer<(u64, RemotePage)>) {
    let mut held = None;
    loop {
        match consumer.try_pop() {
            Ok((n, page)) => {
                assert_eq!(page[..], n.to_le_bytes());
                held = Some(page.clone());
            }
            Err(PopError::Closed) => break,
            Err(_) => {
                held = None;
                thread::yield_now();
            }
        }
    }
    drop(held);
}

/// One owner sends pages over bridges to readers, which check, clone, pass on and drop them.
#[test]
fn every_page_comes_home_and_is_counted_once() {
    let messages: u64 = if cfg!(miri) { 60 } else { 60_000 };
    let slab = slab(7);
    let mut kept_here = 0;
    let (mut producers, readers): (Vec<_>, Vec<_>) = (0..READERS)
        .map(|_| {
            let (producer, consumer) = Bridge::new(2).expect("small");
            (producer, thread::spawn(|| read_all(consumer)))
        })
        .unzip();
    for n in 0..messages {
        let page = loop {
            match slab.alloc(&n.to_le_bytes()) {
                Some(page) => break page,
                None => thread::yield_now(),
            }
        };
        if n % 5 == 0 {
            kept_here += 1;
            continue;
        }
        let mut message = (n, page.into_remote());
        let producer = &mut producers[usize::try_from(n).expect("small") % READERS];
        while let Err(refused) = producer.try_push(message) {
            message = refused.into_value();
            thread::yield_now();
        }
        if n % 64 == 0 {
            slab.tick();
        }
    }
    drop(producers);
    readers
        .into_iter()
        .for_each(|reader| reader.join().expect("its assertions hold"));
    let stats = slab.stats();
    assert_eq!((stats.available, stats.in_use), (7, 0));
    assert_eq!(stats.allocs, messages);
    assert_eq!(stats.local_frees, kept_here);
    assert_eq!(stats.remote_frees, messages - kept_here);
    assert!(stats.high_water <= 7);
}

/// A page that several threads read at once is written again when the last of them has let go of it, whoever that is.
#[test]
fn a_page_is_its_owners_again_after_the_last_reader() {
    let slab = slab(2);
    for round in 0..if cfg!(miri) { 5_u64 } else { 500 } {
        let mut page = slab.alloc(&[0; 64]).expect("both came home");
        page[56..].copy_from_slice(&round.to_le_bytes());
        let page = page.into_remote();
        let clones = Mutex::new(vec![page.clone(), page.clone(), page]);
        at_once(READERS, move |_| {
            let page = lock(&clones).pop().expect("one for each");
            assert_eq!(page[56..], round.to_le_bytes());
        });
        assert_eq!(slab.available(), 2);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn waker_of_this_thread() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

/// Both sides sleep whenever they can: a lost wake-up hangs the test.
#[test]
fn sleepers_on_both_sides_get_everything_across() {
    let values: usize = if cfg!(miri) { 50 } else { 20_000 };
    let (mut producer, mut consumer) = Bridge::new(3).expect("small");
    let sender = thread::spawn(move || {
        let waker = waker_of_this_thread();
        for n in 0..values {
            while producer
                .poll_ready(&mut Context::from_waker(&waker))
                .is_pending()
            {
                thread::park();
            }
            producer.try_push(n).expect("ready");
        }
    });
    consumer.set_waker(&waker_of_this_thread());
    let mut expected = 0;
    loop {
        match consumer.try_pop() {
            Ok(n) => {
                assert_eq!(n, expected);
                expected += 1;
            }
            Err(PopError::Closed) => break,
            Err(_) => {
                if consumer.prepare_wait() {
                    thread::park();
                }
            }
        }
    }
    assert_eq!(expected, values);
    sender.join().expect("everything was taken");
}
