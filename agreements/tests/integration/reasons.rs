//! How well reasons are judged: the hand-made set of `data/reasons.txt`, and one written against the
//! rules (`data/reasons-adversarial.txt`), and one written without a look at them
//! (`data/reasons-second.txt`), by three readers.
//!
//! A third of the first set, by a digest of its words, was not looked at while the rules were written.

use std::collections::BTreeMap;

use agreements::decide::decline;
use agreements::policy::{Policy, ProhibitedUse, Prohibition, ReasonDemand};
use agreements::screening::{Certainty, forbidden_uses};
use schemas::digest::Digest;
use schemas::query::Query;
use schemas::refusal::RefusalCode;

use crate::fixtures;

pub(crate) const HAND_MADE: &str = include_str!("data/reasons.txt");

const ADVERSARIAL: &str = include_str!("data/reasons-adversarial.txt");

/// Written without a look at the words that the rules know.
const SECOND: &str = include_str!("data/reasons-second.txt");

/// A reason as the file has it.
pub(crate) struct Given {
    kind: &'static str,
    pub(crate) expected: &'static str,
    query: Query,
    pub(crate) text: &'static str,
}

pub(crate) fn given(file: &'static str) -> Vec<Given> {
    let mut all = Vec::new();
    let mut head = ("", "", "", "");
    for line in
        file.lines().filter(|line| !line.is_empty() && *line != "#" && !line.starts_with("# "))
    {
        if let Some(heading) = line.strip_prefix("== ") {
            let parts: Vec<_> = heading.split(' ').collect();
            head = (parts[0], parts[1], parts[2], parts[3]);
            continue;
        }
        let (kind, purpose, number, expected) = head;
        let id = |text: &str| text.parse().unwrap();
        let mut query = fixtures::query(&id("asking-ca-pd"), &id("owning-ca-pd"));
        query.why.purpose = purpose.parse().unwrap();
        query.why.case = if number == "number" { "26-001234" } else { "" }.parse().unwrap();
        query.why.reason = line.parse().unwrap();
        all.push(Given { kind, expected, query, text: line });
    }
    all
}

/// Whether a reason was held back while the rules were written.
fn held_out(text: &str) -> bool {
    Digest::of(text.as_bytes()).as_bytes()[0].is_multiple_of(3)
}

/// The three readers, as policies say them.
fn reader(nth: usize) -> Policy {
    let mut policy = fixtures::policy("california-statute");
    let reason = &mut policy.reason;
    (reason.demand, reason.beside_number) = match nth {
        0 => (ReasonDemand::Offence, None),
        1 => (ReasonDemand::OffenceAndMore, Some(ReasonDemand::Offence)),
        _ => (ReasonDemand::OffenceAndMore, None),
    };
    policy.prohibited.push(ProhibitedUse {
        code: Prohibition::TrafficEnforcement,
        ..policy.prohibited[0].clone()
    });
    policy
}

fn codes(policy: &Policy, query: &Query) -> Vec<RefusalCode> {
    let reasons = decline(policy, query, fixtures::now());
    let reasons = reasons.map(agreements::decide::Reasons::into_vec).unwrap_or_default();
    let about = [RefusalCode::ReasonVague, RefusalCode::PurposeProhibited];
    reasons.into_iter().map(|reason| reason.code).filter(|code| about.contains(code)).collect()
}

/// Of what should be accepted and what is, how much is right.
#[derive(Default)]
struct Figures {
    right: usize,
    all: usize,
    accepted: usize,
    accepted_rightly: usize,
    acceptable: usize,
}

impl Figures {
    fn rate(of: usize, all: usize) -> f64 {
        f64::from(u32::try_from(of).unwrap()) / f64::from(u32::try_from(all.max(1)).unwrap())
    }

    fn accuracy(&self) -> f64 {
        Self::rate(self.right, self.all)
    }

    fn precision(&self) -> f64 {
        Self::rate(self.accepted_rightly, self.accepted)
    }

    fn recall(&self) -> f64 {
        Self::rate(self.accepted_rightly, self.acceptable)
    }
}

fn figures(set: &[Given], nth: usize, held: impl Fn(&str) -> bool) -> (Figures, Vec<String>) {
    let policy = reader(nth);
    let mut figures = Figures::default();
    let mut wrong = Vec::new();
    for one in set.iter().filter(|one| held(one.text)) {
        let Some(expected) = one.expected.as_bytes().get(nth).filter(|_| one.expected.len() == 3)
        else {
            continue;
        };
        let expected = *expected == b'y';
        let accepted = codes(&policy, &one.query).is_empty();
        figures.all += 1;
        figures.right += usize::from(expected == accepted);
        figures.accepted += usize::from(accepted);
        figures.acceptable += usize::from(expected);
        figures.accepted_rightly += usize::from(expected && accepted);
        if expected != accepted {
            wrong.push(format!(
                "{} `{}` is {}",
                one.kind,
                one.text,
                if accepted { "accepted" } else { "refused" }
            ));
        }
    }
    (figures, wrong)
}

/// Of each kind of what is not for the readers, what came out wrong.
fn uses(
    set: &[Given],
    held: impl Fn(&str) -> bool,
) -> BTreeMap<&'static str, (usize, Vec<String>)> {
    let policy = reader(1);
    let mut by_kind: BTreeMap<&'static str, (usize, Vec<String>)> = BTreeMap::new();
    for one in set.iter().filter(|one| held(one.text) && one.expected.len() > 3) {
        let found = forbidden_uses(&one.query.why).unwrap();
        let clear = found.iter().any(|found| found.certainty == Certainty::Clear);
        let right = match one.expected {
            "traffic" => codes(&policy, &one.query).contains(&RefusalCode::PurposeProhibited),
            "prohibited" => {
                clear && codes(&policy, &one.query).contains(&RefusalCode::PurposeProhibited)
            }
            "doubtful" => !found.is_empty(),
            "near" => !clear,
            other => panic!("`{other}`"),
        };
        let of = by_kind.entry(one.kind).or_default();
        of.0 += 1;
        if !right {
            of.1.push(format!("{} {found:?}", one.text));
        }
    }
    by_kind
}

#[expect(clippy::print_stdout, reason = "who runs it with `--nocapture` sees the figures")]
fn report(name: &str, set: &[Given], show: bool, held: fn(&str) -> bool) -> Vec<(f64, f64)> {
    let mut rates = Vec::new();
    for (nth, reader) in ["lenient", "medium", "strict"].into_iter().enumerate() {
        let (figures, wrong) = figures(set, nth, held);
        println!(
            "{name}, {reader}: {} reasons, accuracy {:.3}, precision {:.3}, recall {:.3}",
            figures.all,
            figures.accuracy(),
            figures.precision(),
            figures.recall()
        );
        if show {
            println!("  {}", wrong.join("\n  "));
        }
        rates.push((figures.accuracy(), figures.precision()));
    }
    for (kind, (all, wrong)) in uses(set, held) {
        println!("{name}, {kind}: {} of {all}", all - wrong.len());
        if show {
            println!("  {}", wrong.join("\n  "));
        }
    }
    rates
}

#[test]
fn the_hand_made_set_is_judged_as_its_readers_judge() {
    let set = given(HAND_MADE);
    assert!(set.len() >= 600);
    let show = std::env::var_os("ACCORD_SHOW").is_some();
    report("seen", &set, show, |text| !held_out(text));
    let rates = report("held out", &set, false, held_out);
    for (accuracy, precision) in rates {
        assert!(accuracy >= 0.9 && precision >= 0.9, "{accuracy} {precision}");
    }
}

#[test]
fn the_adversarial_set_is_judged_as_its_readers_judge() {
    let set = given(ADVERSARIAL);
    let show = std::env::var_os("ACCORD_SHOW").is_some();
    for (accuracy, precision) in report("adversarial", &set, show, |_| true) {
        assert!(accuracy >= 0.85 && precision >= 0.85, "{accuracy} {precision}");
    }
}

#[test]
fn a_set_that_the_rules_were_not_written_by_is_judged_as_its_readers_judge() {
    let set = given(SECOND);
    assert!(set.iter().filter(|one| one.expected.len() == 3).count() >= 300);
    let show = std::env::var_os("ACCORD_SHOW").is_some();
    let rates = report("second", &set, show, |_| true);
    assert!(rates.iter().all(|(accuracy, _)| *accuracy >= 0.95), "{rates:?}");
    // A name that says how or where by itself, `bank robbery`, is one thing more to these rules, and to
    // this set's readers the offence alone; nearly everything else that is accepted is rightly so.
    for ((_, precision), least) in rates.into_iter().zip([0.97, 0.8, 0.65]) {
        assert!(precision >= least, "{precision}");
    }
    let wrong: Vec<String> =
        uses(&set, |_| true).into_values().flat_map(|(_, wrong)| wrong).collect();
    // Whether a witness is intimidated here or elsewhere the words do not say: an auditor looks.
    assert!(wrong.len() == 1 && wrong[0].contains("Doubtful"), "{wrong:?}");
}
