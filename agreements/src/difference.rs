//! What a text says otherwise than the one before, value by value: what a signatory must see.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::agreement::Agreement;
use crate::document::{DocumentError, sense};

/// One value that two texts give differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its key; of a clause, `clause` and its number.
    pub key: String,
    /// What the former text gives, as TOML; absent where it gives nothing.
    pub before: Option<String>,
    /// What the later one gives.
    pub after: Option<String>,
}

/// What `after` says otherwise than `before`, by key. Which version it is goes without saying.
///
/// # Errors
/// When one cannot be written as TOML.
pub fn differences(
    before: &Agreement,
    after: &Agreement,
) -> Result<Vec<Difference>, DocumentError> {
    let (before, after) = (values(before)?, values(after)?);
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |table: &Table, key: &str| table.get(key).map(ToString::to_string);
    let all = keys.into_iter().map(|key| Difference {
        key: key.clone(),
        before: of(&before, key),
        after: of(&after, key),
    });
    Ok(all.filter(|one| one.before != one.after).collect())
}

/// The values of a text, each clause under a key of its own.
fn values(agreement: &Agreement) -> Result<Table, DocumentError> {
    let Agreement { clauses, .. } = agreement;
    let mut table = Table::try_from(agreement).map_err(|e| sense(e.to_string()))?;
    table.retain(|key, _| !matches!(key, "clauses" | "version" | "supersedes"));
    for (place, clause) in clauses.iter().enumerate() {
        let value = Value::try_from(clause).map_err(|e| sense(e.to_string()))?;
        let mut key = format!("clause {}", clause.number);
        if table.contains_key(&key) {
            key = format!("{key}, number {} of all", place.saturating_add(1));
        }
        table.insert(key, value);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template;

    fn drafted(settings: &[(&str, &str)]) -> Agreement {
        let settings: Vec<_> =
            settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let parties = ["ann-ca-pd", "bob-ca-pd"].map(|id| id.parse().unwrap()).to_vec();
        template::draft(
            template::builtin("lasd").unwrap(),
            &"ann-ca-pd/lasd-1".parse().unwrap(),
            parties,
            "2026-01-01T00:00:00Z".parse().unwrap(),
            &settings,
        )
        .unwrap()
    }

    #[test]
    fn every_value_that_differs_is_named_with_both_sides() {
        let before = drafted(&[]);
        assert_eq!(differences(&before, &before).unwrap(), []);
        let mut after = drafted(&[("row_limit", "1000000"), ("daily_limit", "5")]);
        after.parties.push("mallory-ca-pd".parse().unwrap());
        let last = after.clauses.last_mut().unwrap();
        last.text = "Reads are kept for ever".parse().unwrap();
        let clause = format!("clause {}", last.number);
        let found = differences(&before, &after).unwrap();
        let keys: Vec<_> = found.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(keys, [clause.as_str(), "daily_limit", "parties", "row_limit"]);
        assert_eq!(found[1].before.as_deref(), Some("500"));
        assert_eq!(found[1].after.as_deref(), Some("5"));
        assert!(found[2].after.as_ref().unwrap().contains("mallory-ca-pd"));
        assert_eq!(found[3].after.as_deref(), Some("1000000"));
        assert_ne!(found[3].before, found[3].after);
        // A clause that is left out, and one twice under a number.
        let mut fewer = before.clone();
        let gone = fewer.clauses.pop().unwrap();
        let found = differences(&before, &fewer).unwrap();
        assert_eq!((found.len(), &found[0].after), (1, &None));
        assert!(found[0].key.contains(&gone.number));
        let mut twice = before.clone();
        twice.clauses.push(gone);
        assert_eq!(differences(&before, &twice).unwrap().len(), 1);
    }
}
