//! `accord evidence …`

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use schemas::digest::Digest;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, text};
use super::progress::Progress;
use crate::auditing::evidence::{Summary, Wanted};
use crate::http::problem::BrokenOff;
use crate::permission::ActError;
use audit::wording::counted;
use host::home::write_private;

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
    },
}

pub(super) async fn run(
    client: &Client,
    command: Evidence,
    output: Output,
) -> Result<Done, ActError> {
    let Evidence::Export { case, out } = command;
    if out.exists() {
        return Err(ActError::usage(format!(
            "`{}` is there already; name a new folder",
            out.display()
        )));
    }
    let progress = Progress::of_bytes();
    progress.doing(format!("case {case}"));
    let mut lines = client.post_lines("/evidence", &Wanted { case }).await?;
    // Under another name until it is whole.
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    std::fs::create_dir(&part).map_err(|e| {
        let said = format!("`{}` cannot be made: {e}", part.display());
        ActError::usage(if part.exists() {
            format!("{said}; remove what an earlier export left there")
        } else {
            said
        })
    })?;
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
        write(&part, &file, &bytes)?;
        progress.advance(bytes.len() as u64);
        written.insert(file, Digest::of(&bytes));
    };
    progress.end();
    compare(&part, &written)?;
    std::fs::rename(&part, &out)
        .and_then(|()| {
            File::open(
                out.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")),
            )?
            .sync_all()
        })
        .map_err(|e| broken(&part, &e.to_string()))?;
    let mut row = serde_json::to_value(&summary).map_err(|e| ActError::failed(e.to_string()))?;
    if let Some(row) = row.as_object_mut() {
        row.insert("package".into(), json!(out));
    }
    output.object(&row, || describe(&summary, &out));
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

fn write(part: &Path, file: &str, bytes: &[u8]) -> Result<(), ActError> {
    let within = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    if file.is_empty() || !within {
        return Err(broken(part, &format!("`{file}` is no path within a package")));
    }
    let path = part.join(file);
    let folder = path.parent().unwrap_or(part);
    std::fs::create_dir_all(folder).map_err(|e| broken(part, &format!("`{file}`: {e}")))?;
    write_private(&path, bytes).map_err(|e| broken(part, &e.to_string()))
}

/// Whether every file that the manifests name was written as they say.
fn compare(part: &Path, written: &BTreeMap<String, Digest>) -> Result<(), ActError> {
    for manifest in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
        let said = std::fs::read_to_string(part.join(manifest))
            .map_err(|e| broken(part, &format!("`{manifest}`: {e}")))?;
        for (digest, file) in said.lines().filter_map(|line| line.split_once("  ")) {
            if written.get(file).is_none_or(|have| have.to_string() != digest) {
                return Err(broken(part, &format!("`{file}` is not as `{manifest}` says")));
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
