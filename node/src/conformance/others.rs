//! Documents, statements, and what shows a log.

use agreements::request::Withdrawal;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint, origin};
use schemas::digest::Digest;
use schemas::entry_proof::EntryProof;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::note::Signer;
use schemas::standing::{EntryAsked, StandingReply, StandingRequest};
use schemas::statement::{Narrow, Statement, StatementRequest};
use schemas::time::Timestamp;
use schemas::witness::{
    ConsistencyReply, ConsistencyRequest, HeadsShown, WitnessReply, WitnessRequest,
};

use super::{Kit, Said, Seen, failed_as, messages, parsed, wire};
use peer::probe::Next;

pub(super) async fn document_too_early(kit: &Kit) -> Seen {
    let request = AuthorityId::new(kit.me.id.clone(), parsed("conformance-no-such-request")?);
    let withdrawal =
        Withdrawal { request, request_digest: Digest::of(b"none"), at: kit.clock.now() };
    let body = withdrawal.to_toml().map_err(|e| e.to_string())?;
    let signed = Envelope::sign(Kind::Withdrawal, body.into_bytes(), &kit.message_key)
        .map_err(|e| e.to_string())?;
    let (mut raw, next) = kit.says(FrameKind::Document, signed.as_bytes()).await?;
    failed_as(&mut raw, next, "not_now", false).await
}

/// A request of this agency's, signed by it, that says that it is of `from` to `to`.
fn statement_request(kit: &Kit, from: &AgencyId, to: &AgencyId) -> Result<Envelope, String> {
    let now = kit.clock.now();
    let (from, to) = (from.clone(), to.clone());
    let (since, sessions) = (Timestamp::MIN, Vec::new());
    let request = StatementRequest { from, to, at: now, since, until: now, sessions };
    Envelope::sign_json(Kind::Statement, &request, &kit.message_key).map_err(|e| e.to_string())
}

pub(super) async fn statement(kit: &Kit) -> Seen {
    let count = stated(kit).await?;
    Ok(format!("it tells of {}", audit::wording::counted(count, "exchange", "exchanges")))
}

/// One id has one line, also where its refusal was sent again.
pub(super) async fn stated_once(kit: &Kit) -> Seen {
    let before = stated(kit).await?;
    let query = messages::query(kit, kit.clock.now())?;
    let signed = kit.signed(&query)?;
    for _ in 0..2 {
        if let Said::Failed(code) = kit.asks_anew(&query, &signed).await? {
            return Err(format!("Failed `{code}` in place of a reply"));
        }
    }
    // The span of a statement ends before the instant that it names.
    while kit.clock.now() <= query.at {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    match stated(kit).await?.checked_sub(before) {
        Some(1) => Ok("one exchange more".into()),
        _ => Err("not one exchange more".into()),
    }
}

/// How many exchanges a statement of all time tells of.
async fn stated(kit: &Kit) -> Result<u64, String> {
    let signed = statement_request(kit, &kit.me.id, &kit.them.id)?;
    let (mut raw, next) = kit.says(FrameKind::Statement, signed.as_bytes()).await?;
    let frame = match next {
        Next::Frame(frame) if frame.kind == FrameKind::Statement => frame,
        other => return Err(format!("{other} in place of a statement")),
    };
    let envelope = Envelope::parse(&frame.body).map_err(|e| e.to_string())?;
    let stated: Statement = envelope
        .verified_json(Kind::Statement, &kit.them.message_key)
        .map_err(|e| e.to_string())?;
    // Of no place: the conversation is over.
    let none = serde_json::to_vec(&Narrow { places: Vec::new() }).map_err(|e| e.to_string())?;
    raw.send(&wire(FrameKind::Narrow, &none)?).await;
    if stated.request != signed.digest() || stated.from != kit.them.id || stated.to != kit.me.id {
        return Err("it is bound to another request".into());
    }
    Ok(stated.count)
}

/// Signed by this agency, it still speaks for another one.
pub(super) async fn statement_for_another(kit: &Kit) -> Seen {
    let signed = statement_request(kit, &kit.them.id, &kit.me.id)?;
    let (mut raw, next) = kit.says(FrameKind::Statement, signed.as_bytes()).await?;
    failed_as(&mut raw, next, "misdirected", true).await
}

pub(super) async fn entry_proof(kit: &Kit) -> Seen {
    let query = messages::query(kit, kit.clock.now())?;
    let signed = kit.signed(&query)?;
    let (reply, beside) = match kit.asks_anew(&query, &signed).await? {
        Said::Served { reply, beside, .. } => (reply, beside),
        Said::Failed(code) => return Err(format!("Failed `{code}` in place of a reply")),
    };
    let Ok(entry_proof) = serde_json::from_slice::<EntryProof>(&beside) else {
        return Ok("none was shown, which is allowed".into());
    };
    let log = kit.them.of_log(&kit.them.log_key);
    let (header, _) = entry_proof.verified(&log).map_err(|e| e.to_string())?;
    let both = [signed.as_bytes(), b"\n", reply.as_bytes()].concat();
    if header.query != Some(query.id.digest())
        || header.peer.as_ref() != Some(&kit.me.id)
        || header.envelope.is_some_and(|envelope| envelope != Digest::of(&both))
    {
        return Err("the entry that it proves is another one".into());
    }
    Ok(format!("entry {} of {}", entry_proof.log.index, entry_proof.log.size))
}

pub(super) async fn foreign_head(kit: &Kit) -> Seen {
    // Of a log of nobody, so that nothing is kept of the test agency's own.
    let nobody = messages::another()?;
    let head =
        Checkpoint { origin: origin(&nobody), size: 1, root: schemas::merkle::leaf(b"nothing") };
    let signer = Signer::new(origin(&nobody), kit.log_key.clone());
    let head = SignedCheckpoint::sign(head, &signer).map_err(|e| e.to_string())?;
    let request = WitnessRequest { old_size: 0, proof: Vec::new(), checkpoint: head.to_string() };
    let body = serde_json::to_vec(&request).map_err(|e| e.to_string())?;
    match kit.says(FrameKind::Witness, &body).await?.1 {
        Next::Frame(frame) if frame.kind == FrameKind::Witnessed => {
            match serde_json::from_slice(&frame.body).map_err(|e| e.to_string())? {
                WitnessReply::Refused { refusal, .. } => Ok(format!("refused `{}`", refusal.code)),
                WitnessReply::Cosigned(_) => Err("it was cosigned".into()),
            }
        }
        other => Err(format!("{other} in place of Witnessed")),
    }
}

pub(super) async fn consistency(kit: &Kit) -> Seen {
    let request = ConsistencyRequest { sizes: vec![1, 2] };
    let body = serde_json::to_vec(&request).map_err(|e| e.to_string())?;
    match kit.says(FrameKind::Consistency, &body).await?.1 {
        Next::Frame(frame) if frame.kind == FrameKind::Consistency => {
            let reply: ConsistencyReply =
                serde_json::from_slice(&frame.body).map_err(|e| e.to_string())?;
            match reply.proofs.len() {
                count @ (0 | 1) => Ok(audit::wording::counted(count, "proof", "proofs")),
                count => Err(format!("{count} proofs for two sizes")),
            }
        }
        other => Err(format!("{other} in place of Consistency")),
    }
}

pub(super) async fn standing(kit: &Kit) -> Seen {
    let query = messages::query(kit, kit.clock.now())?;
    let signed = kit.signed(&query)?;
    let reply = match kit.asks_anew(&query, &signed).await? {
        Said::Served { reply, .. } => reply,
        Said::Failed(code) => return Err(format!("Failed `{code}` in place of a reply")),
    };
    let both = Digest::of(&[signed.as_bytes(), b"\n", reply.as_bytes()].concat());
    let meant = EntryAsked { query: query.id.digest(), envelope: both };
    let unknown = EntryAsked { query: query.id.digest(), envelope: Digest::of(b"nothing") };
    let request = StandingRequest { entries: vec![unknown, meant] };
    let body = serde_json::to_vec(&request).map_err(|e| e.to_string())?;
    let frame = match kit.says(FrameKind::Standing, &body).await?.1 {
        Next::Frame(frame) if frame.kind == FrameKind::Standing => frame,
        other => return Err(format!("{other} in place of proofs")),
    };
    let shown: StandingReply = serde_json::from_slice(&frame.body).map_err(|e| e.to_string())?;
    let [proof] = shown.proofs.as_slice() else {
        return Err(format!("{} proofs for one entry that stands there", shown.proofs.len()));
    };
    let log = kit.them.of_log(&kit.them.log_key);
    let (header, _) = proof.verified(&log).map_err(|e| e.to_string())?;
    if !meant.is(&header, &kit.me.id) {
        return Err("the entry that it proves is another one".into());
    }
    Ok(format!("entry {} of {}", proof.log.index, proof.log.size))
}

pub(super) async fn standing_of_nothing(kit: &Kit) -> Seen {
    let request = StandingRequest { entries: Vec::new() };
    let body = serde_json::to_vec(&request).map_err(|e| e.to_string())?;
    let (mut raw, next) = kit.says(FrameKind::Standing, &body).await?;
    failed_as(&mut raw, next, "unverifiable", true).await
}

/// With an agency that has signed no agreement, no third one's log concerns both.
pub(super) async fn heads(kit: &Kit) -> Seen {
    let them = &kit.them.id;
    let head = Checkpoint { origin: origin(them), size: 1, root: schemas::merkle::leaf(b"any") };
    let signer = Signer::new(origin(them), kit.log_key.clone());
    let head = SignedCheckpoint::sign(head, &signer).map_err(|e| e.to_string())?;
    let shown = HeadsShown { heads: vec![head.to_string()] };
    let body = serde_json::to_vec(&shown).map_err(|e| e.to_string())?;
    match kit.says(FrameKind::Heads, &body).await?.1 {
        Next::Frame(frame) if frame.kind == FrameKind::Heads => {
            let shown: HeadsShown =
                serde_json::from_slice(&frame.body).map_err(|e| e.to_string())?;
            match shown.heads.len() {
                0 => Ok("none".into()),
                count => Err(format!("{count} heads of logs that do not concern the asker")),
            }
        }
        other => Err(format!("{other} in place of heads")),
    }
}
