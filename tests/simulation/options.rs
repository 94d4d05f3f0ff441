//! What `simulate` is given.

use std::collections::BTreeSet;

use crate::bugs::Bug;

/// Steps of a life unless given.
const STEPS: usize = 120;

/// What `simulate` is given.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) seeds: Vec<u64>,
    pub(crate) steps: usize,
    /// Steps that are left out.
    pub(crate) without: BTreeSet<usize>,
    pub(crate) bug: Option<Bug>,
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
