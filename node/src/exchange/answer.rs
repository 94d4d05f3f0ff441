//! Answering a peer's query: verify, decide, search, append, and only then let go.
//!
//! The order of checks is that of the design: size · card of the connection's key · signature with
//! the card's message key in force · parse · from is that card and to is me · known id · freshness ·
//! decision. What fails before the query is a query proves nothing and is counted; what fails after
//! is refused, signed and logged. A refusal and an answer alike leave only out of a durable append.
//! A crash between append and sending leaves an entry that says more than happened, never less; the
//! requester asks again by the same id and is redelivered.

mod again;

use agreements::decide::{Decision, Permit, Reasons, decide};
use schemas::answer::{Answer, Released as Extent};
use schemas::body::{Access, Actor, Outcome};
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::query::Query;
use schemas::read::{Read, ReadId};
use schemas::refusal::{Citation, Reason, Refusal, RefusalCode};
use schemas::standing::Standing;
use schemas::text::Text;
use schemas::time::Timestamp;

use super::authorities::Candidates;
use super::photographs::OutgoingPhotos;
use super::{NodeContext, paging};
use audit_log::append::{AppendError, Appended, Moved};
use audit_log::entry::{Entry, Guard};
use registry::State;
use store::photographs::{ImageStoreError, Underway};
use store::{Found, Pages, Served, ServedBefore, Side, StateChanges, StoreError};

/// How often a decision is made again because what it rested on moved.
const DECISIONS: u32 = 4;

/// Why a query could be neither answered nor refused. Nothing was released.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unserved {
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The photographs cannot be reached.
    #[error(transparent)]
    Images(#[from] ImageStoreError),
    /// A message could not be signed or written.
    #[error("{0}")]
    Message(String),
}

/// A query whose signature, sender and addressee were checked.
pub(super) struct Asked {
    pub(super) query: Query,
    pub(super) envelope: Envelope,
    /// Where the requester's own entry of it stands, if it has shown that.
    pub(super) theirs: Option<Standing>,
}

/// What was appended, and the envelope that its receipt must bind.
pub(super) struct Reply {
    pub(super) appended: Appended,
    /// Digest of the answer; `None` for a refusal.
    pub(super) awaits_receipt: Option<Digest>,
    /// Held until the photographs of an answer are sent.
    pub(super) underway: Option<Underway>,
    /// Delivered before.
    pub(super) again: bool,
}

pub(super) fn reason(code: RefusalCode, message: impl Into<String>, section: &str) -> Reason {
    Reason {
        code,
        message: message.into(),
        citations: vec![Citation::new("Accord protocol", section)],
    }
}

impl NodeContext {
    /// Serves a query that is not being served at this moment.
    pub(super) async fn serve(&self, asked: &Asked) -> Result<Reply, Unserved> {
        if let Some(before) = self.store.served(asked.query.id).await? {
            return self.serve_again(asked, &before).await;
        }
        let now = self.agency.clock.now();
        let allowed = u64::from(self.bounds.freshness_seconds).saturating_mul(1_000);
        if asked.query.at.distance(now) > allowed {
            let apart = asked.query.at.distance(now) / 1_000;
            let message = format!(
                "the query was signed {apart} seconds away from this agency's time, more than the {} allowed; check both clocks and ask again",
                self.bounds.freshness_seconds
            );
            let stale = reason(RefusalCode::Stale, message, "freshness");
            return self.refuse(asked, vec![stale], true).await;
        }
        for _ in 0..DECISIONS {
            let state = self.agency.registry.state();
            match self.decide(&state, &asked.query, None) {
                Decision::Refuse(reasons) => {
                    return self.refuse(asked, reasons.into_vec(), true).await;
                }
                Decision::Permit(permit) => {
                    let found = self.store.search(&permit.scope).await?;
                    match self.release(asked, &state, permit, found).await {
                        Err(Unserved::Log(AppendError::Moved(Moved::ReceiptsOutstanding))) => {
                            return self
                                .refuse(asked, vec![self.receipts_outstanding()], true)
                                .await;
                        }
                        // What the decision rested on moved: decide again.
                        Err(Unserved::Log(AppendError::Moved(_))) => {}
                        done => return done,
                    }
                }
            }
        }
        let busy = reason(
            RefusalCode::Overloaded,
            "the authority is being used or changed by others at this moment; ask again",
            "concurrency",
        );
        self.refuse(asked, vec![busy], true).await
    }

    fn receipts_outstanding(&self) -> Reason {
        reason(
            RefusalCode::ReceiptsOutstanding,
            format!(
                "{} answers to your agency are without receipt; your node must send them before it asks more",
                self.bounds.receipts_outstanding
            ),
            "receipts",
        )
    }

    /// Decides upon a snapshot. `redelivering` names an earlier answer whose use is not counted
    /// against itself.
    fn decide(
        &self,
        state: &State,
        query: &Query,
        redelivering: Option<&ServedBefore>,
    ) -> Decision {
        let now = self.agency.clock.now();
        let facts = state.facts(std::slice::from_ref(&query.from));
        let (Some(policy), Some(peer)) = (&state.policy, facts.first()) else {
            // A node without a policy, or a peer whose card has gone: unknown means no.
            return Decision::Refuse(Reasons::of(reason(
                RefusalCode::NoAuthority,
                "this agency has no policy in force or no card of yours",
                "fail closed",
            )));
        };
        let candidates = Candidates::of(
            state,
            &self.agency.log.counters(),
            &self.agency.id,
            &query.from,
            now,
            redelivering,
        );
        decide(policy, &self.agency.id, peer, candidates.as_slice(), query, now)
    }

    async fn release(
        &self,
        asked: &Asked,
        state: &State,
        permit: Permit,
        mut found: Found,
    ) -> Result<Reply, Unserved> {
        let query = &asked.query;
        if !permit.scope.images() {
            // Not even that there are any.
            found.reads.iter_mut().for_each(|read| read.images.clear());
        }
        let paged = paging::pages(&found.reads).map_err(|e| Unserved::Message(e.to_string()))?;
        let paged_reads = found.reads.get(..paged.count).unwrap_or_default();
        let mut leaving = OutgoingPhotos::of(&self.photographs, paged_reads).await?;
        let truncated = found.truncated || paged.count < found.reads.len();
        let count = u32::try_from(paged.count).map_err(|e| Unserved::Message(e.to_string()))?;
        let pages = paged.pages;
        let answer = Answer {
            query_id: query.id,
            query_digest: asked.envelope.digest(),
            from: self.agency.id.clone(),
            to: query.from.clone(),
            at: self.agency.clock.now(),
            basis: permit.basis.clone(),
            released: Extent {
                from: permit.scope.from(),
                until: permit.scope.until(),
                limit: permit.scope.limit(),
                images: permit.scope.images(),
            },
            count,
            truncated,
            notice: permit.notice.clone(),
            pages: paged.described,
            images: leaving.described.clone(),
            images_beyond: leaving.beyond,
        };
        let envelope = self.sign(Kind::Answer, &answer)?;
        let digest = envelope.digest();
        let mut access = Access::of(query, Outcome::Answered);
        access.basis = Some(permit.basis.clone());
        access.count = Some(count);
        access.query_digest = Some(asked.envelope.digest());
        access.answer_digest = Some(digest);
        let guard = Guard {
            generation: Some(state.generation()),
            before: Some(permit.lapses),
            uses: permit.consumes,
            daily: permit.daily.map(|(authority, most)| ((authority, query.from.clone()), most)),
            unreceipted: Some((query.from.clone(), self.bounds.receipts_outstanding)),
        };
        let served = Served {
            query_id: query.id,
            requester: query.from.clone(),
            asked_at: query.at,
            query_digest: asked.envelope.digest(),
            reply_digest: digest,
            answered: true,
            kept: true,
            authority: Some(permit.basis.authority),
            released: released(paged_reads),
        };
        let hours = i64::from(self.bounds.redelivery_hours);
        let kept = Pages {
            side: Side::Served,
            query_id: query.id,
            until: answer.at.plus_millis(hours.saturating_mul(3_600_000)),
            pages: pages.clone(),
            images: leaving.digests(),
        };
        let entry = Entry::new(EntryKind::QueryAnswered, asking(query))
            .with_peer(&query.from)
            .with_standing(asked.theirs.as_ref())
            .with_access(access)
            .with_envelope(&asked.envelope)
            .with_envelope(&envelope)
            .guarded(guard)
            .effecting(StateChanges {
                served: Some(served),
                pages: (!pages.is_empty()).then_some(kept),
                ..StateChanges::default()
            })
            .untyped_releasing(frames(&envelope, pages, std::mem::take(&mut leaving.frames)));
        let appended = self.agency.log.append(entry).await?;
        let underway = leaving.underway;
        Ok(Reply { appended, awaits_receipt: Some(digest), underway, again: false })
    }

    /// Signs, appends and lets go a refusal. `remember` keeps it under the query's id.
    pub(super) async fn refuse(
        &self,
        asked: &Asked,
        reasons: Vec<Reason>,
        remember: bool,
    ) -> Result<Reply, Unserved> {
        let query = &asked.query;
        let refusal = Refusal {
            query_id: query.id,
            query_digest: asked.envelope.digest(),
            from: self.agency.id.clone(),
            to: query.from.clone(),
            at: self.agency.clock.now(),
            reasons: reasons.clone(),
            advice: Text::default(),
        };
        let envelope = self.sign(Kind::Refusal, &refusal)?;
        let mut access = Access::of(query, Outcome::Refused);
        access.reasons = reasons;
        access.query_digest = Some(asked.envelope.digest());
        access.answer_digest = Some(envelope.digest());
        let served = Served {
            query_id: query.id,
            requester: query.from.clone(),
            asked_at: query.at,
            query_digest: asked.envelope.digest(),
            reply_digest: envelope.digest(),
            answered: false,
            kept: remember,
            authority: None,
            released: None,
        };
        let entry = Entry::new(EntryKind::QueryRefused, asking(query))
            .with_peer(&query.from)
            .with_standing(asked.theirs.as_ref())
            .with_access(access)
            .with_envelope(&asked.envelope)
            .with_envelope(&envelope)
            .effecting(StateChanges { served: Some(served), ..StateChanges::default() })
            .untyped_releasing(vec![Frame::new(FrameKind::Refusal, envelope.as_bytes().to_vec())]);
        let appended = self.agency.log.append(entry).await?;
        Ok(Reply { appended, awaits_receipt: None, underway: None, again: false })
    }

    pub(super) fn sign<T: serde::Serialize>(
        &self,
        kind: Kind,
        message: &T,
    ) -> Result<Envelope, Unserved> {
        Envelope::sign_json(kind, message, &self.message_key())
            .map_err(|e| Unserved::Message(e.to_string()))
    }
}

/// Who is to be told of a correction of them, one day.
fn released(reads: &[Read]) -> Option<(Timestamp, Vec<ReadId>)> {
    let latest = reads.iter().map(|read| read.at).max()?;
    Some((latest, reads.iter().map(|read| read.id).collect()))
}

/// The person who asks, as a signed query names them.
fn asking(query: &Query) -> Actor {
    Actor {
        user: Some(query.requester.user.clone()),
        full_name: query.requester.full_name.clone(),
        agency: query.from.clone(),
        auth: "signed envelope".into(),
    }
}

fn frames(envelope: &Envelope, pages: Vec<Vec<u8>>, photographs: Vec<Frame>) -> Vec<Frame> {
    let mut frames = vec![Frame::new(FrameKind::Answer, envelope.as_bytes().to_vec())];
    frames.extend(pages.into_iter().map(|page| Frame::new(FrameKind::Page, page)));
    frames.extend(photographs);
    frames
}
