//! `accord retention …`

use clap::Subcommand;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, number, text};
use crate::acts::ActError;

#[derive(Subcommand)]
pub(super) enum Retention {
    /// What is past its retention, and what holds keep.
    Status,
    /// Destroy what is past its retention, as the node does by itself once a day.
    Run {
        /// Change nothing; say what would be.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn run(
    client: &Client,
    command: Retention,
    output: Output,
) -> Result<Done, ActError> {
    let row: Value = match command {
        Retention::Status => client.get("/retention").await?,
        Retention::Run { dry_run } => {
            client.post("/retention", &json!({ "dry_run": dry_run })).await?
        }
    };
    output.object(&row, || describe(&row));
    Ok(Done::Ok)
}

fn describe(row: &Value) -> String {
    let verb = if row.get("dry_run") == Some(&Value::Bool(true)) { "would be" } else { "were" };
    let day = |key| text(row, key).chars().take(10).collect::<String>();
    format!(
        "reads before {} (UTC): {} due, {} {verb} purged\n\
         kept answers: {} {verb} purged\n\
         log before {} (UTC): bodies and envelopes of {} {verb} destroyed\n\
         under hold: {}",
        day("reads_cut_off"),
        number(row, "reads_due", "read", "reads"),
        number(row, "reads_purged", "read", "reads"),
        number(row, "answers_purged", "answer", "answers"),
        day("entries_cut_off"),
        number(row, "entries_redacted", "entry", "entries"),
        number(row, "held", "thing is kept", "things are kept"),
    )
}
