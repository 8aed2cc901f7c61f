//! Shows that taking a slot and giving it back, by a thread with a warm cache, executes no locked instruction and calls nothing; and that a buffer of a size class
//! takes as many instructions, whatever its size; then
//! that, in this same program, no alloc is refused while a slot is free.
//!
//! The proof is not a reading of the code: the program runs itself one instruction at a time, as a debugger does, and looks at each.
//!
//! Ends with 77 where that cannot be done.

mod path;
mod stranding;

use std::process::ExitCode;

use benches::stepping::{Refused, step_through};

/// A bound on the steps of a path: the longest has a few hundred.
const MOST_STEPS: usize = 100_000;
const MOST_SECONDS: u32 = 60;

fn main() -> anyhow::Result<ExitCode> {
    let mut lengths = Vec::new();
    for path in path::PATHS.iter().chain(&path::CLASSES) {
        let mut found = Vec::new();
        let stepped = step_through(path.run, MOST_STEPS, MOST_SECONDS, |step| found.push(step));
        if let Err(Refused(why)) = stepped {
            stranding::check()?;
            println!("fast_path: no program is seen at work here: {why}");
            return Ok(ExitCode::from(77));
        }
        path.check(&found)?;
        lengths.push(found.len());
    }
    let of_classes = &lengths[path::PATHS.len()..];
    for (path, length) in path::CLASSES.iter().zip(of_classes) {
        path.check_as_long(*length, of_classes[0])?;
    }
    stranding::check()?;
    Ok(ExitCode::SUCCESS)
}
