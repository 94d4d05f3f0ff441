//! One exchange, end to end and durable, beside a baseline in the same run.
//!
//! Ours: two nodes over libp2p on loopback; query, decision, lookup, signed answer, and every entry
//! durable before a byte moves; receipts follow in the background. Baseline: an axum server over
//! mutual TLS that does the same lookup, with a plain durable audit insert at the same three points
//! (client before, server before answering, client after). Rounds alternate, so that both meet the
//! same noise; compare ratios, not times.

mod baseline;
mod ours;

use std::future::Future;
use std::time::{Duration, Instant};

/// Reads that the owner holds.
pub const READS: usize = 100_000;
/// Rounds of each side.
const ROUNDS: usize = 3;
/// Exchanges of a round, at one in flight and at many.
const AT_ONE: usize = 300;
const AT_MANY: usize = 6_400;
/// In flight at once.
const MANY: usize = 64;

/// What a round measured.
#[derive(Default)]
struct Measured {
    each: Vec<Duration>,
    whole: Duration,
}

impl Measured {
    fn add(&mut self, other: Self) {
        self.each.extend(other.each);
        self.whole += other.whole;
    }

    fn quantile(&mut self, q: f64) -> Duration {
        self.each.sort();
        let last = self.each.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into at most some thousands of values"
        )]
        let at = (last as f64 * q).round() as usize;
        self.each[at]
    }

    fn rate(&self) -> f64 {
        self.each.len() as f64 / self.whole.as_secs_f64()
    }
}

/// Runs `count` exchanges, `in_flight` at once.
async fn measure<F, W>(count: usize, in_flight: usize, work: W) -> Measured
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
                let begun = Instant::now();
                future.await;
                each.push(begun.elapsed());
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

fn show(what: &str, ours: &mut Measured, baseline: &mut Measured) {
    println!("\n{what}");
    println!("            {:>12} {:>12} {:>8}", "ours", "baseline", "ratio");
    for (name, q) in [("p50", 0.5), ("p99", 0.99)] {
        let (a, b) = (ours.quantile(q), baseline.quantile(q));
        println!(
            "{name:<10}  {:>9.2} ms {:>9.2} ms {:>8.2}",
            a.as_secs_f64() * 1e3,
            b.as_secs_f64() * 1e3,
            a.as_secs_f64() / b.as_secs_f64()
        );
    }
    let (a, b) = (ours.rate(), baseline.rate());
    println!("{:<10}  {a:>10.0}/s {b:>10.0}/s {:>8.2}", "exchanges", a / b);
}

fn main() {
    // `cargo test --benches` and listing runs pass flags of their own: measure only when asked to.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("run with `cargo bench -p tests --bench exchange`");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        println!("{READS} reads at the owner; homes in {}", std::env::temp_dir().display());
        let ours = ours::Ours::set_up().await;
        let baseline = baseline::Baseline::set_up(MANY).await;
        let (mut ours_one, mut base_one) = (Measured::default(), Measured::default());
        let (mut ours_many, mut base_many) = (Measured::default(), Measured::default());
        // Warm: connections, statements, caches.
        drop(measure(MANY * 4, MANY, |_| ours.exchange()).await);
        drop(measure(MANY * 4, MANY, |worker| baseline.exchange(worker)).await);
        for _ in 0..ROUNDS {
            ours_one.add(measure(AT_ONE, 1, |_| ours.exchange()).await);
            base_one.add(measure(AT_ONE, 1, |worker| baseline.exchange(worker)).await);
            ours_many.add(measure(AT_MANY, MANY, |_| ours.exchange()).await);
            base_many.add(measure(AT_MANY, MANY, |worker| baseline.exchange(worker)).await);
        }
        show("1 in flight (goal: p50 within 2 times the baseline)", &mut ours_one, &mut base_one);
        show(
            "64 in flight (goal: at least 2,000 exchanges a second)",
            &mut ours_many,
            &mut base_many,
        );
        let total = MANY * 4 + ROUNDS * (AT_ONE + AT_MANY);
        let left = ours.without_receipt().await;
        println!("\n{total} answers, {left} of them without a receipt");
    });
}
