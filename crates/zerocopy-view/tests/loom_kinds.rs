//! The table of kinds, explored: [SLUG-FILL], [SLUG-READ]. In a model it has room for two slugs.

#![cfg(loom)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use zerocopy_view::{Kind, RegisterError};

#[test]
fn two_threads_agree_on_a_slug() {
    model("b".into(), |first, second| {
        let (a, a_again) = (first[0].unwrap(), second[1].unwrap());
        assert_eq!(a, a_again);
        assert_eq!(first[1].unwrap(), second[0].unwrap());
        assert_ne!(a, first[1].unwrap());
        assert_eq!(a.slug(), "a");
        first[1].unwrap().slug() == "b"
    });
}

#[test]
fn a_slug_too_many_is_refused_and_no_two_share_a_number() {
    model("c".into(), |first, second| {
        // "a" and "b" on one thread, "c" and "a" on the other, two places.
        let [a, b, c, a_again] = [first[0], first[1], second[0], second[1]];
        let refused = [a, b, c, a_again]
            .iter()
            .filter(|kind| kind.is_err())
            .count();
        if let (Ok(a), Ok(a_again)) = (a, a_again) {
            assert_eq!(a, a_again);
        }
        for (one, other) in [(a, b), (b, c), (c, a)] {
            assert!(one.is_err() || one != other, "{one:?} and {other:?}");
        }
        refused > 0
    });
}

type Registered = [Result<Kind, RegisterError>; 2];

/// One thread registers "a" and "b", one `other` and "a". `check` says whether the interesting state was met.
fn model(other: String, check: impl Fn(Registered, Registered) -> bool + Send + Sync + 'static) {
    let reached = Arc::new(AtomicUsize::new(0));
    let mark = reached.clone();
    loom::model(move || {
        let first = thread::spawn(|| [Kind::register("a"), Kind::register("b")]);
        let other = other.clone();
        let second = thread::spawn(move || [Kind::register(&other), Kind::register("a")]);
        let kinds = (first.join().unwrap(), second.join().unwrap());
        if check(kinds.0, kinds.1) {
            // Relaxed: a count on its own.
            mark.fetch_add(1, Ordering::Relaxed);
        }
    });
    // Relaxed: a count on its own.
    let times = reached.load(Ordering::Relaxed);
    assert!(times > 0, "vacuous model");
    println!("{times} executions");
}
