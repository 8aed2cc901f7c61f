//! As much of x86-64's encoding as tells locked instructions and calls from others.
//!
//! Source: Intel's manual, volume 2, chapter 2 (prefixes) and appendix A (opcode maps).

use std::fmt;

/// The first bytes of an instruction that was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// Where it stands.
    pub address: u64,
    /// It, and what follows.
    pub bytes: [u8; 8],
}

/// What takes longer than other instructions, or may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Costly {
    /// A locked read-modify-write.
    Locked,
    /// A fence.
    Fence,
    /// A call within the program.
    Call,
    /// A call of the kernel.
    SystemCall,
}

impl Instruction {
    /// Whether it is one of those.
    pub fn costly(self) -> Option<Costly> {
        let prefixes = self
            .bytes
            .iter()
            .take_while(|byte| is_legacy_prefix(**byte))
            .count();
        if self.bytes[..prefixes].contains(&0xf0) {
            return Some(Costly::Locked);
        }
        let rest = &self.bytes[prefixes..];
        let has_rex = rest.first().is_some_and(|byte| byte & 0xf0 == 0x40);
        match *rest.get(usize::from(has_rex)..)? {
            [0x86 | 0x87, modrm, ..] if modrm >> 6 != 3 => Some(Costly::Locked), // xchg with memory
            [0xe8, ..] => Some(Costly::Call),
            [0xff, modrm, ..] if matches!(modrm >> 3 & 7, 2 | 3) => Some(Costly::Call),
            [0x0f, 0x05 | 0x34, ..] | [0xcd, ..] => Some(Costly::SystemCall),
            [0x0f, 0xae, modrm, ..] if modrm >> 6 == 3 && modrm >> 3 & 7 >= 5 => {
                Some(Costly::Fence)
            }
            _ => None,
        }
    }
}

fn is_legacy_prefix(byte: u8) -> bool {
    matches!(
        byte,
        0xf0 | 0xf2 | 0xf3 | 0x2e | 0x36 | 0x3e | 0x26 | 0x64 | 0x65 | 0x66 | 0x67
    )
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}: {:02x?}", self.address, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_costly_ones_are_known() {
        let cases: [(&[u8], Option<Costly>); 12] = [
            (&[0xf0, 0x48, 0x0f, 0xb1, 0x0b], Some(Costly::Locked)), // lock cmpxchg
            (&[0x64, 0xf0, 0xff, 0x00], Some(Costly::Locked)),
            (&[0x87, 0x03], Some(Costly::Locked)), // xchg eax, [rbx]
            (&[0x48, 0x87, 0xd8], None),           // xchg rbx, rax
            (&[0xe8, 1, 2, 3, 4], Some(Costly::Call)),
            (&[0x41, 0xff, 0xd3], Some(Costly::Call)), // call r11
            (&[0xff, 0x15, 0, 0, 0, 0], Some(Costly::Call)),
            (&[0xff, 0xc0], None), // inc eax
            (&[0x0f, 0x05], Some(Costly::SystemCall)),
            (&[0x0f, 0xae, 0xf0], Some(Costly::Fence)), // mfence
            (&[0x0f, 0xae, 0x38], None),                // clflush [rax]
            (&[0x64, 0x48, 0x8b, 0x04, 0x25], None),    // mov rax, fs:[…]
        ];
        for (code, costly) in cases {
            let mut bytes = [0x90; 8];
            bytes[..code.len()].copy_from_slice(code);
            let instruction = Instruction { address: 0, bytes };
            assert_eq!(instruction.costly(), costly, "{code:02x?}");
        }
    }
}
