//! The examples run, and find what they say they find.
#![cfg(feature = "std")]

#[path = "../examples/fan_out.rs"]
mod fan_out;
#[path = "../examples/http_body.rs"]
#[cfg(not(any(loom, miri)))] // no sockets there
mod http_body;
#[path = "../examples/length_prefixed.rs"]
mod length_prefixed;

#[test]
fn messages_are_cut_off_where_they_were_received() {
    length_prefixed::main().expect("the example passes");
}

#[test]
fn a_message_goes_to_many_readers_by_its_kind() {
    fan_out::main().expect("the example passes");
}

#[cfg(not(any(loom, miri)))]
#[test]
fn a_server_answers_from_a_slot() {
    http_body::main().expect("the example passes");
}
