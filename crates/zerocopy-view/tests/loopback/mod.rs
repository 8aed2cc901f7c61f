//! A runtime for tests that talk to themselves.

use std::time::Duration;

/// Far more than any of it takes: what hangs fails instead.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a test to its end, on this thread.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let bounded = async { tokio::time::timeout(LIMIT, test).await };
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(bounded).expect("it hangs")
}
