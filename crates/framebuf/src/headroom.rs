//! Headroom that the compiler counts: putting a header of fixed size before such a frame cannot fail.

use core::fmt;
use core::ops::{Deref, DerefMut};

use pool_core::Pool;

use crate::FrameBuf;
use crate::error::{NoRoom, TooShort};

/// A frame with `H` bytes of headroom at least, by its type.
///
/// Each [`prepend`](Self::prepend) says by its type what is left, and the compiler checks the sum. So what a stack of protocols needs is checked
/// where the frame is made, once, and nowhere after.
///
/// ```
/// use framebuf::Headroom;
///
/// let pool = pool_core::Pool::builder().slots(64).slot_bytes(2048).build()?;
/// let mut frame = Headroom::<42>::from_pool(&pool).expect("64 slots are free");
/// frame.append(b"payload")?;
/// let frame: Headroom<34> = frame.prepend(&[0x11; 8]);  // UDP
/// let frame: Headroom<14> = frame.prepend(&[0x45; 20]); // IPv4
/// let frame: Headroom<0> = frame.prepend(&[0xff; 14]);  // Ethernet
/// assert_eq!(frame.len(), 42 + 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A sum that is wrong does not compile:
///
/// ```compile_fail
/// # let pool = pool_core::Pool::builder().slots(1).slot_bytes(64).build().unwrap();
/// let frame = framebuf::Headroom::<42>::from_pool(&pool).unwrap();
/// let frame: framebuf::Headroom<35> = frame.prepend(&[0x11; 8]); // 35 and 8 are 43
/// ```
///
/// Nor does a header that is larger than the room:
///
/// ```compile_fail
/// # let pool = pool_core::Pool::builder().slots(1).slot_bytes(64).build().unwrap();
/// let frame = framebuf::Headroom::<7>::from_pool(&pool).unwrap();
/// let frame: framebuf::Headroom<0> = frame.prepend(&[0x11; 8]);
/// ```
///
/// - **HEADROOM-1** The frame is no part, and its headroom is `H` at least.
pub struct Headroom<const H: usize, M = ()> {
    frame: FrameBuf<M>,
}

impl<const H: usize> Headroom<H> {
    /// An empty frame in a slot of `pool`, with room for `H` bytes of headers.
    ///
    /// `None` if the pool is exhausted or closed, or its slots have fewer bytes.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn from_pool(pool: &Pool) -> Option<Self> {
        let frame = FrameBuf::with_headroom(pool, H)?;
        Some(Self { frame })
    }
}

impl<const H: usize, M> Headroom<H, M> {
    /// Copies `header` before the frame. Cannot fail, and asks nothing at run time: `REST` is `H` less `N`, or it does not compile.
    #[inline]
    #[must_use = "the frame with the header before it is returned"]
    pub fn prepend<const N: usize, const REST: usize>(
        mut self,
        header: &[u8; N],
    ) -> Headroom<REST, M> {
        const { assert!(H == REST + N, "the headroom left is not H less the header") };
        // SAFETY: the headroom is H at least (HEADROOM-1), and H is N or more, as asserted.
        unsafe { self.frame.body.prepend_within(header) };
        Headroom { frame: self.frame }
    }

    /// Takes `N` bytes, a header that was read, off the front. `MORE` is `H` and `N`, or it does not compile.
    ///
    /// # Errors
    ///
    /// Gives the frame back if it has fewer bytes.
    ///
    /// ```
    /// # use framebuf::{FrameBuf, Headroom};
    /// let frame = FrameBuf::from(b"old header, payload".to_vec());
    /// let frame = Headroom::<0>::try_from(frame).expect("0 bytes are always there");
    /// let frame: Headroom<10> = frame.trim_front::<10, 10>().map_err(|(why, _)| why)?;
    /// let frame: Headroom<0> = frame.prepend(b"new header");
    /// assert_eq!(&frame[..], b"new header, payload");
    /// # Ok::<(), framebuf::TooShort>(())
    /// ```
    #[inline]
    pub fn trim_front<const N: usize, const MORE: usize>(
        mut self,
    ) -> Result<Headroom<MORE, M>, (TooShort, Self)> {
        const { assert!(MORE == H + N, "MORE is not H + N") };
        match self.frame.trim_front(N) {
            // HEADROOM-1: what is taken off a frame that is no part becomes headroom.
            Ok(()) => Ok(Headroom { frame: self.frame }),
            Err(why) => Err((why, self)),
        }
    }

    /// Copies `bytes` behind the frame.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if the tailroom is smaller.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        self.frame.append(bytes)
    }

    /// Promises less: `LESS` is at most `H`, or it does not compile. The bytes stay where they are.
    #[inline]
    #[must_use]
    pub fn relax<const LESS: usize>(self) -> Headroom<LESS, M> {
        const { assert!(LESS <= H, "more headroom than there is") };
        Headroom { frame: self.frame }
    }

    /// The frame, to look at.
    #[inline]
    pub fn frame(&self) -> &FrameBuf<M> {
        &self.frame
    }

    /// The metadata, to change it.
    #[inline]
    pub fn meta_mut(&mut self) -> &mut M {
        self.frame.meta_mut()
    }

    /// The frame, and no promise any more.
    #[inline]
    #[must_use]
    pub fn into_frame(self) -> FrameBuf<M> {
        self.frame
    }
}

/// Asks once, for all that is prepended after.
///
/// # Errors
///
/// Gives the frame back if its headroom is smaller, or if it is one of several [parts](FrameBuf::is_part).
impl<const H: usize, M> TryFrom<FrameBuf<M>> for Headroom<H, M> {
    type Error = FrameBuf<M>;

    #[inline]
    fn try_from(mut frame: FrameBuf<M>) -> Result<Self, FrameBuf<M>> {
        if !frame.reclaim() || frame.headroom() < H {
            return Err(frame);
        }
        Ok(Self { frame })
    }
}

impl<const H: usize, M> From<Headroom<H, M>> for FrameBuf<M> {
    #[inline]
    fn from(frame: Headroom<H, M>) -> Self {
        frame.frame
    }
}

impl<const H: usize, M> Deref for Headroom<H, M> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.frame
    }
}

impl<const H: usize, M> DerefMut for Headroom<H, M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.frame
    }
}

/// Never prints the bytes.
impl<const H: usize, M> fmt::Debug for Headroom<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Headroom")
            .field("promised", &H)
            .field("frame", &self.frame)
            .finish()
    }
}
