//! `accord audit export`, `proof` and `verify`.
//!
//! A node's own log is checked in this process as well, from the bundle that the node streams: who
//! keeps a log is not who judges it, and there is one way of judging.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::entry::Header;
use schemas::envelope::Envelope;
use schemas::key::Fingerprint;
use schemas::proof::LogProof;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, text};
use super::progress::Progress;
use crate::http::problem::BrokenOff;
use crate::permission::ActError;
use audit::check::{Check, Pins, Report};
use audit::wording::counted;
use schemas::bundle::{BundleError, Head, Item, Reader, Scope};

/// An agency's key that the one who checks knows by another way.
#[derive(Debug, Clone)]
pub(super) struct Pin {
    agency: AgencyId,
    fingerprint: Fingerprint,
}

/// Reads `ID=FINGERPRINT`.
pub(super) fn pin(text: &str) -> Result<Pin, String> {
    let (agency, fingerprint) = text.split_once('=').ok_or_else(|| {
        format!("`{text}` is no key; expected `ID=FINGERPRINT`, as `accord card show` tells it")
    })?;
    Ok(Pin {
        agency: agency.parse().map_err(|e| format!("{e}"))?,
        fingerprint: fingerprint.parse().map_err(|e| format!("{e}"))?,
    })
}

pub(super) fn pins(given: &[Pin]) -> Pins {
    let mut pins = Pins::new();
    for pin in given {
        pins.entry(pin.agency.clone()).or_default().push(pin.fingerprint);
    }
    pins
}

fn file_error(path: &Path, what: &str, error: impl std::fmt::Display) -> ActError {
    ActError::failed(format!("`{}` cannot be {what}: {error}", path.display()))
}

/// A new or emptied file for its owner alone.
pub(super) fn written(path: &Path) -> Result<File, ActError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| file_error(path, "written", e))
}

/// A file for its owner alone, under another name until it is whole.
pub(super) struct Whole {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
}

impl Whole {
    pub(super) fn create(path: &Path) -> Result<Self, ActError> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = written(&part)?;
        Ok(Self { path: path.to_owned(), part, file: BufWriter::new(file) })
    }

    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), ActError> {
        self.file
            .write_all(line)
            .and_then(|()| self.file.write_all(b"\n"))
            .map_err(|e| file_error(&self.path, "written", e))
    }

    pub(super) fn finish(self) -> Result<(), ActError> {
        let Self { path, part, file } = self;
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&part, &path))
            .map_err(|e| file_error(&path, "written", e))
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
    let mut file = Whole::create(out)?;
    file.line(&head)?;
    let (mut entries, mut last) = (0usize, None);
    let progress = exporting(scope, &read);
    while let Some(line) = lines.next_line().await? {
        if let Some(error) = broke_off(&line) {
            return Err(error);
        }
        file.line(&line)?;
        let item = Item::parse(&line)
            .map_err(|e| ActError::failed(format!("a line that the node sent {e}")))?;
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
    std::fs::write(out, text(&proven, "proof")).map_err(|e| file_error(out, "written", e))?;
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
    let pins = pins(keys);
    let report = match (file, card) {
        (None, None) => own(client, &pins).await?,
        (Some(file), None) => whole(file, &pins, |_, _, _| {})?,
        (Some(file), Some(card)) => return verify_proof(file, card, &pins, output),
        (None, Some(_)) => {
            return Err(ActError::usage(
                "--card goes with a .tlog-proof file; name that too".into(),
            ));
        }
    };
    if !report.pinned {
        super::output::err(&format!(
            "note: whose keys these are is the bundle's own word; pin the key of `{0}` with --key {0}=FINGERPRINT",
            report.agency
        ));
    }
    output.object(&report, || describe(&report));
    Ok(if report.ok { Done::Ok } else { Done::Refused })
}

async fn own(client: &Client, pins: &Pins) -> Result<Report, ActError> {
    let mut lines = client.post_lines("/audit/export", &Scope::default()).await?;
    let head = lines.next_line().await?.unwrap_or_default();
    let head =
        Head::parse(&head).map_err(|e| ActError::failed(format!("what the node says {e}")))?;
    let progress = exporting(&Scope::default(), &head);
    let mut check = Check::new(head, pins, |_: &Header, _: &Item, _| {});
    let mut number = 1u64;
    while let Some(line) = lines.next_line().await? {
        if let Some(error) = broke_off(&line) {
            return Err(error);
        }
        number = number.saturating_add(1);
        let item = Item::parse(&line).map_err(|what| BundleError::Line { line: number, what });
        check.line(0, item);
        progress.advance(1);
    }
    progress.end();
    Ok(check.finish())
}

/// Opens a bundle.
pub(super) fn open(path: &Path) -> Result<(Head, Reader<BufReader<File>>), ActError> {
    let usage = |what: String| ActError::usage(format!("`{}`: {what}", path.display()));
    let file = File::open(path).map_err(|e| usage(e.to_string()))?;
    Reader::open(BufReader::with_capacity(1 << 20, file)).map_err(|e| usage(e.to_string()))
}

/// Checks a bundle, telling `seen` of every entry that can be read.
pub(super) fn whole(
    path: &Path,
    pins: &Pins,
    seen: impl FnMut(&Header, &Item, u64),
) -> Result<Report, ActError> {
    let (head, mut reader) = open(path)?;
    let mut check = Check::new(head, pins, seen);
    while let Some(at) = reader.entry() {
        match at.item {
            Err(error @ BundleError::Read { .. }) => return Err(file_error(path, "read", error)),
            item => check.line(at.offset, item),
        }
    }
    Ok(check.finish())
}

fn verify_proof(file: &Path, card: &Path, pins: &Pins, output: Output) -> Result<Done, ActError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| ActError::usage(format!("`{}`: {e}", path.display())))
    };
    let usage = |path: &Path, e: String| ActError::usage(format!("`{}`: {e}", path.display()));
    let bytes = read(card)?;
    let signed = Envelope::parse(bytes.trim_ascii_end()).map_err(|e| usage(card, e.to_string()))?;
    let card_of = Card::open(&signed).map_err(|e| usage(card, e.to_string()))?;
    let found = card_of.agency_key.fingerprint();
    let pinned = pins.get(&card_of.id);
    if pinned.is_some_and(|known| !known.contains(&found)) {
        return Err(usage(
            card,
            format!("is signed by the key {found}, which is not the one pinned"),
        ));
    }
    let proof = LogProof::parse(&read(file)?).map_err(|e| usage(file, e.to_string()))?;
    let log = card_of.of_log(&card_of.log_key);
    let entry = proof.unverified_extra();
    let verified = proof.verify(entry, &log, &[], 0).map_err(|e| e.to_string()).and_then(|_| {
        let header = Header::from_bytes(entry).map_err(|e| e.to_string())?;
        if header.index == proof.index() {
            Ok(header)
        } else {
            Err(format!("it proves entry {}, and its header is of {}", proof.index(), header.index))
        }
    });
    let said = proof.checkpoint().unverified();
    let problems: Vec<Value> = verified
        .as_ref()
        .err()
        .map(|why| json!({ "index": proof.index(), "code": "proof", "message": why }))
        .into_iter()
        .collect();
    let row = json!({
        "agency": card_of.id, "size": said.size, "root": said.root, "ok": verified.is_ok(),
        "pinned": pinned.is_some(), "header": verified.as_ref().ok(), "problems": problems,
    });
    output.object(&row, || match &verified {
        Ok(header) => format!(
            "entry {} ({}, {}) stands in the log of {}, under its signed head of {} entries",
            header.index, header.kind, header.at, card_of.id, said.size
        ),
        Err(why) => format!("entry {} is not proven: {why}", proof.index()),
    });
    Ok(if verified.is_ok() { Done::Ok } else { Done::Refused })
}

fn describe(report: &Report) -> String {
    let of = match &report.scope.peer {
        Some(peer) => format!(" with {peer}"),
        None => String::new(),
    };
    let mut out = format!(
        "log of {}{of}: {} and {} checked under its signed head of {} entries, root {}",
        report.agency,
        counted(usize::try_from(report.entries).unwrap_or(usize::MAX), "entry", "entries"),
        counted(
            usize::try_from(report.signatures).unwrap_or(usize::MAX),
            "signature",
            "signatures"
        ),
        report.size,
        report.root.map_or_else(|| "unknown".into(), |root| root.to_string()),
    );
    if !report.cosigned_by.is_empty() {
        out += &format!("\ncosigned by {}", report.cosigned_by.join(", "));
    }
    if report.ok {
        return out + "\nnothing is wrong with it";
    }
    out += &format!("\n{}:", counted(report.problems.len(), "problem", "problems"));
    for problem in &report.problems {
        let place = problem.index.map_or_else(String::new, |index| format!("entry {index}: "));
        out += &format!("\n  {:<10}  {place}{}", problem.code, problem.message);
    }
    out
}
