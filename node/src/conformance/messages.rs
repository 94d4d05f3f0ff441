//! Envelopes and queries: what is served, and what proves nothing.

use schemas::agency::AgencyId;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::key::SecretKey;
use schemas::purpose::{Purpose, Role};
use schemas::query::{Elements, Justification, Query, Requester};
use schemas::refusal::RefusalCode;
use schemas::text::Text;
use schemas::time::{HOUR_MS, Timestamp};

use super::{Kit, Said, Seen, failed_as, parsed, refused_as};
use crate::exchange::ask::random_id;

/// A query that nobody made, for a plate that no state gives out.
pub(super) fn query(kit: &Kit, at: Timestamp) -> Result<Query, String> {
    Ok(Query {
        id: random_id().map_err(|e| e.to_string())?,
        from: kit.me.id.clone(),
        to: kit.them.id.clone(),
        at,
        search: None,
        authority: None,
        released_by: None,
        for_person: None,
        requester: Requester {
            user: parsed("conformance")?,
            full_name: parsed("Conformance kit")?,
            title: Text::default(),
            roles: vec![Role::Sworn],
            session: None,
            asserted_by: None,
            attestation: None,
            trained_on: Some(at.minus_days(30).day_start()),
            cleared_on: None,
        },
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: parsed("CVC 10851")?,
            offenses: Vec::new(),
            vehicle_role: None,
            case: parsed("CONFORMANCE")?,
            cad: Text::default(),
            reason: parsed("A trial of the protocol by a test agency; nobody is looked for")?,
            suspicion: parsed("None: this is a trial of the protocol")?,
            need_to_know: parsed("None: this is a trial of the protocol")?,
            on_behalf_of: None,
            for_officer: Text::default(),
            danger: Text::default(),
        },
        elements: Elements::exact(parsed("0CONFORM0")?, at.minus_days(7), at),
        limit: 10,
        images: false,
    })
}

/// That these bytes as a query prove nothing.
async fn proves_nothing(kit: &Kit, bytes: &[u8]) -> Seen {
    let (mut raw, next) = kit.says(FrameKind::Query, bytes).await?;
    failed_as(&mut raw, next, "unverifiable", true).await
}

pub(super) async fn served(kit: &Kit) -> Seen {
    let query = query(kit, kit.clock.now())?;
    match kit.asks_anew(&query, &kit.signed(&query)?).await? {
        Said::Served { refused: Some(refusal), .. } => {
            let codes: Vec<String> =
                refusal.reasons.iter().map(|reason| reason.code.to_string()).collect();
            Ok(format!("refused {}", codes.join(", ")))
        }
        Said::Served { pages, .. } => {
            Ok(format!("answered with {}", audit::wording::counted(pages, "page", "pages")))
        }
        Said::Failed(code) => Err(format!("Failed `{code}`")),
    }
}

pub(super) async fn other_form(kit: &Kit) -> Seen {
    let signed = kit.signed(&query(kit, kit.clock.now())?)?;
    let mut spaced = signed.as_bytes().to_vec();
    spaced.insert(1, b' ');
    proves_nothing(kit, &spaced).await?;
    proves_nothing(kit, &[signed.as_bytes(), b"\n"].concat()).await
}

pub(super) async fn other_key(kit: &Kit) -> Seen {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| e.to_string())?;
    let query = query(kit, kit.clock.now())?;
    let other = Envelope::sign_json(Kind::Query, &query, &SecretKey::from_seed(&seed))
        .map_err(|e| e.to_string())?;
    proves_nothing(kit, other.as_bytes()).await
}

/// Each key has one use: the log's own signs no query, though the same card names it.
pub(super) async fn key_of_other_use(kit: &Kit) -> Seen {
    let query = query(kit, kit.clock.now())?;
    let other =
        Envelope::sign_json(Kind::Query, &query, &kit.log_key).map_err(|e| e.to_string())?;
    proves_nothing(kit, other.as_bytes()).await
}

pub(super) async fn other_type(kit: &Kit) -> Seen {
    let query = query(kit, kit.clock.now())?;
    let other =
        Envelope::sign_json(Kind::Receipt, &query, &kit.message_key).map_err(|e| e.to_string())?;
    proves_nothing(kit, other.as_bytes()).await
}

/// A query whose body is this text, signed as any.
async fn body_proves_nothing(kit: &Kit, body: Vec<u8>) -> Seen {
    let signed = Envelope::sign(Kind::Query, body, &kit.message_key).map_err(|e| e.to_string())?;
    proves_nothing(kit, signed.as_bytes()).await
}

pub(super) async fn unknown_field(kit: &Kit) -> Seen {
    let query = query(kit, kit.clock.now())?;
    let mut body = serde_json::to_value(&query).map_err(|e| e.to_string())?;
    if let Some(body) = body.as_object_mut() {
        body.insert("urgent".into(), true.into());
    }
    body_proves_nothing(kit, body.to_string().into_bytes()).await
}

pub(super) async fn deeply_nested(kit: &Kit) -> Seen {
    body_proves_nothing(kit, vec![b'['; 20_000]).await?;
    served(kit).await
}

async fn misdirected(kit: &Kit, query: &Query) -> Seen {
    let (mut raw, next) = kit.says(FrameKind::Query, kit.signed(query)?.as_bytes()).await?;
    failed_as(&mut raw, next, "misdirected", true).await
}

/// An agency that is none.
pub(super) fn another() -> Result<AgencyId, String> {
    parsed("another-agency-of-nobody")
}

pub(super) async fn to_another(kit: &Kit) -> Seen {
    let query = query(kit, kit.clock.now())?;
    misdirected(kit, &Query { to: another()?, ..query }).await
}

pub(super) async fn from_another(kit: &Kit) -> Seen {
    let query = query(kit, kit.clock.now())?;
    misdirected(kit, &Query { from: another()?, ..query }).await
}

async fn stale(kit: &Kit, millis: i64) -> Seen {
    let query = query(kit, kit.clock.now().plus_millis(millis))?;
    refused_as(&kit.asks_anew(&query, &kit.signed(&query)?).await?, RefusalCode::Stale)
}

pub(super) async fn an_hour_old(kit: &Kit) -> Seen {
    stale(kit, -HOUR_MS).await
}

pub(super) async fn an_hour_early(kit: &Kit) -> Seen {
    stale(kit, HOUR_MS).await
}
