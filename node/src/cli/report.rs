//! `accord audit report`, `sample` and `record`.

use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::client::{Client, query_string};
use super::output::{Output, text};
use super::time::instant;
use crate::auditing::periodic::{Audited, Sample, Sampling};
use crate::permission::ActError;
use audit::report::render::{Format, printed, summary};
use audit::report::{Kind, Report};
use audit::wording::counted;

#[derive(clap::Args)]
pub(super) struct ReportArgs {
    /// What it is about.
    #[arg(long)]
    kind: Kind,
    /// At or after.
    #[arg(long, value_parser = instant)]
    from: Option<Timestamp>,
    /// Before.
    #[arg(long, value_parser = instant)]
    until: Option<Timestamp>,
    /// How it is written; JSON with `--json`, else CSV, unless given.
    #[arg(long)]
    format: Option<Format>,
}

#[derive(clap::Args)]
pub(super) struct SampleArgs {
    /// How many accesses.
    #[arg(long)]
    count: u32,
    /// What decides which; the same seed draws the same accesses of the same log.
    #[arg(long)]
    seed: Text,
    /// At or after.
    #[arg(long, value_parser = instant)]
    from: Option<Timestamp>,
    /// Before.
    #[arg(long, value_parser = instant)]
    until: Option<Timestamp>,
}

#[derive(clap::Args)]
pub(super) struct RecordArgs {
    /// The entry that records which accesses were drawn, as `accord audit sample` told it.
    #[arg(long, value_name = "ENTRY")]
    sample: Option<u64>,
    /// What was found, in words.
    #[arg(long)]
    finding: Text,
    /// An entry that the finding is about.
    #[arg(long, value_name = "ENTRY")]
    entry: Vec<u64>,
    /// Everything was in order.
    #[arg(long)]
    ok: bool,
}

pub(super) async fn report(
    client: &Client,
    args: &ReportArgs,
    output: Output,
) -> Result<Done, ActError> {
    let parts = [
        ("kind", Some(args.kind.code().to_owned())),
        ("from", args.from.map(|at| at.to_string())),
        ("until", args.until.map(|at| at.to_string())),
    ];
    let report: Report = client.get(&format!("/audit/report{}", query_string(&parts))).await?;
    let unless = if output.json() { Format::Json } else { Format::Csv };
    for (object, text) in printed(&report, args.format.unwrap_or(unless)) {
        output.object(&object, || text);
    }
    super::output::err(&summary(&report));
    Ok(Done::Ok)
}

pub(super) async fn sample(
    client: &Client,
    args: SampleArgs,
    output: Output,
) -> Result<Done, ActError> {
    let SampleArgs { count, seed, from, until } = args;
    let sample: Sample =
        client.post("/audit/sample", &json!(Sampling { count, seed, from, until })).await?;
    for row in &sample.rows {
        let mut row = row.clone();
        row.insert("sample".into(), json!(sample.sample));
        let row = Value::Object(row);
        output.object(&row, || {
            let index = row.get("index").map(Value::to_string).unwrap_or_default();
            let said = ["at", "user", "data_queried", "purpose", "case", "reason", "outcome"];
            let said: Vec<&str> =
                said.iter().map(|key| text(&row, key)).filter(|said| !said.is_empty()).collect();
            format!("{index:>6}  {}", said.join("  "))
        });
    }
    super::output::err(&format!(
        "{} drawn of {}; record what you find with `accord audit record --sample {} --finding …`",
        counted(sample.rows.len(), "access", "accesses"),
        sample.among,
        sample.sample
    ));
    Ok(Done::Ok)
}

pub(super) async fn record(
    client: &Client,
    args: RecordArgs,
    output: Output,
) -> Result<Done, ActError> {
    let RecordArgs { sample, finding, entry, ok } = args;
    let audited = Audited { sample, finding, entries: entry, ok };
    let row: Value = client.post("/audit/record", &json!(audited)).await?;
    output.object(&row, || {
        let index = row.get("index").map(Value::to_string).unwrap_or_default();
        format!("the audit is recorded as entry {index}: {}", text(&row, "finding"))
    });
    Ok(Done::Ok)
}
