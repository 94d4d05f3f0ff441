//! Checking a report that was released, by whoever has it: that the agency's log records its digest, that
//! its ranges join, and that it tells again what the report before it told. It takes no log and no node.

use schemas::body::Body;
use schemas::digest::{Digest, unhex};
use schemas::entry::{Header, SALT};
use schemas::event::Event;
use schemas::event::audit::Shown;
use schemas::proof::LogProof;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::PublicReport;
use crate::entry_proof::{self, NamedBytes};
use crate::error::Unable;
use crate::pins::Pins;

/// How anybody sees that a release is on record: the entry that says what is shown, opened, with the proof of its
/// place.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseProof {
    /// The salt of its body, in hexadecimal.
    pub salt: String,
    /// Its body, exactly.
    pub body: String,
    /// The C2SP tlog-proof of its place; its extra data is its header.
    pub proof: String,
    /// The agency's card, whose log key signed the head.
    pub card: String,
}

/// What the check of a report found.
#[derive(Debug)]
pub struct CheckedReport {
    /// Whether all of it holds, by a key that is pinned.
    pub ok: bool,
    /// What was found, for scripts.
    pub row: Value,
    /// What was found, for people.
    pub sentence: String,
}

/// Checks a report beside its proof, and the report `before` it where that is given.
///
/// # Errors
/// When one of them is not what it has to be.
pub fn check(
    report: NamedBytes<'_>,
    proof: NamedBytes<'_>,
    before: Option<NamedBytes<'_>>,
    pins: &Pins,
) -> Result<CheckedReport, Unable> {
    let unfit = |of: NamedBytes<'_>, what: String| Unable::Usage(format!("`{}`: {what}", of.name));
    let read = PublicReport::read(report.bytes).map_err(|e| unfit(report, e))?;
    let opened: ReleaseProof = serde_json::from_slice(proof.bytes)
        .map_err(|e| unfit(proof, format!("no proof of a release: {e}")))?;
    let placed = entry_proof::check(
        NamedBytes { name: proof.name, bytes: opened.proof.as_bytes() },
        NamedBytes { name: proof.name, bytes: opened.card.as_bytes() },
        pins,
    )?;
    let mut problems: Vec<String> = Vec::new();
    if !placed.ok {
        problems.push(placed.sentence.clone());
    }
    let digest = Digest::of(report.bytes);
    match released(&opened) {
        Err(why) => problems.push(why),
        Ok(said) if said != digest => problems.push(format!(
            "the report has the digest {digest}, and the log records the release of {said}"
        )),
        Ok(_) => {}
    }
    if placed.row.get("agency").and_then(Value::as_str) != Some(read.agency.as_str()) {
        problems.push(format!("the card is not of `{}`, whose report it is", read.agency));
    }
    problems.extend(read.gaps());
    if let Some(before) = before {
        let earlier = PublicReport::read(before.bytes).map_err(|e| unfit(before, e))?;
        problems.extend(read.departs_from(&earlier));
    }
    let ok = problems.is_empty();
    let row = json!({
        "agency": read.agency, "digest": digest, "entry": read.entry, "periods": read.periods.len(),
        "ok": ok, "problems": problems,
    });
    let sentence = match ok {
        true => format!(
            "the report of {} with the digest {digest} is recorded in its log, and its ranges join up to entry {}",
            read.agency, read.open_from
        ),
        false => problems.join("\n"),
    };
    Ok(CheckedReport { ok, row, sentence })
}

/// The digest of what the opened entry says is shown.
fn released(opened: &ReleaseProof) -> Result<Digest, String> {
    let proof = LogProof::parse(opened.proof.as_bytes()).map_err(|e| e.to_string())?;
    let header = Header::from_bytes(proof.unverified_extra()).map_err(|e| e.to_string())?;
    let salt = unhex::<SALT>(&opened.salt).ok_or("the salt beside the proof is none")?;
    if !header.commits_to(&salt, opened.body.as_bytes()) {
        return Err("the body beside the proof is not that of the entry".into());
    }
    let body: Body = serde_json::from_str(&opened.body).map_err(|e| e.to_string())?;
    match body.event {
        Event::PublicShown(said) if said.shown == Shown::Report => Ok(said.digest),
        _ => Err("the entry does not record that a report is shown to the public".into()),
    }
}
