//! The lock around the books of one tree of budgets: with `std` the standard library's mutex, without it a [spin lock](super::spin_lock).

#[cfg(not(feature = "std"))]
pub(crate) use super::spin_lock::SpinLock as Lock;
#[cfg(feature = "std")]
pub(crate) use mutex::Lock;

#[cfg(feature = "std")]
mod mutex {
    use crate::sync::Mutex;
    use std::sync::PoisonError;

    #[derive(Debug)]
    pub(crate) struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        #[inline]
        pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
            // Nothing under this lock panics but for a mistake of this crate, and then later callers shall not panic too.
            work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }
}
