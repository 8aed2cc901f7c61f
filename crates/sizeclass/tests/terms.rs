//! The terms a pool is built on, and small faces of its types: each wrong term is refused with its name, its bound and its value.

use pool_core::{Budget, Tenant};
use sizeclass::{BufferPool, BufferPoolBuilder, Classes};
use std::borrow::{Borrow, BorrowMut};
use std::io::Write;

#[test]
fn wrong_sizes_of_classes_are_refused() {
    let refused = |bytes: &[usize]| Classes::try_new(bytes).expect_err("wrong").to_string();
    assert_eq!(refused(&[]), "classes: must be 1 to 64 of them, got 0");
    let many: Vec<_> = (1..=65).map(|n| n << 8).collect();
    assert!(refused(&many).ends_with("1 to 64 of them, got 65"));
    let bound = "must be 1 to isize::MAX bytes each, got ";
    assert_eq!(refused(&[0, 8]), format!("classes: {bound}0"));
    let huge = isize::MAX as usize + 1;
    assert_eq!(refused(&[8, huge]), format!("classes: {bound}{huge}"));
    for (sizes, value) in [([800, 800], 800), ([800, 8], 8)] {
        assert_eq!(
            refused(&sizes),
            format!("classes: must be ascending, got {value}")
        );
    }
}

#[test]
fn right_sizes_are_taken_as_they_are() {
    let close: Vec<_> = (1..=64).collect();
    for bytes in [&[1][..], &[800, 801], &close, &[isize::MAX as usize]] {
        let classes = Classes::try_new(bytes).expect("right");
        assert_eq!(classes.as_slice(), bytes);
    }
    assert_eq!(Classes::new([64, 128]).as_slice(), [64, 128]);
    assert_eq!(Classes::default().as_slice(), Classes::DOUBLING.as_slice());
    assert_eq!(
        format!("{:?}", Classes::new([64, 128])),
        "Classes([64, 128])"
    );
}

/// What is asked for is one more than the class before holds.
#[test]
fn waste_is_what_a_class_has_beyond_the_one_before() {
    let waste = |bytes: &[usize]| Classes::try_new(bytes).expect("right").most_waste_percent();
    assert_eq!(waste(&[100]), 0);
    assert_eq!(waste(&[99, 150]), 50);
    assert_eq!(waste(&[99, 151]), 51);
    assert_eq!(waste(&[99, 200, 250]), 100);
    assert_eq!(waste(&[1, isize::MAX as usize]), usize::MAX);
    assert_eq!(
        Classes::new([99, 150]).wasting_at_most(50).as_slice(),
        [99, 150]
    );
}

#[test]
#[should_panic(expected = "further apart than the waste allowed")]
fn too_much_waste_is_a_panic() {
    let _ = Classes::new([99, 151]).wasting_at_most(50);
}

#[test]
#[should_panic(expected = "classes: must be 1 to 64")]
fn no_class_is_a_panic() {
    let _ = Classes::new([]);
}

#[test]
#[should_panic(expected = "isize::MAX")]
fn a_class_of_nothing_is_a_panic() {
    let _ = Classes::new([0]);
}

#[test]
#[should_panic(expected = "larger than the one before")]
fn classes_out_of_order_are_a_panic() {
    let _ = Classes::new([800, 800]);
}

fn builder() -> BufferPoolBuilder {
    BufferPool::builder()
        .classes(Classes::new([4096, 8192]))
        .capacity_per_class(4)
}

#[test]
fn wrong_terms_of_a_pool_are_refused() {
    let refused = |builder: BufferPoolBuilder| builder.build().expect_err("wrong").to_string();
    let text = refused(builder().borrow_up_to(1001));
    assert_eq!(text, "borrow_up_to: must be at most 1000, got 1001");
    let text = refused(builder().capacity(5000, 1));
    assert_eq!(
        text,
        "capacity: class_bytes: must be the size of a class, got 5000"
    );
    let text = refused(builder().capacity(8192, 0));
    assert_eq!(text, "capacity_per_class: must be 1 to 4294967294, got 0");
}

#[test]
fn the_last_capacity_said_of_a_class_counts() {
    let pool = builder()
        .capacity(8192, 1)
        .capacity(8192, 2)
        .thread_cache_bytes(0);
    let pool = pool.build().expect("right");
    let held: Vec<_> = std::iter::from_fn(|| pool.try_acquire(8000).ok()).collect();
    assert_eq!(held.len(), 2);
    let smaller: Vec<_> = std::iter::from_fn(|| pool.try_acquire(4000).ok()).collect();
    assert_eq!(smaller.len(), 4);
    assert_eq!(pool.classes().as_slice(), [4096, 8192]);
    assert!(pool.budget().is_none());
    let stats = pool.stats();
    let class = &stats.classes()[1];
    assert_eq!((class.resident_bytes(), class.idle_bytes()), (2 * 8192, 0));
}

#[test]
fn a_buffer_is_its_bytes() {
    let pool = builder().build().expect("right");
    let mut buffer = pool.acquire_zeroed(3);
    buffer.as_mut()[0] = b'a';
    BorrowMut::<[u8]>::borrow_mut(&mut buffer)[1] = b'b';
    assert_eq!(Borrow::<[u8]>::borrow(&buffer), b"ab\0");
    buffer.truncate(2);
    assert_eq!(buffer.write(b"cd").expect("it grows"), 2);
    buffer.write_all(b"e").expect("it grows");
    buffer.flush().expect("nothing to do");
    assert_eq!(AsRef::<[u8]>::as_ref(&buffer), b"abcde");
}

#[cfg(feature = "std")]
#[test]
fn a_tenant_waits_within_its_own_limit() {
    use std::time::Duration;
    let budget = Budget::new(1 << 20);
    let child = budget.child().tenant(Tenant::new(7)).ceiling_bytes(4096);
    let _child = child.build().expect("right");
    let pool = builder().budget(&budget).build().expect("right");
    assert!(pool.budget().expect("it has one").is_same(&budget));
    let tenant = pool.tenant(Tenant::new(7)).expect("the budget knows it");
    assert_eq!(tenant.budget().limit(), 4096);
    assert!(format!("{tenant:?}").starts_with("TenantPool { budget: Budget"));
    let held = tenant
        .acquire_timeout(4096, Duration::from_secs(10))
        .expect("room");
    let waiting = tenant.acquire_async(4096);
    assert!(format!("{waiting:?}").contains("min: 4096"), "{waiting:?}");
    drop(waiting);
    let why = tenant
        .acquire_timeout(4096, Duration::from_millis(1))
        .expect_err("at its ceiling");
    assert!(
        why.is_timed_out() && why.to_string().contains("4096 bytes"),
        "{why}"
    );
    assert!(pool.try_acquire(4096).is_ok(), "others are not at theirs");
    drop(held);
    assert!(tenant.try_acquire(4096).is_ok());
}
