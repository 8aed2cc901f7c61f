//! A pool's name is in whatever tells of the pool, and in nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pool_core::{Pool, PoolBuilder};

fn builder() -> PoolBuilder {
    Pool::builder().slots(4).slot_bytes(64)
}

#[test]
fn debug_and_statistics_name_the_pool() {
    let (named, nameless) = (builder().name("rx"), builder());
    let (named, nameless) = (named.build().expect("few"), nameless.build().expect("few"));
    assert_eq!((named.name(), nameless.name()), (Some("rx"), None));
    assert_eq!(
        format!("{named:?}"),
        r#"Pool { name: "rx", capacity: 4, slot_bytes: 64, free: 4, .. }"#
    );
    assert_eq!(
        format!("{nameless:?}"),
        "Pool { capacity: 4, slot_bytes: 64, free: 4, .. }"
    );
    assert_eq!(named.stats().name(), Some("rx"));
    let line = nameless.stats().to_string();
    assert_eq!(named.stats().to_string(), format!("pool \"rx\": {line}"));
}

#[test]
fn an_error_names_the_pool_that_was_not_built() {
    let refused = builder().name("tx\n").slots(0).build();
    assert_eq!(
        refused.expect_err("no slots").to_string(),
        r#"pool "tx\n": slots: must be 1 to 4294967294, got 0"#
    );
    let refused = builder().name("n".repeat(32)).region_bytes();
    assert_eq!(
        refused.expect_err("too long a name").to_string(),
        "name: must be 0 to 31 bytes, got 32"
    );
}

#[test]
fn a_pool_that_finds_a_stray_write_says_which_it_is() {
    let pool = builder().name("rx").check_free_slots(true).build();
    let pool = pool.expect("a few bytes");
    let stray = pool.alloc().expect("four are free").as_mut_ptr();
    // SAFETY: inside the region, and nobody else's: the slot is free.
    unsafe { stray.write(0) }
    let said = catch_unwind(AssertUnwindSafe(|| drop(pool.alloc()))).expect_err("it was written");
    let said = said.downcast::<String>().expect("a formatted message");
    let beginning = "pool \"rx\": slot 0: written at byte 0 while it was free";
    assert!(said.starts_with(beginning), "{said}");
}

#[cfg(feature = "track")]
#[test]
fn a_report_of_slots_in_use_names_the_pool() {
    let pool = builder().name("rx").build().expect("a few bytes");
    let _kept = pool.alloc();
    let report = pool.outstanding();
    assert_eq!(report[0].pool_name(), Some("rx"));
    let line = report[0].to_string();
    assert!(
        line.starts_with(concat!("pool \"rx\": ", file!())),
        "{line}"
    );
}
