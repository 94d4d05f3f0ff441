//! Running many of something, and what that took.

use std::future::Future;
use std::io::{Seek as _, Write as _};
use std::time::{Duration, Instant};

/// The longest a round may take; what has not begun by then is left out.
const LONGEST: Duration = Duration::from_secs(12);

/// What rounds measured.
#[derive(Default)]
pub(crate) struct Measured {
    each: Vec<Duration>,
    whole: Duration,
}

impl Measured {
    pub(crate) fn add(&mut self, other: Self) {
        self.each.extend(other.each);
        self.whole += other.whole;
    }

    pub(crate) fn count(&self) -> usize {
        self.each.len()
    }

    pub(crate) fn quantile(&mut self, q: f64) -> Duration {
        self.each.sort();
        let last = self.each.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into at most some thousands of values"
        )]
        let at = (last as f64 * q).round() as usize;
        self.each.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn rate(&self) -> f64 {
        self.each.len() as f64 / self.whole.as_secs_f64()
    }
}

/// Runs `count` times what `work` makes, `in_flight` at once; `work` is given the worker's number.
pub(crate) async fn measure<F, W>(count: usize, in_flight: usize, work: W) -> Measured
where
    W: Fn(usize) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..in_flight {
        let futures: Vec<F> = (0..count / in_flight).map(|_| work(worker)).collect();
        workers.spawn(async move {
            let mut each = Vec::with_capacity(futures.len());
            for future in futures {
                let begin = Instant::now();
                if begin.duration_since(begun) > LONGEST {
                    break;
                }
                future.await;
                each.push(begin.elapsed());
            }
            each
        });
    }
    let mut each = Vec::with_capacity(count);
    while let Some(done) = workers.join_next().await {
        each.extend(done.expect("a worker"));
    }
    Measured { each, whole: begun.elapsed() }
}

/// Median time to make 4 KiB more of a file durable where the homes are.
pub(crate) fn sync() -> Duration {
    let mut file = tempfile::tempfile().expect("a file");
    let mut measured = Measured::default();
    for n in 0..100u8 {
        file.seek(std::io::SeekFrom::End(0)).expect("a place");
        file.write_all(&[n; 4_096]).expect("a page");
        let begin = Instant::now();
        file.sync_data().expect("a durable page");
        measured.each.push(begin.elapsed());
    }
    measured.quantile(0.5)
}
