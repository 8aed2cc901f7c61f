//! A stretch of a program, one instruction at a time, as a debugger goes through it: what it executes is seen, not read out of the code.

mod instruction;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod trace;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[path = "absent.rs"]
mod trace;

pub use instruction::{Costly, Instruction};
pub use trace::{Refused, step_through, watched};
