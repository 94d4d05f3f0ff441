//! Two agencies, and what they exchange.

use agreements::recorded::{self, Whose};
use agreements::request::{Official, Request, RequestScope, Ruling, Verdict};
use schemas::answer::{Answer, Basis, DecidedBy, Receipt, Released};
use schemas::body::{Access, Actor, Outcome};
use schemas::correction::Correction;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::event::Event;
use schemas::event::exchange::*;
use schemas::event::reads::{CorrectedAnswer, ReadsCorrected};
use schemas::purpose::{Purpose, Role};
use schemas::query::{Elements, Justification, Query, QueryId, Requester};

use schemas::refusal::{Reason, Refusal, RefusalCode};
use schemas::text::Text;

use super::*;

/// Two agencies, and what they exchanged: each log as an honest node writes it.
pub(crate) struct Pair {
    pub(crate) covina: Agency,
    pub(crate) port: Agency,
    /// The log of the requester.
    pub(crate) asking: Log,
    /// That of the owner.
    pub(crate) owning: Log,
}

pub(crate) fn query(id: u8, from: &Agency, to: &Agency, minute: i64) -> Query {
    Query {
        id: QueryId::from_bytes([id; 16]),
        from: from.id.clone(),
        to: to.id.clone(),
        at: at(minute),
        search: None,
        authority: Some("west-covina-ca-pd/plates-2026".parse().unwrap()),
        released_by: None,
        for_person: None,
        requester: Requester {
            user: "mreyes".parse().unwrap(),
            full_name: words("M. Reyes"),
            title: Text::default(),
            roles: vec![Role::Sworn],
            session: None,
            asserted_by: None,
            attestation: None,
            trained_on: None,
            cleared_on: None,
        },
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: Text::default(),
            offenses: Vec::new(),
            vehicle_role: None,
            case: words("26-00417"),
            cad: Text::default(),
            reason: words("Silver Honda taken from Glendora Ave"),
            suspicion: Text::default(),
            need_to_know: Text::default(),
            on_behalf_of: None,
            for_officer: Text::default(),
            danger: Text::default(),
        },
        elements: Elements::exact("7ABC123".parse().unwrap(), at(-60), at(0)),
        limit: 10,
        images: false,
    }
}

/// Rules that this program does not have: these logs hold no policy to decide by.
fn other_rules() -> DecidedBy {
    DecidedBy { policy: Digest::of(b"the text of a policy"), rules: 0 }
}

pub(crate) fn answer(query: &Query, digest: Digest, minute: i64) -> Answer {
    Answer {
        query_id: query.id,
        query_digest: digest,
        from: query.to.clone(),
        to: query.from.clone(),
        at: at(minute),
        decided_by: other_rules(),
        basis: Basis {
            authority: "west-covina-ca-pd/plates-2026".parse().unwrap(),
            version: 1,
            text: Digest::of(b"the text of an agreement"),
            decision: None,
        },
        released: Released {
            from: at(-60),
            until: at(0),
            limit: 10,
            images: false,
            cuts: Vec::new(),
        },
        count: 0,
        truncated: false,
        notice: Text::default(),
        pages: Vec::new(),
        images: Vec::new(),
        images_beyond: 0,
    }
}

pub(crate) fn refusal(query: &Query, digest: Digest, minute: i64) -> Refusal {
    Refusal {
        query_id: query.id,
        query_digest: digest,
        from: query.to.clone(),
        to: query.from.clone(),
        at: at(minute),
        decided_by: Some(other_rules()),
        closest: None,
        reasons: vec![Reason {
            code: RefusalCode::PurposeNotAuthorized,
            message: "the agreement names no such purpose".into(),
            citations: Vec::new(),
        }],
        advice: Text::default(),
    }
}

pub(crate) fn sent(query: &Query, digest: Digest, again: bool) -> Event {
    Event::QuerySent(QuerySent { access: Access::of_signed(query, digest, Outcome::Sent), again })
}

pub(crate) fn answered(query: &Query, asked: Digest, answer: &Answer, digest: Digest) -> Access {
    Access::of_signed(query, asked, Outcome::Answered).answered(answer, digest)
}

impl Pair {
    /// Query 1 is answered, its answer delivered again, viewed and corrected; query 2 is refused, and
    /// the refusal delivered again; query 3 is not answered; a written request is filed and approved.
    pub(crate) fn honest() -> Self {
        Self::between(Agency::new("west-covina-ca-pd", 1), Agency::new("port-ca-pd", 2))
    }

    /// The same between these two, the requester first.
    pub(crate) fn between(covina: Agency, port: Agency) -> Self {
        let asking = Log::new(&covina, &[&port]);
        let owning = Log::new(&port, &[&covina]);
        let mut pair = Self { covina, port, asking, owning };
        pair.answered(1, 10);
        pair.refused(2, 20);
        let three = query(3, &pair.covina, &pair.port, 30);
        let (covina, port) = (pair.covina.clone(), pair.port.clone());
        let signed = covina.sign(Kind::Query, &three);
        let digest = signed.digest();
        pair.asking.write(
            30,
            Some(&port),
            covina.officer(),
            sent(&three, digest, false),
            &[&signed],
        );
        pair.asking.write(
            30,
            Some(&port),
            covina.officer(),
            sent(&three, digest, true),
            &[&signed],
        );
        let access = Access::of_signed(&three, digest, Outcome::Unanswered);
        let silent = QueryUnanswered { access, why: "nothing came in time".into() };
        pair.asking.write(31, Some(&port), covina.officer(), Event::QueryUnanswered(silent), &[]);
        pair.request(40);
        pair
    }

    /// The owner answers query 9, which `by` signs at a minute.
    pub(crate) fn answers(&mut self, by: &Agency, minute: i64) {
        let query = query(9, &self.covina, &self.port, minute);
        let signed = by.sign(Kind::Query, &query);
        let answer = answer(&query, signed.digest(), minute);
        let reply = self.port.sign(Kind::Answer, &answer);
        let access = answered(&query, signed.digest(), &answer, reply.digest());
        let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
        let actor = Actor::requesting(&query);
        self.owning.write(minute, Some(&self.covina), actor, event, &[&signed, &reply]);
    }

    /// An answer, its receipt, and everything that repeats it.
    pub(crate) fn answered(&mut self, id: u8, minute: i64) {
        let (covina, port) = (self.covina.clone(), self.port.clone());
        let query = query(id, &covina, &port, minute);
        let signed = covina.sign(Kind::Query, &query);
        let asked = signed.digest();
        let officer = || covina.officer();
        self.asking.write(minute, Some(&port), officer(), sent(&query, asked, false), &[&signed]);
        let theirs = Some(self.asking.proof());
        let answer = answer(&query, asked, minute);
        let reply = port.sign(Kind::Answer, &answer);
        let access = answered(&query, asked, &answer, reply.digest());
        let event =
            Event::QueryAnswered(QueryAnswered { access: access.clone(), theirs: theirs.clone() });
        let requesting = || Actor::requesting(&query);
        self.owning.write(minute, Some(&covina), requesting(), event, &[&signed, &reply]);
        let replied = Some(self.owning.proof());
        let again = AnswerRedelivered { access: access.clone(), theirs };
        self.owning.write(
            minute,
            Some(&covina),
            requesting(),
            Event::AnswerRedelivered(again),
            &[],
        );
        let receipt = Receipt {
            query_id: query.id,
            answer_digest: reply.digest(),
            from: covina.id.clone(),
            to: port.id.clone(),
            at: at(minute),
        };
        let receipted = covina.sign(Kind::Receipt, &receipt);
        let event = Event::AnswerReceived(AnswerReceived {
            access: access.clone(),
            receipt_digest: receipted.digest(),
            theirs: replied,
        });
        self.asking.write(minute, Some(&port), officer(), event, &[&reply]);
        let event = Event::ReceiptRecorded(ReceiptRecorded {
            answer_digest: reply.digest(),
            logged_at: receipt.at,
            theirs: Some(self.asking.proof()),
        });
        self.owning.write(minute, Some(&covina), Actor::peer(&covina.id), event, &[&receipted]);
        self.owning.entries.last_mut().unwrap().query = Some(query.id.digest());
        let viewed = Event::AnswerViewed(AnswerViewed { access, photographs: None });
        self.asking.write(minute + 1, Some(&port), officer(), viewed, &[]);
        let correction = Correction {
            from: port.id.clone(),
            to: covina.id.clone(),
            query_id: query.id,
            read: "05".repeat(32).parse().unwrap(),
            version: 2,
            was: "7ABC123".parse().unwrap(),
            plate: "7ABC128".parse().ok(),
            plate_state: None,
            reason: words("misread by the camera"),
            at: at(minute + 2),
        };
        let told = port.sign(Kind::Correction, &correction);
        let event = Event::ReadsCorrected(ReadsCorrected {
            read: correction.read,
            version: 2,
            was: correction.was.clone(),
            plate: correction.plate.clone(),
            reason: correction.reason.clone(),
            told: Vec::new(),
            answer: Some(CorrectedAnswer { query_id: query.id, kept: true, asked_by: None }),
        });
        self.asking.write(minute + 2, Some(&port), Actor::peer(&port.id), event, &[&told]);
        self.asking.entries.last_mut().unwrap().query = Some(query.id.digest());
    }

    /// A refusal, delivered twice.
    pub(crate) fn refused(&mut self, id: u8, minute: i64) {
        let (covina, port) = (self.covina.clone(), self.port.clone());
        let query = query(id, &covina, &port, minute);
        let signed = covina.sign(Kind::Query, &query);
        let asked = signed.digest();
        let officer = covina.officer();
        let event = sent(&query, asked, false);
        self.asking.write(minute, Some(&port), officer.clone(), event, &[&signed]);
        let theirs = Some(self.asking.proof());
        let refusal = refusal(&query, asked, minute);
        let reply = port.sign(Kind::Refusal, &refusal);
        let access =
            Access::of_signed(&query, asked, Outcome::Refused).refused(&refusal, reply.digest());
        let mut replied = None;
        for redelivered in [false, true] {
            let event = Event::QueryRefused(QueryRefused {
                access: access.clone(),
                theirs: theirs.clone().filter(|_| !redelivered),
                redelivered,
            });
            let beside: &[&Envelope] = if redelivered { &[] } else { &[&signed, &reply] };
            self.owning.write(minute, Some(&covina), Actor::requesting(&query), event, beside);
            replied = replied.or_else(|| Some(self.owning.proof()));
        }
        let event = Event::RefusalReceived(RefusalReceived { access, theirs: replied });
        self.asking.write(minute, Some(&port), officer, event, &[&reply]);
    }

    /// A written request of covina, approved by port.
    fn request(&mut self, minute: i64) {
        let (covina, port) = (self.covina.clone(), self.port.clone());
        let request = Request {
            id: format!("{}/request-1", covina.id).parse().unwrap(),
            from: covina.id.clone(),
            to: port.id.clone(),
            requested_by: words("M. Reyes"),
            user: "mreyes".parse().unwrap(),
            purpose: Purpose::StolenVehicle,
            case: words("26-00417"),
            reason: words("Silver Honda"),
            danger: Text::default(),
            after_refusal: None,
            at: at(minute),
            scope: RequestScope { uses: Some(1), ..RequestScope::default() },
        };
        let text = request.to_toml().unwrap();
        let filed = covina.sign_text(Kind::Request, text.clone());
        let ruling = Ruling {
            request: request.id.clone(),
            request_digest: Digest::of(text.as_bytes()),
            verdict: Verdict::Approved,
            reason: words("as asked"),
            section: Text::default(),
            at: at(minute + 1),
            decided_by: Official {
                name: words("Chris Doe"),
                title: words("Chief of Police"),
                delegation: None,
            },
            scope: request.scope.clone(),
        };
        let decided = port.sign_text(Kind::Decision, ruling.to_toml().unwrap());
        let own = recorded::of_request(&request, Whose::Own);
        self.asking.write(minute, Some(&port), covina.officer(), own, &[&filed]);
        let came = recorded::of_request(&request, Whose::Peer);
        self.owning.write(minute, Some(&covina), Actor::peer(&covina.id), came, &[&filed]);
        let event = || recorded::of_ruling(&ruling);
        self.owning.write(minute + 1, Some(&covina), port.officer(), event(), &[&decided]);
        self.asking.write(minute + 1, Some(&port), Actor::peer(&port.id), event(), &[&decided]);
    }
}
