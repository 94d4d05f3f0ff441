//! Where the time of one exchange goes, step by step: how long each takes, and how much of that the
//! thread of its side computes. What is left is waiting: for the database, or for the other side.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tests::agency::{Agency, Plan};
use tests::federation;
use tests::fixtures::{PLATE, draft};
use tests::side::Side;
use tests::wait::eventually;
use tokio::sync::oneshot;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Exchanges that are traced, and those before.
const TRACED: usize = 400;
const WARM: usize = 200;

/// A step as it was told.
#[derive(Debug, Clone)]
struct Told {
    side: String,
    step: String,
    at: Instant,
    computed: Duration,
}

/// Hears of steps.
#[derive(Default, Clone)]
struct Steps(Arc<Mutex<Vec<Told>>>);

/// How long the present thread has computed.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

struct Named(String);

impl Visit for Named {
    fn record_str(&mut self, _: &Field, value: &str) {
        value.clone_into(&mut self.0);
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber> Layer<S> for Steps {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "accord::step"
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (at, computed) = (Instant::now(), computed());
        let mut named = Named(String::new());
        event.record(&mut named);
        let side = std::thread::current().name().unwrap_or_default().to_owned();
        let told = Told { side, step: named.0, at, computed };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }
}

impl Steps {
    fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What steps took, in the order in which they are first done.
#[derive(Default)]
struct Table {
    order: Vec<(String, String)>,
    took: BTreeMap<(String, String), Vec<(Duration, Duration)>>,
}

impl Table {
    /// Adds the steps of one exchange.
    fn add(&mut self, began: Instant, told: &[Told]) {
        let mut before: BTreeMap<&str, &Told> = BTreeMap::new();
        for one in told {
            let since = before.insert(&one.side, one);
            let took = since.map_or_else(
                || (one.at.saturating_duration_since(began), Duration::ZERO),
                |since| (one.at - since.at, one.computed.saturating_sub(since.computed)),
            );
            let of = (one.side.clone(), one.step.clone());
            if !self.order.contains(&of) {
                self.order.push(of.clone());
            }
            self.took.entry(of).or_default().push(took);
        }
    }

    fn print(&self) {
        println!("\n{:<10} {:<28} {:>10} {:>10}", "side", "up to", "took", "computed");
        for of in &self.order {
            let mut text = format!("{:<10} {:<28}", of.0, of.1);
            let took = &self.took[of];
            for one in [|t: &(Duration, Duration)| t.0, |t: &(Duration, Duration)| t.1] {
                let mut all: Vec<Duration> = took.iter().map(one).collect();
                all.sort_unstable();
                let median = all[all.len() / 2].as_secs_f64() * 1e6;
                write!(text, " {median:>7.0} us").expect("a line");
            }
            println!("{text}");
        }
    }
}

/// Nanoseconds that each thread of the process has run, by its id; the name beside.
fn threads() -> BTreeMap<u32, (String, u64)> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("threads");
    tasks
        .filter_map(|task| {
            let task = task.ok()?;
            let read = |file: &str| std::fs::read_to_string(task.path().join(file)).ok();
            let ran = read("schedstat")?.split(' ').next()?.parse().ok()?;
            let id = task.file_name().to_str()?.parse().ok()?;
            Some((id, (read("comm")?.trim().to_owned(), ran)))
        })
        .collect()
}

pub(crate) async fn run() {
    let steps = Steps::default();
    let subscriber = tracing_subscriber::registry().with(steps.clone());
    tracing::subscriber::set_global_default(subscriber).expect("one subscriber");
    let (first, second) = (Side::start("requester"), Side::start("owner"));
    let plan = |id| Plan::of(id).bounds(|bounds| bounds.receipts_outstanding = 100_000);
    let asking = first.run(move || Agency::of(plan("asking-ca-pd"))).await;
    let of_asking = threads();
    let owning = second.run(move || Agency::of(plan("owning-ca-pd"))).await;
    federation::introduce(&[&asking, &owning]).await;
    owning.add_reads(PLATE, 3).await;
    federation::in_force(&[&asking, &owning]).await;
    let agencies = Arc::new((asking, owning));
    let (over, wait) = oneshot::channel::<()>();
    let serving = second.run(|| async { drop(wait.await) });
    let (both, heard) = (agencies.clone(), steps.clone());
    let asked = first.run(move || async move {
        let (asking, owning) = &*both;
        let (mut table, mut before) = (Table::default(), threads());
        let mut whole = Vec::new();
        for n in 0..WARM + TRACED {
            if n == WARM {
                before = threads();
            }
            drop(heard.take());
            let began = Instant::now();
            let wanted = draft(&[owning.id()], PLATE, asking.now());
            let queries = &asking.node().queries;
            let mut outcomes = queries.ask(&wanted, &asking.officer()).expect("a draft");
            let heard_of = outcomes.recv().await.expect("an outcome");
            let took = began.elapsed();
            assert_eq!(heard_of.reads.len(), 3, "{heard_of:?}");
            eventually("the receipt", async || {
                owning.own().log.counters().unreceipted_since.is_empty().then_some(())
            })
            .await;
            if n >= WARM {
                whole.push(took);
                table.add(began, &heard.take());
            }
        }
        (table, whole, before)
    });
    let told = async {
        let told = asked.await;
        let _gone = over.send(());
        told
    };
    let ((), (table, mut whole, before)) = tokio::join!(serving, told);
    table.print();
    whole.sort_unstable();
    println!("\nwhole: p50 {:.0} us", whole[whole.len() / 2].as_secs_f64() * 1e6);
    let mut ran: BTreeMap<String, u64> = BTreeMap::new();
    for (id, (name, now)) in threads() {
        let since = before.get(&id).map_or(0, |(_, ran)| *ran);
        let of = if !name.starts_with("sqlx") {
            name
        } else if of_asking.contains_key(&id) {
            "requester's database".to_owned()
        } else {
            "owner's database".to_owned()
        };
        *ran.entry(of).or_default() += now - since;
    }
    for (name, ran) in ran.iter().filter(|(_, ran)| **ran > 0) {
        println!("{name:<24} {:>7.0} us of a processor an exchange", per_exchange(*ran));
    }
    let (asking, owning) = Arc::into_inner(agencies).expect("nobody else's agencies");
    for (mut agency, side) in [(asking, &first), (owning, &second)] {
        side.run(move || async move { agency.stop().await }).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of seconds")]
fn per_exchange(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e3 / TRACED as f64
}
