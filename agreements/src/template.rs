//! Templates of agreements, and drafting from one.

use schemas::agency::AgencyId;
use schemas::authority::{AuthorityId, AuthorityName};
use schemas::time::{DAY_MS, Timestamp};
use toml::{Table, Value};

use crate::agreement::Agreement;
use crate::document::{DocumentError, read, sense, write};

/// The templates that come with the node.
pub const NAMES: [&str; 2] = ["lasd", "arjis"];

/// Keys that `--set` may give another value.
const SETTABLE: [&str; 21] = [
    "id",
    "version",
    "supersedes",
    "title",
    "effective",
    "expires",
    "termination_notice_days",
    "purposes",
    "images",
    "lookback_days",
    "row_limit",
    "daily_limit",
    "case_required",
    "people_attested",
    "one_way",
    "answers_kept_days",
    "audit_every_days",
    "query_kinds",
    "known_characters",
    "longest_days",
    "widest_m",
];

/// The text of a template that comes with the node.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static str> {
    match name {
        "lasd" => Some(include_str!("../templates/lasd.toml")),
        "arjis" => Some(include_str!("../templates/arjis.toml")),
        _ => None,
    }
}

/// Drafts an agreement between `parties`: in force from `now`, for the template's `term_days`,
/// unless `settings` (key, value) say otherwise. A value is written as in TOML; the quotes of a
/// plain text may be left out, and so may the agency of an `id` that is the one of `id`'s.
///
/// # Errors
/// When the template cannot be read, a key may not be set, or the result does not hold together.
pub fn draft(
    template: &str,
    id: &AuthorityId,
    parties: Vec<AgencyId>,
    now: Timestamp,
    settings: &[(String, String)],
) -> Result<Agreement, DocumentError> {
    let mut table: Table = read("template", template)?;
    let days = match table.remove("term_days") {
        Some(Value::Integer(days)) => days,
        _ => return Err(sense("template: `term_days` must be a whole number of days")),
    };
    let parties = parties.into_iter().map(|party| Value::String(party.to_string())).collect();
    table.insert("id".into(), Value::String(id.to_string()));
    table.insert("parties".into(), Value::Array(parties));
    table.insert("effective".into(), Value::String(now.to_string()));
    let expires = now.plus_millis(days.saturating_mul(DAY_MS));
    table.insert("expires".into(), Value::String(expires.to_string()));
    for (key, value) in settings {
        if !SETTABLE.contains(&key.as_str()) {
            return Err(sense(format!(
                "`{key}` cannot be set; expected one of {}",
                SETTABLE.join(", ")
            )));
        }
        let value = match (key.as_str(), typed(value)) {
            ("id", Value::String(name)) => {
                let name: AuthorityName = name.parse().map_err(|e| sense(format!("{e}")))?;
                Value::String(name.under(id.agency()).to_string())
            }
            (_, value) => value,
        };
        table.insert(key.clone(), value);
    }
    Agreement::from_toml("draft", &write("draft", &table)?)
}

/// A value as TOML reads it, else as plain text.
fn typed(text: &str) -> Value {
    let parsed: Result<Table, _> = toml::from_str(&format!("value = {text}"));
    match parsed.ok().and_then(|mut table| table.remove("value")) {
        Some(
            value @ (Value::Integer(_) | Value::Boolean(_) | Value::Array(_) | Value::String(_)),
        ) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafted(name: &str, settings: &[(&str, &str)]) -> Result<Agreement, DocumentError> {
        let parties = vec!["a-ca-pd".parse().unwrap(), "b-ca-pd".parse().unwrap()];
        let settings: Vec<_> =
            settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        draft(builtin(name).unwrap(), &"a-ca-pd/draft-1".parse().unwrap(), parties, now, &settings)
    }

    #[test]
    fn every_template_drafts_and_reads_back() {
        for name in NAMES {
            let agreement = drafted(name, &[]).unwrap();
            let text = agreement.to_toml().unwrap();
            assert_eq!(Agreement::from_toml("draft", &text).unwrap(), agreement);
            assert!(!agreement.onward_sharing);
            // Every key that a refusal may cite is put into words by a clause.
            for key in ["purposes", "query_kinds", "expires", "suspend", "withdraw", "shares_with"]
            {
                assert!(!agreement.cite(key).section.contains('`'), "{name}: {key}");
            }
        }
    }

    #[test]
    fn settings_are_typed_and_unknown_ones_named() {
        let agreement = drafted(
            "lasd",
            &[("row_limit", "20"), ("case_required", "true"), ("title", "Our own")],
        )
        .unwrap();
        assert_eq!(
            (agreement.row_limit, agreement.case_required, agreement.title.as_str()),
            (20, true, "Our own")
        );
        for (set, id) in [("plates-1", "a-ca-pd/plates-1"), ("b-ca-pd/other", "b-ca-pd/other")] {
            assert_eq!(drafted("lasd", &[("id", set)]).unwrap().id.to_string(), id);
        }
        assert!(drafted("lasd", &[("id", "no id")]).is_err());
        assert!(drafted("lasd", &[("version", "2")]).is_err(), "it supersedes nothing");
        let error = drafted("lasd", &[("onward_sharing", "true")]).unwrap_err().to_string();
        assert!(error.contains("`onward_sharing` cannot be set"), "{error}");
        assert!(drafted("lasd", &[("row_limit", "0")]).is_err());
        assert_eq!(drafted("lasd", &[("longest_days", "3")]).unwrap().longest_days, Some(3));
        for (key, value) in
            [("known_characters", "1"), ("widest_m", "10001"), ("longest_days", "0")]
        {
            let error = drafted("lasd", &[(key, value)]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}` is {value}; expected")), "{error}");
        }
        assert!(drafted("lasd", &[("row_limit", "many")]).is_err());
        assert!(drafted("lasd", &[("expires", "2025-01-01T00:00:00Z")]).is_err());
    }
}
