//! Whether an entry's body speaks of the envelopes that stand beside it, and of no others.

use schemas::body::Body;
use schemas::entry::{EntryKind, Header};
use schemas::envelope::{Envelope, Kind};
use schemas::event::Event;
use schemas::query::QueryId;
use serde::Deserialize;

/// The query that a message belongs to.
#[derive(Deserialize)]
struct Belongs {
    #[serde(alias = "id")]
    query_id: QueryId,
}

/// What is wrong between body and envelopes, whose signatures were checked.
pub(super) fn unbound(
    header: &Header,
    body: &Body,
    envelopes: &[Envelope],
) -> Option<&'static str> {
    let access = body.event.access();
    for envelope in envelopes {
        let spoken_of = match envelope.kind() {
            Kind::Query => access.and_then(|access| access.query_digest),
            Kind::Answer | Kind::Refusal => access.and_then(|access| access.answer_digest),
            Kind::Receipt => None,
            _ => continue,
        };
        if spoken_of.is_some_and(|digest| digest != envelope.digest()) {
            return Some("its body speaks of another envelope than the one beside it");
        }
        let belongs = serde_json::from_slice::<Belongs>(envelope.unverified_payload());
        if belongs.map(|belongs| belongs.query_id.digest()).ok() != header.query {
            return Some("an envelope beside it belongs to another query");
        }
    }
    let has = |kind| envelopes.iter().any(|envelope| envelope.kind() == kind);
    let again = matches!(&body.event, Event::QueryRefused(refused) if refused.redelivered);
    let complete = match header.kind {
        EntryKind::QuerySent => has(Kind::Query),
        EntryKind::QueryAnswered => has(Kind::Query) && has(Kind::Answer),
        EntryKind::QueryRefused => again || has(Kind::Query) && has(Kind::Refusal),
        EntryKind::AnswerReceived => has(Kind::Answer),
        EntryKind::RefusalReceived => has(Kind::Refusal),
        EntryKind::ReceiptRecorded => has(Kind::Receipt),
        _ => true,
    };
    (!complete).then_some("the signed message that it is about does not stand beside it")
}
