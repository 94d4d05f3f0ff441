//! Checking the proof of one entry's place in a log, with the keys of a card, and nothing else.

use schemas::card::Card;
use schemas::entry::Header;
use schemas::envelope::Envelope;
use schemas::proof::LogProof;
use serde_json::{Value, json};

use super::check::UNPINNED;
use super::error::Unable;
use super::pins::Pins;

/// A file that was read, with what sentences call it.
#[derive(Debug, Clone, Copy)]
pub struct NamedBytes<'a> {
    /// Such as its path.
    pub name: &'a str,
    /// What stands in it.
    pub bytes: &'a [u8],
}

impl NamedBytes<'_> {
    fn unfit(&self, what: impl std::fmt::Display) -> Unable {
        Unable::Usage(format!("`{}`: {what}", self.name))
    }
}

/// What the check of a proof found.
#[derive(Debug)]
pub struct CheckedProof {
    /// Whether the entry stands where the proof says, by a key that is pinned.
    pub ok: bool,
    /// What was found, for scripts: `agency`, `size`, `root`, `ok`, `pinned`, `header`, `problems`.
    pub row: Value,
    /// What was found, for people.
    pub sentence: String,
}

/// Checks a C2SP tlog-proof, whose extra data is the entry's header, by the log key of a card.
///
/// # Errors
/// When one of the two is not what it has to be, or the card is signed by another key than the one
/// pinned.
pub fn check(
    proof: NamedBytes<'_>,
    card: NamedBytes<'_>,
    pins: &Pins,
) -> Result<CheckedProof, Unable> {
    let signed = Envelope::parse(card.bytes.trim_ascii_end()).map_err(|e| card.unfit(e))?;
    let card_of = Card::open(&signed).map_err(|e| card.unfit(e))?;
    let found = card_of.agency_key.fingerprint();
    let pinned = pins.get(&card_of.id);
    if pinned.is_some_and(|known| !known.contains(&found)) {
        let what = format!("is signed by the key {found}, which is not the one pinned");
        return Err(card.unfit(what));
    }
    let proof = LogProof::parse(proof.bytes).map_err(|e| proof.unfit(e))?;
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
    let mut problems: Vec<Value> = verified
        .as_ref()
        .err()
        .map(|why| json!({ "index": proof.index(), "code": "proof", "message": why }))
        .into_iter()
        .collect();
    let unpinned = format!(
        "no key is pinned of `{0}`: whose card this is, it says itself; compare the fingerprint with what `{0}` publishes and add --key {0}=FINGERPRINT",
        card_of.id
    );
    if pinned.is_none() {
        problems.push(json!({ "index": null, "code": UNPINNED, "message": unpinned }));
    }
    let ok = problems.is_empty();
    let row = json!({
        "agency": card_of.id, "size": said.size, "root": said.root, "ok": ok,
        "pinned": pinned.is_some(), "header": verified.as_ref().ok(), "problems": problems,
    });
    let mut sentence = match &verified {
        Ok(header) => format!(
            "entry {} ({}, {}) stands in the log of {}, under its signed head of {} entries",
            header.index, header.kind, header.at, card_of.id, said.size
        ),
        Err(why) => format!("entry {} is not proven: {why}", proof.index()),
    };
    if pinned.is_none() {
        sentence += &format!("\n{UNPINNED}: {unpinned}");
    }
    Ok(CheckedProof { ok, row, sentence })
}
