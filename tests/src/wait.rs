//! Waiting for what takes time, with an end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything may take before a claim has failed.
pub const LONGEST: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// Polls `look` until it finds something.
///
/// # Panics
/// With `what` when nothing was found within [`LONGEST`].
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + LONGEST;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {LONGEST:?}");
        sleep(PAUSE).await;
    }
}

/// What `future` gives.
///
/// # Panics
/// With `what` when it takes longer than [`LONGEST`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LONGEST, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {LONGEST:?}"),
    }
}
