//! The script of a life: who takes part, and what people do and what goes wrong, in which order. It
//! follows from the seed alone. Each step has dice of its own, so that a script without some of its steps
//! says the same of the others.

use crate::dice::Dice;
use crate::dishonest::Dishonesty;

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
    /// Officials sign an agreement: of two agencies, or of all.
    Agree { at: usize, with: Option<usize> },
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
    /// A peer is cut off.
    Block { at: usize, peer: usize },
    /// Peers that are cut off are let in again.
    LetIn { at: usize },
    /// The policy is adopted anew.
    AdoptPolicy { at: usize },
    /// Who asks peers signs in, enrolled before where she was not.
    SignIn { at: usize },
    /// She signs out.
    SignOut { at: usize },
    /// A program is added, renewed or revoked.
    Program { at: usize },
    /// A program asks for a person who let it.
    AskByProgram { from: usize, to: usize },
    /// A key is exchanged.
    ExchangeKey { at: usize },
    /// A source brings reads.
    Bring { at: usize },
    /// What a source brought is withdrawn.
    WithdrawSource { at: usize },
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
    /// A copy of the database is put in its place that was made the time before.
    Older { at: usize },
}

/// Of so many steps, one is a deed of the dishonest agency.
const DEEDS: usize = 20;

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Act(Act),
    Fault(Fault),
    /// The dishonest agency does what it is about.
    Deed,
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
    /// Which of them is dishonest, and how; one in three lives.
    pub(crate) dishonest: Option<(usize, Dishonesty)>,
    pub(crate) steps: Vec<Step>,
}

impl Script {
    /// The script of a seed, of so many steps; with an agency that is dishonest in a given way, if one is
    /// given.
    pub(crate) fn of(seed: u64, steps: usize, how: Option<Dishonesty>) -> Self {
        let dice = Dice::of(seed ^ 0x5eed_5eed);
        let mut others: Vec<usize> = (2..AGENCIES.len()).collect();
        let mut agencies = vec![0, 1];
        for _ in 0..1 + dice.below(4) {
            agencies.push(others.remove(dice.below(others.len())));
        }
        let count = agencies.len();
        let dishonest = dishonest(seed, count, how);
        let steps = (0..steps).map(|number| {
            let after_ms = match dice.below(10) {
                0..=4 => dice.within(0..40),
                5..=7 => dice.within(40..1_500),
                _ => dice.within(1_500..20_000),
            };
            let deed = dishonest.is_some() && number % DEEDS == DEEDS / 2;
            let what = if dice.happens(200) {
                What::Fault(fault(&dice, count))
            } else {
                What::Act(act(&dice, count))
            };
            Step { number, after_ms, what: if deed { What::Deed } else { what } }
        });
        let steps = steps.collect();
        Self { seed, agencies, dishonest, steps }
    }

    /// The dice of a step.
    pub(crate) fn dice(&self, step: &Step) -> Dice {
        let number = (step.number as u64 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d);
        Dice::of(self.seed.rotate_left(17) ^ number)
    }
}

/// One life in three has an agency that is dishonest: each way in its turn.
fn dishonest(seed: u64, count: usize, how: Option<Dishonesty>) -> Option<(usize, Dishonesty)> {
    let all = Dishonesty::ALL;
    let turn = usize::try_from(seed / 3).unwrap_or(0) % all.len();
    let how = how.or_else(|| seed.is_multiple_of(3).then(|| all[turn].1))?;
    let dice = Dice::of(seed ^ 0xd15_4057);
    // Those who answer are met most often.
    let who = if dice.happens(700) { dice.below(2) } else { dice.below(count) };
    Some((who, how))
}

/// Two different agencies. Those under the law's minimum are met most often: they answer.
fn two(dice: &Dice, count: usize) -> (usize, usize) {
    let a = if dice.happens(600) { dice.below(2) } else { dice.below(count) };
    let b = if dice.happens(600) { dice.below(2) } else { dice.below(count) };
    if a == b { (a, (b + 1) % count) } else { (a, b) }
}

fn act(dice: &Dice, count: usize) -> Act {
    let (from, to) = two(dice, count);
    // Each as often as stands before it: officers ask far more than officials decide.
    let acts: [(u64, Act); 27] = [
        (24, Act::Ask { from, to: (!dice.happens(150)).then_some(to) }),
        (16, Act::AskMany { from, to, count: at_once(dice) }),
        (14, Act::AskCiting { from, to }),
        (6, Act::AskAgain { from }),
        (4, Act::AskByProgram { from, to }),
        (2, Act::SearchOwn { at: from }),
        (6, Act::Import { at: from }),
        (4, Act::Correct { at: from }),
        (2, Act::Agree { at: from, with: dice.happens(500).then_some(to) }),
        (3, Act::Notice { at: from }),
        (4, Act::Submit { from, to }),
        (7, Act::Decide { at: from }),
        (1, Act::WithdrawRequest { at: from }),
        (3, Act::Hold { at: from }),
        (3, Act::Retention { at: from }),
        (3, Act::Cosign { at: from }),
        (2, Act::Reconcile { at: from, with: to }),
        (2, Act::Export { at: from }),
        (1, Act::Block { at: from, peer: to }),
        (4, Act::LetIn { at: from }),
        (1, Act::AdoptPolicy { at: from }),
        (1, Act::SignIn { at: from }),
        (2, Act::SignOut { at: from }),
        (2, Act::Program { at: from }),
        (3, Act::Bring { at: from }),
        (2, Act::WithdrawSource { at: from }),
        (2, Act::ExchangeKey { at: from }),
    ];
    one_of(dice, acts)
}

/// How many ask at once: a few, and now and then a whole shift.
fn at_once(dice: &Dice) -> usize {
    if dice.happens(250) { 8 + dice.below(40) } else { 2 + dice.below(6) }
}

/// One of several, each as often as stands before it.
fn one_of<T, const N: usize>(dice: &Dice, all: [(u64, T); N]) -> T {
    let sum: u64 = all.iter().map(|(often, _)| often).sum();
    let mut thrown = dice.within(0..sum);
    let falls = |(often, one): (u64, T)| {
        let here = thrown < often;
        thrown = thrown.saturating_sub(often);
        here.then_some(one)
    };
    all.into_iter().find_map(falls).expect("less than all of them together")
}

fn fault(dice: &Dice, count: usize) -> Fault {
    let (a, b) = two(dice, count);
    let seconds = dice.within(1..60);
    let after = u32::try_from(dice.below(6)).unwrap_or(0);
    let millis = i64::try_from(dice.within(0..120_000)).unwrap_or(0) - 60_000;
    let hours = *dice.one(&[1, 7, 26, 24 * 9, 24 * 40, 24 * 1_200]);
    let flip = dice.happens(500);
    let faults: [(u64, Fault); 13] = [
        (12, Fault::Crash { at: a }),
        (14, Fault::CrashAtCommit { at: a, after, before: flip }),
        (22, Fault::Start { at: a }),
        (9, Fault::Cut { a, b }),
        (6, Fault::HalfClose { from: a, to: b, seconds }),
        (5, Fault::Part { a, b, seconds }),
        (8, Fault::Bad { from: a, to: b, seconds }),
        (10, Fault::CommitFails { at: a, after, persists: flip }),
        (3, Fault::Full { at: a, seconds }),
        (3, Fault::Stall { at: a, seconds }),
        (5, Fault::Drift { at: a, millis }),
        (3, Fault::Older { at: a }),
        (4, Fault::Night { hours }),
    ];
    one_of(dice, faults)
}
