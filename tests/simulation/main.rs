//! Lives of small federations, each from a seed: real nodes over a network, disks and clocks that fail as
//! the seed says, in virtual time. One seed is one history, to the byte of every log.
//!
//! `cargo run -p tests --bin simulate -- --seed 7` plays one life, and with `--trace` tells it.
//! `--seeds 1..100` plays many, each in a process of its own, two at a time. What breaks a rule is told with its seed and made
//! shorter with `--shrink`. CONTRIBUTING.md says how to add an act, a fault and a rule.

mod acts;
mod agency;
mod alive;
mod bugs;
mod dice;
mod digest;
mod dishonest;
mod faults;
mod many;
mod net;
mod options;
mod rules;
mod script;
mod shrink;
mod store;
mod truth;
mod world;

use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use options::Options;
use script::Script;
use truth::{Figures, Violation};
use world::World;

/// When every life begins: a Monday morning, in milliseconds since 1970.
const BEGAN_MS: i64 = 1_772_438_400_000;

/// What became of a life.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Played {
    pub(crate) seed: u64,
    pub(crate) steps: Vec<usize>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) figures: Figures,
    /// The digest of every log, in the order of the agencies.
    pub(crate) logs: Vec<String>,
}

fn play(options: &Options, seed: u64) -> Played {
    let options = options.clone();
    virtual_time::on_a_virtual_thread(seed, BEGAN_MS, move || {
        let mut script = Script::of(seed, options.steps, options.dishonest);
        script.steps.retain(|step| !options.without.contains(&step.number));
        let steps = script.steps.iter().map(|step| step.number).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let began = std::time::Instant::now();
        let world = runtime.block_on(World::play(script, options.bug, options.trace));
        world.truth.count(|figures| {
            figures.virtual_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        });
        if options.logs {
            digest::print_side_by_side(&world);
        }
        Played {
            seed,
            steps,
            violations: world.truth.violations(),
            figures: world.truth.figures(),
            logs: digest::of_all(&world),
        }
    })
}

fn main() -> ExitCode {
    let options = match Options::of(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("simulate: {why}");
            return ExitCode::from(2);
        }
    };
    if options.seeds.len() == 1 && !options.shrink {
        let played = play(&options, options.seeds[0]);
        println!("{}", serde_json::to_string(&played).expect("JSON"));
        return ExitCode::from(u8::from(!played.violations.is_empty()));
    }
    if options.shrink { shrink::shrink(&options) } else { many::play(&options) }
}
