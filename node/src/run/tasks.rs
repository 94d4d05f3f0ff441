//! The tasks that a running node is made of: none is forgotten, and none ends unseen.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Why a node stopped although nobody asked it to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskFailure {
    /// A task panicked.
    #[error("the node stopped: its task `{task}` panicked ({message})")]
    Panicked {
        /// Its name.
        task: &'static str,
        /// What the panic said.
        message: String,
    },
    /// A task ended while the node was to run on.
    #[error("the node stopped: its task `{task}` ended early")]
    EndedEarly {
        /// Its name.
        task: &'static str,
    },
}

#[derive(Debug)]
struct Spawned {
    name: &'static str,
    abort: AbortHandle,
    /// Its future holds the other end: that one goes before the task counts as ended.
    alive: Weak<()>,
}

/// The tasks of a node. All of them run until `stop`; the first that ends before, or panics, stops the
/// others, since a node that lacks one of them would only seem to work.
#[derive(Debug)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    spawned: Mutex<Vec<Spawned>>,
    stop: CancellationToken,
    failure: Arc<OnceLock<TaskFailure>>,
}

impl Tasks {
    /// No tasks yet; they are to run until `stop`.
    pub(super) fn until(stop: CancellationToken) -> Self {
        let tracker = TaskTracker::new();
        Self { tracker, spawned: Mutex::default(), stop, failure: Arc::default() }
    }

    /// Starts a task that is to run until the node stops.
    pub(super) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let (stop, failure) = (self.stop.clone(), self.failure.clone());
        let held = Arc::new(());
        let alive = Arc::downgrade(&held);
        let handle = self.tracker.spawn(async move {
            let _held = held;
            // A task that panicked is not polled again: nothing sees what it left half done.
            let reason = match AssertUnwindSafe(task).catch_unwind().await {
                Ok(()) if stop.is_cancelled() => return,
                Ok(()) => TaskFailure::EndedEarly { task: name },
                Err(panic) => TaskFailure::Panicked { task: name, message: said(panic.as_ref()) },
            };
            tracing::error!(task.name = name, error = %reason, "a task of the node has failed");
            // The first reason is the one that counts: others may follow from it.
            drop(failure.set(reason));
            stop.cancel();
        });
        let mut spawned = self.spawned.lock().unwrap_or_else(PoisonError::into_inner);
        spawned.push(Spawned { name, abort: handle.abort_handle(), alive });
        handle
    }

    /// Why the node stopped, if a task was the reason.
    pub(super) fn failure(&self) -> Option<TaskFailure> {
        self.failure.get().cloned()
    }

    /// The names of the tasks that have not ended.
    pub(super) fn running(&self) -> Vec<&'static str> {
        let spawned = self.spawned.lock().unwrap_or_else(PoisonError::into_inner);
        let running = spawned.iter().filter(|task| task.alive.strong_count() > 0);
        running.map(|task| task.name).collect()
    }

    /// Waits until all have ended, and after `longest` ends those that have not; their names.
    pub(super) async fn finish(&self, longest: Duration) -> Vec<&'static str> {
        self.tracker.close();
        if tokio::time::timeout(longest, self.tracker.wait()).await.is_ok() {
            return Vec::new();
        }
        let left = self.running();
        {
            let spawned = self.spawned.lock().unwrap_or_else(PoisonError::into_inner);
            spawned.iter().for_each(|task| task.abort.abort());
        }
        // One that never awaits cannot be ended from outside, and is not waited for either.
        drop(tokio::time::timeout(longest, self.tracker.wait()).await);
        left
    }
}

/// What a panic says.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it says nothing")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn some() -> (Tasks, CancellationToken) {
        let stop = CancellationToken::new();
        (Tasks::until(stop.clone()), stop)
    }

    #[tokio::test]
    async fn the_first_task_that_panics_stops_the_others_and_is_the_reason() {
        let (tasks, stop) = some();
        let until = stop.clone();
        tasks.spawn("steady", async move { until.cancelled().await });
        tasks.spawn("broken", async { panic!("{} left", 0) });
        stop.cancelled().await;
        assert_eq!(tasks.finish(LONG).await, [""; 0]);
        let reason = TaskFailure::Panicked { task: "broken", message: "0 left".into() };
        assert_eq!(tasks.failure(), Some(reason));
        assert_eq!(tasks.running(), [""; 0]);
    }

    #[tokio::test]
    async fn a_task_that_ends_early_stops_the_others() {
        let (tasks, stop) = some();
        tasks.spawn("short", async {});
        stop.cancelled().await;
        assert_eq!(tasks.failure(), Some(TaskFailure::EndedEarly { task: "short" }));
    }

    #[tokio::test]
    async fn a_task_that_ends_because_the_node_stops_is_no_failure() {
        let (tasks, stop) = some();
        let until = stop.clone();
        tasks.spawn("steady", async move { until.cancelled().await });
        assert_eq!(tasks.running(), ["steady"]);
        stop.cancel();
        assert_eq!(tasks.finish(LONG).await, [""; 0]);
        assert_eq!(tasks.failure(), None);
    }

    #[tokio::test]
    async fn a_task_that_does_not_stop_in_time_is_ended_and_named() {
        let (tasks, stop) = some();
        tasks.spawn("deaf", std::future::pending());
        stop.cancel();
        assert_eq!(tasks.finish(Duration::from_millis(20)).await, ["deaf"]);
        assert_eq!(tasks.running(), [""; 0]);
    }
}
