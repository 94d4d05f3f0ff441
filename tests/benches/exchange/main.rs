//! One exchange, end to end and durable, beside a baseline in the same run.
//!
//! Ours: two nodes over libp2p on loopback; query, decision, lookup, signed answer, and every entry
//! durable before a byte moves; receipts follow in the background, and the run ends when all are
//! recorded. Baseline: an axum server over mutual TLS that does the same lookup, with a plain
//! durable audit insert at the same three points (client before, server before answering, client
//! after). Rounds alternate, so that both meet the same noise; compare ratios, not times. Nothing
//! is asserted about time.
//!
//! `cargo bench -p tests --bench exchange` compares; with `-- --breakdown` it measures the parts, with
//! `-- --trace` the steps of one exchange where each side has one thread, with `-- --alone` ours without the baseline, for a profiler.

mod baseline;
mod breakdown;
mod measure;
mod ours;
mod trace;

use std::time::Instant;

use measure::{Measured, measure};

/// Reads that the owner holds.
pub const READS: usize = 100_000;
/// Rounds of each side.
const ROUNDS: usize = 3;
/// Exchanges of a round, at one in flight and at many.
const AT_ONE: usize = 300;
const AT_MANY: usize = 6_400;
/// Exchanges of a side before anything is measured: connections, statements, caches.
const WARM: usize = 1_280;
/// In flight at once.
pub const MANY: usize = 64;

fn show(what: &str, ours: &mut Measured, baseline: &mut Measured) {
    println!("\n{what}");
    println!("            {:>12} {:>12} {:>8}", "ours", "baseline", "ratio");
    for (name, q) in [("p50", 0.5), ("p99", 0.99)] {
        let (a, b) = (ours.quantile(q).as_secs_f64(), baseline.quantile(q).as_secs_f64());
        println!("{name:<10}  {:>9.2} ms {:>9.2} ms {:>8.2}", a * 1e3, b * 1e3, a / b);
    }
    let (a, b) = (ours.rate(), baseline.rate());
    println!("{:<10}  {a:>10.0}/s {b:>10.0}/s {:>8.2}", "exchanges", a / b);
}

async fn compare() {
    let (ours, baseline) = (ours::Ours::set_up().await, baseline::Baseline::set_up(MANY).await);
    let mut answered = measure(WARM, MANY, |_| ours.exchange()).await.count();
    drop(measure(WARM, MANY, |worker| baseline.exchange(worker)).await);
    let (mut ours_one, mut base_one) = (Measured::default(), Measured::default());
    let (mut ours_many, mut base_many) = (Measured::default(), Measured::default());
    for _ in 0..ROUNDS {
        ours_one.add(measure(AT_ONE, 1, |_| ours.exchange()).await);
        base_one.add(measure(AT_ONE, 1, |worker| baseline.exchange(worker)).await);
        ours_many.add(measure(AT_MANY, MANY, |_| ours.exchange()).await);
        // What is left of receipts is ours to pay for, not the baseline's.
        ours.settled().await;
        base_many.add(measure(AT_MANY, MANY, |worker| baseline.exchange(worker)).await);
    }
    show("1 in flight (goal: p50 within 2 times the baseline)", &mut ours_one, &mut base_one);
    show(
        "64 in flight (goal: at least 2,000 durable exchanges a second)",
        &mut ours_many,
        &mut base_many,
    );
    answered += ours_one.count() + ours_many.count();
    let begun = Instant::now();
    let letters = ours.settled().await;
    println!(
        "\n{answered} answers, {} receipts recorded; {} (waited {:.1} s)",
        ours.receipts().await,
        if letters { "letters are left in the outbox" } else { "the outbox is empty" },
        begun.elapsed().as_secs_f64(),
    );
}

async fn alone() {
    let ours = ours::Ours::set_up().await;
    drop(measure(WARM, MANY, |_| ours.exchange()).await);
    for (count, in_flight) in [(ROUNDS * AT_ONE, 1), (ROUNDS * AT_MANY, MANY)] {
        ours.settled().await;
        let mut measured = measure(count, in_flight, |_| ours.exchange()).await;
        println!(
            "{in_flight} in flight: p50 {:.2} ms, p99 {:.2} ms, {:.0} exchanges/s",
            measured.quantile(0.5).as_secs_f64() * 1e3,
            measured.quantile(0.99).as_secs_f64() * 1e3,
            measured.rate()
        );
    }
    ours.settled().await;
}

fn main() {
    // `cargo test --benches` and listing runs pass flags of their own: measure only when asked to.
    let asked = |flag: &str| std::env::args().any(|arg| arg == flag);
    if !asked("--bench") {
        println!(
            "run with `cargo bench -p tests --bench exchange [-- --breakdown|--trace|--alone]`"
        );
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!(
            "{READS} reads at the owner; {cores} cores for both sides; homes in {}",
            std::env::temp_dir().display()
        );
        println!(
            "one sync of that file system takes {:.2} ms at the median; it dominates what is \
             durable, and on a file system in memory the figures mean nothing",
            measure::sync().as_secs_f64() * 1e3
        );
        if asked("--breakdown") {
            breakdown::run().await;
        } else if asked("--trace") {
            trace::run().await;
        } else if asked("--alone") {
            alone().await;
        } else {
            compare().await;
        }
    });
}
