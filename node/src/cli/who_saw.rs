//! `accord audit plate`, `user` and `show`: who saw a plate, what somebody asked, one entry whole.

use schemas::plate::Plate;
use serde_json::{Value, json};

use super::Done;
use super::audit::describe;
use super::client::Client;
use super::output::{Output, counted_entries, text};
use super::time::shown;
use crate::http::problem::BrokenOff;
use crate::permission::ActError;

/// Everybody to whom a read of a plate was released or shown.
pub(super) async fn plate(
    client: &Client,
    plate: &Plate,
    output: Output,
) -> Result<Done, ActError> {
    entries(client, "/audit/plate", &json!({ "plate": plate }), output).await
}

/// All that one person did.
pub(super) async fn user(client: &Client, user: &str, output: Output) -> Result<Done, ActError> {
    entries(client, "/audit/log", &json!({ "user": user }), output).await
}

async fn entries(
    client: &Client,
    path: &str,
    wanted: &Value,
    output: Output,
) -> Result<Done, ActError> {
    let mut lines = client.post_lines(path, wanted).await?;
    let mut count = 0_usize;
    while let Some(entry) = lines.next::<Value>().await? {
        if let Some(problem) = BrokenOff::of(&entry) {
            return Err(ActError::failed_as(problem.code, problem.detail));
        }
        count = count.saturating_add(1);
        output.object(&entry, || describe(&entry));
    }
    if !output.json() {
        output.note(&counted_entries(count));
    }
    Ok(Done::Ok)
}

/// One entry with its envelopes and its proof.
pub(super) async fn show(client: &Client, index: u64, output: Output) -> Result<Done, ActError> {
    let whole: Value = client.get(&format!("/audit/entries/{index}")).await?;
    output.object(&whole, || {
        let entry = whole.get("entry").cloned().unwrap_or_default();
        let body =
            whole.get("body").map(|body| serde_json::to_string_pretty(body).unwrap_or_default());
        format!(
            "entry {index}, {}, {}\n{}\n\n{}\n\nsigned:\n{}\n\nproof of its place:\n{}",
            text(&entry, "kind"),
            shown(text(&entry, "at")),
            describe(&entry).trim(),
            body.unwrap_or_default(),
            text(&whole, "envelopes"),
            text(&whole, "proof").trim_end()
        )
    });
    Ok(Done::Ok)
}
