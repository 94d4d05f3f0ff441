//! `accord audit reconcile BUNDLE BUNDLE`: two exports compared where no node is, by someone who
//! trusts neither agency.

use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::Done;
use super::bundle::{Pin, open, pins, whole, written};
use super::output::Output;
use crate::permission::ActError;
use audit::check::{Pins, keys};
use audit::offline::{Reconciled, Shelf, Told, reconcile, window};
use audit::wording::counted;
use schemas::bundle::{Head, Item, Reader};

/// The bundles' files, from which evidence is read again.
struct Files([PathBuf; 2]);

impl Shelf for Files {
    fn item(&mut self, bundle: usize, offset: u64) -> Option<Item> {
        let mut file = File::open(self.0.get(bundle)?).ok()?;
        file.seek(SeekFrom::Start(offset)).ok()?;
        Reader::at(BufReader::new(file)).entry()?.item.ok()
    }
}

pub(super) fn bundles(
    paths: [PathBuf; 2],
    given: &[Pin],
    grace_seconds: u32,
    out: Option<&Path>,
    output: Output,
) -> Result<Done, ActError> {
    let pinned = pins(given);
    let [first, second] = [paths.first(), paths.get(1)];
    let (Some(first), Some(second)) = (first, second) else {
        return Err(ActError::usage("name two bundles".into()));
    };
    let heads = [open(first)?.0, open(second)?.0];
    let [ours, theirs] = &heads;
    if ours.agency == theirs.agency {
        return Err(ActError::usage(format!(
            "both bundles are of `{}`; give one of each agency",
            ours.agency
        )));
    }
    let grace = i64::from(grace_seconds).saturating_mul(1_000);
    let (since, until, settled_before) = window([ours, theirs], grace);
    let mut ours_told = Told::new(ours.clone(), theirs.agency.clone(), since, until);
    let mut theirs_told = Told::new(theirs.clone(), ours.agency.clone(), since, until);
    for (head, other, path) in [(ours, theirs, first), (theirs, ours, second)] {
        check_head(head, other, path, &pinned)?;
    }
    let our_report = whole(first, &pinned, |header, item, at| ours_told.note(header, item, at))?;
    let their_report =
        whole(second, &pinned, |header, item, at| theirs_told.note(header, item, at))?;
    let cards: Vec<String> = ours.cards.iter().chain(&theirs.cards).cloned().collect();
    let known = keys(&cards, &pinned, &mut Vec::new());
    let mut shelf = Files(paths.clone());
    let told = [&ours_told, &theirs_told];
    let report = reconcile(told, [&our_report, &their_report], &known, settled_before, &mut shelf);
    if let Some(out) = out {
        export(out, &serde_json::json!({ "heads": heads, "report": report }))?;
    }
    output.object(&report, || describe(&report));
    Ok(if report.findings.is_empty() { Done::Ok } else { Done::Refused })
}

fn check_head(head: &Head, other: &Head, path: &Path, pinned: &Pins) -> Result<(), ActError> {
    let usage = |what: String| Err(ActError::usage(format!("`{}`: {what}", path.display())));
    if !pinned.contains_key(&head.agency) {
        return usage(format!(
            "the key of `{0}` is not pinned; name its fingerprint with --key {0}=FINGERPRINT",
            head.agency
        ));
    }
    match &head.scope.peer {
        Some(peer) if *peer != other.agency => usage(format!(
            "holds what concerns `{peer}`, and the other bundle is of `{}`",
            other.agency
        )),
        _ => Ok(()),
    }
}

/// Writes findings with what they rest on.
pub(super) fn export(out: &Path, all: &serde_json::Value) -> Result<(), ActError> {
    let mut file = written(out)?;
    let failed =
        |e: std::io::Error| ActError::failed(format!("`{}` cannot be written: {e}", out.display()));
    let text = serde_json::to_vec_pretty(all).map_err(|e| ActError::failed(e.to_string()))?;
    file.write_all(&text).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
    file.sync_all().map_err(failed)
}

/// How many exchanges are past their retention on one side, where there are any.
fn expired(count: u64) -> String {
    if count == 0 { String::new() } else { format!("{count} expired on one side, ") }
}

fn describe(report: &Reconciled) -> String {
    let mut out = format!(
        "{} with {}: {} matched, {} refused on both sides, {} still open, {}{}",
        report.agency,
        report.peer,
        report.matched,
        report.refused_both,
        report.open,
        expired(report.expired),
        counted(report.findings.len(), "finding", "findings")
    );
    for finding in &report.findings {
        let class = serde_json::to_value(finding.class).unwrap_or_default();
        out += &format!("\n  {}", class.as_str().unwrap_or_default());
        if let Some(query) = &finding.query_id {
            out += &format!("  query {query}");
        }
        if let Some(agency) = &finding.agency {
            out += &format!("  log of {agency}");
        }
        if let Some(index) = finding.index {
            out += &format!("  entry {index}");
        }
        if let Some(message) = &finding.message {
            out += &format!("\n      {message}");
        } else {
            let says = |line: &Option<schemas::statement::ExchangeRecord>| {
                let reached =
                    line.as_ref().and_then(|line| serde_json::to_value(line.reached).ok());
                reached.and_then(|r| r.as_str().map(str::to_owned)).unwrap_or("nothing".into())
            };
            out += &format!(
                "\n      the log of {} says {}, that of {} {}",
                report.agency,
                says(&finding.ours),
                report.peer,
                says(&finding.theirs)
            );
        }
        for evidence in &finding.evidence {
            out += &format!(
                "\n      evidence: {} entry {} ({}), {}",
                evidence.agency,
                evidence.index,
                evidence.kind,
                counted(evidence.envelopes.len(), "signed envelope", "signed envelopes")
            );
            if let Some(theirs) = &evidence.theirs {
                out += &format!(
                    ", the other side's entry {} under its signed head of {} entries",
                    theirs.log.index, theirs.log.size
                );
            }
        }
    }
    out
}
