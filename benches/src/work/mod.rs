//! The workloads, and what each asks of a subject.

pub mod black_hole;
pub mod class;
pub mod crowd;
pub mod frame;
pub mod limit;
mod memory;
pub mod nop;
mod packet;
mod ping_pong;
pub mod pool;
pub mod scale;
pub mod send;
pub mod slab;
pub mod tcp;
pub mod view;

pub use memory::{LINE_BYTES, Line, Memory, Writable};
pub use ping_pong::ping_pong;
