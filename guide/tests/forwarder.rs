//! The tutorial's program passes its own test, and is the one that the tutorial shows.
#![cfg(not(miri))] // has no sockets

#[path = "../examples/udp_forwarder.rs"]
#[allow(
    dead_code,
    reason = "`main` reads the arguments, which are a test's here"
)]
mod udp_forwarder;

#[test]
fn datagrams_reach_every_target_whole() {
    udp_forwarder::self_test().expect("loopback works");
}

#[test]
fn the_tutorial_shows_the_program_as_it_is() {
    let tutorial = include_str!("../../docs/tutorial.md");
    let program = include_str!("../examples/udp_forwarder.rs");
    assert!(
        tutorial.contains(program),
        "docs/tutorial.md has another text than guide/examples/udp_forwarder.rs"
    );
}
