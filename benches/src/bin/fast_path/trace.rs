//! A process that is run one instruction at a time.

use std::arch::asm;
use std::io;
use std::ptr;

use crate::instruction::Instruction;

/// A bound on the steps between the marks: the longest path here has a few hundred.
const MOST_STEPS: usize = 100_000;

/// The system does not let a process be traced.
pub(crate) struct Refused(pub(crate) io::Error);

/// Runs something between two marks.
#[inline(always)]
pub(crate) fn watched<T>(run: impl FnOnce() -> T) {
    mark();
    drop(run());
    mark();
}

#[inline(always)]
fn mark() {
    // SAFETY: a breakpoint: stops the process for who traces it, and changes nothing. It may not be moved over memory accesses.
    unsafe { asm!("int3") }
}

/// Runs `run` in a child process, and gives the instructions that it executed between its [marks](watched).
pub(crate) fn instructions_of(run: fn()) -> Result<Vec<Instruction>, Refused> {
    // SAFETY: this program has one thread when it calls this, so the child may use everything.
    match unsafe { libc::fork() } {
        -1 => Err(Refused(io::Error::last_os_error())),
        0 => child(run),
        child => {
            let traced = Traced(child);
            traced.follow().map_err(Refused)
        }
    }
}

fn child(run: fn()) -> ! {
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
        run();
    }
    // SAFETY: ends this process without running what belongs to the parent.
    unsafe { libc::_exit(i32::from(asked != 0)) }
}

/// A child; ended when this is dropped.
struct Traced(libc::pid_t);

impl Traced {
    fn follow(&self) -> io::Result<Vec<Instruction>> {
        self.wait_for(libc::SIGSTOP)?;
        self.ask(libc::PTRACE_CONT)?;
        self.wait_for(libc::SIGTRAP)?;
        let mut executed = Vec::new();
        loop {
            let instruction = self.next_instruction()?;
            if instruction.bytes[0] == 0xcc {
                return Ok(executed);
            }
            if executed.len() == MOST_STEPS {
                return Err(io::Error::other("more steps than any path here has"));
            }
            executed.push(instruction);
            self.ask(libc::PTRACE_SINGLESTEP)?;
            self.wait_for(libc::SIGTRAP)?;
        }
    }

    fn ask(&self, request: libc::c_uint) -> io::Result<i64> {
        self.request(request, 0)
    }

    fn request(&self, request: libc::c_uint, argument: u64) -> io::Result<i64> {
        // SAFETY: the child is ours and stopped; these requests touch no memory of this process.
        let word = unsafe { libc::ptrace(request, self.0, argument, 0_u64) };
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
        if unsafe { libc::waitpid(self.0, &raw mut status, 0) } == -1 {
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

    fn next_instruction(&self) -> io::Result<Instruction> {
        let rip = std::mem::offset_of!(libc::user_regs_struct, rip) as u64;
        let address = self.request(libc::PTRACE_PEEKUSER, rip)?.cast_unsigned();
        let word = self.request(libc::PTRACE_PEEKTEXT, address)?;
        Ok(Instruction {
            address,
            bytes: word.to_le_bytes(),
        })
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // SAFETY: the child is ours and not yet waited for.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        // SAFETY: the child is ours; its status is not wanted.
        unsafe { libc::waitpid(self.0, ptr::null_mut(), 0) };
    }
}
