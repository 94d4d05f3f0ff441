//! What one policy says otherwise than another, value by value: what an administrator sees before another
//! version is adopted.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Policy;
use crate::difference::Difference;
use crate::document::{DocumentError, sense};

impl Policy {
    /// What `after` says otherwise, by key, in the order of the keys.
    ///
    /// # Errors
    /// When one cannot be written as TOML.
    pub fn differences(&self, after: &Self) -> Result<Vec<Difference>, DocumentError> {
        let (before, after) = (self.leaves()?, after.leaves()?);
        let keys = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
        let all = keys.map(|key| Difference {
            key: key.clone(),
            before: before.get(key).cloned(),
            after: after.get(key).cloned(),
        });
        let mut differing: Vec<_> = all.filter(|one| one.before != one.after).collect();
        differing.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(differing)
    }

    fn leaves(&self) -> Result<BTreeMap<String, String>, DocumentError> {
        let table = Table::try_from(self).map_err(|error| sense(error.to_string()))?;
        let mut leaves = BTreeMap::new();
        flatten("", &Value::Table(table), &mut leaves);
        Ok(leaves)
    }
}

/// A value under its dotted key; an item of a list of tables under its code, or what it is.
fn flatten(key: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match value {
        Value::Table(table) => {
            for (name, value) in table {
                flatten(&below(name), value, leaves);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            for (nth, item) in (1..).zip(items) {
                let name = ["code", "what"].iter().find_map(|key| item.get(*key)?.as_str());
                let name = name.map_or_else(|| nth.to_string(), str::to_owned);
                let mut own = below(&name);
                if leaves.keys().any(|known| known.starts_with(&format!("{own}."))) {
                    own = format!("{own}, number {nth}");
                }
                flatten(&own, item, leaves);
            }
        }
        value => {
            leaves.insert(key.to_owned(), value.to_string());
        }
    }
}
