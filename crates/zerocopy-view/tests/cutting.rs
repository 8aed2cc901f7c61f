//! Slices, splits and joins at their edges, and what they do to the counts.

use core::ops::Bound;

use pool_core::Pool;
use zerocopy_view::{Kind, Tenant, View};

fn pool() -> Pool {
    Pool::builder().slots(2).slot_bytes(64).build().unwrap()
}

fn pooled(pool: &Pool) -> View {
    let mut lease = pool.alloc().unwrap();
    for (at, byte) in (0..).zip(lease.iter_mut()) {
        *byte = at;
    }
    View::from(lease)
}

#[test]
fn every_form_of_range_is_taken() {
    let view = View::from((0..10).collect::<Vec<u8>>());
    assert_eq!(view.slice(..), view);
    assert_eq!(view.slice(3..), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(view.slice(..3), [0, 1, 2]);
    assert_eq!(view.slice(3..5), [3, 4]);
    assert_eq!(view.slice(3..=5), [3, 4, 5]);
    assert_eq!(view.slice(..=0), [0]);
    let excluded = (Bound::Excluded(7), Bound::Unbounded);
    assert_eq!(view.slice(excluded), [8, 9]);
    assert!(
        view.slice(10..).is_empty() && view.slice(10..10).is_empty() && view.slice(4..4).is_empty()
    );
}

#[test]
fn a_range_outside_is_an_error_that_says_which() {
    let view = View::from_static(b"0123456789");
    let error = |range| view.try_slice(range).unwrap_err().to_string();
    assert_eq!(error(4..11), "range: must lie in 0..10, got 4..11");
    assert_eq!(error(11..11), "range: must lie in 0..10, got 11..11");
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "a backward range is what is refused"
    )]
    let backward = error(5..4);
    assert_eq!(backward, "range: must lie in 0..10, got 5..4");
    assert!(view.try_slice(..=usize::MAX).is_err());
    assert!(view.try_slice(usize::MAX..).is_err());
    assert!(
        view.try_slice((Bound::Excluded(usize::MAX), Bound::Unbounded))
            .is_err()
    );
}

#[test]
#[should_panic(expected = "range: must lie in 0..2, got 1..3")]
fn slice_panics_and_says_why() {
    let _ = View::from_static(b"ab").slice(1..3);
}

#[test]
#[should_panic(expected = "position: must be 0 to 2, got 3")]
fn split_to_panics_and_says_why() {
    let _ = View::from_static(b"ab").split_to(3);
}

#[test]
#[should_panic(expected = "position: must be 0 to 2, got 3")]
fn split_off_panics_and_says_why() {
    let _ = View::from_static(b"ab").split_off(3);
}

#[test]
#[should_panic(expected = "position: must be 0 to 2, got 3")]
fn advance_panics_and_says_why() {
    View::from_static(b"ab").advance(3);
}

#[test]
fn a_refused_cut_changes_nothing() {
    let pool = pool();
    let view = pooled(&pool);
    let mut again = view.clone();
    assert!(view.try_slice(..65).is_err());
    let cut = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(again.split_to(65))));
    assert!(cut.is_err());
    assert_eq!((view.sharers(), again.len()), (2, 64));
}

#[test]
fn slice_ref_finds_what_was_borrowed_and_nothing_else() {
    let view = View::from(b"abcabc".to_vec());
    let again = view.slice_ref(&view[3..5]);
    assert_eq!((again.as_ptr(), again.len()), (view[3..].as_ptr(), 2));
    assert_eq!(view.slice_ref(&view), view);
    let equal_elsewhere = *b"bc";
    assert!(view.try_slice_ref(&equal_elsewhere).is_err());
    let inner = view.slice(2..4);
    for outside in [&view[1..3], &view[2..5], &view[..], &view[4..]] {
        let error = inner.try_slice_ref(outside).unwrap_err().to_string();
        assert!(
            error.starts_with("part: must lie inside the view's 2 bytes, got "),
            "{error}"
        );
    }
    assert!(view.slice_ref(&[]).is_empty());
}

#[test]
#[should_panic(expected = "part: must lie inside the view's 2 bytes, got 1 bytes that do not")]
fn slice_ref_panics_and_says_why() {
    let _ = View::from_static(b"ab").slice_ref(&[1]);
}

#[test]
fn splits_at_the_ends_count_nothing() {
    let pool = pool();
    let mut view = pooled(&pool);
    assert!(view.split_to(0).is_empty());
    assert!(view.split_off(64).is_empty());
    assert_eq!(view.sharers(), 1);
    let all = view.split_to(64);
    assert!(view.is_empty());
    assert_eq!((all.sharers(), view.sharers()), (1, 0));
    let mut all = all;
    let again = all.split_off(0);
    assert_eq!((again.sharers(), all.sharers(), again.len()), (1, 0, 64));
}

#[test]
fn an_empty_view_keeps_nothing_but_its_names() {
    let pool = pool();
    let named = || {
        pooled(&pool)
            .retag(Kind::OPUS)
            .with_tenant(Tenant::new(7))
            .unwrap()
    };
    let mut truncated = named();
    truncated.truncate(0);
    let mut advanced = named();
    advanced.advance(64);
    let sliced = named().slice(9..9);
    assert_eq!(pool.in_use(), 0);
    for view in [truncated, advanced, sliced] {
        assert_eq!(
            (view.len(), view.sharers(), view.retained_bytes()),
            (0, 0, 0)
        );
        assert_eq!((view.kind(), view.tenant()), (Kind::OPUS, Tenant::new(7)));
    }
}

#[test]
fn neighbours_join_and_count_once() {
    let pool = pool();
    for view in [pooled(&pool), View::from((0..64).collect::<Vec<u8>>())] {
        let first = view.as_ptr();
        let mut rest = view;
        let head = rest.split_to(10);
        let middle = rest.split_to(20);
        assert_eq!(rest.sharers(), 3);
        let (head, rest) = head.try_join(rest).unwrap_err(); // a gap
        let (rest, middle) = rest.try_join(middle).unwrap_err(); // the wrong order
        let (head, again) = head.clone().try_join(head).unwrap_err(); // an overlap
        drop(again);
        let whole = head.try_join(middle).unwrap().try_join(rest).unwrap();
        assert_eq!(
            (whole.as_ptr(), whole.len(), whole.sharers()),
            (first, 64, 1)
        );
        assert!(
            whole.iter().copied().eq(0..64),
            "bytes behind a part's first length can be read"
        );
    }
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn only_parts_of_one_storage_with_one_name_join() {
    let pool = pool();
    // Neighbouring slots without a gap: the addresses meet, the storages do not.
    let (a, b) = (pooled(&pool), pooled(&pool));
    let (low, high) = if a.as_ptr() < b.as_ptr() {
        (a, b)
    } else {
        (b, a)
    };
    assert_eq!(low.as_ptr_range().end, high.as_ptr());
    let (mut low, high) = low.try_join(high).unwrap_err();
    drop(high);

    let back = low.split_off(32).retag(Kind::JSON);
    let (low, back) = low.try_join(back).unwrap_err();
    assert_eq!((low.kind(), back.kind()), (Kind::RAW, Kind::JSON));
    assert!(low.try_join(back.retag(Kind::RAW)).is_ok());

    let mut fixed = View::from_static(b"static");
    let end = fixed.split_off(3);
    let (fixed, end) = fixed.try_join(end).unwrap_err();
    assert_eq!((&fixed[..], &end[..]), (&b"sta"[..], &b"tic"[..]));
}

#[test]
fn an_empty_view_joins_on_either_side() {
    let view = View::from(vec![1, 2]);
    let view = View::default().try_join(view).unwrap();
    let view = view.try_join(View::default()).unwrap();
    assert_eq!((view.sharers(), &view[..]), (1, &[1, 2][..]));
    assert!(view.try_join(View::default().retag(Kind::CSV)).is_err());
}
