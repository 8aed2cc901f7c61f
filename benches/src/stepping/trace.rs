//! A process that is run one instruction at a time.

use std::arch::asm;
use std::collections::HashMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;

use super::instruction::Instruction;

/// Nothing was seen: the system lets no process be traced, the traced one ended, or it went on for too long.
#[derive(Debug)]
pub struct Refused(pub io::Error);

/// Runs something between the two marks that [`step_through`] looks for.
#[inline(always)]
pub fn watched<T>(run: impl FnOnce() -> T) {
    mark();
    drop(run());
    mark();
}

#[inline(always)]
fn mark() {
    // SAFETY: a breakpoint: stops the process for who traces it, and changes nothing. It may not be moved over memory accesses.
    unsafe { asm!("int3") }
}

/// Runs `run` in a child process, and shows each instruction that its first thread executes between its [marks](watched), of which there may be `most`.
///
/// The calling process has one thread, or its other threads do nothing that the child waits for. What the child does ends with it; it has so many seconds.
pub fn step_through(
    run: impl FnOnce(),
    most: usize,
    seconds: u32,
    mut each: impl FnMut(Instruction),
) -> Result<(), Refused> {
    // SAFETY: the caller says that this program has one thread, so the child may use everything.
    match unsafe { libc::fork() } {
        -1 => Err(Refused(io::Error::last_os_error())),
        0 => child(run, seconds),
        child => {
            let mut traced = Traced {
                child,
                code: HashMap::new(),
            };
            traced.follow(most, &mut each).map_err(Refused)
        }
    }
}

fn child(run: impl FnOnce(), seconds: u32) -> ! {
    // SAFETY: the signal that comes then ends this process, traced or not.
    unsafe { libc::alarm(seconds) };
    // SAFETY: asks to be traced by the parent; no memory is touched.
    let asked = unsafe {
        libc::ptrace(
            libc::PTRACE_TRACEME,
            0,
            ptr::null_mut::<u8>(),
            ptr::null_mut::<u8>(),
        )
    };
    if asked == 0 {
        // SAFETY: stops this process until the parent lets it go on.
        unsafe { libc::raise(libc::SIGSTOP) };
        // What unwinds would unwind into what belongs to the parent.
        if panic::catch_unwind(AssertUnwindSafe(run)).is_ok() {
            // SAFETY: ends this process without running what belongs to the parent.
            unsafe { libc::_exit(0) }
        }
    }
    // SAFETY: as after `run`.
    unsafe { libc::_exit(1) }
}

/// A child; ended when this is dropped.
struct Traced {
    child: libc::pid_t,
    /// The bytes at each address that was executed: asked for once.
    code: HashMap<u64, [u8; 8]>,
}

impl Traced {
    fn follow(&mut self, most: usize, each: &mut impl FnMut(Instruction)) -> io::Result<()> {
        self.wait_for(libc::SIGSTOP)?;
        self.ask(libc::PTRACE_CONT)?;
        self.wait_for(libc::SIGTRAP)?;
        for _ in 0..most {
            let instruction = self.next_instruction()?;
            if instruction.bytes[0] == 0xcc {
                return Ok(());
            }
            each(instruction);
            self.ask(libc::PTRACE_SINGLESTEP)?;
            self.wait_for(libc::SIGTRAP)?;
        }
        Err(io::Error::other("more steps than asked for"))
    }

    fn ask(&self, request: libc::c_uint) -> io::Result<i64> {
        self.request(request, 0)
    }

    fn request(&self, request: libc::c_uint, argument: u64) -> io::Result<i64> {
        // SAFETY: the child is ours and stopped; these requests touch no memory of this process.
        let word = unsafe { libc::ptrace(request, self.child, argument, 0_u64) };
        if word != -1 {
            return Ok(word);
        }
        // -1 is also a word that may be read: then the C library says that there was no error.
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(0) => Ok(word),
            _ => Err(error),
        }
    }

    fn wait_for(&self, signal: i32) -> io::Result<()> {
        let mut status = 0;
        // SAFETY: the child is ours, and `status` is a place for its status.
        if unsafe { libc::waitpid(self.child, &raw mut status, 0) } == -1 {
            return Err(io::Error::last_os_error());
        }
        if libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == signal {
            Ok(())
        } else {
            Err(io::Error::other(format!(
                "the traced process ended or stopped otherwise: status {status:#x}"
            )))
        }
    }

    fn next_instruction(&mut self) -> io::Result<Instruction> {
        let rip = std::mem::offset_of!(libc::user_regs_struct, rip) as u64;
        let address = self.request(libc::PTRACE_PEEKUSER, rip)?.cast_unsigned();
        let bytes = match self.code.get(&address) {
            Some(bytes) => *bytes,
            None => {
                let word = self.request(libc::PTRACE_PEEKTEXT, address)?;
                *self.code.entry(address).or_insert(word.to_le_bytes())
            }
        };
        Ok(Instruction { address, bytes })
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // SAFETY: the child is ours and not yet waited for.
        unsafe { libc::kill(self.child, libc::SIGKILL) };
        // SAFETY: the child is ours; its status is not wanted.
        unsafe { libc::waitpid(self.child, ptr::null_mut(), 0) };
    }
}
