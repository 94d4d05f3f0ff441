//! A query that is logged, until its outcome is logged too.
//!
//! It is sent, and sent again, until something comes back or the time is up. What came is verified
//! and appended before anybody sees it; what cannot be appended is not shown.

use std::time::Duration;

use schemas::answer::{Answer, Receipt};
use schemas::body::{Access, Actor, Outcome};
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::entry_proof::EntryProof;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::key::PublicKey;
use schemas::query::Query;
use schemas::read::Read;
use schemas::refusal::Reason;
use schemas::time::Timestamp;
use tokio::time::Instant;

use super::super::heads::Shown;
use super::super::photographs::{self, sent};
use super::super::verify::{self, Unproven};
use super::{Asker, Heard, Misread};
use audit_log::append::AppendError;
use audit_log::entry::Entry;
use audit_log::release::Released;
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;
use store::{OutboxMessage, Pages, Settled, Side, StateChanges};

/// First pause between attempts; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// How much longer an answer with photographs may take.
const PHOTOGRAPHS: Duration = Duration::from_secs(60);
/// How long an owner is tried whose machine refuses connections: as long as its node may need to
/// start again. Who waits longer than that waits for a person.
const RESTART: Duration = Duration::from_secs(3);

/// A query that may leave, and what is needed to check what comes back.
pub(super) struct Outstanding {
    query: Query,
    envelope: Envelope,
    actor: Actor,
}

/// An answer, verified.
struct Verified {
    answer: Answer,
    pages: Vec<Vec<u8>>,
    reads: Vec<Read>,
    /// Bytes of the photographs that followed, in the order of the header.
    photographs: Vec<Vec<u8>>,
}

/// What came back, as far as it is proven.
enum Came {
    Answer(Envelope, Box<Verified>, Vec<u8>),
    Refusal(Envelope, Vec<Reason>, Vec<u8>),
    Unproven(Option<Envelope>, Unproven),
}

impl<D: Dial> Asker<D> {
    /// Sends a query that is logged until something comes back or the time is up.
    pub(super) async fn pursue(&self, outstanding: Outstanding, frames: &[Released]) -> Heard {
        let mut limit = Duration::from_secs(u64::from(self.context.bounds.answer_seconds));
        // What the owner may take to write them comes on top.
        let mut _underway = None;
        if outstanding.query.images {
            limit = limit.saturating_add(PHOTOGRAPHS);
            _underway = Some(self.context.photographs.underway_here().await);
        }
        let mut last = "nothing came in time".to_owned();
        let came = tokio::time::timeout(limit, async {
            let mut pause = FIRST_PAUSE;
            let mut refused_since = None;
            loop {
                match self.attempt(&outstanding, frames).await {
                    Ok(came) => return Some(came),
                    Err(error) => {
                        last = advice(&error);
                        if matches!(error, LinkError::Unreachable { at_once: true, .. }) {
                            let since = *refused_since.get_or_insert_with(Instant::now);
                            if since.elapsed() >= RESTART {
                                return None;
                            }
                        } else {
                            refused_since = None;
                        }
                    }
                }
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(LAST_PAUSE);
            }
        })
        .await;
        match came {
            Ok(Some((channel, came))) => self.settle(outstanding, came, channel).await,
            Ok(None) | Err(_) => self.unanswered(&outstanding, last).await,
        }
    }

    /// How the owner is reached, by its card as it is now: its node may have come to prove another key
    /// since the query was sent.
    fn owner_reach(&self, out: &Outstanding) -> Result<Reach, LinkError> {
        let state = self.context.agency.registry.state();
        let peer = state.peers.get(&out.query.to);
        peer.map(|peer| Reach::of(peer, self.context.agency.clock.now()))
            .ok_or_else(|| LinkError::unreachable("no card of the owner is recorded"))
    }

    /// The key that the owner must have signed a reply with, by its card as it is now: it may have
    /// come to name another one since the query was sent.
    fn owner_key(&self, out: &Outstanding, reply: &Envelope) -> Result<PublicKey, LinkError> {
        let state = self.context.agency.registry.state();
        let key = state.peers.get(&out.query.to);
        let key = key.and_then(|peer| peer.key_of(reply, self.context.agency.clock.now())).copied();
        key.ok_or_else(|| LinkError::Lost("the owner's reply is signed with a revoked key".into()))
    }

    async fn attempt(
        &self,
        out: &Outstanding,
        frames: &[Released],
    ) -> Result<(D::Channel, Came), LinkError> {
        let mut channel = self.dial.open(&self.owner_reach(out)?).await?;
        channel.send_all(frames).await?;
        let first = channel.recv().await?;
        let digest = out.envelope.digest();
        let came = match first.kind {
            FrameKind::Answer => match Envelope::parse(&first.body) {
                Err(error) => Came::Unproven(None, error.into()),
                Ok(envelope) => {
                    let key = self.owner_key(out, &envelope)?;
                    match verify::answer(&envelope, &key, &out.query, digest) {
                        Err(error) => Came::Unproven(Some(envelope), error),
                        Ok(answer) => {
                            let mut pages = Vec::with_capacity(answer.pages.len());
                            for _ in &answer.pages {
                                let page = channel.recv().await?;
                                if page.kind != FrameKind::Page {
                                    return Err(LinkError::Protocol("expected a page".into()));
                                }
                                pages.push(page.body);
                            }
                            let reads = verify::pages(&answer, &pages, &out.query);
                            // Nothing more is read of an answer that does not hold so far.
                            let photographs = match &reads {
                                Ok(_) => photographs::take_in(&mut channel, &answer).await?,
                                Err(_) => Ok(Vec::new()),
                            };
                            match reads.and_then(|reads| Ok((reads, photographs?))) {
                                Ok((reads, photographs)) => {
                                    let verified = Verified { answer, pages, reads, photographs };
                                    Came::Answer(envelope, Box::new(verified), first.beside)
                                }
                                Err(error) => Came::Unproven(Some(envelope), error),
                            }
                        }
                    }
                }
            },
            FrameKind::Refusal => match Envelope::parse(&first.body) {
                Err(error) => Came::Unproven(None, error.into()),
                Ok(envelope) => {
                    let key = self.owner_key(out, &envelope)?;
                    match verify::refusal(&envelope, &key, &out.query, digest) {
                        Ok(refusal) => Came::Refusal(envelope, refusal.reasons, first.beside),
                        Err(error) => Came::Unproven(Some(envelope), error),
                    }
                }
            },
            FrameKind::Failed => {
                let said =
                    String::from_utf8_lossy(&first.body).chars().take(300).collect::<String>();
                return Err(LinkError::Lost(format!("the owner could not serve it: {said}")));
            }
            _ => return Err(LinkError::Protocol("expected an answer or a refusal".into())),
        };
        Ok((channel, came))
    }

    async fn settle(&self, out: Outstanding, came: Came, channel: D::Channel) -> Heard {
        match came {
            Came::Answer(envelope, verified, beside) => {
                let theirs = match self.theirs(&out, &beside, &envelope).await {
                    Ok(theirs) => theirs,
                    Err(error) => return Heard::failed(&out.query.to, error),
                };
                self.received(out, envelope, *verified, theirs, channel).await
            }
            Came::Refusal(envelope, reasons, beside) => {
                channel.finish();
                let theirs = match self.theirs(&out, &beside, &envelope).await {
                    Ok(theirs) => theirs,
                    Err(error) => return Heard::failed(&out.query.to, error),
                };
                let mut access = out.access(Outcome::Refused);
                access.reasons.clone_from(&reasons);
                access.answer_digest = Some(envelope.digest());
                let entry = out
                    .entry(EntryKind::RefusalReceived, access)
                    .with_standing(theirs.as_ref())
                    .with_envelope(&envelope)
                    .effecting(out.settled("refused", Some(envelope.digest())));
                let heard = Heard {
                    reasons,
                    refused_by: Some("owner"),
                    ..Heard::new(&out.query.to, "refused")
                };
                self.conclude(&out, entry, heard).await
            }
            Came::Unproven(envelope, error) => {
                tracing::warn!(query_id = %out.query.id, peer = %out.query.to, "an answer does not verify");
                let access = out.access(Outcome::Rejected);
                let mut entry = out
                    .entry(EntryKind::AnswerRejected, access)
                    .with_detail("why", error.to_string())
                    .effecting(out.settled("rejected", None));
                if let Some(envelope) = &envelope {
                    entry = entry.with_envelope(envelope);
                }
                let heard = Heard::failed(
                    &out.query.to,
                    format!(
                        "what came back does not verify ({error}); it was logged and is not shown"
                    ),
                );
                self.conclude(&out, entry, heard).await
            }
        }
    }

    /// Where the owner's entry of a reply stands, as far as it has shown that. What an honest log
    /// does not show raises an alarm; the reply itself is proven by its signature.
    async fn theirs(
        &self,
        out: &Outstanding,
        beside: &[u8],
        reply: &Envelope,
    ) -> Result<Option<EntryProof>, AppendError> {
        let state = self.context.agency.registry.state();
        let Some(peer) = state.peers.get(&out.query.to) else { return Ok(None) };
        let both = [&out.envelope, reply];
        match self.context.shown_with_reply(peer, beside, &out.query, both) {
            Shown::Proven(theirs) => Ok(Some(theirs)),
            Shown::Nothing => Ok(None),
            Shown::Wrong(kind, evidence) => {
                self.context.raise(&out.query.to, kind, evidence).await.map(|()| None)
            }
        }
    }

    async fn received(
        &self,
        out: Outstanding,
        envelope: Envelope,
        verified: Verified,
        theirs: Option<EntryProof>,
        channel: D::Channel,
    ) -> Heard {
        let Verified { answer, pages, reads, photographs } = verified;
        let owner = out.query.to.clone();
        let receipt = Receipt {
            query_id: out.query.id,
            answer_digest: envelope.digest(),
            from: self.context.agency.id.clone(),
            to: owner.clone(),
            at: self.context.agency.clock.now(),
        };
        let receipt =
            match Envelope::sign_json(Kind::Receipt, &receipt, &self.context.message_key()) {
                Ok(receipt) => receipt,
                Err(error) => return Heard::failed(&owner, error),
            };
        let mut access = out.access(Outcome::Answered);
        access.basis = Some(answer.basis.clone());
        access.count = Some(answer.count);
        access.answer_digest = Some(envelope.digest());
        let letter = OutboxMessage {
            peer: owner.clone(),
            kind: FrameKind::Receipt,
            body: receipt.to_text(),
        };
        let mut effects = out.settled("answered", Some(envelope.digest()));
        if let Some(settled) = &mut effects.settled {
            settled.authority = Some(answer.basis.authority.clone());
            settled.receipt = Some(receipt.digest());
        }
        effects.outbox.push(letter.clone());
        if !pages.is_empty() {
            let days = self.context.answers_kept_days(&answer.basis.authority);
            effects.pages = Some(Pages {
                side: Side::Asked,
                query_id: out.query.id,
                until: answer.at.plus_millis(i64::from(days).saturating_mul(86_400_000)),
                pages,
                images: sent(&answer.images).map(|one| one.digest).collect(),
            });
        }
        // Durable before anything refers to them.
        let named = sent(&answer.images).map(|one| one.digest).zip(photographs).collect();
        let kept = match self.context.photographs.keep(named).await {
            Ok(kept) => kept,
            Err(error) => return Heard::failed(&owner, error),
        };
        let entry = out
            .entry(EntryKind::AnswerReceived, access)
            .with_standing(theirs.as_ref())
            .with_envelope(&envelope)
            .with_detail("receipt_digest", receipt.digest().to_string())
            .effecting(effects)
            .untyped_releasing(vec![Frame::new(FrameKind::Receipt, receipt.as_bytes().to_vec())]);
        let in_hand = self.delivery.take(&letter);
        let appended = match self.context.agency.log.append(entry).await {
            Ok(appended) => appended,
            // Not logged, not shown: the reads are dropped here.
            Err(error) => {
                return Heard { query_id: Some(out.query.id), ..Heard::failed(&owner, error) };
            }
        };
        drop(kept);
        let position = appended.position();
        let frames = appended.release();
        // The officer does not wait for the receipt's acknowledgement.
        tokio::spawn(in_hand.hand_over(channel, frames));
        Heard {
            query_id: Some(out.query.id),
            basis: Some(answer.basis),
            truncated: answer.truncated,
            own_notice: self.context.own_notice(),
            notice: answer.notice,
            misread: Misread::among(&out.query.elements, &reads),
            reads,
            images: answer.released.images,
            photographs: answer.images,
            photographs_beyond: answer.images_beyond,
            log: Some(position),
            ..Heard::new(&owner, "answered")
        }
    }

    async fn unanswered(&self, out: &Outstanding, why: String) -> Heard {
        let entry = out
            .entry(EntryKind::QueryUnanswered, out.access(Outcome::Unanswered))
            .with_detail("why", why.clone())
            .effecting(out.settled("unanswered", None));
        let heard = Heard::failed(
            &out.query.to,
            format!("{why}; ask again with `accord query --again {}`", out.query.id),
        );
        self.conclude(out, entry, heard).await
    }

    /// Appends how it ended; if that cannot be logged, nothing but that is said.
    async fn conclude(&self, out: &Outstanding, entry: Entry, heard: Heard) -> Heard {
        match self.context.agency.log.append(entry).await {
            Ok(appended) => {
                Heard { query_id: Some(out.query.id), log: Some(appended.position()), ..heard }
            }
            Err(error) => {
                Heard { query_id: Some(out.query.id), ..Heard::failed(&out.query.to, error) }
            }
        }
    }
}

/// What went wrong, and what there is to do about it.
fn advice(error: &LinkError) -> String {
    match error {
        LinkError::Unreachable { why, .. } | LinkError::AnotherNode { why } => {
            format!("{why}; see that its node runs and that its card says where")
        }
        error => error.to_string(),
    }
}

impl Outstanding {
    /// `None` when the owner's message key was revoked: nothing it says would count.
    pub(super) fn of(
        query: Query,
        envelope: Envelope,
        actor: Actor,
        peer: &Peer,
        now: Timestamp,
    ) -> Option<Self> {
        peer.message_key(now)?;
        Some(Self { query, envelope, actor })
    }

    fn access(&self, outcome: Outcome) -> Access {
        let mut access = Access::of(&self.query, outcome);
        access.query_digest = Some(self.envelope.digest());
        access
    }

    fn entry(&self, kind: EntryKind, access: Access) -> Entry {
        Entry::new(kind, self.actor.clone()).with_peer(&self.query.to).with_access(access)
    }

    fn settled(&self, outcome: &'static str, reply: Option<Digest>) -> StateChanges {
        let query_id = self.query.id;
        let settled = Settled { query_id, outcome, authority: None, reply, receipt: None };
        StateChanges { settled: Some(settled), ..StateChanges::default() }
    }
}
