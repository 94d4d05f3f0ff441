//! `accord retention …`

use clap::Subcommand;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, number, text};
use super::progress::Progress;
use crate::http::problem::BrokenOff;
use crate::permission::ActError;

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
        Retention::Run { dry_run: true } => {
            client.post("/retention", &json!({ "dry_run": true })).await?
        }
        Retention::Run { dry_run: false } => purge(client).await?,
    };
    output.object(&row, || describe(&row));
    Ok(Done::Ok)
}

/// What of a run counts as done: reads that a hold keeps were looked at too.
fn looked_at(row: &Value) -> u64 {
    let number = |key| row.get(key).and_then(Value::as_u64).unwrap_or_default();
    ["reads_due", "answers_purged", "entries_redacted"].into_iter().map(number).sum()
}

async fn purge(client: &Client) -> Result<Value, ActError> {
    let progress = Progress::of("records");
    progress.doing("destroying what is past its retention");
    if !progress.unseen() {
        progress.whole(looked_at(&client.get("/retention").await?));
    }
    let mut lines = client.post_lines("/retention", &json!({})).await?;
    while let Some(line) = lines.next::<Value>().await? {
        if let Some(done) = line.get("progress") {
            progress.reached(looked_at(done));
            continue;
        }
        progress.end();
        let Some(problem) = BrokenOff::of(&line) else { return Ok(line) };
        let why = format!(
            "{}; what was logged as destroyed is destroyed by the next run",
            problem.detail
        );
        return Err(ActError::failed_as(problem.code, why));
    }
    Err(ActError::failed("the node stopped before the end; run it again".into()))
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
