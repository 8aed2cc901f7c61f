//! Sends: what keeps their memory; datagrams and streams over loopback.

use benches::Cases;
use benches::ours::{UringSend, UringSendDatagrams, UringSendSegments, UringSendStreams};
use benches::rivals::{Boxed, OneSendEach, OneWriteEach, RingSend, RingSendZc};
use benches::work::{send, tcp};

pub(crate) const CASES: Cases<'static> = &[
    ("send/slab", &[send::slab::<UringSend>, send::slab::<Boxed>]),
    (
        "send/udp-1400",
        &[send::udp::<UringSendDatagrams>, send::udp::<OneSendEach>],
    ),
    (
        "send/tcp-64",
        &[
            tcp::one_each::<UringSendStreams, 64>,
            tcp::one_each::<OneWriteEach, 64>,
            tcp::one_each::<RingSend, 64>,
            tcp::one_each::<RingSendZc, 64>,
        ],
    ),
    (
        "send/tcp-1500",
        &[
            tcp::one_each::<UringSendStreams, 1500>,
            tcp::one_each::<OneWriteEach, 1500>,
            tcp::one_each::<RingSend, 1500>,
            tcp::one_each::<RingSendZc, 1500>,
        ],
    ),
    (
        "send/tcp-16k",
        &[
            tcp::one_each::<UringSendStreams, 16_384>,
            tcp::one_each::<OneWriteEach, 16_384>,
            tcp::one_each::<RingSend, 16_384>,
            tcp::one_each::<RingSendZc, 16_384>,
        ],
    ),
    (
        "send/tcp-64k",
        &[
            tcp::one_each::<UringSendStreams, 65_536>,
            tcp::one_each::<OneWriteEach, 65_536>,
            tcp::one_each::<RingSend, 65_536>,
            tcp::one_each::<RingSendZc, 65_536>,
        ],
    ),
    (
        "send/tcp-256k",
        &[
            tcp::one_each::<UringSendStreams, 262_144>,
            tcp::one_each::<OneWriteEach, 262_144>,
            tcp::one_each::<RingSend, 262_144>,
            tcp::one_each::<RingSendZc, 262_144>,
        ],
    ),
    (
        "send/udp-gso",
        &[
            send::segments::<UringSendSegments>,
            send::segments::<OneSendEach>,
        ],
    ),
    (
        "send/tcp-small-many",
        &[
            tcp::many::<UringSendStreams, 64>,
            tcp::many::<OneWriteEach, 64>,
        ],
    ),
];
