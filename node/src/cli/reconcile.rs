//! `accord audit reconcile BUNDLE BUNDLE`: two exports compared where no node is, by someone who
//! trusts neither agency.

use std::path::{Path, PathBuf};

use audit::{Pin, pins, two_bundles, wording};

use super::Done;
use super::bundle::{opened, unable};
use super::out_file;
use super::output::Output;
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
pub(super) fn export(out: &Path, all: &serde_json::Value) -> Result<(), ActError> {
    let mut text = serde_json::to_vec_pretty(all).map_err(|e| ActError::failed(e.to_string()))?;
    text.push(b'\n');
    out_file::write(out, &text)
}
