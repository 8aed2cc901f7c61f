//! A program that loses a slot is told its own file and line:
//! `cargo run -p pool-core --example leak --features track`.

use pool_core::{BuildError, Pool};

fn main() -> Result<(), BuildError> {
    let pool = Pool::builder().slots(4).slot_bytes(2048).build()?;
    let kept = pool.alloc();
    std::mem::forget(pool.alloc()); // the leak
    drop(kept);
    for site in pool.outstanding() {
        println!("{site}");
    }
    Ok(())
}
