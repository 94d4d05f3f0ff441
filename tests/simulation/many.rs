//! Many lives, each in a process of its own: one that hangs or dies is a finding and ends no other.

use std::collections::VecDeque;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Played;
use crate::options::Options;

/// Longest that a life may really take.
const LONGEST: Duration = Duration::from_secs(300);

/// Plays one life in a process of its own.
pub(crate) fn play_apart(options: &Options) -> Result<Played, String> {
    let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
    command.args(options.as_arguments());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    let began = Instant::now();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let read = |from: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut text = String::new();
            if let Some(mut from) = from {
                drop(from.read_to_string(&mut text));
            }
            text
        })
    };
    let out = read(out.map(|out| Box::new(out) as _));
    let err = read(err.map(|err| Box::new(err) as _));
    loop {
        if child.try_wait().map_err(|e| e.to_string())?.is_some() {
            break;
        }
        if began.elapsed() > LONGEST {
            drop(child.kill());
            drop(child.wait());
            return Err(format!("it does not end within {LONGEST:?}"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    let last = out.lines().last().unwrap_or_default();
    serde_json::from_str(last).map_err(|_| format!("it broke off: {}", err.trim()))
}

/// Plays all seeds; prints what breaks a rule, and the figures.
pub(crate) fn play(options: &Options) -> ExitCode {
    let began = Instant::now();
    let waiting: Mutex<VecDeque<u64>> = Mutex::new(options.seeds.iter().copied().collect());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let lane = || {
        let mut played = Vec::new();
        while let Some(seed) = next() {
            let one = play_apart(&options.of_seed(seed));
            match &one {
                Ok(life) => {
                    for broken in life.violations.iter().take(3) {
                        println!("simulate: seed {seed}: {}: {}", broken.rule, broken.what);
                    }
                }
                Err(why) => println!("simulate: seed {seed}: broken: {why}"),
            }
            if options.first && first_broken(&one).is_some() {
                waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            played.push(one);
        }
        played
    };
    let all: Vec<_> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..options.jobs.max(1)).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("a lane")).collect()
    });
    let failed = |one: &&Result<Played, String>| {
        one.as_ref().map_or(true, |life| !life.violations.is_empty())
    };
    let findings = all.iter().filter(failed).count();
    let sum = |of: fn(&Played) -> u64| all.iter().flatten().map(of).sum::<u64>();
    let seconds = began.elapsed().as_secs();
    let per_second = |count: u64| count / seconds.max(1);
    println!(
        "{}",
        json!({
            "seeds": all.len(),
            "findings": findings,
            "steps": sum(|life| life.figures.steps),
            "faults": sum(|life| life.figures.faults),
            "crashes": sum(|life| life.figures.crashes),
            "exchanges": sum(|life| life.figures.exchanges),
            "told": sum(|life| life.figures.told),
            "answered": sum(|life| life.figures.answered),
            "refused": sum(|life| life.figures.refused),
            "unanswered": sum(|life| life.figures.unanswered),
            "entries": sum(|life| life.figures.entries),
            "virtual_days": sum(|life| life.figures.virtual_ms) / 86_400_000,
            "seconds": seconds,
            "exchanges_per_second": per_second(sum(|life| life.figures.exchanges)),
            "faults_per_second": per_second(sum(|life| life.figures.faults)),
        })
    );
    ExitCode::from(u8::from(findings > 0))
}

/// The rule that a life breaks first, if it breaks one.
pub(crate) fn first_broken(played: &Result<Played, String>) -> Option<String> {
    match played {
        Ok(life) => life.violations.first().map(|broken| broken.rule.clone()),
        Err(_) => Some("broken".into()),
    }
}
