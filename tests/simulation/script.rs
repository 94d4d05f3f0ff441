//! The script of a life: who takes part, and what people do and what goes wrong, in which order. It
//! follows from the seed alone. Each step has dice of its own, so that a script without some of its steps
//! says the same of the others.

use crate::dice::Dice;

/// Who may take part: the agencies of the five policies, and others under the law's minimum.
pub(crate) const AGENCIES: [(&str, &str); 8] = [
    ("asking-ca-pd", "california-statute"),
    ("owning-ca-pd", "california-statute"),
    ("third-ca-pd", "california-statute"),
    ("indio-ca-pd", "indio-ca-pd"),
    ("los-angeles-ca-port-police", "los-angeles-ca-port-police"),
    ("west-covina-ca-pd", "west-covina-ca-pd"),
    ("monrovia-ca-pd", "monrovia-ca-pd"),
    ("escondido-ca-pd", "escondido-ca-pd"),
];

/// What somebody does. Agencies stand for their numbers in the life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// An officer asks one owner, or all who give authority.
    Ask { from: usize, to: Option<usize> },
    /// Several officers ask at once.
    AskMany { from: usize, to: usize, count: usize },
    /// An officer asks on a written request.
    AskCiting { from: usize, to: usize },
    /// An officer asks again what was asked before.
    AskAgain { from: usize },
    /// An officer searches the agency's own reads.
    SearchOwn { at: usize },
    /// Reads arrive.
    Import { at: usize },
    /// A read is corrected.
    Correct { at: usize },
    /// An official suspends, resumes or ends their own side of an agreement.
    Notice { at: usize },
    /// An officer files a written request.
    Submit { from: usize, to: usize },
    /// An official decides a request: as asked, narrower, or no.
    Decide { at: usize },
    /// A request is withdrawn.
    WithdrawRequest { at: usize },
    /// A plate is held, or a hold released.
    Hold { at: usize },
    /// What is past its retention is destroyed.
    Retention { at: usize },
    /// Peers cosign.
    Cosign { at: usize },
    /// Two logs are compared over the network.
    Reconcile { at: usize, with: usize },
    /// A log is exported and checked.
    Export { at: usize },
    /// A peer is cut off, or let in again.
    Block { at: usize, peer: usize },
    /// The policy is adopted anew.
    AdoptPolicy { at: usize },
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A node crashes now.
    Crash { at: usize },
    /// A node crashes at one of its next commits, before or after it.
    CrashAtCommit { at: usize, after: u32, before: bool },
    /// A node that has crashed starts.
    Start { at: usize },
    /// Connections are cut.
    Cut { a: usize, b: usize },
    /// One direction closes for some time.
    HalfClose { from: usize, to: usize, seconds: u64 },
    /// Both do.
    Part { a: usize, b: usize, seconds: u64 },
    /// Frames are lost, delayed and brought twice for some time.
    Bad { from: usize, to: usize, seconds: u64 },
    /// One of the next commits fails, and is written or not.
    CommitFails { at: usize, after: u32, persists: bool },
    /// The disk is full for some time.
    Full { at: usize, seconds: u64 },
    /// The disk answers nothing for some time.
    Stall { at: usize, seconds: u64 },
    /// A clock drifts.
    Drift { at: usize, millis: i64 },
    /// All nodes are down, and time passes.
    Night { hours: u64 },
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Act(Act),
    Fault(Fault),
}

/// A step of a life.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Its number in the script.
    pub(crate) number: usize,
    /// How long after the step before it, in milliseconds.
    pub(crate) after_ms: u64,
    /// What happens.
    pub(crate) what: What,
}

/// A script.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    /// The agencies, by their place in [`AGENCIES`].
    pub(crate) agencies: Vec<usize>,
    pub(crate) steps: Vec<Step>,
}

impl Script {
    /// The script of a seed, of so many steps.
    pub(crate) fn of(seed: u64, steps: usize) -> Self {
        let dice = Dice::of(seed ^ 0x5eed_5eed);
        let mut others: Vec<usize> = (2..AGENCIES.len()).collect();
        let mut agencies = vec![0, 1];
        for _ in 0..1 + dice.below(4) {
            agencies.push(others.remove(dice.below(others.len())));
        }
        let count = agencies.len();
        let steps = (0..steps).map(|number| {
            let after_ms = match dice.below(10) {
                0..=4 => dice.within(0..40),
                5..=7 => dice.within(40..1_500),
                _ => dice.within(1_500..20_000),
            };
            let what = if dice.happens(200) {
                What::Fault(fault(&dice, count))
            } else {
                What::Act(act(&dice, count))
            };
            Step { number, after_ms, what }
        });
        let steps = steps.collect();
        Self { seed, agencies, steps }
    }

    /// The dice of a step.
    pub(crate) fn dice(&self, step: &Step) -> Dice {
        let number = (step.number as u64 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d);
        Dice::of(self.seed.rotate_left(17) ^ number)
    }
}

/// Two different agencies. Those under the law's minimum are met most often: they answer.
fn two(dice: &Dice, count: usize) -> (usize, usize) {
    let a = if dice.happens(600) { dice.below(2) } else { dice.below(count) };
    let b = if dice.happens(600) { dice.below(2) } else { dice.below(count) };
    if a == b { (a, (b + 1) % count) } else { (a, b) }
}

fn act(dice: &Dice, count: usize) -> Act {
    let (from, to) = two(dice, count);
    match dice.below(100) {
        0..=26 => Act::Ask { from, to: (!dice.happens(150)).then_some(to) },
        27..=36 => Act::AskMany { from, to, count: 2 + dice.below(6) },
        37..=51 => Act::AskCiting { from, to },
        52..=57 => Act::AskAgain { from },
        58..=59 => Act::SearchOwn { at: from },
        60..=65 => Act::Import { at: from },
        66..=69 => Act::Correct { at: from },
        70..=72 => Act::Notice { at: from },
        73..=76 => Act::Submit { from, to },
        77..=83 => Act::Decide { at: from },
        84 => Act::WithdrawRequest { at: from },
        85..=87 => Act::Hold { at: from },
        88..=90 => Act::Retention { at: from },
        91..=93 => Act::Cosign { at: from },
        94..=95 => Act::Reconcile { at: from, with: to },
        96..=97 => Act::Export { at: from },
        98 => Act::Block { at: from, peer: to },
        _ => Act::AdoptPolicy { at: from },
    }
}

fn fault(dice: &Dice, count: usize) -> Fault {
    let (a, b) = two(dice, count);
    let seconds = dice.within(1..60);
    let after = u32::try_from(dice.below(6)).unwrap_or(0);
    match dice.below(100) {
        0..=11 => Fault::Crash { at: a },
        12..=25 => Fault::CrashAtCommit { at: a, after, before: dice.happens(500) },
        26..=47 => Fault::Start { at: a },
        48..=56 => Fault::Cut { a, b },
        57..=62 => Fault::HalfClose { from: a, to: b, seconds },
        63..=67 => Fault::Part { a, b, seconds },
        68..=75 => Fault::Bad { from: a, to: b, seconds },
        76..=85 => Fault::CommitFails { at: a, after, persists: dice.happens(500) },
        86..=88 => Fault::Full { at: a, seconds },
        89..=91 => Fault::Stall { at: a, seconds },
        92..=96 => {
            let millis = i64::try_from(dice.within(0..120_000)).unwrap_or(0) - 60_000;
            Fault::Drift { at: a, millis }
        }
        _ => Fault::Night { hours: *dice.one(&[1, 7, 26, 24 * 9, 24 * 40, 24 * 1_200]) },
    }
}
