//! `accord query list` and `query show`: what one has asked before, and the answers that are kept.

use clap::Subcommand;
use schemas::body::Outcome;
use schemas::plate::Plate;
use schemas::query::QueryId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::client::{Client, escaped};
use super::output::{Output, one_line, table, text};
use super::query::describe;
use super::time::{instant, shown};
use crate::exchange::ask::{ReleaseInput, ReleaseVerdict};
use crate::permission::ActError;

#[derive(Subcommand)]
pub(super) enum Past {
    /// List what you have asked, the newest first.
    List {
        /// Naming this plate.
        #[arg(long)]
        plate: Option<Plate>,
        /// For this case.
        #[arg(long)]
        case: Option<Text>,
        /// Asked at or after.
        #[arg(long, value_parser = instant, value_name = "TIME")]
        from: Option<Timestamp>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 20)]
        last: usize,
    },
    /// List the queries of others that say what endangers a life and that the screening of our own
    /// policy refused: they wait for another person to release them.
    Releases,
    /// Release one of them, or not. It leaves by who asked, and its owner still decides.
    Release {
        /// The query.
        id: QueryId,
        /// Why; it is logged on both sides.
        #[arg(long)]
        reason: Text,
        /// It is not released.
        #[arg(long)]
        deny: bool,
    },
    /// Show one of them, with its answer while that is kept; showing an answer is logged.
    Show {
        /// Its id, or what no other of yours begins with.
        id: String,
    },
}

pub(super) async fn run(client: &Client, past: &Past, output: Output) -> Result<Done, ActError> {
    match past {
        Past::List { plate, case, from, last } => {
            let wanted = json!({ "plate": plate, "case": case, "from": from, "limit": last });
            list(client, &wanted, output).await
        }
        Past::Show { id } => show(client, id, output).await,
        Past::Releases => releases(client, output).await,
        Past::Release { id, reason, deny } => {
            let verdict = if *deny { ReleaseVerdict::Denied } else { ReleaseVerdict::Released };
            let input = ReleaseInput { verdict, reason: reason.clone() };
            let decided: Value = client.post(&format!("/queries/{id}/release"), &input).await?;
            output.object(&decided, || released(&decided));
            Ok(Done::Ok)
        }
    }
}

async fn list(client: &Client, wanted: &Value, output: Output) -> Result<Done, ActError> {
    let mut lines = client.post_lines("/queries/past", wanted).await?;
    let mut rows = Vec::new();
    while let Some(one) = lines.next::<Value>().await? {
        if output.json() {
            output.object(&one, String::new);
        } else {
            rows.push(row(&one));
        }
    }
    if !output.json() {
        output.note(&table(&["query", "asked", "of", "for", "case", "came to"], &rows));
    }
    Ok(Done::Ok)
}

fn row(one: &Value) -> Vec<String> {
    let id: String = text(one, "query_id").chars().take(8).collect();
    let of = |path: &str| one.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let plate = of("/elements/plate");
    let what = if plate.is_empty() { of("/elements/pattern") } else { plate };
    let what = if what.is_empty() { of("/elements/kind") } else { what };
    let count = one.get("count").and_then(Value::as_u64);
    let came = match count {
        Some(count) => format!("{} ({count})", text(one, "outcome")),
        None => text(one, "outcome").to_owned(),
    };
    vec![id, shown(text(one, "at")), text(one, "owner").into(), what, of("/why/case"), came]
}

async fn releases(client: &Client, output: Output) -> Result<Done, ActError> {
    let all: Vec<Value> = client.get("/releases").await?;
    if all.is_empty() {
        output.note("no query waits to be released");
    }
    for one in &all {
        output.object(one, || waits(one));
    }
    Ok(Done::Ok)
}

/// A query that waits, as who may release it reads it.
fn waits(one: &Value) -> String {
    let of = |path: &str| one.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let what = [of("/elements/plate"), of("/elements/pattern"), of("/elements/kind")];
    let what = what.into_iter().find(|what| !what.is_empty()).unwrap_or_default();
    let mut out = format!(
        "{}: {} asks {} for {what}, case {}; it waits until {}\n  in danger: {}\n  reason: {}",
        text(one, "query_id"),
        one_line(text(one, "full_name")),
        text(one, "owner"),
        one_line(of("/why/case")),
        shown(text(one, "until")),
        one_line(of("/why/danger")),
        one_line(of("/why/reason")),
    );
    for reason in one.get("reasons").and_then(Value::as_array).into_iter().flatten() {
        out += "\n";
        out += &super::query::reason(reason, "  ");
    }
    out
}

/// What became of one of them.
fn released(decided: &Value) -> String {
    let (id, user) = (text(decided, "query_id"), text(decided, "user"));
    if text(decided, "verdict") == "denied" {
        return format!("query {id} of {user} is not released; nothing was sent");
    }
    let (owner, outcome) = (text(decided, "owner"), text(decided, "outcome"));
    let mut out = format!("query {id} of {user} to {owner}: {outcome}; {user} sees what came");
    for reason in decided.get("reasons").and_then(Value::as_array).into_iter().flatten() {
        out += "\n";
        out += &super::query::reason(reason, "  ");
    }
    out
}

/// The whole id of a query of whoever asks.
pub(super) async fn whole_id(client: &Client, prefix: &str) -> Result<QueryId, ActError> {
    if let Ok(id) = prefix.parse() {
        return Ok(id);
    }
    let one: Value = client.get(&format!("/queries/{}", escaped(prefix))).await?;
    text(&one, "query_id").parse().map_err(|_| ActError::failed("a query without an id".into()))
}

async fn show(client: &Client, prefix: &str, output: Output) -> Result<Done, ActError> {
    let one: Value = client.get(&format!("/queries/{}", escaped(prefix))).await?;
    let outcome = one.get("outcome").cloned().and_then(|o| serde_json::from_value(o).ok());
    let kept = outcome == Some(Outcome::Answered) && one.get("own") == Some(&Value::Bool(false));
    if kept {
        let id = text(&one, "query_id");
        let heard: Value = client.post(&format!("/queries/{id}/again"), &Value::Null).await?;
        output.object(&heard, || format!("{}\n\n{}", head(&one), describe(&heard)));
    } else {
        output.object(&one, || head(&one));
    }
    Ok(Done::Ok)
}

/// What was asked, why, and what became of it.
fn head(one: &Value) -> String {
    let of = |path: &str| one.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let [_, at, owner, what, case, came] = <[String; 6]>::try_from(row(one)).unwrap_or_default();
    let mut out = format!("query {} to {owner}, {at}: {what}, {came}", text(one, "query_id"));
    out += &format!("\n{}, case {case}: {}", of("/why/purpose"), one_line(of("/why/reason")));
    for reason in one.get("reasons").and_then(Value::as_array).into_iter().flatten() {
        out += "\n";
        out += &super::query::reason(reason, "  ");
    }
    out
}
