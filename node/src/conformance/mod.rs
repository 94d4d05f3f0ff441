//! The conformance kit: what `schemas/PROTOCOL.md` says that a node must do, tried against a node of
//! any make, over the wire and as nothing but a peer.
//!
//! Needed is a home of a test agency whose card the other side has recorded. No agreement is: a
//! refusal shows as much as an answer, and a conforming node refuses. What is sent stands in no log
//! of this side, so a real agency's home is the wrong one. The musts do not depend on each other,
//! but for the first two: without a connection and a card nothing else can be told.

mod again;
mod cards;
mod documents;
mod frames;
mod messages;
mod others;
mod policies;
mod transport;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use schemas::card::Card;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::key::SecretKey;
use schemas::query::Query;
use schemas::refusal::{Refusal, RefusalCode};
use serde::Serialize;
use serde_json::Value;

use crate::exchange::verify;
use crate::permission::ActError;
use audit_log::clock::Clock;
use audit_log::keys::{load, proving};
use host::home::{Home, read_text};
use peer::probe::{Next, Probe, Raw, dial};
use peer::tls::Offer;
use schemas::key_use::KeyUse;

/// One thing that a node must do, and whether it did.
#[derive(Debug, Clone, Serialize)]
pub struct Must {
    /// What.
    pub must: &'static str,
    /// The section of the protocol that says so.
    pub section: &'static str,
    /// Whether it did.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
}

/// What was seen: what the protocol demands, or what came in its place.
type Seen = Result<String, String>;
type Trial = for<'a> fn(&'a Kit) -> BoxFuture<'a, Seen>;

/// What the trials work with.
struct Kit {
    me: Card,
    my_card: Envelope,
    /// The private keys that the card names, but for the agency key.
    proving: Vec<SecretKey>,
    agency_key: SecretKey,
    message_key: SecretKey,
    log_key: SecretKey,
    node_key: SecretKey,
    clock: Clock,
    address: String,
    probe: Probe,
    them: Card,
}

/// The musts, in the order of the protocol, but for the two that come first.
const MUSTS: &[(&str, &str, Trial)] = &[
    ("no cipher suite but TLS_AES_256_GCM_SHA384 is taken", "1", |kit| {
        transport::other_suite(kit).boxed()
    }),
    ("a connection of a key that no card names is closed without a frame", "1", |kit| {
        transport::unknown_key(kit).boxed()
    }),
    ("a frame of an unknown kind ends its substream", "2", |kit| frames::unknown_kind(kit).boxed()),
    ("a frame longer than its kind allows is refused by its head", "2", |kit| {
        frames::too_long(kit).boxed()
    }),
    ("a frame whose lengths do not add up is refused by its head", "2", |kit| {
        frames::inconsistent(kit).boxed()
    }),
    (
        "a frame that opens no conversation is answered Failed `unverifiable`, and its substream closed",
        "3",
        |kit| frames::opens_nothing(kit).boxed(),
    ),
    ("a substream serves the next conversation after one that ended in order", "3", |kit| {
        frames::used_again(kit).boxed()
    }),
    ("a substream that stops inside a frame holds up no other", "3", |kit| {
        frames::half_a_frame(kit).boxed()
    }),
    ("an envelope that is not in its one byte form is refused", "4", |kit| {
        messages::other_form(kit).boxed()
    }),
    ("a signature by another key proves nothing", "4", |kit| messages::other_key(kit).boxed()),
    ("a signature by another key of the same card proves nothing", "4", |kit| {
        messages::key_of_other_use(kit).boxed()
    }),
    ("a message signed as another type proves nothing", "4", |kit| {
        messages::other_type(kit).boxed()
    }),
    ("a body with a key that no schema knows is refused", "4", |kit| {
        messages::unknown_field(kit).boxed()
    }),
    ("a deeply nested body is refused, and the node goes on", "4", |kit| {
        messages::deeply_nested(kit).boxed()
    }),
    ("a card with a key that has not signed for this version proves nothing", "6", |kit| {
        cards::of_another_version(kit).boxed()
    }),
    (
        "a card that names another agency's node key, with that one's own proof, proves nothing",
        "6",
        |kit| cards::of_another_agency(kit).boxed(),
    ),
    ("a card with a key that signed for another use proves nothing", "6", |kit| {
        cards::of_another_use(kit).boxed()
    }),
    ("a card that has a key end years from now proves nothing", "6", |kit| {
        cards::ending_late(kit).boxed()
    }),
    ("a card that names an address which nobody can dial proves nothing", "6", |kit| {
        cards::unreachable(kit).boxed()
    }),
    ("a document that refers to what is not recorded is answered Failed `not_now`", "7", |kit| {
        others::document_too_early(kit).boxed()
    }),
    ("a proposal under another agency's name is answered Failed `refused`", "7", |kit| {
        documents::under_anothers_name(kit).boxed()
    }),
    ("a document with a character that does not print is answered Failed `refused`", "7", |kit| {
        documents::hidden_character(kit).boxed()
    }),
    ("a policy that is another agency's, or that nobody can read, is not taken in", "7", |kit| {
        policies::of_another(kit).boxed()
    }),
    ("a policy in force since days to come is answered Failed `refused`", "7", |kit| {
        policies::to_come(kit).boxed()
    }),
    ("a query is answered or refused, signed with the message key and bound to it", "8", |kit| {
        messages::served(kit).boxed()
    }),
    ("a query to another agency is answered Failed `misdirected`", "8", |kit| {
        messages::to_another(kit).boxed()
    }),
    ("a query from another agency is answered Failed `misdirected`", "8", |kit| {
        messages::from_another(kit).boxed()
    }),
    ("a query signed an hour ago is refused `stale`", "8", |kit| {
        messages::an_hour_old(kit).boxed()
    }),
    ("a query signed an hour from now is refused `stale`", "8", |kit| {
        messages::an_hour_early(kit).boxed()
    }),
    ("the same query again gets the same reply", "10", |kit| again::same_query(kit).boxed()),
    ("other bytes under a known query id are refused `id_reused`", "10", |kit| {
        again::other_bytes(kit).boxed()
    }),
    ("a receipt for what was not answered is answered Failed `unverifiable`", "10", |kit| {
        again::receipt_for_nothing(kit).boxed()
    }),
    ("a request for a statement is answered by one, signed and bound to it", "14", |kit| {
        others::statement(kit).boxed()
    }),
    ("a statement counts each query once, however often it came", "14", |kit| {
        others::stated_once(kit).boxed()
    }),
    ("a request for a statement in another's name is answered Failed `misdirected`", "14", |kit| {
        others::statement_for_another(kit).boxed()
    }),
    ("what stands beside a reply proves its entry in the log", "16", |kit| {
        others::entry_proof(kit).boxed()
    }),
    ("a head of a log that is not the asker's is not cosigned", "16", |kit| {
        others::foreign_head(kit).boxed()
    }),
    ("a request for consistency proofs is answered by as many, or by none", "16", |kit| {
        others::consistency(kit).boxed()
    }),
    (
        "heads of others' logs are answered by those of logs that concern the asker alone",
        "16",
        |kit| others::heads(kit).boxed(),
    ),
    (
        "a request for proofs of entries is answered by those about the asker that stand in the log",
        "16",
        |kit| others::standing(kit).boxed(),
    ),
    ("a request for no proof of an entry is answered Failed `unverifiable`", "16", |kit| {
        others::standing_of_nothing(kit).boxed()
    }),
];

/// Examines the node at `address` with the keys of `home`; tells each must as soon as it is seen, and
/// gives how many did not hold.
///
/// # Errors
/// When the home does not hold what is needed.
pub async fn run(
    home: &Home,
    clock: &Clock,
    address: &str,
    mut tell: impl FnMut(&Must),
) -> Result<usize, ActError> {
    let text = read_text(&home.card())?;
    let content = |e: String| ActError::failed(format!("`{}`: {e}", home.card().display()));
    let my_card = Envelope::parse(text.as_bytes()).map_err(|e| content(e.to_string()))?;
    let me = Card::open(&my_card).map_err(|e| content(e.to_string()))?;
    let node_key = load(home, KeyUse::Node)?;
    let mut failed = 0usize;
    let mut told = |must, section, seen: Seen| {
        let (ok, detail) = match seen {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        failed = failed.saturating_add(usize::from(!ok));
        tell(&Must { must, section, ok, detail });
        ok
    };
    let speaks = "libp2p over TLS 1.3 with AES-256-GCM, yamux and /accord/exchange/1 are spoken";
    let (probe, raw) = match transport::connected(&node_key, address).await {
        Ok(connected) => connected,
        Err(why) => {
            told(speaks, "1", Err(why));
            return Ok(failed);
        }
    };
    told(speaks, "1", Ok(format!("node key {}", probe.node.fingerprint())));
    let shows = "a Card is answered by the node's own, signed by every key that it names";
    let them = match frames::card(&probe, raw, &my_card, clock.now()).await {
        Ok(card) => card,
        Err(why) => {
            told(shows, "3, 6", Err(why));
            return Ok(failed);
        }
    };
    told(shows, "3, 6", Ok(format!("{}, {}", them.id, them.agency_key.fingerprint())));
    let kit = Kit {
        me,
        my_card,
        proving: proving(home)?,
        agency_key: load(home, KeyUse::Agency)?,
        message_key: load(home, KeyUse::Message)?,
        log_key: load(home, KeyUse::Log)?,
        node_key,
        clock: clock.clone(),
        address: address.to_owned(),
        probe,
        them,
    };
    for (must, section, trial) in MUSTS {
        told(must, section, trial(&kit).await);
    }
    Ok(failed)
}

/// What a node said to one message.
enum Said {
    /// An answer or a refusal that holds, with what stood beside it.
    Served { reply: Envelope, refused: Option<Box<Refusal>>, beside: Vec<u8>, pages: usize },
    /// An unsigned word: its code.
    Failed(String),
}

impl Kit {
    /// A frame of `kind` on a new substream, and what comes first.
    async fn says(&self, kind: FrameKind, body: &[u8]) -> Result<(Raw, Next), String> {
        let mut raw = self.probe.open().await?;
        raw.send(&wire(kind, body)?).await;
        let next = raw.next().await;
        Ok((raw, next))
    }

    /// A signed query, on `raw`, and what became of it; an answer's receipt is sent.
    async fn asks(&self, raw: &mut Raw, query: &Query, signed: &Envelope) -> Result<Said, String> {
        raw.send(&wire(FrameKind::Query, signed.as_bytes())?).await;
        let frame = match raw.next().await {
            Next::Frame(frame) => frame,
            other => return Err(format!("{other} in place of a reply")),
        };
        let key = &self.them.message_key;
        match frame.kind {
            FrameKind::Failed => Ok(Said::Failed(code(&frame))),
            FrameKind::Refusal => {
                let reply = Envelope::parse(&frame.body).map_err(|e| e.to_string())?;
                let refusal = verify::refusal(&reply, key, query, signed.digest())
                    .map_err(|e| e.to_string())?;
                Ok(Said::Served {
                    reply,
                    refused: Some(Box::new(refusal)),
                    beside: frame.beside,
                    pages: 0,
                })
            }
            FrameKind::Answer => {
                let reply = Envelope::parse(&frame.body).map_err(|e| e.to_string())?;
                let answer = verify::answer(&reply, key, query, signed.digest())
                    .map_err(|e| e.to_string())?;
                let mut pages = Vec::new();
                for _ in &answer.pages {
                    match raw.next().await {
                        Next::Frame(page) if page.kind == FrameKind::Page => pages.push(page.body),
                        other => return Err(format!("{other} in place of a page")),
                    }
                }
                verify::pages(&answer, &pages, query).map_err(|e| e.to_string())?;
                again::receipted(self, raw, query, &reply).await?;
                let pages = pages.len();
                Ok(Said::Served { reply, refused: None, beside: frame.beside, pages })
            }
            other => Err(format!("a frame of kind {other:?} in place of a reply")),
        }
    }

    /// The same on a substream of its own.
    async fn asks_anew(&self, query: &Query, signed: &Envelope) -> Result<Said, String> {
        let mut raw = self.probe.open().await?;
        self.asks(&mut raw, query, signed).await
    }

    fn signed(&self, query: &Query) -> Result<Envelope, String> {
        Envelope::sign_json(Kind::Query, query, &self.message_key).map_err(|e| e.to_string())
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|e: T::Err| e.to_string())
}

/// The bytes of a frame with nothing beside it.
fn wire(kind: FrameKind, body: &[u8]) -> Result<Vec<u8>, String> {
    Frame::new(kind, body.to_vec()).to_bytes().map_err(|e| e.to_string())
}

/// The code of a Failed.
fn code(frame: &Frame) -> String {
    let body: Value = serde_json::from_slice(&frame.body).unwrap_or_default();
    body.get("code").and_then(Value::as_str).unwrap_or("none").to_owned()
}

/// That `next` is Failed with `wanted`, and, where `closed`, that the substream ends.
async fn failed_as(raw: &mut Raw, next: Next, wanted: &str, closed: bool) -> Seen {
    match next {
        Next::Frame(frame) if frame.kind == FrameKind::Failed && code(&frame) == wanted => {
            if closed && !raw.ends().await {
                return Err(format!("Failed `{wanted}`, but the substream goes on"));
            }
            Ok(format!("Failed `{wanted}`"))
        }
        Next::Frame(frame) if frame.kind == FrameKind::Failed => {
            Err(format!("Failed `{}` in place of `{wanted}`", code(&frame)))
        }
        Next::Frame(frame) => Err(format!("a frame of kind {:?} in place of Failed", frame.kind)),
        other => Err(format!("{other} in place of Failed `{wanted}`")),
    }
}

/// That a query was refused for `wanted`.
fn refused_as(said: &Said, wanted: RefusalCode) -> Seen {
    match said {
        Said::Served { refused: Some(refusal), .. } => {
            let codes: Vec<String> =
                refusal.reasons.iter().map(|reason| reason.code.to_string()).collect();
            let named = refusal.reasons.iter().any(|reason| reason.code == wanted);
            if named { Ok(format!("refused {}", codes.join(", "))) } else { Err(codes.join(", ")) }
        }
        Said::Served { .. } => Err("it was answered".into()),
        Said::Failed(code) => Err(format!("Failed `{code}` in place of a refusal")),
    }
}
