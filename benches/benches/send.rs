//! Sends: what keeps their memory, and datagrams over loopback.

use benches::ours::{UringSend, UringSendDatagrams};
use benches::rivals::{Boxed, OneSendEach};
use benches::work::send;

fn main() {
    benches::run(&[
        ("send/slab", &[send::slab::<UringSend>, send::slab::<Boxed>]),
        (
            "send/udp-1400",
            &[send::udp::<UringSendDatagrams>, send::udp::<OneSendEach>],
        ),
    ]);
}
