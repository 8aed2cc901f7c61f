//! In place of the cases, where this was built without the library.

use benches::Case;

/// Says that it is missing.
pub(super) fn missing(case: &mut Case<'_>) {
    let why = || Err("install libdpdk-dev and pkg-config".into());
    case.time("dpdk", why, || (), |_, ()| ());
}

pub(super) use missing as bulk32;
pub(super) use missing as cross;
pub(super) use missing as held32;
pub(super) use missing as pair;
pub(super) use missing as pair_explicit;
pub(super) use missing as shared_2t;
