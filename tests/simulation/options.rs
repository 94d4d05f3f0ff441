//! What `simulate` is given.

use std::collections::BTreeSet;

use crate::bugs::Bug;
use crate::dishonest::Dishonesty;

/// Steps of a life unless given: a federation is founded once for all of them.
const STEPS: usize = 400;

/// What `simulate` is given.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) seeds: Vec<u64>,
    pub(crate) steps: usize,
    /// Steps that are left out.
    pub(crate) without: BTreeSet<usize>,
    pub(crate) bug: Option<Bug>,
    /// In which way an agency of every life is dishonest; otherwise one in three is, as the seed says.
    pub(crate) dishonest: Option<Dishonesty>,
    pub(crate) jobs: usize,
    pub(crate) trace: bool,
    pub(crate) logs: bool,
    pub(crate) shrink: bool,
    /// Nothing more is played after the first finding.
    pub(crate) first: bool,
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn of(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            seeds: Vec::new(),
            steps: STEPS,
            without: BTreeSet::new(),
            bug: None,
            dishonest: None,
            jobs: 2,
            trace: false,
            logs: false,
            shrink: false,
            first: false,
        };
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} takes a value"));
            match arg.as_str() {
                "--seed" => options.seeds = vec![number(&value()?)?],
                "--seeds" => options.seeds = seeds(&value()?)?,
                "--steps" => options.steps = number(&value()?)?,
                "--without" => options.without = numbers(&value()?)?,
                "--dishonest" => options.dishonest = Some(value()?.parse()?),
                "--bug" => options.bug = Some(value()?.parse()?),
                "--jobs" => options.jobs = number(&value()?)?,
                "--trace" => options.trace = true,
                "--logs" => options.logs = true,
                "--first" => options.first = true,
                "--shrink" => options.shrink = true,
                other => return Err(format!("`{other}` means nothing; see CONTRIBUTING.md")),
            }
        }
        if options.seeds.is_empty() {
            return Err("expected --seed N or --seeds FIRST..END".into());
        }
        Ok(options)
    }

    /// The same for one seed alone, which is played and not made shorter.
    pub(crate) fn of_seed(&self, seed: u64) -> Self {
        Self { seeds: vec![seed], shrink: false, first: false, ..self.clone() }
    }

    /// The arguments that say which life is played.
    pub(crate) fn as_arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut give = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        for seed in &self.seeds {
            give("--seed", seed.to_string());
        }
        if self.steps != STEPS {
            give("--steps", self.steps.to_string());
        }
        if let Some(bug) = self.bug {
            give("--bug", bug.name().to_owned());
        }
        if let Some(how) = self.dishonest {
            give("--dishonest", how.name().to_owned());
        }
        if !self.without.is_empty() {
            give("--without", ranges(&self.without));
        }
        arguments
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn seeds(text: &str) -> Result<Vec<u64>, String> {
    let (first, end) = text.split_once("..").ok_or_else(|| format!("`{text}` is no FIRST..END"))?;
    Ok((number(first)?..number(end)?).collect())
}

/// `3,5,9-14`.
fn numbers(text: &str) -> Result<BTreeSet<usize>, String> {
    let mut all = BTreeSet::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        match part.split_once('-') {
            Some((first, last)) => all.extend(number(first)?..=number::<usize>(last)?),
            None => drop(all.insert(number(part)?)),
        }
    }
    Ok(all)
}

/// As [`numbers`] reads them.
fn ranges(all: &BTreeSet<usize>) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in all {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let run = |(first, last): &(usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(",")
}
