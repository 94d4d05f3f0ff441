//! `accord audit export`, `proof` and `verify`.
//!
//! A node's own log is checked in this process as well, from the bundle that the node streams: who
//! keeps a log is not who judges it, and there is one way of judging.

use std::fs::File;
use std::path::Path;

use audit::check::{Check, Report};
use audit::entry_proof::{self, NamedBytes};
use audit::verify::Judged;
use audit::wording::{self, counted};
use audit::{BundleFile, Pin, Pins, Unable, pins};
use schemas::bundle::{BundleError, Head, Item, Line, Scope};
use schemas::entry::Header;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::out_file::{self, OutFile};
use super::output::{Output, text};
use super::progress::Progress;
use crate::http::problem::BrokenOff;
use crate::permission::ActError;

/// Why the library could not do it, as the command line says it.
pub(super) fn unable(error: Unable) -> ActError {
    match error {
        Unable::Usage(what) => ActError::usage(what),
        Unable::Failed(what) => ActError::failed(what),
    }
}

/// What the node says in place of a line when it cannot go on.
fn broke_off(line: &[u8]) -> Option<ActError> {
    let said =
        line.starts_with(b"{\"error\"").then(|| serde_json::from_slice::<BrokenOff>(line))?;
    Some(said.map_or_else(
        |e| ActError::failed(e.to_string()),
        |BrokenOff { error }| ActError::failed_as(error.code, error.detail),
    ))
}

pub(super) async fn export(
    client: &Client,
    scope: &Scope,
    out: &Path,
    output: Output,
) -> Result<Done, ActError> {
    let mut lines = client.post_lines("/audit/export", scope).await?;
    let head = lines.next_line().await?.unwrap_or_default();
    let read =
        Head::parse(&head).map_err(|e| ActError::failed(format!("what the node says {e}")))?;
    let mut file = OutFile::create(out)?;
    file.line(&head)?;
    let (mut entries, mut last) = (0usize, None);
    let progress = exporting(scope, &read);
    while let Some(line) = lines.next_line().await? {
        if let Some(error) = broke_off(&line) {
            return Err(error);
        }
        file.line(&line)?;
        let line = Line::parse(&line)
            .map_err(|e| ActError::failed(format!("a line that the node sent {e}")))?;
        let Line::Entry(item) = line else { continue };
        entries = entries.saturating_add(usize::from(!item.border && !item.judges));
        last = Header::from_bytes(item.entry.header.as_bytes()).ok().map(|header| header.index);
        progress.advance(1);
    }
    progress.end();
    if last.is_none_or(|last| last < read.entry) {
        return Err(ActError::failed(
            "the node stopped before the end of the export; run it again".into(),
        ));
    }
    file.finish()?;
    let row = json!({ "file": out, "entries": entries });
    output.object(&row, || {
        let written = counted(entries, "entry", "entries");
        format!("{written} of the log of {} written to {}", read.agency, out.display())
    });
    Ok(Done::Ok)
}

/// How far an export is. How many entries it has is known of a whole log alone.
fn exporting(scope: &Scope, head: &Head) -> Progress {
    let progress = Progress::of("entries");
    progress.doing(head.agency.to_string());
    if scope.is_whole() {
        progress.whole(head.entry.saturating_add(1));
    }
    progress
}

pub(super) async fn proof(
    client: &Client,
    index: u64,
    out: &Path,
    output: Output,
) -> Result<Done, ActError> {
    let proven: Value = client.get(&format!("/audit/entries/{index}/proof")).await?;
    out_file::write(out, text(&proven, "proof").as_bytes())?;
    let row = json!({ "file": out, "entries": 1, "index": index, "kind": proven.get("kind") });
    output.object(&row, || {
        let kind = text(&proven, "kind");
        format!("the proof of entry {index} ({kind}) written to {}", out.display())
    });
    Ok(Done::Ok)
}

pub(super) async fn verify(
    client: &Client,
    file: Option<&Path>,
    keys: &[Pin],
    card: Option<&Path>,
    output: Output,
) -> Result<Done, ActError> {
    let pins = pins::by_agency(keys);
    let report = match (file, card) {
        (None, None) => own(client, pins).await?,
        (Some(file), None) => opened(file)?.check(&pins, |_, _, _, _| {}).map_err(unable)?,
        (Some(file), Some(card)) => return verify_proof(file, card, &pins, output),
        (None, Some(_)) => {
            return Err(ActError::usage(
                "--card goes with a .tlog-proof file; name that too".into(),
            ));
        }
    };
    output.object(&report, || wording::checked(&report));
    Ok(if report.ok { Done::Ok } else { Done::Refused })
}

/// Checks the running node's log. Where no key is pinned, those count that people at this node confirmed
/// with the cards on record: the node's word, which it says.
async fn own(client: &Client, pins: Pins) -> Result<Report, ActError> {
    let mut lines = client.post_lines("/audit/export", &Scope::default()).await?;
    let head = lines.next_line().await?.unwrap_or_default();
    let head =
        Head::parse(&head).map_err(|e| ActError::failed(format!("what the node says {e}")))?;
    let progress = exporting(&Scope::default(), &head);
    let mut number = 1u64;
    let mut read = |line: &[u8]| {
        number = number.saturating_add(1);
        Line::parse(line).map_err(|what| BundleError::Line { line: number, what })
    };
    // Whose keys count stands before the entries.
    let mut before = Vec::new();
    while !before.last().is_some_and(|line| matches!(line, Ok(Line::Entry(_)) | Err(_)))
        && let Some(line) = lines.next_line().await?
    {
        if let Some(error) = broke_off(&line) {
            return Err(error);
        }
        before.push(read(&line));
    }
    let pins = if pins.is_empty() {
        super::output::err(
            "note: the keys are those of the cards on record at this node; to hold its log against keys that you know, pin them with --key ID=FINGERPRINT",
        );
        pins::of_cards(before.iter().filter_map(|line| match line {
            Ok(Line::Card(card)) => Some(card.as_str()),
            _ => None,
        }))
    } else {
        pins
    };
    let mut check = Check::new(head, &pins, |_: Judged, _: &Item, _| {});
    before.into_iter().for_each(|line| check.line(0, line));
    while let Some(line) = lines.next_line().await? {
        if let Some(error) = broke_off(&line) {
            return Err(error);
        }
        check.line(0, read(&line));
        progress.advance(1);
    }
    progress.end();
    Ok(check.finish())
}

/// A bundle, from its first line.
pub(super) fn opened(path: &Path) -> Result<BundleFile<File>, ActError> {
    let file =
        File::open(path).map_err(|e| ActError::usage(format!("`{}`: {e}", path.display())))?;
    Ok(BundleFile::new(path.display().to_string(), file))
}

fn verify_proof(file: &Path, card: &Path, pins: &Pins, output: Output) -> Result<Done, ActError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| ActError::usage(format!("`{}`: {e}", path.display())))
    };
    let (name, card_name) = (file.display().to_string(), card.display().to_string());
    let (card, bytes) = (read(card)?, read(file)?);
    let checked = entry_proof::check(
        NamedBytes { name: &name, bytes: &bytes },
        NamedBytes { name: &card_name, bytes: &card },
        pins,
    )
    .map_err(unable)?;
    output.object(&checked.row, || checked.sentence.clone());
    Ok(if checked.ok { Done::Ok } else { Done::Refused })
}
