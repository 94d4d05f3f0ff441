//! The fault suite: real nodes on hosts of their own, network namespaces that it makes and removes,
//! and what goes wrong between and under them. After every fault both logs verify, reconciliation
//! names every one-sided record and nothing else, nothing was released or seen without its entry,
//! and service resumes by itself.
//!
//! `cargo run -p tests --bin faults [--all] [SCENARIO…]`, as root; without it the suite says that it is
//! skipped. With `--all` every flood is played, and for longer. Every load is bounded in count and time and stays inside the namespaces.

mod floods;
mod ground;
mod judge;
mod keys;
mod links;
mod load;
mod machine;
mod net;
mod nodes;
mod relay;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use ground::Figures;
use serde_json::json;

/// A scenario, and why it cannot be played here, if it cannot.
type Scenario = (&'static str, fn() -> Figures, fn() -> Option<String>);

fn possible() -> Option<String> {
    None
}

const SCENARIOS: [Scenario; 12] = [
    ("cut", links::cut_in_an_exchange, possible),
    ("handshake", links::cut_in_a_handshake, possible),
    ("silent", links::broken_in_silence, possible),
    ("isolated", links::isolated, possible),
    ("slow", links::slow, possible),
    ("killed", nodes::killed, possible),
    ("paused", nodes::paused, possible),
    ("restarted", nodes::restarted, possible),
    ("rotated", keys::rotated, possible),
    ("flooded", floods::flooded, possible),
    ("full", machine::full, possible),
    ("clock", machine::wrong_clocks, machine::clocks_impossible),
];

/// Plays all of what is long.
const ALL: &str = "--all";

/// Whether all of what is long is played.
fn at_length() -> bool {
    std::env::args().any(|arg| arg == ALL)
}

/// How many scenarios are played at once.
const LANES: usize = 2;

fn played((name, play, impossible): Scenario) -> Option<Figures> {
    if let Some(why) = impossible() {
        println!("faults: {name}: SKIPPED: {why}");
        return None;
    }
    let since = Instant::now();
    let figures = play();
    println!(
        "faults: {:<10} {:>3} faults, {:>5} exchanges asked, {:>5} answered; both logs: {} matched, {} refused, one-sided {:?}; {:.0} s",
        figures.label,
        figures.faults,
        figures.asked,
        figures.answered,
        figures.judged.matched,
        figures.judged.refused,
        figures.judged.one_sided,
        since.elapsed().as_secs_f64()
    );
    Some(figures)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [relay, seed, routes] = args.as_slice()
        && relay == "relay"
    {
        return relay::run(seed.parse().expect("a seed"), routes);
    }
    if let [flood, what, folder] = args.as_slice()
        && flood == "flood"
    {
        return floods::run(what, folder);
    }
    if let Some(why) = net::impossible() {
        println!("faults: SKIPPED, nothing was tested: {why}");
        return;
    }
    net::sweep();
    machine::sweep();
    let begun = Instant::now();
    let named: Vec<&String> = args.iter().filter(|arg| *arg != ALL).collect();
    let chosen = |name: &str| named.is_empty() || named.iter().any(|arg| *arg == name);
    let waiting: Mutex<VecDeque<Scenario>> =
        Mutex::new(SCENARIOS.into_iter().filter(|(name, ..)| chosen(name)).collect());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    // Much of it is waiting, so some are played at once.
    let all: Vec<Figures> = std::thread::scope(|scope| {
        let lane = || {
            let mut figures = Vec::new();
            while let Some(scenario) = next() {
                figures.extend(played(scenario));
            }
            figures
        };
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("every scenario holds")).collect()
    });
    let sum = |of: fn(&Figures) -> u64| all.iter().map(of).sum::<u64>();
    println!(
        "{}",
        json!({
            "faults": sum(|f| f.faults),
            "exchanges": sum(|f| f.asked),
            "answered": sum(|f| f.answered),
            "one_sided": sum(|f| f.judged.one_sided.values().sum()),
            "lost": sum(|f| f.judged.lost),
            "unlogged": sum(|f| f.judged.unlogged),
            "seconds": begun.elapsed().as_secs(),
        })
    );
}
