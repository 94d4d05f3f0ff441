//! `accord query --timeline`: the reads of all owners in one table, the newest first.

use serde_json::Value;

use super::output::{table, text};
use super::time::shown;
use audit::wording::counted;

/// All reads by time, and a summary of them.
pub(super) fn timeline(heard: &[Value]) -> String {
    let mut reads: Vec<(&str, &Value)> = heard
        .iter()
        .flat_map(|one| {
            let reads = one.get("reads").and_then(Value::as_array).into_iter().flatten();
            reads.map(move |read| (text(one, "owner"), read))
        })
        .collect();
    // RFC 3339 in UTC: the texts are in the order of the instants.
    reads.sort_by(|one, other| text(other.1, "at").cmp(text(one.1, "at")));
    let rows: Vec<Vec<String>> = reads
        .iter()
        .map(|(owner, read)| {
            vec![
                shown(text(read, "at")),
                text(read, "plate").into(),
                text(read, "plate_state").into(),
                text(read, "camera").into(),
                (*owner).into(),
            ]
        })
        .collect();
    let last = reads.first().map_or_else(String::new, |(owner, read)| {
        format!(", the last one of {owner}, {}", shown(text(read, "at")))
    });
    let owners = counted(heard.len(), "agency", "agencies");
    let summary = format!("{} of {owners}{last}", counted(reads.len(), "read", "reads"));
    if rows.is_empty() {
        return summary;
    }
    format!("{}\n{summary}", table(&["seen", "plate", "state", "camera", "of"], &rows))
}
