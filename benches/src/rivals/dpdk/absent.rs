//! In place of the cases, where this was built without the library.

use crate::case::Case;

/// Says that it is missing.
pub fn missing(case: &mut Case<'_>) {
    let why = || Err("install libdpdk-dev and pkg-config".into());
    case.time("dpdk", why, || (), |_, ()| ());
}

pub use missing as bulk32;
pub use missing as cross;
pub use missing as held32;
pub use missing as pair;
pub use missing as pair_explicit;
pub use missing as shared_2t;
