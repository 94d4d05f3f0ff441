//! What the body of an entry must say, derived from the signed messages beside it by the same functions
//! with which logs make bodies; and where a body says something else.

use agreements::recorded::{self, Whose};
use schemas::agency::AgencyId;
use schemas::body::{Access, Actor, Body, Outcome};
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::event::Event;
use schemas::event::audit::{AlarmRaised, AuditReconciled, AuditStated};
use schemas::event::cards::{CardConfirmed, CardHeld, CardIssued, CardUpdated};
use schemas::event::exchange::{
    AnswerReceived, QueryAnswered, QueryRefused, QuerySent, ReceiptRecorded, RefusalReceived,
};
use schemas::event::people::PolicyReceived;
use schemas::event::reads::{CorrectedAnswer, ReadsCorrected};
use schemas::query::{Query, QueryId};
use serde_json::Value;

use super::messages::{Message, Opened};

/// What an entry must say.
struct Derived {
    /// Its event; what no message says is taken from the body.
    event: Event,
    /// Who acted, where a message or the kind says it.
    actor: Option<Actor>,
    /// The exchange that it belongs to.
    query: Option<QueryId>,
}

/// Holds a body against the messages beside its entry. Gives the body with everything that a message
/// says as it says it, and each thing that was wrong, in a sentence.
pub(super) fn recomputed(
    header: &Header,
    body: &Body,
    me: &AgencyId,
    messages: &[Opened],
) -> (Body, Vec<String>) {
    let mut wrong = Vec::new();
    let derived = match derived(header, body, me, messages) {
        Ok(derived) => derived,
        Err(what) => return (body.clone(), vec![what]),
    };
    let Derived { event, actor, query } = derived;
    if event != body.event {
        let fields = differing(&event, &body.event).join("`, `");
        wrong.push(format!("its body says another `{fields}` than the signed message beside it"));
    }
    let actor = match actor {
        Some(actor) if actor != body.actor => {
            let fields = differing(&actor, &body.actor).join("`, `");
            wrong.push(format!(
                "its body names another `actor.{fields}` than the signed message beside it"
            ));
            actor
        }
        _ => {
            if !named(header, body, me) {
                wrong.push(format!(
                    "its actor is of `{}`, which does not act in such an entry",
                    body.actor.agency
                ));
            }
            body.actor.clone()
        }
    };
    let belongs = query.as_ref().map(QueryId::digest);
    if belongs != header.query {
        wrong
            .push("its header names another query than the signed message that it is about".into());
    }
    (Body { actor, event, ..body.clone() }, wrong)
}

/// Whether the one who acts is of an agency that can act in such an entry: the log's own or, where an
/// entry records what a peer did, the peer.
fn named(header: &Header, body: &Body, me: &AgencyId) -> bool {
    let of = &body.actor.agency;
    of == me || (header.peer.as_ref() == Some(of) && !own_act(&body.event))
}

/// Whether only people of the log's own agency, or its node, act in entries like this.
const fn own_act(event: &Event) -> bool {
    !matches!(
        event,
        Event::QueryAnswered(_)
            | Event::QueryRefused(_)
            | Event::AnswerRedelivered(_)
            | Event::ReceiptRecorded(_)
            | Event::PeerRejected(_)
            | Event::CardUpdated(_)
            | Event::CardHeld(_)
            | Event::AlarmRaised(_)
            | Event::AgreementReceived(_)
            | Event::AgreementRefused(_)
            | Event::AgreementAdhered(_)
            | Event::AgreementSuspended(_)
            | Event::AgreementResumed(_)
            | Event::AgreementWithdrawn(_)
            | Event::AgreementDeclined(_)
            | Event::RequestReceived(_)
            | Event::RequestApproved(_)
            | Event::RequestDenied(_)
            | Event::RequestWithdrawn(_)
            | Event::ReadsCorrected(_)
            | Event::PolicyReceived(_)
            | Event::AuditStated(_)
    )
}

/// What an entry must say by the messages beside it.
fn derived(
    header: &Header,
    body: &Body,
    me: &AgencyId,
    messages: &[Opened],
) -> Result<Derived, String> {
    let said: Vec<&Message> = messages.iter().map(|opened| &opened.message).collect();
    match (&body.event, said.as_slice()) {
        (Event::AuditStated(_) | Event::AuditReconciled(_), [_, ..]) => {
            of_statements(header, &body.event, messages)
        }
        (event, [Message::Card(card)]) => of_card(header, event, card),
        (
            _,
            [
                Message::Agreement(_)
                | Message::Adherence(_)
                | Message::Notice(_)
                | Message::Request(_)
                | Message::Decision(_)
                | Message::Withdrawal(_),
            ],
        ) => of_document(header, body, messages),
        (event, []) => Ok(Derived {
            event: event.clone(),
            actor: None,
            query: match event {
                Event::ReadsCorrected(_) => None,
                event => event.access().map(|access| access.query_id),
            },
        }),
        _ => of_messages(header, body, me, messages),
    }
}

const OTHERWISE: &str = "what stands beside it is not what it speaks of";

/// The digest of the message at a place.
fn digest(messages: &[Opened], n: usize) -> Digest {
    messages.get(n).map_or_else(|| Digest::of(b""), |opened| opened.digest)
}

/// That the peer acts.
fn peer_acts(header: &Header) -> Option<Actor> {
    header.peer.as_ref().map(Actor::peer)
}

/// What belongs to no exchange.
const fn plain(event: Event, actor: Option<Actor>) -> Derived {
    Derived { event, actor, query: None }
}

/// What an entry of an exchange must say.
fn of_messages(
    header: &Header,
    body: &Body,
    me: &AgencyId,
    messages: &[Opened],
) -> Result<Derived, String> {
    let said: Vec<&Message> = messages.iter().map(|opened| &opened.message).collect();
    let digest = |n: usize| digest(messages, n);
    match (&body.event, said.as_slice()) {
        (Event::QuerySent(sent), [Message::Query(query)]) => {
            let access = Access::of_signed(query, digest(0), Outcome::Sent);
            let event = Event::QuerySent(QuerySent { access, again: sent.again });
            // Asked again, it may be by somebody else of the agency.
            let actor = (!sent.again)
                .then(|| Actor { auth: body.actor.auth.clone(), ..Actor::requesting(query) });
            Ok(Derived { event, actor, query: Some(query.id) })
        }
        (Event::QueryAnswered(answered), [Message::Query(query), Message::Answer(answer)]) => {
            replies_to(query, digest(0), answer.query_id, answer.query_digest)?;
            let access = Access::of_signed(query, digest(0), Outcome::Answered);
            let access = access.answered(answer, digest(1));
            let event =
                Event::QueryAnswered(QueryAnswered { access, theirs: answered.theirs.clone() });
            Ok(Derived { event, actor: Some(Actor::requesting(query)), query: Some(query.id) })
        }
        (Event::QueryRefused(refused), [Message::Query(query), Message::Refusal(refusal)]) => {
            replies_to(query, digest(0), refusal.query_id, refusal.query_digest)?;
            let access = Access::of_signed(query, digest(0), Outcome::Refused);
            let access = access.refused(refusal, digest(1));
            let theirs = refused.theirs.clone();
            let event = Event::QueryRefused(QueryRefused { access, theirs, redelivered: false });
            Ok(Derived { event, actor: Some(Actor::requesting(query)), query: Some(query.id) })
        }
        (Event::AnswerReceived(received), [Message::Answer(answer)]) => {
            bound(&received.access, answer.query_id, answer.query_digest)?;
            let asked = of_exchange(received.access.clone(), me, header);
            let event = Event::AnswerReceived(AnswerReceived {
                access: asked.answered(answer, digest(0)),
                ..received.clone()
            });
            Ok(Derived { event, actor: None, query: Some(answer.query_id) })
        }
        (Event::RefusalReceived(received), [Message::Refusal(refusal)]) => {
            bound(&received.access, refusal.query_id, refusal.query_digest)?;
            let asked = of_exchange(received.access.clone(), me, header);
            let event = Event::RefusalReceived(RefusalReceived {
                access: asked.refused(refusal, digest(0)),
                theirs: received.theirs.clone(),
            });
            Ok(Derived { event, actor: None, query: Some(refusal.query_id) })
        }
        (Event::ReceiptRecorded(recorded), [Message::Receipt(receipt)]) => {
            let theirs = recorded.theirs.clone();
            let event = Event::ReceiptRecorded(ReceiptRecorded::of(receipt, theirs));
            Ok(Derived { event, actor: peer_acts(header), query: Some(receipt.query_id) })
        }
        (Event::ReadsCorrected(corrected), [Message::Correction(correction)]) => {
            let answer =
                corrected.answer.as_ref().ok_or("it says of no answer what it corrects")?;
            let answer = CorrectedAnswer { query_id: correction.query_id, ..answer.clone() };
            let event = Event::ReadsCorrected(ReadsCorrected::of(correction, answer));
            Ok(Derived { event, actor: peer_acts(header), query: Some(correction.query_id) })
        }
        (Event::PolicyReceived(_), [Message::Policy(posted)]) => {
            Ok(plain(Event::PolicyReceived(PolicyReceived::of(posted)), peer_acts(header)))
        }
        _ => Err(OTHERWISE.into()),
    }
}

/// What an entry of a statement must say.
fn of_statements(header: &Header, event: &Event, messages: &[Opened]) -> Result<Derived, String> {
    let said: Vec<&Message> = messages.iter().map(|opened| &opened.message).collect();
    Ok(match (event, said.as_slice()) {
        (Event::AuditStated(_), [Message::StatementRequest(request)]) => plain(
            Event::AuditStated(AuditStated {
                asked: true,
                since: Some(request.since),
                until: Some(request.until),
                exchanges: None,
            }),
            None,
        ),
        (Event::AuditStated(_), [Message::StatementRequest(_), Message::Statement(statement)]) => {
            if statement.request != digest(messages, 0) {
                return Err("the statement beside it is bound to another request".into());
            }
            let exchanges = Some(statement.count);
            let event = AuditStated { asked: false, since: None, until: None, exchanges };
            plain(Event::AuditStated(event), peer_acts(header))
        }
        (Event::AuditReconciled(reconciled), [Message::Statement(_)]) => {
            plain(Event::AuditReconciled(AuditReconciled { ..reconciled.clone() }), None)
        }
        _ => return Err(OTHERWISE.into()),
    })
}

/// What an entry beside which a card stands must say.
fn of_card(header: &Header, event: &Event, card: &Card) -> Result<Derived, String> {
    let (event, actor) = match event {
        Event::CardIssued(_) => (Event::CardIssued(CardIssued::of(card)), None),
        Event::CardAdded(confirmed) | Event::CardReplaced(confirmed) => {
            let confirmed = CardConfirmed {
                fingerprint: card.agency_key.fingerprint(),
                version: card.version,
                ..confirmed.clone()
            };
            match event {
                Event::CardAdded(_) => (Event::CardAdded(confirmed), None),
                _ => (Event::CardReplaced(confirmed), None),
            }
        }
        Event::CardUpdated(_) => {
            let updated = CardUpdated { version: card.version };
            (Event::CardUpdated(updated), peer_acts(header))
        }
        Event::CardHeld(held) => {
            let held = CardHeld { version: card.version, why: held.why.clone() };
            (Event::CardHeld(held), peer_acts(header))
        }
        Event::AlarmRaised(raised) => {
            let version = Some(card.version);
            let raised = AlarmRaised { version, ..raised.clone() };
            (Event::AlarmRaised(raised), peer_acts(header))
        }
        _ => return Err("a card stands beside it, of which it does not speak".into()),
    };
    Ok(plain(event, actor))
}

/// What an entry beside which another signed document stands must say.
fn of_document(header: &Header, body: &Body, messages: &[Opened]) -> Result<Derived, String> {
    let whose = match header.peer {
        Some(ref peer) if body.actor.agency == *peer => Whose::Peer,
        _ => Whose::Own,
    };
    let event = match messages.first().map(|opened| &opened.message) {
        Some(Message::Agreement(agreement)) => recorded::of_agreement(agreement, whose),
        Some(Message::Adherence(adherence)) => recorded::of_adherence(adherence, whose),
        Some(Message::Notice(notice)) => recorded::of_notice(notice),
        Some(Message::Request(request)) => recorded::of_request(request, whose),
        Some(Message::Decision(ruling)) => recorded::of_ruling(ruling),
        Some(Message::Withdrawal(withdrawal)) => recorded::of_withdrawal(withdrawal),
        _ => return Err(OTHERWISE.into()),
    };
    let actor = if whose == Whose::Peer { peer_acts(header) } else { None };
    Ok(plain(event, actor))
}

/// That a reply is to this query.
fn replies_to(query: &Query, envelope: Digest, id: QueryId, digest: Digest) -> Result<(), String> {
    if id == query.id && digest == envelope {
        return Ok(());
    }
    Err("the reply beside it is bound to another query than the one beside it".into())
}

/// That a reply is to the query that an access speaks of.
fn bound(access: &Access, id: QueryId, digest: Digest) -> Result<(), String> {
    if id == access.query_id && Some(digest) == access.query_digest {
        return Ok(());
    }
    Err("the reply beside it is bound to another query than the one it speaks of".into())
}

/// An access of this log's own asking: between these two.
fn of_exchange(access: Access, me: &AgencyId, header: &Header) -> Access {
    let owner = header.peer.clone().unwrap_or_else(|| access.owner.clone());
    Access { requester: me.clone(), owner, ..access }
}

/// The fields in which two values of one type differ, by their paths.
fn differing<T: serde::Serialize>(one: &T, other: &T) -> Vec<String> {
    let [one, other] = [one, other].map(|value| serde_json::to_value(value).unwrap_or_default());
    let mut paths = Vec::new();
    walk(&one, &other, "", &mut paths);
    paths
}

fn walk(one: &Value, other: &Value, path: &str, paths: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<&String> =
                left.keys().chain(right.keys()).collect();
            for key in keys {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let value =
                    |of: &serde_json::Map<String, Value>| of.get(key).cloned().unwrap_or_default();
                walk(&value(left), &value(right), &below, paths);
            }
        }
        (left, right) if left != right => paths.push(path.to_owned()),
        _ => {}
    }
}
