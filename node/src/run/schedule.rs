//! What a node does again and again: each job at its own interval, one run of it at a time.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::tasks::Tasks;

/// Why a run of a job failed; the next run tries again.
pub(super) type JobError = Box<dyn Error + Send + Sync>;

/// What a job does. It keeps between two runs what it has to remember.
#[async_trait]
pub(super) trait Work: Send + 'static {
    /// Runs once. It is dropped at its next await when the node stops.
    async fn run(&mut self) -> Result<(), JobError>;
}

/// Something that a node does again and again.
pub(super) struct Job {
    /// Its name, in the log and as a task.
    pub(super) name: &'static str,
    /// How soon after the start it first runs.
    pub(super) first: Duration,
    /// How long it pauses between the end of a run and the next.
    pub(super) every: Duration,
    /// What it does.
    pub(super) run: Box<dyn Work>,
}

/// Runs these jobs until `stop`, each as a task of its own: a slow one keeps back no other.
pub(super) fn start(tasks: &Tasks, jobs: Vec<Job>, stop: &CancellationToken) {
    for job in jobs {
        tasks.spawn(job.name, repeat(job, stop.clone()));
    }
}

async fn repeat(mut job: Job, stop: CancellationToken) {
    let mut pause = job.first;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = job.every;
        tokio::select! {
            () = stop.cancelled() => return,
            done = job.run.run() => if let Err(error) = done {
                tracing::error!(job.name = job.name, %error, "a job failed; it is tried again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_secs(20);

    /// Says when a run begins, and ends with a failure when it is let go.
    struct Gated {
        under_way: bool,
        begun: mpsc::Sender<()>,
        go: mpsc::Receiver<()>,
    }

    #[async_trait]
    impl Work for Gated {
        async fn run(&mut self) -> Result<(), JobError> {
            assert!(!self.under_way, "two runs at once");
            self.under_way = true;
            self.begun.send(()).await?;
            self.go.recv().await.ok_or("nobody lets it go")?;
            self.under_way = false;
            Err("not today".into())
        }
    }

    #[tokio::test]
    async fn a_job_that_fails_runs_again_never_twice_at_once_and_ends_with_the_node() {
        let stop = CancellationToken::new();
        let tasks = Tasks::until(stop.clone());
        let (begin, mut begun) = mpsc::channel(8);
        let (let_go, go) = mpsc::channel(8);
        let run = Box::new(Gated { under_way: false, begun: begin, go });
        start(&tasks, vec![Job { name: "gated", first: SOON, every: SOON, run }], &stop);
        for _ in 0..3 {
            begun.recv().await.expect("a run");
            tokio::time::sleep(20 * SOON).await;
            assert!(begun.try_recv().is_err(), "it is under way");
            let_go.send(()).await.expect("a job");
        }
        begun.recv().await.expect("a run that is never let go");
        stop.cancel();
        assert_eq!(tasks.finish(LONG).await, [""; 0]);
        assert_eq!(tasks.failure(), None);
    }
}
