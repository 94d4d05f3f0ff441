//! `accord evidence …`

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use files::{Existing, FileError, NewFolder};
use schemas::digest::Digest;
use schemas::event::audit::EvidenceBooked;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::audits::Under;
use super::client::Client;
use super::output::{Output, text};
use super::progress::Progress;
use crate::auditing::evidence::{Summary, Wanted};
use crate::http::problem::BrokenOff;
use crate::permission::ActError;
use audit::wording::counted;

#[derive(Subcommand)]
pub(super) enum Evidence {
    /// Put the reads of a case, one's own and those received, into a package to be booked into
    /// evidence: a BagIt bag with photographs, the entries of the log that say how they came, and a
    /// signature. It takes who may ask for all of it.
    Export {
        /// The case.
        #[arg(long)]
        case: Text,
        /// The folder to make; it must not exist yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        #[command(flatten)]
        under: Under,
    },
    /// Put on record under which number a package is booked into evidence.
    Booked {
        /// The entry that records its export.
        package: u64,
        /// The number of the booking.
        #[arg(long)]
        number: Text,
    },
}

pub(super) async fn run(
    client: &Client,
    command: Evidence,
    output: Output,
) -> Result<Done, ActError> {
    let (case, out, under) = match command {
        Evidence::Export { case, out, under } => (case, out, under),
        Evidence::Booked { package, number } => {
            return booked(client, package, number, output).await;
        }
    };
    let progress = Progress::of_bytes();
    progress.doing(format!("case {case}"));
    if out.symlink_metadata().is_ok() {
        return Err(ActError::usage(there_already(&out)));
    }
    let mut lines = client.under(&under).post_lines("/evidence", &Wanted { case }).await?;
    let package = NewFolder::begin(&out).map_err(|e| {
        let left = e.is_taken() && e.path != out;
        ActError::usage(match left {
            true => format!("{e}; remove what an earlier export left there"),
            false => format!("{e}; name a new folder"),
        })
    })?;
    let part = package.part();
    let mut written = BTreeMap::new();
    let summary: Summary = loop {
        let Some(mut line) = lines.next::<Value>().await? else {
            return Err(broken(&part, "the node stopped before the end of the package"));
        };
        if let Some(problem) = BrokenOff::of(&line) {
            return Err(ActError::failed_as(problem.code, left(&part, &problem.detail)));
        }
        if let Some(bytes) = line.get("bytes").and_then(Value::as_u64) {
            progress.whole(bytes);
            continue;
        }
        if let Some(summary) = line.get_mut("package").map(Value::take) {
            break serde_json::from_value(summary).map_err(|e| broken(&part, &e.to_string()))?;
        }
        let file = text(&line, "file").to_owned();
        let bytes =
            STANDARD.decode(text(&line, "data")).map_err(|e| broken(&part, &e.to_string()))?;
        write(&package, &file, &bytes)?;
        progress.advance(bytes.len() as u64);
        written.insert(file, Digest::of(&bytes));
    };
    progress.end();
    compare(&package, &written)?;
    package.finish().map_err(|e| broken(&part, &e.to_string()))?;
    let mut row = serde_json::to_value(&summary).map_err(|e| ActError::failed(e.to_string()))?;
    if let Some(row) = row.as_object_mut() {
        row.insert("package".into(), json!(out));
    }
    output.object(&row, || describe(&summary, &out));
    Ok(Done::Ok)
}

async fn booked(
    client: &Client,
    package: u64,
    number: Text,
    output: Output,
) -> Result<Done, ActError> {
    let booked: EvidenceBooked =
        client.post("/evidence/booked", &EvidenceBooked { package, number }).await?;
    output.object(&booked, || format!("package {package} is booked as {}", booked.number));
    Ok(Done::Ok)
}

fn broken(part: &Path, what: &str) -> ActError {
    ActError::failed(left(part, what))
}

/// What went wrong, and what it leaves.
fn left(part: &Path, what: &str) -> String {
    format!(
        "{what}; what came is in `{}` and is no package: remove it and run the export again",
        part.display()
    )
}

fn there_already(out: &Path) -> String {
    format!("`{}` is there already; name a new folder", out.display())
}

fn write(package: &NewFolder, file: &str, bytes: &[u8]) -> Result<(), ActError> {
    let broken = |e: FileError| broken(&package.part(), &e.to_string());
    let path = Path::new(file);
    let folder = package.folder().make_below(path.parent().unwrap_or(Path::new("")));
    let name = path.file_name().unwrap_or_default();
    folder.and_then(|folder| folder.write(name, bytes, Existing::Stays)).map_err(broken)
}

/// Whether every file that the manifests name was written as they say.
fn compare(package: &NewFolder, written: &BTreeMap<String, Digest>) -> Result<(), ActError> {
    let part = package.part();
    for manifest in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
        let mut said = String::new();
        let read = package.folder().read(OsStr::new(manifest)).map_err(|e| e.to_string());
        read.and_then(|(mut file, _)| file.read_to_string(&mut said).map_err(|e| e.to_string()))
            .map_err(|e| broken(&part, &e))?;
        for (digest, file) in said.lines().filter_map(|line| line.split_once("  ")) {
            if written.get(file).is_none_or(|have| have.to_string() != digest) {
                return Err(broken(&part, &format!("`{file}` is not as `{manifest}` says")));
            }
        }
    }
    Ok(())
}

fn describe(summary: &Summary, out: &Path) -> String {
    let mut lines = vec![format!(
        "{}: {} ({} own) of case {}, {}, {}, {}",
        out.display(),
        counted(summary.reads, "read", "reads"),
        summary.own_reads,
        summary.case,
        counted(summary.answers, "answer", "answers"),
        counted(summary.images, "photograph", "photographs"),
        counted(summary.entries, "entry of the log", "entries of the log"),
    )];
    if !summary.answers_ended.is_empty() {
        let ended = counted(summary.answers_ended.len(), "answer is", "answers are");
        lines
            .push(format!("the reads of {ended} kept no longer; what was signed of them is in it"));
    }
    for one in &summary.images_missing {
        lines.push(format!("photograph {} is not in it: {}", one.digest, one.why));
    }
    lines.push(format!(
        "Copy it onto the medium that is booked into evidence; {} tells how anybody checks it",
        out.join("HOW-TO-CHECK.txt").display()
    ));
    lines.join("\n")
}
