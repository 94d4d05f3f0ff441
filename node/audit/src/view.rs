//! Entries as people and scripts read them.

use schemas::body::Body;
use schemas::entry::Header;
use serde_json::{Map, Value, json};

use super::verify::Judged;
use schemas::entry::StoredEntry;

/// What stands in a database is not what the log wrote there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("database holds what this node never writes: {0}")]
pub struct Altered(String);

/// An entry read back: its header, and its body while that is kept.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Option<Body>,
    /// Why what it says is not proven, in words, where that was looked at.
    pub unproven: Option<String>,
}

impl From<Judged> for LogEntry {
    fn from(judged: Judged) -> Self {
        let unproven = judged.proven.word();
        Self { header: judged.header, body: judged.body, unproven }
    }
}

impl LogEntry {
    /// Reads an entry and checks that header, salt and body belong together.
    ///
    /// # Errors
    /// When the database holds what the log never wrote.
    pub fn of(entry: &StoredEntry) -> Result<Self, Altered> {
        let corrupt = Altered;
        let header =
            Header::from_bytes(entry.header.as_bytes()).map_err(|e| corrupt(e.to_string()))?;
        let body = match (&entry.salt, &entry.body) {
            (Some(salt), Some(body)) => {
                if !header.commits_to(salt, body.as_bytes()) {
                    return Err(corrupt(format!("the body of entry {} was changed", header.index)));
                }
                Some(serde_json::from_str(body).map_err(|e| corrupt(e.to_string()))?)
            }
            _ => None,
        };
        Ok(Self { header, body, unproven: None })
    }

    /// The JSON of `accord audit log`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let header = &self.header;
        let mut row = Map::new();
        let mut put = |key: &str, value: Value| {
            if !value.is_null() {
                row.insert(key.to_owned(), value);
            }
        };
        put("index", json!(header.index));
        put("at", json!(header.at));
        put("kind", json!(header.kind));
        put("peer", json!(header.peer));
        put("peer_seq", json!(header.peer_seq));
        put("unproven", json!(self.unproven));
        let Some(body) = &self.body else {
            put("redacted", json!(true));
            return Value::Object(row);
        };
        put("user", json!(body.actor.user));
        put("agency", json!(body.actor.agency));
        put("auth", json!(body.actor.auth));
        put("audit", json!(body.audit));
        if let Some(access) = body.event.access() {
            put("query_id", json!(access.query_id));
            put("requester", json!(access.requester));
            put("owner", json!(access.owner));
            put("purpose", json!(access.why.purpose));
            put("case", json!(access.why.case));
            put("reason", json!(access.why.reason));
            put("elements", json!(access.elements));
            put("authority", json!(access.authority));
            put("outcome", json!(access.outcome));
            put("basis", json!(access.basis));
            put("count", json!(access.count));
            if !access.reasons.is_empty() {
                put("reasons", json!(access.reasons));
            }
        }
        // What else belongs to an act of its kind.
        if let Ok(Value::Object(mut detail)) = serde_json::to_value(&body.event) {
            detail.remove("kind");
            detail.remove("access");
            if !detail.is_empty() {
                put("detail", Value::Object(detail));
            }
        }
        Value::Object(row)
    }
}
