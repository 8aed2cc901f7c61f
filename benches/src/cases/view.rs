//! Shared immutable bytes.

use zerocopy_view::{LocalView, View};

use crate::case::Cases;
use crate::ours::{DigestedView, GrowingView, ZerocopyView};
use crate::work::view;

pub(crate) const CASES: Cases = &[
    ("view/clone", &[view::clone::<View>]),
    ("view/slice", &[view::slice::<View>]),
    ("view/held32", &[view::held32::<View>]),
    ("view/static", &[view::of_static::<View>]),
    ("view/split", &[view::split::<View>]),
    ("view/clone-2t", &[view::clone_2t::<View>]),
    ("view/clone-2t-distinct", &[view::clone_2t_distinct::<View>]),
    ("view/local", &[view::clone::<LocalView>]),
    ("view/local-2t", &[view::clone_2t::<LocalView>]),
    (
        "view/freeze-pooled",
        &[view::freeze::<ZerocopyView>, view::freeze::<GrowingView>],
    ),
    ("view/sha256-4k", &[view::sha256::<View, 4096>]),
    ("view/sha256-1m", &[view::sha256::<View, { 1 << 20 }>]),
    ("view/sha256-again", &[view::sha256::<DigestedView, 4096>]),
];
