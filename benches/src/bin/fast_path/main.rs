//! Shows that taking a slot and giving it back, by a thread with a warm cache, executes no locked instruction and calls nothing; and that a buffer of a size class
//! takes as many instructions, whatever its size; then
//! that, in this same program, no alloc is refused while a slot is free.
//!
//! The proof is not a reading of the code: the program runs itself one instruction at a time, as a debugger does, and looks at each.
//!
//! Ends with 77 where that cannot be done.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod instruction;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod path;
mod stranding;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod trace;

use std::process::ExitCode;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn main() -> anyhow::Result<ExitCode> {
    let mut lengths = Vec::new();
    for path in path::PATHS.iter().chain(&path::CLASSES) {
        let found = match trace::instructions_of(path.run) {
            Ok(found) => found,
            Err(trace::Refused(why)) => {
                println!("fast_path: this system lets no program trace another: {why}");
                return Ok(ExitCode::from(77));
            }
        };
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

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn main() -> anyhow::Result<ExitCode> {
    stranding::check()?;
    println!("fast_path: knows the instructions of x86-64 under Linux only");
    Ok(ExitCode::from(77))
}
