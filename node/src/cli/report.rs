//! `accord audit report`, `sample` and `record`.

use schemas::digest::Digest;
use schemas::event::audit::Shown;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::client::{Client, query_string};
use super::output::{Output, text};
use super::time::instant;
use crate::auditing::periodic::{Audited, Sample, Sampling};
use crate::permission::ActError;
use audit::public::{PublicReport, csv, page};
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
    /// Of a public one: tell counts in parts, ninety days late.
    #[arg(long)]
    in_parts: bool,
    /// Of a public one: make once more the one that this entry records.
    #[arg(long, value_name = "ENTRY", conflicts_with = "in_parts")]
    as_of: Option<u64>,
    /// How it is written; JSON with `--json`, else CSV, unless given.
    #[arg(long)]
    format: Option<Format>,
}

#[derive(clap::Args)]
pub(super) struct SampleArgs {
    /// How many.
    #[arg(long)]
    count: u32,
    /// What decides which; the same seed draws the same ones of the same log.
    #[arg(long)]
    seed: Text,
    /// Looks that others took at the log, in the place of accesses.
    #[arg(long)]
    looks: bool,
    /// At or after.
    #[arg(long, value_parser = instant)]
    from: Option<Timestamp>,
    /// Before.
    #[arg(long, value_parser = instant)]
    until: Option<Timestamp>,
}

#[derive(clap::Args)]
pub(super) struct RecordArgs {
    /// The entry that records what was drawn, as `accord audit sample` told it.
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
    if args.kind == Kind::Public {
        return public(client, args, output).await;
    }
    if args.in_parts || args.as_of.is_some() {
        return Err(ActError::usage(
            "--in-parts and --as-of are of a report for the public; expected --kind public".into(),
        ));
    }
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

/// What the public may see; it sees it once the official released it.
async fn public(client: &Client, args: &ReportArgs, output: Output) -> Result<Done, ActError> {
    if args.from.is_some() || args.until.is_some() {
        return Err(ActError::usage(
            "a public report tells the whole log, so that what it tells adds up; leave out --from and --until".into(),
        ));
    }
    let parts = [
        ("entry", args.as_of.map(|entry| entry.to_string())),
        ("in_parts", args.in_parts.then(|| "true".to_owned())),
    ];
    let report: PublicReport =
        client.get(&format!("/public/report{}", query_string(&parts))).await?;
    let unless = if output.json() { Format::Json } else { Format::Csv };
    match args.format.unwrap_or(unless) {
        // Exactly the bytes that the digest is of, for a file.
        Format::Json if !output.json() => {
            output.object(&json!(report), || {
                String::from_utf8_lossy(&report.bytes()).trim_end().to_owned()
            });
        }
        Format::Json => output.object(&json!(report), String::new),
        Format::Csv => {
            output.object(&json!({ "csv": csv(&report) }), || csv(&report).trim_end().to_owned())
        }
        Format::Html => output.object(&json!({ "html": page(&report) }), || page(&report)),
    }
    super::output::err(&format!(
        "entry {0} records the report, its digest is {1}; nobody sees it until the official releases it: accord audit release report --entry {0} --digest {1}",
        report.entry,
        report.digest()
    ));
    Ok(Done::Ok)
}

/// What is released, or shown no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum What {
    /// A public report.
    Report,
    /// The page of the policy, as `accord policy page` prints it.
    Page,
}

impl From<What> for Shown {
    fn from(what: What) -> Self {
        match what {
            What::Report => Self::Report,
            What::Page => Self::Page,
        }
    }
}

#[derive(clap::Args)]
pub(super) struct ReleaseArgs {
    /// What.
    what: What,
    /// Of a report: the entry that records it.
    #[arg(long, value_name = "ENTRY", required_if_eq("what", "report"))]
    entry: Option<u64>,
    /// The digest of what you read, as it was told with it.
    #[arg(long, value_name = "SHA256")]
    digest: Digest,
}

pub(super) async fn release(
    client: &Client,
    args: &ReleaseArgs,
    output: Output,
) -> Result<Done, ActError> {
    let shown = Shown::from(args.what);
    let asked = json!({ "shown": shown, "entry": args.entry, "digest": args.digest });
    let done: Value = client.post("/public/release", &asked).await?;
    output.object(&done, || {
        let at = if shown == Shown::Page { "/public/policy" } else { "/public/report" };
        format!("released; the public sees it at {at} of the HTTPS port")
    });
    Ok(Done::Ok)
}

#[derive(clap::Args)]
pub(super) struct WithdrawArgs {
    /// What.
    what: What,
    /// Why.
    #[arg(long)]
    reason: Text,
}

pub(super) async fn withdraw(
    client: &Client,
    args: &WithdrawArgs,
    output: Output,
) -> Result<Done, ActError> {
    let asked = json!({ "shown": Shown::from(args.what), "reason": args.reason });
    let done: Value = client.post("/public/withdraw", &asked).await?;
    output.object(&done, || {
        "the public sees it no longer; that it was released stays on record".into()
    });
    Ok(Done::Ok)
}

pub(super) async fn sample(
    client: &Client,
    args: SampleArgs,
    output: Output,
) -> Result<Done, ActError> {
    let SampleArgs { count, seed, looks, from, until } = args;
    let wanted = Sampling { count, seed, looks, from, until };
    let sample: Sample = client.post("/audit/sample", &json!(wanted)).await?;
    for row in &sample.rows {
        let mut row = row.clone();
        row.insert("sample".into(), json!(sample.sample));
        let row = Value::Object(row);
        output.object(&row, || {
            let index = row.get("index").map(Value::to_string).unwrap_or_default();
            let access = ["at", "user", "data_queried", "purpose", "case", "reason", "outcome"];
            let look = ["at", "user", "looked_at"];
            let keys = if looks { look.as_slice() } else { access.as_slice() };
            let said: Vec<&str> =
                keys.iter().map(|key| text(&row, key)).filter(|said| !said.is_empty()).collect();
            let under = if looks { occasion(&row) } else { String::new() };
            format!("{index:>6}  {}{under}", said.join("  "))
        });
    }
    super::output::err(&format!(
        "{} drawn of {}; record what you find with `accord audit record --sample {} --finding …`",
        if looks {
            counted(sample.rows.len(), "look", "looks")
        } else {
            counted(sample.rows.len(), "access", "accesses")
        },
        sample.among,
        sample.sample
    ));
    Ok(Done::Ok)
}

/// Under which audit a look was taken.
fn occasion(row: &Value) -> String {
    let Some(audit) = row.get("audit") else { return "  under no audit".into() };
    format!("  under audit {audit}: {}", text(row, "occasion"))
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
