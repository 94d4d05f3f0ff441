//! Agencies with keys, and logs that they write as they like: whatever is put in gets numbers, a tree
//! and a signed head that fit.

use std::collections::BTreeMap;
use std::io::Cursor;

use agreements::recorded::{self, Whose};
use agreements::request::{Official, Request, RequestScope, Ruling, Verdict};
use audit::check::Report;
use audit::{BundleFile, Pins};
use registry::{Change, Verified};
use schemas::agency::{AgencyId, AgencyKind};
use schemas::answer::LogPosition;
use schemas::answer::{Answer, Basis, DecidedBy, Receipt, Released};
use schemas::body::{Access, Actor, Body, Outcome};
use schemas::bundle::{FORMAT, Head, Item, Line, Scope};
use schemas::card::{Card, Revocation};
use schemas::checkpoint::{Checkpoint, SignedCheckpoint, origin};
use schemas::correction::Correction;
use schemas::digest::Digest;
use schemas::entry::{Header, StoredEntry, VERSION};
use schemas::entry_proof::EntryProof;
use schemas::envelope::{Envelope, Kind};
use schemas::event::Event;
use schemas::event::audit::AuditExported;
use schemas::event::cards::CardConfirmed;
use schemas::event::exchange::*;
use schemas::event::reads::{CorrectedAnswer, ReadsCorrected};
use schemas::key::SecretKey;
use schemas::merkle::{self, Frontier};
use schemas::note::Signer;
use schemas::possession::Possession;
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::query::{Elements, Justification, Query, QueryId, Requester};

use schemas::refusal::{Reason, Refusal, RefusalCode};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub(crate) fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    start.plus_millis(minute * 60_000)
}

pub(crate) fn words(text: &str) -> Text {
    text.parse().unwrap()
}

/// An agency with keys of its own.
#[derive(Clone)]
pub(crate) struct Agency {
    pub(crate) id: AgencyId,
    keys: [SecretKey; 5],
    card: Card,
}

impl Agency {
    /// `seed` makes its keys.
    pub(crate) fn new(id: &str, seed: u8) -> Self {
        let keys: [SecretKey; 5] = std::array::from_fn(|n| {
            SecretKey::from_seed(&[seed.wrapping_mul(8).wrapping_add(u8::try_from(n).unwrap()); 32])
        });
        let id: AgencyId = id.parse().unwrap();
        let [agency, node, message, log, cosigner] = &keys;
        let card = Card {
            name: words(id.as_str()),
            id: id.clone(),
            ori: None,
            kind: AgencyKind::Police,
            state: "CA".parse().unwrap(),
            version: 1,
            at: at(0),
            addresses: Vec::new(),
            contact: Text::default(),
            agency_key: agency.public(),
            node_key: node.public(),
            message_key: message.public(),
            log_key: log.public(),
            cosigner_key: cosigner.public(),
            revocations: Vec::new(),
            possession: Possession::default(),
        };
        Self { id, keys, card }
    }

    pub(crate) fn card(&self) -> Envelope {
        self.card.sign(&self.keys[0], &self.keys).unwrap()
    }

    /// The agency with another message key; the one before ends at `minute`.
    pub(crate) fn with_ended_message_key(&self, minute: i64) -> Self {
        let mut next = self.clone();
        let before = next.keys[2].public();
        next.keys[2] = SecretKey::from_seed(&[201; 32]);
        next.card.message_key = next.keys[2].public();
        next.card.version = 2;
        next.card.revocations = vec![Revocation { key: before, at: at(minute) }];
        next
    }

    /// That a person at another agency confirmed its card.
    pub(crate) fn confirmed(&self) -> Event {
        Event::CardAdded(CardConfirmed {
            fingerprint: self.card.agency_key.fingerprint(),
            agency_kind: self.card.kind,
            state: self.card.state,
            verified_by: words("telephone"),
            version: self.card.version,
        })
    }

    pub(crate) fn card_said(&self) -> &Card {
        &self.card
    }

    pub(crate) fn sign_as_agency(&self, kind: Kind, text: String) -> Envelope {
        Envelope::sign(kind, text.into_bytes(), &self.keys[0]).unwrap()
    }

    /// With the key that signs this kind.
    pub(crate) fn sign_bytes(&self, kind: Kind, body: Vec<u8>) -> Envelope {
        let agency = matches!(kind, Kind::Agreement | Kind::Adherence);
        Envelope::sign(kind, body, &self.keys[if agency { 0 } else { 2 }]).unwrap()
    }

    pub(crate) fn message_key(&self) -> schemas::key::Fingerprint {
        self.keys[2].public().fingerprint()
    }

    pub(crate) fn sign<T: Serialize>(&self, kind: Kind, message: &T) -> Envelope {
        Envelope::sign_json(kind, message, &self.keys[2]).unwrap()
    }

    pub(crate) fn sign_text(&self, kind: Kind, text: String) -> Envelope {
        Envelope::sign(kind, text.into_bytes(), &self.keys[2]).unwrap()
    }

    fn head(&self, size: u64, root: Digest) -> String {
        let checkpoint = Checkpoint { origin: origin(&self.id), size, root };
        let signer = Signer::new(origin(&self.id), self.keys[3].clone());
        SignedCheckpoint::sign(checkpoint, &signer).unwrap().to_string()
    }

    pub(crate) fn officer(&self) -> Actor {
        Actor {
            user: Some("mreyes".parse().unwrap()),
            full_name: words("M. Reyes"),
            agency: self.id.clone(),
            auth: "socket, uid 1000".into(),
        }
    }
}

pub(crate) fn pins(of: &[&Agency]) -> Pins {
    of.iter().map(|one| (one.id.clone(), vec![one.card.agency_key.fingerprint()])).collect()
}

/// An entry as its log's owner writes it.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) at: Timestamp,
    pub(crate) peer: Option<AgencyId>,
    pub(crate) query: Option<Digest>,
    pub(crate) actor: Actor,
    pub(crate) event: Event,
    pub(crate) envelopes: Vec<Envelope>,
}

/// The change that a card makes which a person confirmed.
fn confirmed(said: &CardConfirmed, by: &Actor, envelope: &str, at: Timestamp) -> Change {
    let verified = Verified {
        kind: said.agency_kind,
        state: said.state,
        how: said.verified_by.clone(),
        by: by.user.clone().unwrap(),
        at,
    };
    Change::Card { envelope: envelope.to_owned(), verified }
}

/// A log.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) of: Agency,
    pub(crate) cards: Vec<Envelope>,
    pub(crate) entries: Vec<Written>,
}

impl Log {
    pub(crate) fn new(of: &Agency, known: &[&Agency]) -> Self {
        let cards = [of].into_iter().chain(known.iter().copied()).map(Agency::card).collect();
        Self { of: of.clone(), cards, entries: Vec::new() }
    }

    pub(crate) fn write(
        &mut self,
        minute: i64,
        peer: Option<&Agency>,
        actor: Actor,
        event: Event,
        envelopes: &[&Envelope],
    ) {
        let query = event.access().map(|access| access.query_id.digest());
        self.entries.push(Written {
            at: at(minute),
            peer: peer.map(|peer| peer.id.clone()),
            query,
            actor,
            event,
            envelopes: envelopes.iter().copied().cloned().collect(),
        });
    }

    /// The place of the first entry of a kind.
    pub(crate) fn place(&self, kind: &str) -> usize {
        self.entries.iter().position(|entry| entry.event.kind().code() == kind).unwrap()
    }

    pub(crate) fn entry(&mut self, kind: &str) -> &mut Written {
        let place = self.place(kind);
        &mut self.entries[place]
    }

    /// Changes what the first entry of a kind says, at a path of its event or of its actor.
    pub(crate) fn say(&mut self, kind: &str, path: &str, value: Value) {
        let entry = self.entry(kind);
        let mut body = serde_json::json!({ "event": entry.event, "actor": entry.actor });
        *body.pointer_mut(path).expect(path) = value;
        entry.event = serde_json::from_value(body["event"].take()).unwrap();
        entry.actor = serde_json::from_value(body["actor"].take()).unwrap();
    }

    fn stored(&self) -> Vec<StoredEntry> {
        self.items().into_iter().map(|item| item.entry).collect()
    }

    fn items(&self) -> Vec<Item> {
        let mut last_change = None;
        let mut numbers = BTreeMap::<AgencyId, u64>::new();
        let stored = (0..).zip(&self.entries).map(|(index, entry): (u64, &Written)| {
            let (at, actor) = (entry.at, entry.actor.clone());
            let lines: Vec<String> = entry.envelopes.iter().map(Envelope::to_text).collect();
            let event = entry.event.clone();
            let mut body = Body { at, actor, registry: last_change, change: None, event };
            let document = lines.first().and_then(|line| match &body.event {
                Event::CardAdded(said) => Some(confirmed(said, &body.actor, line, at)),
                Event::CardUpdated(_) => Some(Change::CardUpdate { envelope: line.clone(), at }),
                _ => Change::of_document(&body, line),
            });
            let change = document.map(|change| serde_json::to_string(&change).unwrap());
            body.change = change.as_ref().map(|text| Digest::of(text.as_bytes()));
            last_change = change.as_ref().map_or(last_change, |_| Some(index));
            let body = serde_json::to_string(&body).unwrap();
            let envelope = (!lines.is_empty()).then(|| lines.join("\n"));
            let peer_seq = entry.peer.clone().map(|peer| {
                let number = numbers.entry(peer).or_default();
                *number += 1;
                *number
            });
            let salt = vec![7; 32];
            let header = Header {
                v: VERSION,
                index,
                at,
                kind: entry.event.kind(),
                peer: entry.peer.clone(),
                peer_seq,
                query: entry.query,
                body: Digest::of_two(&salt, body.as_bytes()),
                envelope: envelope.as_ref().map(|text| Digest::of(text.as_bytes())),
            };
            let header = String::from_utf8(header.to_bytes().unwrap()).unwrap();
            let stored = StoredEntry { header, salt: Some(salt), body: Some(body), envelope };
            Item { change, ..Item::of(stored) }
        });
        stored.collect()
    }

    /// The proof of where its last entry stands, as it is shown beside a message.
    pub(crate) fn proof(&self) -> EntryProof {
        let stored = self.stored();
        let leaves: Vec<Digest> =
            stored.iter().map(|entry| merkle::leaf(entry.header.as_bytes())).collect();
        let (mut tree, mut nodes) = (Frontier::new(), BTreeMap::new());
        for leaf in &leaves {
            for (subtree, hash) in tree.push(*leaf) {
                nodes.insert((subtree.level, subtree.index), hash);
            }
        }
        let (size, index) = (tree.size(), tree.size() - 1);
        let lookup = |subtree: merkle::Subtree| nodes.get(&(subtree.level, subtree.index)).copied();
        EntryProof {
            log: LogPosition { index, size },
            header: stored.last().unwrap().header.clone(),
            inclusion: merkle::inclusion(index, size, lookup).unwrap(),
            checkpoint: self.of.head(size, tree.root()),
        }
    }

    /// The whole log as it is exported at `minute`.
    pub(crate) fn exported(&self, minute: i64) -> Vec<u8> {
        let mut log = self.clone();
        let scope = Scope::default();
        let exported = Event::AuditExported(AuditExported { scope: scope.clone(), own: 0 });
        log.write(minute, None, self.of.officer(), exported, &[]);
        let items = log.items();
        let mut tree = Frontier::new();
        for item in &items {
            tree.push(merkle::leaf(item.entry.header.as_bytes()));
        }
        let head = Head {
            accord_bundle: FORMAT,
            agency: self.of.id.clone(),
            entry: tree.size() - 1,
            at: at(minute),
            scope,
            checkpoint: self.of.head(tree.size(), tree.root()),
        };
        let mut bytes = serde_json::to_vec(&head).unwrap();
        let cards = self.cards.iter().map(|card| Line::Card(card.to_text()));
        for line in cards.chain(items.into_iter().map(Line::Entry)) {
            bytes.push(b'\n');
            bytes.extend(line.to_bytes().unwrap());
        }
        bytes.push(b'\n');
        bytes
    }

    pub(crate) fn file(&self) -> BundleFile<Cursor<Vec<u8>>> {
        BundleFile::new(self.of.id.as_str(), Cursor::new(self.exported(600)))
    }

    pub(crate) fn verified(&self, pinned: &[&Agency]) -> Report {
        self.file().check(&pins(pinned), |_, _, _, _| {}).unwrap()
    }
}

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
        authority: Some("west-covina-ca-pd/plates-2026".parse().unwrap()),
        requester: Requester {
            user: "mreyes".parse().unwrap(),
            full_name: words("M. Reyes"),
            title: Text::default(),
            roles: vec![Role::Sworn],
            trained_on: None,
        },
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: Text::default(),
            case: words("26-00417"),
            cad: Text::default(),
            reason: words("Silver Honda taken from Glendora Ave"),
            suspicion: Text::default(),
            need_to_know: Text::default(),
            on_behalf_of: None,
            for_officer: Text::default(),
        },
        elements: Elements {
            kind: QueryKind::Exact,
            plate: Some("7ABC123".parse().unwrap()),
            pattern: None,
            plate_state: None,
            from: at(-60),
            until: at(0),
            near: None,
            polygon: None,
            make: None,
            color: None,
            body: None,
            camera: None,
        },
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
        released: Released { from: at(-60), until: at(0), limit: 10, images: false },
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
            theirs: Some(self.owning.proof()),
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
            plate: "7ABC128".parse().unwrap(),
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
        let refusal = refusal(&query, asked, minute);
        let reply = port.sign(Kind::Refusal, &refusal);
        let access =
            Access::of_signed(&query, asked, Outcome::Refused).refused(&refusal, reply.digest());
        for redelivered in [false, true] {
            let event = Event::QueryRefused(QueryRefused {
                access: access.clone(),
                theirs: None,
                redelivered,
            });
            let beside: &[&Envelope] = if redelivered { &[] } else { &[&signed, &reply] };
            self.owning.write(minute, Some(&covina), Actor::requesting(&query), event, beside);
        }
        let event = Event::RefusalReceived(RefusalReceived { access, theirs: None });
        self.asking.write(minute, Some(&port), officer, event, &[&reply]);
    }

    /// A written request of covina, approved by port.
    fn request(&mut self, minute: i64) {
        let (covina, port) = (self.covina.clone(), self.port.clone());
        let request = Request {
            id: "west-covina-ca-pd/request-1".parse().unwrap(),
            from: covina.id.clone(),
            to: port.id.clone(),
            requested_by: words("M. Reyes"),
            user: "mreyes".parse().unwrap(),
            purpose: Purpose::StolenVehicle,
            case: words("26-00417"),
            reason: words("Silver Honda"),
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
