//! Kinds: names, numbers, registration.

use allocation_counter::measure;
use zerocopy_view::Kind;

const BUILT_IN: [(Kind, &str); 14] = [
    (Kind::RAW, "raw"),
    (Kind::PCM16, "pcm16"),
    (Kind::MULAW8, "mulaw8"),
    (Kind::WAV, "wav"),
    (Kind::MP3, "mp3"),
    (Kind::OPUS, "opus"),
    (Kind::JPEG, "jpeg"),
    (Kind::PNG, "png"),
    (Kind::WEBP, "webp"),
    (Kind::MP4, "mp4"),
    (Kind::WEBM, "webm"),
    (Kind::PDF, "pdf"),
    (Kind::JSON, "json"),
    (Kind::CSV, "csv"),
];

#[test]
fn built_in_kinds_have_their_names_and_cost_nothing() {
    let sum = measure(|| {
        for (kind, slug) in BUILT_IN {
            assert_eq!(kind.slug(), slug);
            assert_eq!(slug.parse(), Ok(kind));
            assert_eq!(Kind::register(slug), Ok(kind));
        }
    });
    assert_eq!(sum.count_total, 0);
    assert_eq!(Kind::default(), Kind::RAW);
    assert_eq!(
        format!("{} {:?} {:>6}", Kind::JSON, Kind::JSON, Kind::CSV),
        "json Kind(json)    csv"
    );
}

#[test]
fn a_slug_names_one_kind() {
    assert!("x-one".parse::<Kind>().is_err());
    let one = Kind::register("x-one").unwrap();
    let two = Kind::register("x-two").unwrap();
    assert_ne!(one, two);
    let sum = measure(|| {
        assert_eq!(Kind::register("x-one"), Ok(one));
        assert_eq!("x-two".parse(), Ok(two));
        assert_eq!((one.slug(), two.slug()), ("x-one", "x-two"));
    });
    assert_eq!(sum.count_total, 0, "a known slug allocates nothing");
}

#[test]
fn a_bad_slug_is_refused_and_shown() {
    for bad in [
        "",
        "With Capitals",
        "-dash",
        "a/b",
        "\u{e9}t\u{e9}",
        &"a".repeat(65),
    ] {
        let error = Kind::register(bad).unwrap_err();
        assert!(error.is_invalid() && !error.is_full(), "{error}");
        assert!(bad.parse::<Kind>().is_err());
    }
    assert_eq!(
        Kind::register("A\n").unwrap_err().to_string(),
        "kind slug: must be 1 to 64 of a-z 0-9 . _ + - and begin with a letter or digit, got \"A\\n\""
    );
    let unknown = "never-registered".parse::<Kind>().unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "kind: must be the slug of a built-in or registered kind, got \"never-registered\""
    );
}

#[test]
fn threads_that_register_the_same_slugs_agree() {
    const SLUGS: usize = if cfg!(miri) { 4 } else { 40 };
    let start = std::sync::Barrier::new(4);
    let register_all = || {
        start.wait();
        let kinds = (0..SLUGS).map(|n| Kind::register(&format!("shared-{n}")).unwrap());
        kinds.collect::<Vec<_>>()
    };
    let all: Vec<Vec<Kind>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(register_all)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for (n, kind) in all[0].iter().enumerate() {
        assert_eq!(kind.slug(), format!("shared-{n}"));
        assert!(all.iter().all(|kinds| kinds[n] == *kind));
    }
}
