//! The commands: each opens files, has the library judge them, and prints.

use std::path::{Path, PathBuf};

use audit::entry_proof::{self, NamedBytes};
use audit::foreign::{ForeignReport, OwnAccesses};
use audit::report::of_bundle::{Made, Wanted, of_bundle};
use audit::report::render::{Format, printed, summary};
use audit::{Pin, Unable, pins, public, two_bundles, wording};
use ingest::ForeignSearches;
use jiff::tz::TimeZone;
use serde_json::json;

use super::arguments::ReportArgs;
use super::files;
use super::output::{Output, err};

/// How a command ended that could be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// All is well.
    Ok,
    /// Something is wrong with a log.
    Discrepancy,
}

pub(super) fn verify(file: &Path, keys: &[Pin], output: Output) -> Result<Done, Unable> {
    let checked = files::bundle(file)?.check(&pins::by_agency(keys), |_, _, _, _| {})?;
    output.object(&checked, || wording::checked(&checked))?;
    Ok(if checked.ok { Done::Ok } else { Done::Discrepancy })
}

pub(super) fn verify_proof(
    file: &Path,
    card: &Path,
    keys: &[Pin],
    output: Output,
) -> Result<Done, Unable> {
    let (name, card_name) = (file.display().to_string(), card.display().to_string());
    let (card, bytes) = (files::read(card)?, files::read(file)?);
    let checked = entry_proof::check(
        NamedBytes { name: &name, bytes: &bytes },
        NamedBytes { name: &card_name, bytes: &card },
        &pins::by_agency(keys),
    )?;
    output.object(&checked.row, || checked.sentence.clone())?;
    Ok(if checked.ok { Done::Ok } else { Done::Discrepancy })
}

/// Checks a report that was released to the public.
pub(super) fn public(
    report: &Path,
    proof: &Path,
    before: Option<&Path>,
    keys: &[Pin],
    output: Output,
) -> Result<Done, Unable> {
    let named = |path: &Path| Ok::<_, Unable>((path.display().to_string(), files::read(path)?));
    let (report, proof) = (named(report)?, named(proof)?);
    let before = before.map(named).transpose()?;
    let checked = public::check(
        NamedBytes { name: &report.0, bytes: &report.1 },
        NamedBytes { name: &proof.0, bytes: &proof.1 },
        before.as_ref().map(|(name, bytes)| NamedBytes { name, bytes }),
        &pins::by_agency(keys),
    )?;
    output.object(&checked.row, || checked.sentence.clone())?;
    Ok(if checked.ok { Done::Ok } else { Done::Discrepancy })
}

pub(super) fn reconcile(
    paths: [PathBuf; 2],
    keys: &[Pin],
    grace_seconds: u32,
    out: Option<&Path>,
    output: Output,
) -> Result<Done, Unable> {
    let [first, second] = &paths;
    let mut bundles = [files::bundle(first)?, files::bundle(second)?];
    let grace_ms = i64::from(grace_seconds).saturating_mul(1_000);
    let compared = two_bundles::reconcile(&mut bundles, &pins::by_agency(keys), grace_ms)?;
    if let Some(out) = out {
        files::write(out, &json!({ "heads": compared.heads, "report": compared.report }))?;
    }
    output.object(&compared.report, || wording::compared(&compared.report))?;
    Ok(if compared.report.findings.is_empty() { Done::Ok } else { Done::Discrepancy })
}

pub(super) fn heads(paths: &[PathBuf], keys: &[Pin], output: Output) -> Result<Done, Unable> {
    let mut bundles =
        paths.iter().map(|path| files::bundle(path)).collect::<Result<Vec<_>, _>>()?;
    let compared = audit::heads::compare(&mut bundles, &pins::by_agency(keys))?;
    output.object(&compared, || wording::heads(&compared))?;
    Ok(if compared.ok() { Done::Ok } else { Done::Discrepancy })
}

/// Reads an audit export of another system; beside a log that does not hold by itself it is not set.
pub(super) fn foreign(
    file: &Path,
    log: Option<&Path>,
    keys: &[Pin],
    output: Output,
) -> Result<Done, Unable> {
    let own = match log {
        None => None,
        Some(path) => {
            let mut own = OwnAccesses::default();
            let checked =
                files::bundle(path)?.check(&pins::by_agency(keys), |_, judged, _, _| {
                    judged.body.iter().for_each(|body| own.note(body));
                })?;
            if !checked.ok {
                err(&wording::problems(&checked));
                return Ok(Done::Discrepancy);
            }
            Some(own)
        }
    };
    let unfit =
        |error: ingest::ImportError| Unable::Usage(format!("`{}`: {error}", file.display()));
    let mut report = ForeignReport::default();
    for row in ForeignSearches::open(files::open(file)?).map_err(unfit)? {
        report.take(row.map_err(unfit)?, own.as_ref());
    }
    output.object(&report, || report.described())?;
    Ok(if report.without_entry > 0 { Done::Discrepancy } else { Done::Ok })
}

pub(super) fn report(args: &ReportArgs, output: Output) -> Result<Done, Unable> {
    let policy = args.policy.as_deref().map(files::read_text).transpose()?;
    let wanted = Wanted {
        kind: args.kind,
        from: args.from,
        until: args.until,
        policy: policy.as_deref(),
        zone: TimeZone::system(),
    };
    let mut bundle = files::bundle(&args.bundle)?;
    let (report, notes) = match of_bundle(&mut bundle, &pins::by_agency(&args.key), &wanted)? {
        Made::Report(report, notes) => (report, notes),
        Made::Unsound(checked) => {
            err(&format!(
                "no report is made of the log of {}, which does not hold by itself; see `accord-audit verify`",
                checked.agency
            ));
            err(&wording::problems(&checked));
            return Ok(Done::Discrepancy);
        }
    };
    let unless = if output.json() { Format::Json } else { Format::Csv };
    for (object, text) in printed(&report, args.format.unwrap_or(unless)) {
        output.object(&object, || text)?;
    }
    notes.iter().for_each(|note| err(note));
    err(&summary(&report));
    Ok(Done::Ok)
}
