//! An audit export of another system, set beside one's own log: for an auditor of an agency that runs
//! both.
//!
//! Decides which searches of the export a log of ours holds an entry beside: one for the same case, or one
//! that was asked within a minute. Those without are named by organisation, second and case. What is
//! remembered of the log is its cases and seconds; of the export, counts and the first of what is named,
//! however many rows it has.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ingest::{ForeignSearch, Rejected};
use schemas::body::Body;
use schemas::time::{MINUTE_MS, Timestamp};
use serde::Serialize;

/// Most organisations that are counted apart.
const MOST_ORGANISATIONS: usize = 10_000;
/// Most searches that are named.
const MOST_NAMED: usize = 1_000;
/// What further organisations are counted as.
const OTHERS: &str = "other organisations";

/// What one's own log holds of accesses.
#[derive(Debug, Default)]
pub struct OwnAccesses {
    cases: HashSet<String>,
    seconds: BTreeSet<i64>,
}

impl OwnAccesses {
    /// Remembers what an entry tells.
    pub fn note(&mut self, body: &Body) {
        let Some(access) = body.event.access() else { return };
        if !access.why.case.is_empty() {
            self.cases.insert(plain(access.why.case.as_str()));
        }
        self.seconds.insert(access.asked_at.millis().div_euclid(1_000));
    }

    /// Whether an entry stands beside a search.
    fn holds(&self, search: &ForeignSearch) -> bool {
        let same = search.case.as_ref().is_some_and(|case| self.cases.contains(&plain(case)));
        let second = search.at.millis().div_euclid(1_000);
        let near = MINUTE_MS / 1_000;
        same || self.seconds.range(second - near..=second + near).next().is_some()
    }
}

/// A case number as it is compared.
fn plain(case: &str) -> String {
    case.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

/// What one organisation searched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OfOrganisation {
    /// Searches.
    pub searches: u64,
    /// Those beside which one's own log holds no entry.
    pub without_entry: u64,
    /// Those of which plate or name are blotted out.
    pub redacted: u64,
}

/// A search beside which one's own log holds no entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    /// When, to the second.
    pub at: Timestamp,
    /// Whose.
    pub organisation: String,
    /// By whom, where it is told.
    pub name: Option<String>,
    /// For what case, where one is named.
    pub case: Option<String>,
    /// In which way.
    pub kind: String,
}

/// What an export tells.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ForeignReport {
    /// Searches.
    pub searches: u64,
    /// Rows that cannot be read.
    pub rejected: u64,
    /// The first search.
    pub from: Option<Timestamp>,
    /// The last.
    pub until: Option<Timestamp>,
    /// Whether it was set beside a log.
    pub compared: bool,
    /// Searches beside which one's own log holds no entry.
    pub without_entry: u64,
    /// By organisation.
    pub organisations: BTreeMap<String, OfOrganisation>,
    /// The first of those without an entry.
    pub unmatched: Vec<Unmatched>,
    /// The first rows that cannot be read.
    pub errors: Vec<String>,
}

impl ForeignReport {
    /// Counts a row, set beside `own` where there is a log.
    pub fn take(&mut self, row: Result<ForeignSearch, Rejected>, own: Option<&OwnAccesses>) {
        let search = match row {
            Ok(search) => search,
            Err(rejected) => {
                self.rejected = self.rejected.saturating_add(1);
                if self.errors.len() < 3 {
                    self.errors.push(rejected.to_string());
                }
                return;
            }
        };
        self.searches = self.searches.saturating_add(1);
        self.compared = own.is_some();
        self.from = Some(self.from.map_or(search.at, |from| from.min(search.at)));
        self.until = Some(self.until.map_or(search.at, |until| until.max(search.at)));
        let known = self.organisations.len() < MOST_ORGANISATIONS
            || self.organisations.contains_key(&search.organisation);
        let name = if known { search.organisation.clone() } else { OTHERS.to_owned() };
        let of = self.organisations.entry(name).or_default();
        of.searches = of.searches.saturating_add(1);
        if search.plate.is_none() || search.name.is_none() {
            of.redacted = of.redacted.saturating_add(1);
        }
        if own.is_none_or(|own| own.holds(&search)) {
            return;
        }
        of.without_entry = of.without_entry.saturating_add(1);
        self.without_entry = self.without_entry.saturating_add(1);
        if self.unmatched.len() < MOST_NAMED {
            let ForeignSearch { at, organisation, name, case, kind, .. } = search;
            self.unmatched.push(Unmatched { at, organisation, name, case, kind });
        }
    }

    /// What a person reads of it.
    #[must_use]
    pub fn described(&self) -> String {
        let mut said = format!("{} searches", self.searches);
        if let (Some(from), Some(until)) = (self.from, self.until) {
            said.push_str(&format!(" from {from} until {until}"));
        }
        said.push_str(&format!(", {} rows that cannot be read", self.rejected));
        let mut organisations: Vec<_> = self.organisations.iter().collect();
        organisations.sort_by_key(|(_, of)| std::cmp::Reverse(of.searches));
        for (name, of) in organisations.iter().take(20) {
            let OfOrganisation { searches, without_entry, redacted } = of;
            said.push_str(&format!("\n{searches} by {name}, {redacted} blotted out"));
            if self.compared {
                said.push_str(&format!(", {without_entry} without an entry in this log"));
            }
        }
        for one in self.unmatched.iter().take(20) {
            let (name, case) = (one.name.as_deref(), one.case.as_deref());
            said.push_str(&format!(
                "\nno entry beside the search of {} at {} by {}, case {}",
                one.organisation,
                one.at,
                name.unwrap_or("nobody named"),
                case.unwrap_or("not named")
            ));
        }
        self.errors.iter().for_each(|error| said.push_str(&format!("\n{error}")));
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(at: &str, case: Option<&str>) -> ForeignSearch {
        ForeignSearch {
            at: at.parse().unwrap(),
            organisation: "Anytown CA PD".into(),
            name: None,
            plate: Some("8ABC101".into()),
            case: case.map(str::to_owned),
            kind: "search".into(),
        }
    }

    #[test]
    fn a_search_is_beside_an_entry_of_its_case_or_its_minute() {
        let mut own = OwnAccesses::default();
        own.cases.insert(plain("26-00417"));
        own.seconds.insert("2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap().millis() / 1_000);
        let mut report = ForeignReport::default();
        for (at, case) in [
            ("2026-03-01T12:00:59Z", None),
            ("2026-03-09T12:00:59Z", Some("26 00417")),
            ("2026-03-01T12:01:01Z", None),
            ("2026-03-09T12:00:59Z", Some("26-00418")),
        ] {
            report.take(Ok(search(at, case)), Some(&own));
        }
        assert_eq!((report.searches, report.without_entry), (4, 2));
        assert_eq!(report.unmatched[1].case.as_deref(), Some("26-00418"));
        assert_eq!(report.organisations["Anytown CA PD"].redacted, 4);
        let said = report.described();
        assert!(said.contains("4 by Anytown CA PD, 4 blotted out, 2 without an entry"), "{said}");
    }

    #[test]
    fn what_is_remembered_of_an_export_is_bounded() {
        let mut report = ForeignReport::default();
        let own = OwnAccesses::default();
        for n in 0..20_000u32 {
            let one = ForeignSearch {
                organisation: format!("org {n}"),
                ..search("2026-03-01T12:00:00Z", None)
            };
            report.take(Ok(one), Some(&own));
        }
        assert_eq!(report.organisations.len(), MOST_ORGANISATIONS + 1);
        assert_eq!(report.unmatched.len(), MOST_NAMED);
        assert_eq!(report.without_entry, 20_000);
    }
}
