//! Work that takes longer than a thread may be kept that serves others.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinError, spawn_blocking};

/// Does `work` on a thread that serves nobody. A runtime of one thread, as simulations have, does it at
/// once: there nothing may depend on how fast a second thread happens to be.
///
/// # Errors
/// When it panicked.
pub async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Ok(work());
    }
    spawn_blocking(work).await
}
