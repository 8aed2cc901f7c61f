//! Sends: what keeps their memory, and datagrams over loopback.

use benches::Cases;
use benches::ours::{UringSend, UringSendDatagrams};
use benches::rivals::{Boxed, OneSendEach};
use benches::work::send;

pub(crate) const CASES: Cases<'static> = &[
    ("send/slab", &[send::slab::<UringSend>, send::slab::<Boxed>]),
    (
        "send/udp-1400",
        &[send::udp::<UringSendDatagrams>, send::udp::<OneSendEach>],
    ),
];
