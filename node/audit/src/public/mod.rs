//! What an agency may tell the public of its log: how often what was done, month by month; with whom it
//! shares, since and until when; audits; what is collected. And, where the official switches that on, the
//! counts in parts: searches by groups of offences, refusals by code, ninety days late.
//!
//! It is a function of the log and of the registry that the log makes, so an auditor makes it again and
//! compares it byte for byte. What is counted is told in cells of at least ten (`cells`) that never
//! change once told (`counting`); nothing in it is of one person, one plate or one reason.

mod activity;
mod cells;
mod counting;
mod month;
mod partners;
mod proof;
mod recorded;
mod render;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use agreements::policy::Policy;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use activity::{Activity, Part};
pub use cells::{Cell, LEAST, parted};
pub use counting::Counting;
pub use partners::Partner;
pub use proof::{CheckedReport, ReleaseProof, check};
pub(crate) use recorded::ShownCheck;
pub use render::{csv, page};

use counting::{Counts, Stretch};
use registry::State;

/// How many days after their end months are told in parts: a row warns nobody of a search that may still
/// matter.
pub const LATE_DAYS: u32 = 90;

/// The version of the form.
const FORMAT: u32 = 1;

/// What is counted together, and how often it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// These, together; not told apart where they are several.
    pub of: Vec<String>,
    /// How often.
    pub count: u64,
}

/// An activity in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InParts {
    /// Which activity.
    pub activity: String,
    /// Its parts; they sum to its count.
    pub parts: Vec<Counted>,
}

/// One month, or several where one alone says too little.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its first month.
    pub from: String,
    /// Its last month.
    pub until: String,
    /// Its first entry of the log, and the first after it, which is the first of the next period.
    pub entries: [u64; 2],
    /// How often what was done.
    pub counts: Vec<Counted>,
    /// The same in parts, where that is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_parts: Vec<InParts>,
    /// Reads that were brought in; absent where they are fewer than [`LEAST`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<u64>,
    /// Audits that were recorded.
    pub audits: u64,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicReport {
    /// The version of the form.
    pub format: u32,
    /// Of whose log.
    pub agency: AgencyId,
    /// That agency's name.
    pub name: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// The entry that records its making. Every entry before it is of a period, or of what is not over
    /// yet.
    pub entry: u64,
    /// The digest of the report that was released before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// Whether counts are told in parts.
    pub in_parts: bool,
    /// The periods, each beginning where the one before it ends.
    pub periods: Vec<Period>,
    /// The first entry that is of no period yet.
    pub open_from: u64,
    /// With whom reads are shared.
    pub partners: Vec<Partner>,
    /// Of these, who came since the report before.
    pub joined: Vec<AgencyId>,
    /// Who left since then.
    pub left: Vec<AgencyId>,
    /// What is collected, and what is not.
    pub collected: Vec<String>,
}

impl PublicReport {
    /// Its exact bytes: what is released, and what its digest is of.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// H(its exact bytes).
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes())
    }

    /// Reads one.
    ///
    /// # Errors
    /// One sentence: what it is not.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes)
            .map_err(|e| format!("no public report: {e}; expected the JSON of one"))?;
        match read.format {
            FORMAT => Ok(read),
            other => Err(format!("a public report of format {other}; this version reads {FORMAT}")),
        }
    }

    /// What is wrong with its ranges by themselves: each period begins where the one before it ends, and
    /// nothing is left out between them.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let mut at = 0;
        let mut gaps = Vec::new();
        for Period { from, entries: [first, next], .. } in &self.periods {
            if *first != at || next < first {
                gaps.push(format!("the period from {from} begins with entry {first}, not {at}"));
            }
            at = *next;
        }
        if self.open_from != at || self.entry < at {
            gaps.push(format!(
                "what is of no period begins with entry {}, not {at}",
                self.open_from
            ));
        }
        gaps
    }

    /// What is wrong with following on `before`: what that one told is told again as it was.
    #[must_use]
    pub fn departs_from(&self, before: &Self) -> Vec<String> {
        let mut departs = Vec::new();
        if self.previous != Some(before.digest()) {
            departs.push("it does not name that report as the one before it".to_owned());
        }
        if before.open_from > self.open_from {
            departs.push(format!("it ends before entry {}", before.open_from));
        }
        for (was, is) in before.periods.iter().zip(&self.periods) {
            let coarse = |period: &Period| Period { in_parts: Vec::new(), ..period.clone() };
            let retold =
                was.in_parts.is_empty() || is.in_parts.is_empty() || was.in_parts == is.in_parts;
            if coarse(was) != coarse(is) || !retold {
                departs.push(format!("it tells the period from {} otherwise", was.from));
            }
        }
        departs
    }
}

/// A report that was released, as far as the next one rests on it.
#[derive(Debug, Clone)]
pub struct ReleasedBefore {
    /// Its digest.
    pub digest: Digest,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whether it told counts in parts.
    pub in_parts: bool,
}

/// What a report is made of, beside the counts of the log.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Whose log.
    pub agency: &'a AgencyId,
    /// The registry as of the entry.
    pub state: &'a State,
    /// The policy in force then.
    pub policy: &'a Policy,
    /// The entry that records the making.
    pub entry: u64,
    /// When that was.
    pub made_at: Timestamp,
    /// Whether counts are told in parts.
    pub in_parts: bool,
    /// The reports released before it, the last one last.
    pub before: Vec<ReleasedBefore>,
}

/// The report of a log, counted up to its entry.
#[must_use]
pub fn report(counting: Counting, facts: &Facts<'_>) -> PublicReport {
    let (open_from, stretches) = counting.stretches(LATE_DAYS);
    let periods = stretches.into_iter().map(|stretch| period(stretch, facts)).collect();
    let partners = partners::of(facts.state, facts.agency, facts.made_at);
    let since = facts.before.last().map(|before| before.made_at);
    let newly = |at: Timestamp| since.is_some_and(|since| at > since && at <= facts.made_at);
    let who = |among: &dyn Fn(&&Partner) -> bool| {
        let mut who: Vec<AgencyId> =
            partners.iter().filter(among).map(|partner| partner.with.clone()).collect();
        who.dedup();
        who
    };
    let joined = who(&|partner| newly(partner.since));
    let left = who(&|partner| partner.until.is_some_and(newly));
    let name = facts.state.own.as_ref().map_or_else(String::new, |own| own.value.name.to_string());
    PublicReport {
        format: FORMAT,
        agency: facts.agency.clone(),
        name,
        made_at: facts.made_at,
        entry: facts.entry,
        previous: facts.before.last().map(|before| before.digest),
        in_parts: facts.in_parts,
        periods,
        open_from,
        joined,
        left,
        partners,
        collected: collected(facts.policy),
    }
}

fn period(stretch: Stretch, facts: &Facts<'_>) -> Period {
    let Stretch { from, until, entries, counts, late } = stretch;
    let activities = parted(&counts.activities, 0, &Activity::ALL);
    let told = facts.in_parts && late && !counts.destroyed;
    let in_parts = if told {
        in_parts(&counts, &activities, shown_first(until, facts), facts)
    } else {
        Vec::new()
    };
    let name = |activity: &Activity| activity.name().to_owned();
    Period {
        from: from.to_string(),
        until: until.to_string(),
        entries: [entries.0, entries.1],
        counts: activities
            .iter()
            .map(|cell| Counted { of: cell.of.iter().map(name).collect(), count: cell.count })
            .collect(),
        in_parts,
        reads: Some(counts.reads).filter(|reads| *reads >= LEAST),
        audits: counts.audits,
    }
}

/// When a period was first told in parts: what a hold kept back then is kept back for good, or the end of
/// the hold would show what it was.
fn shown_first(until: month::Month, facts: &Facts<'_>) -> Timestamp {
    let ripe = until.next().start().map(|end| end.plus_days(LATE_DAYS));
    let told = facts.before.iter().filter(|before| before.in_parts);
    let mut since =
        told.map(|before| before.made_at).filter(|at| ripe.is_some_and(|ripe| *at >= ripe));
    since.next().unwrap_or(facts.made_at)
}

/// The activities that have a cell of their own, in parts.
fn in_parts(
    counts: &Counts,
    activities: &[Cell<Activity>],
    shown: Timestamp,
    facts: &Facts<'_>,
) -> Vec<InParts> {
    let lasted = |number: &u64| {
        facts.state.holds.get(number).is_some_and(|hold| {
            hold.at <= shown && hold.released.as_ref().is_none_or(|release| release.at > shown)
        })
    };
    let mut all = Vec::new();
    for cell in activities {
        let [activity] = cell.of.as_slice() else { continue };
        if !activity.is_parted() {
            continue;
        }
        let mut parts: BTreeMap<Part, u64> = BTreeMap::new();
        let mut add = |part: Part, more: u64| {
            let count = parts.entry(part).or_default();
            *count = count.saturating_add(more);
        };
        for ((_, part), count) in counts.parts.iter().filter(|((of, _), _)| of == activity) {
            add(*part, *count);
        }
        let mut kept_back = 0_u64;
        for (_, part, by) in counts.held.iter().filter(|(of, _, _)| of == activity) {
            match by.iter().any(lasted) {
                true => kept_back = kept_back.saturating_add(1),
                false => add(*part, 1),
            }
        }
        let cells = parted(&parts, kept_back, &Part::all(*activity));
        let parts = cells.iter().map(|cell| Counted {
            of: cell.of.iter().map(|part| part.name()).collect(),
            count: cell.count,
        });
        all.push(InParts { activity: activity.name().to_owned(), parts: parts.collect() });
    }
    all
}

/// What is collected, and what is not.
fn collected(policy: &Policy) -> Vec<String> {
    let kinds: Vec<&str> = policy.searches.kinds.iter().map(|kind| kind.code()).collect();
    vec![
        "A read holds the plate as a camera saw it, the time, the place and the camera, and where a reader tells it the make, colour and body of the vehicle and photographs of it.".to_owned(),
        "It holds no name, no address and nothing of a vehicle's registration.".to_owned(),
        format!("Reads are answered from and kept for {}, longer only as evidence or under a legal hold.", policy.retention.reads.cut_off()),
        format!("Other agencies may search by: {}.", kinds.join(", ")),
    ]
}
