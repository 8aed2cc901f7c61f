//! Ids of another process, or of an earlier run of this program, fit only by chance.
// Miri starts no processes.
#![cfg(not(miri))]

use std::env;
use std::process::Command;

use pool_core::{Pool, SlotId};

const CHILD: &str = "POOL_CORE_PRINTS_AN_ID";

/// An id of a first pool's first slot, as each process prints it.
#[test]
fn an_id_of_another_process_is_refused() {
    let pool = Pool::builder()
        .slots(4)
        .slot_bytes(64)
        .build()
        .expect("small");
    let ours = pool.alloc().expect("free").into_id();
    if env::var_os(CHILD).is_some() {
        println!("id={}", ours.to_bits());
        return;
    }
    let program = env::current_exe().expect("we run");
    let output = Command::new(program)
        .env(CHILD, "1")
        .args([
            "--exact",
            "an_id_of_another_process_is_refused",
            "--nocapture",
        ])
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let foreign = text
        .split("id=")
        .nth(1)
        .and_then(|rest| rest.lines().next())
        .and_then(|bits| bits.parse().ok())
        .expect("it printed one");
    assert!(
        pool.redeem(SlotId::from_bits(foreign)).is_err(),
        "foreign {foreign:#x}, ours {ours:?}"
    );
}
