//! Shared immutable bytes.

use std::rc::Rc;
use std::sync::Arc;

use benches::Cases;
use benches::ours::{DigestedView, GrowingView, ZerocopyView};
use benches::rivals::{BareSha2, BytesCrate};
use benches::work::view;
use bytes::Bytes;
use zerocopy_view::{LocalView, View};

pub(crate) const CASES: Cases<'static> = &[
    (
        "view/clone",
        &[
            view::clone::<View>,
            view::clone::<Bytes>,
            view::clone::<Arc<[u8]>>,
        ],
    ),
    ("view/slice", &[view::slice::<View>, view::slice::<Bytes>]),
    (
        "view/held32",
        &[
            view::held32::<View>,
            view::held32::<Bytes>,
            view::held32::<Arc<[u8]>>,
        ],
    ),
    (
        "view/static",
        &[view::of_static::<View>, view::of_static::<Bytes>],
    ),
    ("view/split", &[view::split::<View>, view::split::<Bytes>]),
    (
        "view/clone-2t",
        &[
            view::clone_2t::<View>,
            view::clone_2t::<Bytes>,
            view::clone_2t::<Arc<[u8]>>,
        ],
    ),
    (
        "view/clone-2t-distinct",
        &[
            view::clone_2t_distinct::<View>,
            view::clone_2t_distinct::<Bytes>,
            view::clone_2t_distinct::<Arc<[u8]>>,
        ],
    ),
    (
        "view/local",
        &[
            view::clone::<LocalView>,
            view::clone::<Bytes>,
            view::clone::<Rc<[u8]>>,
        ],
    ),
    (
        "view/local-2t",
        &[view::clone_2t::<LocalView>, view::clone_2t::<Bytes>],
    ),
    (
        "view/freeze-pooled",
        &[
            view::freeze::<ZerocopyView>,
            view::freeze::<GrowingView>,
            view::freeze::<BytesCrate>,
        ],
    ),
    (
        "view/sha256-4k",
        &[view::sha256::<View, 4096>, view::sha256::<BareSha2, 4096>],
    ),
    (
        "view/sha256-1m",
        &[
            view::sha256::<View, { 1 << 20 }>,
            view::sha256::<BareSha2, { 1 << 20 }>,
        ],
    ),
    ("view/sha256-again", &[view::sha256::<DigestedView, 4096>]),
];
