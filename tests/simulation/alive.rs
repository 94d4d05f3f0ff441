//! One run of a node, from its start to its crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a run of a node goes on. Once it has crashed, whatever its tasks await never comes: so they
/// stand still where the crash met them, as after `kill -9`, and do nothing more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alive(Arc<AtomicBool>);

impl Alive {
    /// It crashes now.
    pub(crate) fn crash(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it has crashed.
    pub(crate) fn crashed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Goes on at once, or never.
    pub(crate) async fn goes_on(&self) {
        if self.crashed() {
            std::future::pending::<()>().await;
        }
    }
}
