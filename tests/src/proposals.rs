//! Proposals as peers send them, and what their senders are told.

use agreements::agreement::Agreement;
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use serde_json::Value;

use crate::agency::Agency;
use crate::fixtures::PLATE;
use crate::raw_peer::RawPeer;

/// Sends a document; the code and the sentence of a Failed, `None` when it was acknowledged.
///
/// # Panics
/// When nothing comes back.
pub async fn told(raw: &RawPeer, owner: &Agency, document: &Envelope) -> Option<(String, String)> {
    let (reply, _) = raw.say(owner, FrameKind::Document, document.as_bytes()).await;
    let frame = reply.expect("a reply");
    if frame.kind == FrameKind::DocumentAck {
        return None;
    }
    let said: Value = serde_json::from_slice(&frame.body).expect("JSON");
    let word = |key: &str| said[key].as_str().expect("a text").to_owned();
    Some((word("code"), word("message")))
}

/// Sends a document that is refused, with these words.
///
/// # Panics
/// When it is not.
pub async fn refused_with(raw: &RawPeer, owner: &Agency, document: &Envelope, part: &str) {
    let (code, why) = told(raw, owner, document).await.expect("a refusal");
    assert_eq!(code, "refused", "{why}");
    assert!(why.contains(part), "{part} in {why}");
}

/// `text` under another id.
///
/// # Panics
/// When that is none.
#[must_use]
pub fn renamed(text: Agreement, id: &str) -> Agreement {
    Agreement { id: id.parse().expect("an id"), ..text }
}

/// The digest of a text.
///
/// # Panics
/// When it cannot be written.
#[must_use]
pub fn digest_of(text: &Agreement) -> Digest {
    Digest::of(text.to_toml().expect("TOML").as_bytes())
}

/// The next version after `text`, which gives fewer reads.
#[must_use]
pub fn next(text: &Agreement) -> Agreement {
    Agreement {
        version: text.version + 1,
        supersedes: Some(digest_of(text)),
        row_limit: 1_000,
        ..text.clone()
    }
}

/// Asks for the plate that owners have; the authority that it was answered on.
///
/// # Errors
/// The first reason of a refusal.
///
/// # Panics
/// When neither came.
pub async fn answered_on(asking: &Agency, owning: &Agency) -> Result<String, RefusalCode> {
    let heard = asking.ask_one(owning.id(), PLATE).await;
    match heard.outcome {
        OutcomeCode::Answered => Ok(heard.basis.expect("a basis").authority.to_string()),
        OutcomeCode::Refused => Err(heard.reasons[0].code),
        other => panic!("{other}: {:?}", heard.error),
    }
}

/// What a command prints for people.
#[must_use]
pub fn printed(agency: &Agency, args: &[&str]) -> String {
    agency.at_desk("admin", args).out
}
