//! What a view becomes, each without copying a byte.

use bytes::Bytes;
use framebuf::FrameBuf;

use crate::view::View;

/// One small allocation (`bytes` boxes every owner); none for a static or empty view. Kind and tenant are lost.
impl From<View> for Bytes {
    fn from(view: View) -> Self {
        match view.0.static_bytes() {
            Some(bytes) => Bytes::from_static(bytes),
            None => Bytes::from_owner(view),
        }
    }
}

/// The only view of a slot becomes a frame again: what lies before the bytes in the slot is its headroom, what lies behind its
/// tailroom. Allocates nothing. Kind and tenant are lost.
///
/// # Errors
///
/// Gives the view back, unchanged, if others share the slot, if the bytes do not lie in one, or if they lie in one that is larger
/// than a frame reaches (1 GiB).
impl TryFrom<View> for FrameBuf {
    type Error = View;

    fn try_from(view: View) -> Result<Self, View> {
        let label = view.0.label;
        let (lease, range) = view.try_into_lease()?;
        Self::from_lease(lease, range.clone()).map_err(|refused| {
            let mut view = View::from(refused.into_lease());
            view.0.narrow(range);
            view.0.label = label;
            view
        })
    }
}
