//! What earlier entries of a log said that later ones repeat without the signed message beside them: a
//! small record of each query and each reply, so that whatever repeats one is held against it.

use std::collections::{HashMap, HashSet};

use schemas::agency::AgencyId;
use schemas::answer::Wanted;
use schemas::body::{Access, Body, Outcome};
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::event::Event;
use schemas::names::ProgramName;
use schemas::query::{QueryId, UserName};
use schemas::session::RequesterSession;
use schemas::time::Timestamp;

use super::messages::{Message, Opened};
use super::told::{OF_QUERY, OF_REPLY, Said, Told};

/// A query, as the first entry that holds its signed envelope says.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its id.
    pub id: QueryId,
    /// When it was signed.
    pub at: Timestamp,
    /// When the log first had it.
    pub logged: Timestamp,
    /// Who asks.
    pub requester: AgencyId,
    /// How far its search is to go.
    pub wanted: Wanted,
    /// The person who asks.
    pub(super) user: UserName,
    /// How that person had signed in, as the query says.
    pub(super) session: Option<RequesterSession>,
    /// The program that named who asked, as its query says.
    pub(super) asserted_by: Option<ProgramName>,
    peer: AgencyId,
    entry: u64,
    /// Of what the query says of itself.
    said: Said,
    /// Of the person who asks.
    person: Digest,
}

/// A reply, as the entry that holds its signed envelope says.
#[derive(Debug)]
struct Replied {
    query: Digest,
    answered: bool,
    entry: u64,
    said: Said,
}

/// A written request.
#[derive(Debug)]
struct Filed {
    id: String,
    from: AgencyId,
    to: AgencyId,
}

/// What entries said so far.
#[derive(Debug)]
pub(super) struct Earlier {
    /// Whether every entry of the log, or all of one peer, is told.
    complete: bool,
    /// Whether entries that concern no peer are told too.
    whole: bool,
    queries: HashMap<Digest, Asked>,
    replies: HashMap<Digest, Replied>,
    /// Exchanges of which some entry is destroyed.
    bare: HashSet<Digest>,
    requests: HashMap<Digest, Filed>,
    /// Texts of agreements.
    agreements: HashSet<Digest>,
    /// Requests for statements, with the span that they ask for.
    statements: HashMap<Digest, (Timestamp, Timestamp)>,
}

/// How an entry that repeats an earlier one stands to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Repeats {
    /// Nothing, or what the earlier one says.
    Right,
    /// An entry that is not at hand.
    Unknown,
    /// Something else than the earlier one says.
    Wrong(String),
}

impl Earlier {
    /// Nothing yet. `complete`: no earlier entry of the same peer is left out; `whole`: none at all.
    pub(super) fn new(complete: bool, whole: bool) -> Self {
        Self {
            complete,
            whole,
            queries: HashMap::new(),
            replies: HashMap::new(),
            bare: HashSet::new(),
            requests: HashMap::new(),
            agreements: HashSet::new(),
            statements: HashMap::new(),
        }
    }

    /// The query whose envelope has this digest.
    pub(super) fn query(&self, envelope: &Digest) -> Option<&Asked> {
        self.queries.get(envelope)
    }

    /// An entry whose body is destroyed.
    pub(super) fn destroyed(&mut self, header: &Header) {
        self.bare.extend(header.query);
    }

    /// Takes in the next entry, whose body says what the messages beside it say.
    pub(super) fn take(
        &mut self,
        header: &Header,
        body: &Body,
        me: &AgencyId,
        messages: &[Opened],
        told: Option<&Told>,
    ) -> Repeats {
        let mut known = true;
        for opened in messages {
            match self.message(header, body, opened, told) {
                Repeats::Right => {}
                Repeats::Unknown => known = false,
                wrong @ Repeats::Wrong(_) => return wrong,
            }
        }
        match self.repeats(header, body, me, messages, told) {
            Repeats::Right if !known => Repeats::Unknown,
            repeats => repeats,
        }
    }

    /// Keeps what a message says, and holds it against the document that it refers to.
    fn message(
        &mut self,
        header: &Header,
        body: &Body,
        opened: &Opened,
        told: Option<&Told>,
    ) -> Repeats {
        let (of_request, who): (Option<(&Digest, String)>, &str) = match &opened.message {
            Message::Query(query) => {
                let Some(told) = told else { return Repeats::Right };
                let peer = header.peer.clone().unwrap_or_else(|| query.to.clone());
                let new = Asked {
                    id: query.id,
                    at: query.at,
                    logged: header.at,
                    requester: query.from.clone(),
                    wanted: Wanted::from(&**query),
                    user: query.requester.user.clone(),
                    session: query.requester.session.clone(),
                    asserted_by: query.requester.asserted_by.clone(),
                    peer,
                    entry: header.index,
                    said: told.of_query.clone(),
                    person: told.person,
                };
                let known = self.queries.contains_key(&opened.digest);
                self.queries.entry(opened.digest).or_insert(new);
                let Event::QuerySent(sent) = &body.event else { return Repeats::Right };
                if known && !sent.again {
                    let what = "its query was sent before, and it does not say so";
                    return Repeats::Wrong(what.into());
                }
                if sent.again && !known {
                    return self.missing(header, "query");
                }
                return Repeats::Right;
            }
            Message::Answer(_) | Message::Refusal(_) => {
                if let Some(query) = body.event.access().and_then(|access| access.query_digest)
                    && let Some(told) = told
                {
                    self.replies.entry(opened.digest).or_insert_with(|| Replied {
                        query,
                        answered: matches!(opened.message, Message::Answer(_)),
                        entry: header.index,
                        said: told.of_reply.clone(),
                    });
                }
                return Repeats::Right;
            }
            Message::Request(request) => {
                let filed = Filed {
                    id: request.id.to_string(),
                    from: request.from.clone(),
                    to: request.to.clone(),
                };
                self.requests.insert(opened.text, filed);
                return Repeats::Right;
            }
            Message::Agreement(_) => {
                self.agreements.insert(opened.text);
                return Repeats::Right;
            }
            Message::StatementRequest(request) => {
                self.statements.insert(opened.digest, (request.since, request.until));
                return Repeats::Right;
            }
            Message::Adherence(adherence) => {
                if self.whole && !self.agreements.contains(&adherence.text) {
                    let what = "the adherence beside it is to a text that no earlier entry holds";
                    return Repeats::Wrong(what.into());
                }
                return Repeats::Right;
            }
            Message::Decision(ruling) => {
                (Some((&ruling.request_digest, ruling.request.to_string())), "decision")
            }
            Message::Withdrawal(withdrawal) => {
                (Some((&withdrawal.request_digest, withdrawal.request.to_string())), "withdrawal")
            }
            _ => (None, ""),
        };
        let Some((digest, id)) = of_request else { return Repeats::Right };
        let Some(filed) = self.requests.get(digest) else {
            if self.complete {
                return Repeats::Wrong(format!(
                    "the {who} beside it is on a written request that no earlier entry holds"
                ));
            }
            return Repeats::Unknown;
        };
        let entitled = if who == "decision" { &filed.to } else { &filed.from };
        if filed.id != id || *entitled != opened.by {
            return Repeats::Wrong(format!(
                "the {who} beside it is of `{}`; for request `{}` only `{entitled}` may give one",
                opened.by, filed.id
            ));
        }
        Repeats::Right
    }

    /// Whether what is not found was not there: nothing of the exchange is left out or destroyed.
    fn sure(&self, header: &Header) -> bool {
        self.complete && !header.query.is_some_and(|query| self.bare.contains(&query))
    }

    fn missing(&self, header: &Header, what: &str) -> Repeats {
        if self.sure(header) {
            return Repeats::Wrong(format!("it repeats a {what} that no earlier entry holds"));
        }
        Repeats::Unknown
    }

    /// Holds what an entry repeats against the entry that it repeats.
    fn repeats(
        &self,
        header: &Header,
        body: &Body,
        me: &AgencyId,
        messages: &[Opened],
        told: Option<&Told>,
    ) -> Repeats {
        match &body.event {
            Event::AnswerReceived(_) | Event::RefusalReceived(_) => {}
            Event::QueryUnanswered(_) | Event::AnswerRejected(_) => {}
            Event::AnswerViewed(_) | Event::AnswerRedelivered(_) => {}
            Event::QueryRefused(refused) if refused.redelivered => {}
            Event::ReceiptRecorded(recorded) => {
                return self.receipt(header, &recorded.answer_digest);
            }
            Event::AuditReconciled(reconciled) => {
                let request = messages.iter().find_map(|opened| match &opened.message {
                    Message::Statement(statement) => Some(statement.request),
                    _ => None,
                });
                return match request.and_then(|request| self.statements.get(&request)) {
                    Some(span) if *span == (reconciled.since, reconciled.until) => Repeats::Right,
                    Some(_) => Repeats::Wrong(
                        "its body says another `since`, `until` than the request for the statement"
                            .into(),
                    ),
                    None => self.missing(header, "request for a statement"),
                };
            }
            _ => return Repeats::Right,
        }
        let Some((access, told)) = body.event.access().zip(told) else { return Repeats::Right };
        let Some(digest) = access.query_digest else {
            return Repeats::Wrong("its body names no `access.query_digest`".into());
        };
        let Some(asked) = self.queries.get(&digest) else { return self.missing(header, "query") };
        let own = asked.requester == *me;
        let served = matches!(
            body.event,
            Event::AnswerRedelivered(_) | Event::QueryRefused(_) | Event::ReceiptRecorded(_)
        );
        if header.peer.as_ref() != Some(&asked.peer) || own == served {
            return Repeats::Wrong(format!(
                "it is of another exchange than the query of entry {}, which it repeats",
                asked.entry
            ));
        }
        if let Some(fields) = told.of_query.differing(&asked.said, &OF_QUERY) {
            return Repeats::Wrong(format!(
                "its body says another `{fields}` than the query of entry {}",
                asked.entry
            ));
        }
        if served && told.person != asked.person {
            return Repeats::Wrong(format!(
                "its body names another `actor` than the query of entry {}",
                asked.entry
            ));
        }
        self.reply(header, body, told, access)
    }

    /// Holds what an entry says of a reply against the entry of that reply, or against there being none.
    fn reply(&self, header: &Header, body: &Body, told: &Told, access: &Access) -> Repeats {
        let answered = match (&body.event, access.outcome) {
            // Their reply stands beside them.
            (Event::AnswerReceived(_) | Event::RefusalReceived(_), _) => return Repeats::Right,
            (Event::QueryUnanswered(_), Outcome::Unanswered)
            | (Event::AnswerRejected(_), Outcome::Rejected) => {
                let none = access.basis.is_none()
                    && access.reasons.is_empty()
                    && access.count.is_none()
                    && access.answer_digest.is_none();
                if none {
                    return Repeats::Right;
                }
                return Repeats::Wrong("its body tells of a reply, and there was none".into());
            }
            (Event::AnswerViewed(_) | Event::AnswerRedelivered(_), Outcome::Answered) => true,
            (Event::QueryRefused(_), Outcome::Refused) => false,
            _ => {
                return Repeats::Wrong("its body says another `access.outcome` than it can".into());
            }
        };
        let Some(replied) = access.answer_digest.and_then(|reply| self.replies.get(&reply)) else {
            return self.missing(header, "reply");
        };
        if Some(replied.query) != access.query_digest || replied.answered != answered {
            return Repeats::Wrong(format!(
                "it repeats the reply of entry {}, which is none to its query",
                replied.entry
            ));
        }
        match told.of_reply.differing(&replied.said, &OF_REPLY) {
            None => Repeats::Right,
            Some(fields) => Repeats::Wrong(format!(
                "its body says another `{fields}` than the reply of entry {}",
                replied.entry
            )),
        }
    }

    /// A receipt is for an answer that this log gave to that peer's query.
    fn receipt(&self, header: &Header, answer: &Digest) -> Repeats {
        let Some(replied) = self.replies.get(answer) else {
            return self.missing(header, "reply, by the receipt beside it,");
        };
        let asked = self.queries.get(&replied.query);
        let fits = replied.answered
            && asked.is_some_and(|asked| {
                Some(asked.id.digest()) == header.query && header.peer.as_ref() == Some(&asked.peer)
            });
        if fits {
            return Repeats::Right;
        }
        Repeats::Wrong(format!(
            "the receipt beside it is for the reply of entry {}, of another exchange",
            replied.entry
        ))
    }
}
