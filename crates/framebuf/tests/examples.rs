//! The examples run, and find what they say they find.

#[path = "../examples/jumbo.rs"]
#[cfg(not(miri))] // has no sockets
mod jumbo;
#[path = "../examples/udp_headers.rs"]
mod udp_headers;
#[path = "../examples/udp_receive.rs"]
#[cfg(not(miri))]
mod udp_receive;
#[path = "../examples/zerocopy_headers.rs"]
mod zerocopy_headers;

#[test]
fn headers_are_prepended_with_right_checksums() {
    udp_headers::main().expect("the example passes");
}

#[test]
fn headers_are_structs_where_they_lie() {
    zerocopy_headers::main().expect("the example passes");
}

#[test]
#[cfg(not(miri))]
fn a_jumbo_message_crosses_a_socket() {
    jumbo::main().expect("the example passes");
}

#[test]
#[cfg(not(miri))]
fn a_datagram_is_answered_where_it_was_received() {
    udp_receive::main().expect("the example passes");
}
