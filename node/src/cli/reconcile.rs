//! `accord audit reconcile` with a peer, or of two exports where no node is, by someone who trusts neither
//! agency; and `accord audit explain`.

use std::path::{Path, PathBuf};

use audit::wording::counted;
use audit::{Pin, pins, two_bundles, wording};
use clap::Args;
use schemas::agency::AgencyId;
use schemas::event::audit::{FindingsExplained, MOST_EXPLAINED};
use schemas::finding::FindingClass;
use schemas::query::QueryId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::bundle::{opened, unable};
use super::client::Client;
use super::out_file;
use super::output::{Output, one_line, text};
use super::time::shown;
use crate::permission::ActError;

pub(super) fn bundles(
    paths: [PathBuf; 2],
    keys: &[Pin],
    grace_seconds: u32,
    out: Option<&Path>,
    output: Output,
) -> Result<Done, ActError> {
    let [first, second] = &paths;
    let mut bundles = [opened(first)?, opened(second)?];
    let grace_ms = i64::from(grace_seconds).saturating_mul(1_000);
    let compared =
        two_bundles::reconcile(&mut bundles, &pins::by_agency(keys), grace_ms).map_err(unable)?;
    if let Some(out) = out {
        let (heads, report) = (&compared.heads, &compared.report);
        export(out, &serde_json::json!({ "heads": heads, "report": report }))?;
    }
    output.object(&compared.report, || wording::compared(&compared.report));
    Ok(if compared.report.findings.is_empty() { Done::Ok } else { Done::Refused })
}

pub(super) fn heads(paths: &[PathBuf], keys: &[Pin], output: Output) -> Result<Done, ActError> {
    let mut bundles = paths.iter().map(|path| opened(path)).collect::<Result<Vec<_>, _>>()?;
    let compared = audit::heads::compare(&mut bundles, &pins::by_agency(keys)).map_err(unable)?;
    output.object(&compared, || wording::heads(&compared));
    Ok(if compared.ok() { Done::Ok } else { Done::Refused })
}

/// Writes findings with what they rest on.
pub(super) fn export(out: &Path, all: &Value) -> Result<(), ActError> {
    let mut text = serde_json::to_vec_pretty(all).map_err(|e| ActError::failed(e.to_string()))?;
    text.push(b'\n');
    out_file::write(out, &text)
}

/// The time within which exchanges are compared.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Period {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

/// Compares the node's log with a peer's.
pub(super) async fn peer(
    client: &Client,
    peer: &AgencyId,
    period: Period,
    out: Option<&Path>,
    output: Output,
) -> Result<Done, ActError> {
    let report = compared(client, peer, period).await?;
    if let Some(out) = out {
        export(out, &json!({ "report": report }))?;
    }
    let findings = findings(&report);
    output.object(&report, || reconciled(&report, findings));
    Ok(if findings.is_empty() { Done::Ok } else { Done::Refused })
}

async fn compared(client: &Client, peer: &AgencyId, period: Period) -> Result<Value, ActError> {
    let Period { from, until } = period;
    client.post("/audit/reconcile", &json!({ "peer": peer, "from": from, "until": until })).await
}

fn findings(report: &Value) -> &[Value] {
    report.get("findings").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `accord audit explain`
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The agency whose log was compared with this one's.
    #[arg(long)]
    peer: AgencyId,
    /// The class of the findings, such as `owner_holds_unknown_query`.
    #[arg(long)]
    class: FindingClass,
    /// The query that a finding is about; may be given more than once.
    #[arg(long, value_name = "ID")]
    query: Vec<QueryId>,
    /// Compare now, and explain every finding of this class that nobody has explained.
    #[arg(long, conflicts_with_all = ["query", "log", "entry"])]
    all: bool,
    /// Whose log it is about, where the finding says so.
    #[arg(long, value_name = "AGENCY")]
    log: Option<AgencyId>,
    /// The entry of that log, where the finding says so.
    #[arg(long, requires = "log", value_name = "INDEX")]
    entry: Option<u64>,
    /// How they came about, as an auditor of either agency will read it.
    #[arg(long)]
    reason: Text,
}

/// Explains findings, and tells each entry that says so.
pub(super) async fn explain(
    client: &Client,
    args: ExplainArgs,
    output: Output,
) -> Result<Done, ActError> {
    let ExplainArgs { peer, class, query, all, log, entry, reason } = args;
    let of = |queries: &[QueryId], log: Option<AgencyId>, index: Option<u64>| {
        let (queries, reason) = (queries.to_vec(), reason.clone());
        FindingsExplained { class, queries, log, index, reason }
    };
    let mut wanted = Vec::new();
    if all {
        let report = compared(client, &peer, Period::default()).await?;
        let found = findings(&report)
            .iter()
            .filter(|one| text(one, "class") == class.code() && one.get("explained").is_none());
        let mut queries: Vec<QueryId> = Vec::new();
        for one in found {
            let index = one.get("index").and_then(Value::as_u64);
            let log = text(one, "agency").parse().ok();
            match text(one, "query_id").parse() {
                Ok(query) if index.is_none() => queries.push(query),
                Ok(query) => wanted.push(of(&[query], log, index)),
                Err(_) => wanted.push(of(&[], log, index)),
            }
        }
        wanted.extend(queries.chunks(MOST_EXPLAINED).map(|some| of(some, None, None)));
    } else {
        wanted.push(of(&query, log, entry));
    }
    if wanted.is_empty() {
        let none = format!("no finding `{class}` with {peer} is without explanation");
        output.note(&none);
        return Ok(Done::Ok);
    }
    for findings in wanted {
        let explaining = json!({ "peer": peer, "findings": findings });
        let row: Value = client.post("/audit/explain", &explaining).await?;
        output.object(&row, || {
            let entry = row.get("entry").map(Value::to_string).unwrap_or_default();
            let about = match findings.queries.len() {
                0 => String::new(),
                some => format!(" of {}", counted(some, "exchange", "exchanges")),
            };
            format!("entry {entry} explains {class}{about} with {peer}")
        });
    }
    Ok(Done::Ok)
}

fn reconciled(report: &Value, findings: &[Value]) -> String {
    let plain = |key: &str| report.get(key).map(Value::to_string).unwrap_or_default();
    let mut out = format!(
        "with {}: {} matched, {} refused on both sides, {} still open, {}",
        text(report, "peer"),
        plain("matched"),
        plain("refused_both"),
        plain("open"),
        counted(findings.len(), "finding", "findings")
    );
    match findings.iter().filter(|one| one.get("explained").is_some()).count() {
        0 => {}
        some => out += &format!(", {some} explained"),
    }
    if report.get("further").and_then(Value::as_u64).unwrap_or(0) > 0 {
        out += &format!(
            "\n  {} further exchanges stand where the logs differ; compare a shorter time with --from and --until",
            plain("further")
        );
    }
    if report.get("unjudged").and_then(Value::as_u64).unwrap_or(0) > 0 {
        out += &format!(
            "\n  the entries of {} findings were not looked at again, which hold nobody to a signature; compare exports of both logs",
            plain("unjudged")
        );
    }
    for finding in findings {
        out += &told(finding);
        for said in finding.get("explained").and_then(Value::as_array).into_iter().flatten() {
            out += &format!(
                "\n      explained by {} on {} (entry {}): {}",
                text(said, "by"),
                shown(text(said, "at")),
                said.get("entry").map(Value::to_string).unwrap_or_default(),
                one_line(text(said, "reason"))
            );
        }
    }
    out
}

/// One finding.
fn told(finding: &Value) -> String {
    if let Some(message) = finding.get("message").and_then(Value::as_str) {
        let query = match text(finding, "query_id") {
            "" => String::new(),
            query => format!("  query {query}"),
        };
        return format!("\n  {}{query}: {}", text(finding, "class"), one_line(message));
    }
    let side = |key: &str| {
        let line = finding.get(key).and_then(|line| line.get("reached"));
        line.and_then(Value::as_str).unwrap_or("nothing").to_owned()
    };
    format!(
        "\n  {}  query {}: our log says {}, theirs {}",
        text(finding, "class"),
        text(finding, "query_id"),
        side("ours"),
        side("theirs")
    )
}
