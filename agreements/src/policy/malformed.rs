//! What keeps a text from being read as a policy at all: every part of it by itself, so that one mistake
//! does not hide the next.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{
    Administration, Approval, AuditOccasion, AuthorizedPurpose, CaseNumber, Clearance, Danger,
    Days, Duty, Fault, People, ProhibitedUse, ReasonRules, Release, Retention, RowLimit, Searches,
    Suspension, Suspicion, Tracked, Training, Verification,
};
use crate::document::{DocumentError, line_of};

/// What is wrong with one part.
type Part = (&'static str, fn(&Value) -> Option<String>);

const TABLES: [Part; 14] = [
    ("administration", of::<Administration>),
    ("people", of::<People>),
    ("training", of::<Training>),
    ("release", of::<Release>),
    ("approval", of::<Approval>),
    ("suspicion", of::<Suspicion>),
    ("case_number", of::<CaseNumber>),
    ("reason", of::<ReasonRules>),
    ("searches", of::<Searches>),
    ("lookback", of::<Days>),
    ("row_limit", of::<RowLimit>),
    ("retention", of::<Retention>),
    ("verification", of::<Verification>),
    ("audits", of::<Days>),
];

/// Tables that a policy may be without.
const OPTIONAL: [Part; 4] = [
    ("danger", of::<Danger>),
    ("suspension", of::<Suspension>),
    ("clearance", of::<Clearance>),
    ("audit_occasion", of::<AuditOccasion>),
];

const LISTS: [Part; 4] = [
    ("purposes", of::<AuthorizedPurpose>),
    ("prohibited", of::<ProhibitedUse>),
    ("duties", of::<Duty>),
    ("tracked", of::<Tracked>),
];

fn of<T: DeserializeOwned>(value: &Value) -> Option<String> {
    let error = value.clone().try_into::<T>().err()?;
    Some(error.message().trim().to_owned())
}

/// The faults of a text that is none, in its order. `error` is why, of the whole.
pub(super) fn malformed(text: &str, error: &DocumentError) -> Vec<Fault> {
    let whole = || {
        let what = match error {
            DocumentError::Form { what, .. } => what.clone(),
            DocumentError::Sense(what) => what.clone(),
        };
        vec![Fault { line: None, key: String::new(), what }]
    };
    let Ok(table) = toml::from_str::<Table>(text) else { return whole() };
    let mut found: Vec<(String, String)> = Vec::new();
    for (key, wrong) in TABLES {
        match table.get(key).map(wrong) {
            None => found.push((key.to_owned(), "is missing".to_owned())),
            Some(Some(what)) => found.push((key.to_owned(), what)),
            Some(None) => {}
        }
    }
    for (key, wrong) in LISTS {
        let items = table.get(key).and_then(Value::as_array).into_iter().flatten();
        let faults = (1..).zip(items).filter_map(|(nth, item)| Some((nth, wrong(item)?)));
        found.extend(faults.map(|(nth, what)| (key.to_owned(), format!("no. {nth}: {what}"))));
    }
    // What is left is of the head, or a key that nobody knows.
    for (key, wrong) in OPTIONAL {
        let what = table.get(key).and_then(wrong);
        found.extend(what.map(|what| (key.to_owned(), what)));
    }
    let mut rest = table;
    for (key, _) in TABLES.iter().chain(&LISTS) {
        rest.remove(*key);
    }
    const HEAD: [&str; 6] = ["format", "agency", "source", "sections", "kind", "state"];
    let optional = |key: &str| OPTIONAL.iter().any(|(known, _)| *known == key);
    let unknown = rest.keys().filter(|key| !HEAD.contains(&key.as_str()) && !optional(key));
    found.extend(unknown.map(|key| (key.clone(), "is no key of a policy".to_owned())));
    if found.is_empty() {
        return whole();
    }
    let mut faults: Vec<Fault> = found
        .into_iter()
        .map(|(key, what)| Fault {
            line: line_of(text, &key),
            what: format!("`{key}` {what}"),
            key,
        })
        .collect();
    faults.sort_by_key(|fault| fault.line.unwrap_or(usize::MAX));
    faults
}
