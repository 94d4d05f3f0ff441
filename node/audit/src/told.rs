//! What an entry tells of an exchange, as digests: small enough to be kept of every query and reply, and
//! precise enough to name the field in which two entries differ.

use schemas::body::Body;
use schemas::digest::Digest;
use schemas::event::Event;
use serde::Serialize;

/// The fields of an access that its query says.
pub(super) const OF_QUERY: [&str; 8] =
    ["query_id", "asked_at", "requester", "owner", "why", "elements", "authority", "query_digest"];
/// Those that its reply says.
pub(super) const OF_REPLY: [&str; 4] = ["basis", "reasons", "count", "answer_digest"];

/// A digest of some fields of an access, and of each alone a few bytes, by which the one that differs is
/// found.
#[derive(Debug, Clone)]
pub(super) struct Said {
    all: Digest,
    each: Vec<[u8; 4]>,
}

/// What an entry says of a query and a reply, made once for each entry.
#[derive(Debug)]
pub(super) struct Told {
    /// Of the query.
    pub(super) of_query: Said,
    /// Of the reply.
    pub(super) of_reply: Said,
    /// The person who acts.
    pub(super) person: Digest,
}

impl Told {
    /// What a body tells, where it is one of an exchange.
    pub(super) fn of(body: &Body) -> Option<Self> {
        let of_exchange = matches!(
            body.event,
            Event::QuerySent(_)
                | Event::QueryAnswered(_)
                | Event::QueryRefused(_)
                | Event::QueryUnanswered(_)
                | Event::AnswerReceived(_)
                | Event::RefusalReceived(_)
                | Event::AnswerRejected(_)
                | Event::AnswerViewed(_)
                | Event::AnswerRedelivered(_)
        );
        let access = body.event.access().filter(|_| of_exchange)?;
        let of_query = [
            json(&access.query_id),
            json(&access.asked_at),
            json(&access.requester),
            json(&access.owner),
            json(&access.why),
            json(&access.elements),
            json(&access.authority),
            json(&access.query_digest),
        ];
        let of_reply = [
            json(&access.basis),
            json(&access.reasons),
            json(&access.count),
            json(&access.answer_digest),
        ];
        let actor = &body.actor;
        Some(Self {
            of_query: Said::of(&of_query),
            of_reply: Said::of(&of_reply),
            person: Digest::of(&json(&(&actor.user, &actor.full_name, &actor.agency))),
        })
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    // What was read as JSON is written as JSON.
    serde_json::to_vec(value).unwrap_or_default()
}

impl Said {
    fn of(fields: &[Vec<u8>]) -> Self {
        let mut all = Vec::with_capacity(1_024);
        let mut each = Vec::with_capacity(fields.len());
        for text in fields {
            let [a, b, c, d, ..] = *Digest::of(text).as_bytes();
            each.push([a, b, c, d]);
            all.extend_from_slice(&(text.len() as u64).to_be_bytes());
            all.extend_from_slice(text);
        }
        Self { all: Digest::of(&all), each }
    }

    /// The fields that the other one says otherwise; none when it says the same.
    pub(super) fn differing(&self, other: &Self, fields: &[&str]) -> Option<String> {
        if self.all == other.all {
            return None;
        }
        let pairs = self.each.iter().zip(&other.each).zip(fields);
        let found = pairs.filter(|((one, other), _)| one != other);
        let found: Vec<String> = found.map(|(_, field)| format!("access.{field}")).collect();
        Some(found.join("`, `"))
    }
}
