//! Reads of an answer as a table for people.

use serde_json::Value;

use super::output::{table, text};
use super::time::shown;

/// Reads as a table; with what the reader may have confused, where that is so of any.
pub(super) fn listed(reads: &[Value], misread: &[Value]) -> String {
    let mut head = vec!["plate", "seen", "camera", "place", "vehicle"];
    let mut rows: Vec<Vec<String>> = reads.iter().map(row).collect();
    if !misread.is_empty() {
        head.insert(1, "read for");
        for (row, read) in rows.iter_mut().zip(reads) {
            let of = misread.iter().find(|one| text(one, "read") == text(read, "id"));
            row.insert(1, of.map_or_else(String::new, substituted));
        }
    }
    table(&head, &rows)
}

/// `8 for B at 3`, for each character that differs.
fn substituted(misread: &Value) -> String {
    let all = misread.get("substitutions").and_then(Value::as_array).into_iter().flatten();
    let one = |of: &Value| {
        let position = of.get("position").and_then(Value::as_u64).unwrap_or_default();
        format!("{} for {} at {position}", text(of, "read"), text(of, "asked"))
    };
    all.map(one).collect::<Vec<_>>().join(", ")
}

fn row(read: &Value) -> Vec<String> {
    let place = match (read.pointer("/location/latitude"), read.pointer("/location/longitude")) {
        (Some(latitude), Some(longitude)) => {
            let degrees = |value: &Value| format!("{:.4}", value.as_f64().unwrap_or_default());
            format!("{}, {}", degrees(latitude), degrees(longitude))
        }
        _ => String::new(),
    };
    let vehicle: Vec<&str> = ["color", "make", "model", "body"]
        .iter()
        .filter_map(|key| read.pointer(&format!("/vehicle/{key}")).and_then(Value::as_str))
        .collect();
    vec![
        text(read, "plate").into(),
        shown(text(read, "at")),
        text(read, "camera").into(),
        place,
        vehicle.join(" "),
    ]
}
