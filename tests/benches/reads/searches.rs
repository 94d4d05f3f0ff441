//! The searches, through the decision and the node's store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use agreements::decide::{OwnScope, Scope as _, decide_own};
use schemas::area::Near;
use schemas::purpose::QueryKind;
use schemas::query::Elements;
use store::{Found, ReadStore};
use tests::agency::Agency;
use tests::fixtures::{query, words};

use crate::drawn::Drawn;
use crate::library::Library;
use crate::postgres::Plain;

/// Searches under way at once.
pub(crate) const IN_FLIGHT: usize = 64;
/// Exact searches of one measurement.
const EXACT: u64 = 20_000;
/// Other searches of one measurement.
const OTHERS: u64 = 200;
const DAY_MS: i64 = 86_400_000;

/// What an exact search took at the node.
pub(crate) struct Exact {
    /// The median, one by one.
    pub(crate) alone: Duration,
    /// The mean, with [`IN_FLIGHT`] at once.
    pub(crate) together: Duration,
}

fn scope(agency: &Agency, change: impl FnOnce(&mut Elements)) -> OwnScope {
    let mut query = query(agency.id(), agency.id(), "7ABC123", agency.now());
    change(&mut query.elements);
    let policy = agency.context().agency.registry.state().policy.clone().expect("a policy");
    let decided = decide_own(&policy, agency.id(), &query, agency.now());
    decided.unwrap_or_else(|reasons| panic!("{reasons:?}"))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

async fn each(store: &dyn ReadStore, scopes: &[OwnScope]) -> (Vec<Duration>, Vec<Found>) {
    let (mut times, mut all) = (Vec::new(), Vec::new());
    for scope in scopes {
        let started = Instant::now();
        let found = store.search(scope).await.expect("a search");
        times.push(started.elapsed());
        all.push(found);
    }
    (times, all)
}

/// An exact plate and thirty days, one by one and many at once, beside the library.
pub(crate) async fn exact(agency: &Agency, drawn: &Drawn, library: &Library, count: u64) -> Exact {
    let store = agency.context().store.clone();
    let mut asked = Vec::new();
    let mut scopes = Vec::new();
    for n in 0..EXACT {
        // Spread over everything that is stored.
        let n = n * 7_919 % count;
        let (plate, at) = (drawn.plate(n), drawn.at(n));
        let (from, until) = (at.plus_millis(-15 * DAY_MS), at.plus_millis(15 * DAY_MS));
        scopes.push(scope(agency, |e| {
            e.plate = Some(plate.parse().expect("a plate"));
            (e.from, e.until) = (from, until);
        }));
        // As far back as a decision lets it reach.
        let from = scopes.last().map_or(from, |scope| scope.from());
        asked.push((plate, from.millis(), until.millis()));
    }
    // Once without looking at the clock: what is on disk is in memory then, for both.
    drop(each(store.as_ref(), &scopes[..scopes.len() / 4]).await);
    drop(library.alone(&asked[..asked.len() / 4]));
    let (mut times, found) = each(store.as_ref(), &scopes).await;
    assert!(found.iter().all(|found| !found.reads.is_empty()));
    let alone = median(&mut times);
    let theirs = median(&mut library.alone(&asked));
    print_line("exact plate, 30 days, one by one", alone, theirs);
    let scopes: Arc<[OwnScope]> = scopes.into();
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks = (0..IN_FLIGHT).map(|_| {
        let (store, scopes, next) = (store.clone(), scopes.clone(), next.clone());
        tokio::spawn(async move {
            while let Some(scope) = scopes.get(next.fetch_add(1, Ordering::Relaxed)) {
                drop(store.search(scope).await.expect("a search"));
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a task");
    }
    let one = |all: Duration| all / u32::try_from(EXACT).expect("few");
    let together = one(started.elapsed());
    let theirs = one(tokio::task::block_in_place(|| library.together(&asked)));
    print_line(&format!("exact plate, 30 days, {IN_FLIGHT} in flight"), together, theirs);
    Exact { alone, together }
}

fn print_line(what: &str, ours: Duration, theirs: Duration) {
    println!("{what:<44} {ours:>9.1?}   library {theirs:>9.1?}   {:.2}×", ratio(ours, theirs));
}

/// Every other search, one by one: at each of these nodes, and in a plain table of PostgreSQL beside
/// them.
pub(crate) async fn others(
    nodes: &[(&str, &Agency)],
    mut plain: Option<Plain>,
    drawn: &Drawn,
    count: u64,
) {
    let Some((_, first)) = nodes.first() else { return };
    print!("{:<40} {:>6}", "one by one: p50, p99", "reads");
    for (name, _) in nodes {
        print!("   {name:>9} {:>9}", "");
    }
    println!("{}", if plain.is_some() { "       plain   reads   times" } else { "" });
    type Change = fn(&mut Elements, &str);
    fn without_plate(elements: &mut Elements, kind: QueryKind) {
        (elements.kind, elements.plate) = (kind, None);
    }
    fn partial(elements: &mut Elements, pattern: &str) {
        without_plate(elements, QueryKind::Partial);
        elements.pattern = Some(pattern.parse().expect("a pattern"));
    }
    let table: [(&str, i64, Change); 10] = [
        ("two leading characters, 30 days", 30, |e, plate| {
            partial(e, &format!("{}*", &plate[..2]));
        }),
        ("two leading characters, a year", 365, |e, plate| {
            partial(e, &format!("{}*", &plate[..2]));
        }),
        ("two trailing characters, 30 days", 30, |e, plate| {
            partial(e, &format!("*{}", &plate[5..]));
        }),
        ("two trailing characters, a year", 365, |e, plate| {
            partial(e, &format!("*{}", &plate[5..]));
        }),
        ("first and last two characters, a year", 365, |e, plate| {
            partial(e, &format!("{}*{}", &plate[..1], &plate[5..]));
        }),
        ("three characters in the middle, a day", 1, |e, plate| {
            partial(e, &format!("*{}*", &plate[2..5]));
        }),
        ("misread, a year", 365, |e, plate| {
            e.kind = QueryKind::Misread;
            e.plate = Some(plate.parse().expect("a plate"));
        }),
        ("circle of a kilometre, a day", 1, |e, _| without_plate(e, QueryKind::Area)),
        ("a make and a colour, a day", 1, |e, _| {
            without_plate(e, QueryKind::Vehicle);
            (e.make, e.color) = (Some(words("Mazda")), Some(words("beige")));
        }),
        ("a colour and a body, a day", 1, |e, _| {
            without_plate(e, QueryKind::Vehicle);
            (e.color, e.body) = (Some(words("beige")), Some(words("coupe")));
        }),
    ];
    for (what, days, change) in table {
        let scopes: Vec<OwnScope> = (0..OTHERS)
            .map(|n| n * 104_729 % count)
            .map(|n| {
                scope(first, |e| {
                    let plate = drawn.plate(n);
                    change(e, &plate);
                    if e.kind == QueryKind::Area {
                        e.near = Some(Near { center: drawn.place(n), radius_m: 1_000 });
                    }
                    let until = drawn.at(n).plus_millis(days * DAY_MS / 2).min(drawn.end());
                    (e.from, e.until) = (until.plus_millis(-days * DAY_MS), until);
                    if days == 365 {
                        e.until = drawn.end();
                        e.from = e.until.minus_days(363);
                    }
                })
            })
            .collect();
        let mut ours = Vec::new();
        for (n, (_, agency)) in nodes.iter().enumerate() {
            let store = agency.context().store.clone();
            drop(each(store.as_ref(), &scopes[..scopes.len() / 4]).await);
            let (mut times, found) = each(store.as_ref(), &scopes).await;
            let p50 = median(&mut times);
            let reads = found.iter().map(|found| found.reads.len()).sum::<usize>() / found.len();
            if n == 0 {
                print!("{what:<40} {reads:>6}");
            }
            print!("   {p50:>9.1?} {:>9.1?}", times[times.len() * 99 / 100]);
            ours.push(p50);
        }
        if let Some(plain) = &mut plain {
            drop(plain.each(&scopes[..scopes.len() / 4]).await);
            if let Some((mut times, reads)) = plain.each(&scopes).await {
                let theirs = median(&mut times);
                print!("   {theirs:>9.1?} {reads:>7}  ");
                ours.iter().for_each(|ours| print!(" {:.2}×", ratio(*ours, theirs)));
            }
        }
        println!();
    }
    if let Some(plain) = plain {
        plain.end().await;
    }
}
