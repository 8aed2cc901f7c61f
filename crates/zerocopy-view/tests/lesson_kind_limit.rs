//! VIEW-6: kinds are bounded, and a full table says so. In a process of its own, because the table is the process's.

use zerocopy_view::Kind;

#[test]
fn l_view_6_kinds_are_bounded_and_the_table_says_when_full() {
    let mut kinds = Vec::new();
    let error = loop {
        match Kind::register(&format!("kind-{}", kinds.len())) {
            Ok(kind) => kinds.push(kind),
            Err(error) => break error,
        }
        assert!(kinds.len() < 100_000, "no bound");
    };
    assert_eq!(kinds.len(), Kind::MAX - 14);
    assert!(error.is_full() && !error.is_invalid());
    assert_eq!(
        error.to_string(),
        "kinds: at most 1024 in a process, all are in use; got \"kind-1010\" in addition"
    );
    // What was registered stays, and is found without a place for more; so do the built-in ones.
    assert_eq!(Kind::register("kind-7"), Ok(kinds[7]));
    assert_eq!(kinds[1009].slug(), "kind-1009");
    assert_eq!(Kind::register("jpeg"), Ok(Kind::JPEG));
    assert!("kind-1010".parse::<Kind>().is_err());
}
