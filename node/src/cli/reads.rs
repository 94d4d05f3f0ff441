//! `accord reads …`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hyper::body::Bytes;
use ingest::SHIPPED_MAPPINGS;
use schemas::agency::State;
use schemas::outcome::OutcomeCode;
use schemas::plate::Plate;
use schemas::read::ReadId;
use schemas::text::Text;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use super::Done;
use super::asking::{What, Why};
use super::audits::Under;
use super::client::{Client, query_string};
use super::output::{Output, err, number, table, text};
use super::progress::Progress;
use super::query;
use super::time::shown;
use crate::http::problem::BrokenOff;
use crate::permission::ActError;
use crate::reads::corrections::CorrectionRequest;
use crate::reads::intake::ImportSummary;
use audit::wording::counted;

mod mapping;

/// Bytes sent at a time.
const CHUNK: usize = 64 * 1024;

#[derive(Subcommand)]
pub(super) enum Reads {
    /// Bring in reads from files; `-` is standard input.
    Import {
        /// The format; found out from the content unless given.
        #[arg(long, default_value = "auto")]
        format: String,
        /// For tables and other exports: which column, or field, holds what; a file, or the name of one that
        /// `accord reads mapping` lists.
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// The camera of records that name none.
        #[arg(long)]
        camera: Option<Text>,
        /// The zone of times that have none, such as `America/Los_Angeles`.
        #[arg(long, value_name = "ZONE")]
        zone: Option<String>,
        /// Store nothing: show the first three reads as they would be stored, and what of the whole could
        /// not be used.
        #[arg(long)]
        dry_run: bool,
        /// The files.
        #[arg(required = true, value_name = "PATH")]
        files: Vec<PathBuf>,
    },
    /// Correct the plate of a read; every agency that received it is told, with the reason.
    Correct {
        /// The read's id.
        #[arg(value_name = "ID")]
        id: ReadId,
        /// The plate as it is.
        #[arg(long)]
        plate: Plate,
        /// The plate's state, where that was wrong too.
        #[arg(long, value_name = "ST")]
        plate_state: Option<State>,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// Search them; logged like any access.
    Search(Box<SearchArgs>),
    /// Every version of a read, for who audits.
    Versions {
        /// The read's id.
        #[arg(value_name = "ID")]
        id: ReadId,
        #[command(flatten)]
        under: Under,
    },
    /// What a mapping may say, and the mappings that come with the program.
    Mapping {
        /// Print one of them, to begin with.
        #[arg(long, value_name = "NAME")]
        example: Option<String>,
    },
    /// What is stored.
    Stats,
}

/// What is looked for and why.
#[derive(clap::Args)]
pub(super) struct SearchArgs {
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    what: What,
}

pub(super) async fn run(client: &Client, command: Reads, output: Output) -> Result<Done, ActError> {
    match command {
        Reads::Stats => {
            let stats: Value = client.get("/reads/stats").await?;
            output.object(&stats, || stats_shown(&stats));
            Ok(Done::Ok)
        }
        Reads::Correct { id, plate, plate_state, reason } => {
            let wrong = CorrectionRequest { plate, plate_state, reason };
            let done: Value = client.post(&format!("/reads/{id}/correction"), &wrong).await?;
            output.object(&done, || {
                format!(
                    "{} is now {}, version {}; told for {}",
                    text(&done, "was"),
                    text(&done, "plate"),
                    done.get("version").and_then(Value::as_u64).unwrap_or_default(),
                    number(&done, "told", "answer", "answers")
                )
            });
            Ok(Done::Ok)
        }
        Reads::Search(args) => {
            let draft = query::drafted(client, &args.why, &args.what)?;
            let heard: Value = client.post("/reads/search", &draft).await?;
            output.object(&heard, || query::describe(&heard));
            let refused = query::outcome_code(&heard) == Some(OutcomeCode::Refused);
            Ok(if refused { Done::Refused } else { Done::Ok })
        }
        Reads::Versions { id, under } => {
            let client = client.under(&under);
            let versions: Vec<Value> = client.get(&format!("/reads/{id}/versions")).await?;
            if output.json() {
                versions.iter().for_each(|one| output.object(one, String::new));
            } else {
                output.object(&versions, || versions_table(&versions));
            }
            Ok(Done::Ok)
        }
        Reads::Mapping { example } => mapping::shown(example.as_deref(), output),
        Reads::Import { format, mapping, camera, zone, dry_run, files } => {
            let mapping = mapping.as_deref().map(mapping_of).transpose()?;
            if dry_run {
                let how = mapping::How { format, mapping, camera, zone };
                return mapping::dry_run(how, &files, output);
            }
            let camera = camera.map(|camera| camera.to_string());
            let how = [
                ("format", Some(format)),
                ("mapping", mapping),
                ("camera", camera),
                ("zone", zone),
            ];
            let mut worst = Done::Ok;
            for file in &files {
                if import(client, &how, file, output).await? == Done::Refused {
                    worst = Done::Refused;
                }
            }
            Ok(worst)
        }
    }
}

fn stats_shown(stats: &Value) -> String {
    let mut said = format!(
        "{} of {} by {}",
        number(stats, "reads", "read", "reads"),
        number(stats, "plates", "plate", "plates"),
        number(stats, "cameras", "camera", "cameras"),
    );
    if stats.get("earliest").is_some_and(Value::is_string) {
        let (earliest, latest) = (text(stats, "earliest"), text(stats, "latest"));
        said += &format!(", from {} until {}", shown(earliest), shown(latest));
    }
    said += &format!(
        "\n{} in the last hour, {} in the last day; {}",
        number(stats, "last_hour", "read", "reads"),
        number(stats, "last_day", "read", "reads"),
        number(stats, "photographs", "photograph", "photographs"),
    );
    let cameras = stats.get("by_camera").and_then(Value::as_array);
    let rows: Vec<_> = cameras
        .into_iter()
        .flatten()
        .map(|one| {
            let reads = one.get("reads").map(Value::to_string).unwrap_or_default();
            vec![text(one, "camera").to_owned(), reads, shown(text(one, "latest"))]
        })
        .collect();
    if !rows.is_empty() {
        said += &format!("\n\n{}", table(&["camera", "reads", "last seen"], &rows));
    }
    said
}

fn versions_table(versions: &[Value]) -> String {
    let number = |one: &Value, key: &str| one.get(key).and_then(Value::as_u64);
    let shown_number = |value: Option<u64>| value.map(|n| n.to_string()).unwrap_or_default();
    let rows: Vec<_> = versions
        .iter()
        .map(|one| {
            let read = one.get("read").cloned().unwrap_or_default();
            vec![
                shown_number(number(one, "version")),
                text(&read, "plate").into(),
                shown(text(&read, "at")),
                shown_number(number(one, "corrected_by")),
            ]
        })
        .collect();
    table(&["version", "plate", "seen", "corrected by entry"], &rows)
}

/// The text of a mapping, of a file or of one that comes with the program by its name, checked here so that
/// its mistakes name the file.
pub(super) fn mapping_of(path: &Path) -> Result<String, ActError> {
    let said = |e: &dyn std::fmt::Display| ActError::usage(format!("`{}`: {e}", path.display()));
    let shipped = SHIPPED_MAPPINGS.iter().find(|one| Path::new(one.name) == path);
    let text = match (shipped, std::fs::read_to_string(path)) {
        // A file that is called so is what somebody made of it.
        (_, Ok(text)) => text,
        (Some(shipped), Err(_)) => shipped.text.to_owned(),
        (None, Err(e)) => {
            let of_program = "`accord reads mapping` lists those that come with the program";
            return Err(said(&format!("{e}; {of_program}")));
        }
    };
    text.parse::<ingest::Mapping>().map_err(|e| said(&e))?;
    Ok(text)
}

async fn import(
    client: &Client,
    how: &[(&str, Option<String>)],
    path: &Path,
    output: Output,
) -> Result<Done, ActError> {
    let name = path.display().to_string();
    let unreadable = |e: std::io::Error| ActError::usage(format!("`{name}` cannot be read: {e}"));
    let standard_input = path == Path::new("-");
    let progress = Progress::of_bytes();
    progress.doing(name.clone());
    let source: Box<dyn tokio::io::AsyncRead + Send + Unpin> = if standard_input {
        Box::new(tokio::io::stdin())
    } else {
        let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
        let metadata = file.metadata().await.map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(ActError::usage(format!("`{name}` is a folder; name the files in it")));
        }
        progress.whole(metadata.len());
        Box::new(file)
    };
    let sent = progress.clone();
    let chunks = futures::stream::unfold((source, sent), |(mut source, sent)| async move {
        let mut chunk = vec![0; CHUNK];
        match source.read(&mut chunk).await {
            Ok(0) => None,
            Ok(n) => {
                chunk.truncate(n);
                sent.advance(n as u64);
                Some((Ok(Bytes::from(chunk)), (source, sent)))
            }
            Err(error) => Some((Err(error), (source, sent))),
        }
    });
    let parts = [&[("file", Some(name.clone()))], how].concat();
    let mut lines = client.upload(&format!("/reads{}", query_string(&parts)), chunks).await?;
    let mut last: Option<Value> = None;
    while let Some(line) = lines.next::<Value>().await? {
        if let Some(records) = line.get("progress") {
            let records = counted(records.as_u64().unwrap_or_default(), "record", "records");
            progress.doing(format!("{name}: {records}"));
        } else {
            last = Some(line);
        }
    }
    progress.end();
    let line =
        last.ok_or_else(|| ActError::failed(format!("`{name}`: the node stopped before the end")))?;
    if let Some(problem) = BrokenOff::of(&line) {
        let summary = line.get("summary").cloned().unwrap_or_default();
        let stored = number(&summary, "stored", "read was", "reads were");
        let why = format!("`{name}`: {}; {stored} stored before it", problem.detail);
        return Err(ActError::failed_as(problem.code, why));
    }
    output.object(&line, || describe(&line));
    Ok(if line.get("rejected").and_then(Value::as_u64).unwrap_or(0) > 0 {
        Done::Refused
    } else {
        Done::Ok
    })
}

fn describe(line: &Value) -> String {
    let plain = |key: &str| line.get(key).map(Value::to_string).unwrap_or_default();
    let summary: ImportSummary = serde_json::from_value(line.clone()).unwrap_or_default();
    summary.lines().iter().for_each(|said| err(&format!("  {said}")));
    let merged = match summary.merged {
        0 => String::new(),
        merged => format!(" {merged} merged,"),
    };
    let past = match summary.past_retention {
        0 => String::new(),
        past => format!(" {past} past retention,"),
    };
    format!(
        "{}: {}, {} stored,{merged} {} stored already,{past} {} without a read, {} rejected",
        text(line, "file"),
        number(line, "records", "record", "records"),
        number(line, "stored", "read", "reads"),
        plain("duplicates"),
        plain("empty"),
        plain("rejected")
    )
}
