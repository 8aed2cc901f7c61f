//! The crate sha2 on plain bytes.

use sha2::{Digest, Sha256};

use benches::work::view::{self, Digests};

crate::submit! {
    "view/sha256-4k" => view::sha256::<BareSha2, 4096>,
    "view/sha256-1m" => view::sha256::<BareSha2, { 1 << 20 }>,
}

/// Bytes in a `Vec`.
struct BareSha2(Vec<u8>);

impl Digests for BareSha2 {
    const NAME: &'static str = "sha2";

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    #[inline]
    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}
