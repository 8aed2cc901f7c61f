//! A kernel that does what a test says: for loops on this crate, and for this crate itself.
//!
//! [`FakeKernel`] stands for a ring ([`Ring`](crate::Ring)). It takes the entries that an [`InFlight`](crate::InFlight) makes and answers them as Linux would, in
//! orders that Linux rarely takes: notifications late and reordered, sends short, failed or cancelled, answers that never come. It reads
//! a send's memory as late as a network card may, and a guard that is dropped while it may still read ([`Watched`]) fails the test.
//!
//! [`explore`] goes through all orders of a small scenario; [`Choices::seeded`] takes a long one at random.
//!
//! ```
//! use uring_send::testing::{Answer, FakeKernel, explore};
//! use uring_send::{InFlight, Ring};
//!
//! let orders = explore(10_000, |choices| {
//!     let mut kernel = FakeKernel::new(8, choices);
//!     kernel.answers(&[Answer::all(), Answer::error(32)]); // 32: EPIPE
//!     let mut sends = InFlight::builder().sends(2).zero_copy_from(1).build().unwrap();
//!     let socket = kernel.datagram_socket();
//!     for bytes in [b"first", b"other"] {
//!         let mut draft = sends.send(&socket).unwrap();
//!         draft.guard(kernel.guard(*bytes)).unwrap();
//!         draft.submit(&mut kernel.submissions()).map_err(|(_draft, why)| why).unwrap();
//!     }
//!     while !sends.is_empty() {
//!         assert!(sends.flush(&mut kernel.submissions()));
//!         kernel.enter(None).unwrap();
//!         for completion in kernel.completions() {
//!             sends.complete(completion, |_event| ()).unwrap();
//!         }
//!     }
//!     assert_eq!(kernel.living_guards(), 0);
//! });
//! assert!(orders > 10);
//! ```

mod answer;
mod choices;
mod kernel;
mod ledger;
mod operation;
mod peers;
mod steps;

pub use answer::{Answer, Notice, Usage};
pub use choices::{Choices, explore};
pub use kernel::{FakeKernel, FakeQueue};
pub use ledger::Watched;
pub use operation::{OpId, Operation, Stage};
