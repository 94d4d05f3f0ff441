//! A life that breaks a rule made shorter: steps are left out for as long as the same rule breaks.

use std::collections::BTreeSet;
use std::process::ExitCode;

use crate::many::{first_broken, play_apart};
use crate::options::Options;

/// The life of one seed, of which ever more steps are left out.
struct Shrinking {
    options: Options,
    rule: String,
    /// The steps that are still there.
    left: Vec<usize>,
    /// Lives that were played for it.
    played: usize,
}

impl Shrinking {
    /// The options of a life of these steps alone.
    fn of(&self, steps: &[usize]) -> Options {
        let kept: BTreeSet<usize> = steps.iter().copied().collect();
        let without = (0..self.options.steps).filter(|step| !kept.contains(step)).collect();
        Options { without, ..self.options.clone() }
    }

    /// Whether the rule breaks with these steps alone; then they are all that is left. What was not played
    /// any more when it broke is left out at once.
    fn still_breaks(&mut self, steps: Vec<usize>) -> bool {
        self.played += 1;
        let played = play_apart(&self.of(&steps));
        if first_broken(&played).as_ref() != Some(&self.rule) {
            return false;
        }
        self.left = steps;
        if let Ok(life) = played {
            self.left.truncate(usize::try_from(life.figures.steps).unwrap_or(usize::MAX));
        }
        true
    }

    /// Leaves out ever smaller parts of what is left, the latest first: what is long past matters least to
    /// how the end came about, but most of what is left out at the end is played no more.
    fn shrink(&mut self) {
        let mut part = self.left.len().div_ceil(2);
        while part > 0 && !self.left.is_empty() {
            let mut end = self.left.len();
            let mut shorter = false;
            while end > 0 {
                let start = end.saturating_sub(part);
                let mut fewer = self.left.clone();
                fewer.drain(start..end.min(fewer.len()));
                shorter |= self.still_breaks(fewer);
                end = start.min(self.left.len());
            }
            // One by one until none can be left out.
            part = if part > 1 { part / 2 } else { usize::from(shorter) };
        }
    }
}

/// Finds the shortest script that still breaks the same rule, prints the command that plays it, and plays it
/// with the logs side by side.
pub(crate) fn shrink(options: &Options) -> ExitCode {
    let options = options.of_seed(options.seeds[0]);
    let seed = options.seeds[0];
    let whole = play_apart(&options);
    let Some(rule) = first_broken(&whole) else {
        println!("simulate: seed {seed} breaks no rule");
        return ExitCode::SUCCESS;
    };
    let all = (0..options.steps).filter(|step| !options.without.contains(step)).collect();
    let mut shrinking = Shrinking { options, rule, left: all, played: 1 };
    if let Ok(life) = &whole {
        shrinking.left = life.steps.clone();
        shrinking.left.truncate(usize::try_from(life.figures.steps).unwrap_or(usize::MAX));
    }
    shrinking.shrink();
    let shortest = shrinking.of(&shrinking.left);
    println!(
        "simulate: seed {seed} breaks `{}` with {} steps of {}, found in {} lives",
        shrinking.rule,
        shrinking.left.len(),
        shrinking.options.steps,
        shrinking.played
    );
    println!(
        "simulate: cargo run -p tests --bin simulate -- {} --trace --logs",
        shortest.as_arguments().join(" ")
    );
    let told = Options { trace: true, logs: true, ..shortest };
    let played = crate::play(&told, seed);
    println!("{}", serde_json::to_string(&played).expect("JSON"));
    ExitCode::from(1)
}
