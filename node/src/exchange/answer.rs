//! Answering a peer's query: verify, decide, search, append, and only then let go.
//!
//! The order of checks is that of the design: size · card of the connection's key · signature with
//! the card's message key in force · parse · from is that card and to is me · known id · freshness ·
//! decision. What fails before the query is a query proves nothing and is counted; what fails after
//! is refused, signed and logged. A refusal and an answer alike leave only out of a durable append.
//! A crash between append and sending leaves an entry that says more than happened, never less; the
//! requester asks again by the same id and is redelivered.
//!
//! Bounds come before work: what an answer uses up is reserved before anything is searched, and what
//! cannot be released is not looked for.

mod asked;
mod overdue;
mod owed;
mod receipts;
mod redelivery;
mod reservations;
mod turned_away;

use std::sync::Arc;
use std::time::Duration;

use agreements::decide::{Decision, Permit, RULES, Reasons, Refused, Scope as _};
use schemas::answer::{Answer, DecidedBy};
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::query::Query;
use schemas::read::{Read, ReadId};
use schemas::refusal::{Citation, Reason, Refusal, RefusalCode};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use super::authorities::uses;
use super::photographs::OutgoingPhotos;
use super::standing::ProofBook;
use super::{NodeContext, paging, steps};
use crate::config::Bounds;
use crate::context::OwnKeys;
use crate::permission::OwnAgency;
use audit_log::append::{AppendError, Appended};
use audit_log::entries::exchange::answering::{AnswerReady, query_answered, query_refused};
use registry::{State, decide_upon};
use store::photographs::{ImageStoreError, Images, Underway};
use store::{Found, Known, LogState, ReadStore, ServedBefore, StoreError};

use overdue::LateReceipts;

pub(super) use asked::{Asked, REVOKED};
pub(super) use receipts::Receipts;
use reservations::{NoPlace, Reservations, Reserved};

/// How often a decision is made again because what it rested on moved.
const DECISIONS: u32 = 4;
/// How long a query waits for a place that answers under way hold: well less than a requester waits for a
/// connection that says nothing.
const PLACE_WAIT: Duration = Duration::from_secs(5);

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
    /// What would have to hold for a reply moves at this moment; the same query may come again.
    #[error("{0}")]
    Busy(&'static str),
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

/// What a query is decided upon.
pub(super) struct Grounds {
    state: Arc<State>,
    counters: Arc<LogState>,
    now: Timestamp,
}

impl Grounds {
    /// By what it is decided, as what is signed says; `None` without a policy in force.
    fn decided_by(&self) -> Option<DecidedBy> {
        Some(DecidedBy { policy: self.state.policy_digest?, rules: RULES })
    }
}

/// Answers the queries of peers.
pub(super) struct Answering {
    agency: OwnAgency,
    keys: OwnKeys,
    store: Arc<dyn ReadStore>,
    photographs: Images,
    bounds: Bounds,
    proofs: ProofBook,
    late_receipts: LateReceipts,
    reservations: Arc<Reservations>,
}

pub(super) fn reason(code: RefusalCode, message: impl Into<String>, section: &str) -> Reason {
    Reason {
        code,
        message: message.into(),
        citations: vec![Citation::new("Accord protocol", section)],
    }
}

/// That an id stands for something else already.
fn id_reused() -> Reason {
    reason(
        RefusalCode::IdReused,
        "this query id was used before with other content; sign a new query",
        "query id",
    )
}

impl Answering {
    /// What answers with these pieces of a node.
    pub(super) fn of(context: &NodeContext) -> Self {
        Self {
            agency: context.agency.clone(),
            keys: context.keys.clone(),
            store: context.store.clone(),
            photographs: context.photographs.clone(),
            bounds: context.bounds,
            proofs: ProofBook::of(context),
            late_receipts: LateReceipts::of(context),
            reservations: Arc::default(),
        }
    }

    /// Answers or refuses a query that is not being served at this moment.
    pub(super) async fn reply(&self, asked: &Asked) -> Result<Reply, Unserved> {
        match self.store.known(asked.query.id).await? {
            Known::Served(before) => return self.redeliver(asked, &before).await,
            // Under one id both logs tell one exchange: another one would hide behind it.
            Known::Asked => return self.turn_away(asked, vec![id_reused()]).await,
            Known::New => {}
        }
        steps::done("id looked for");
        if let Some(stale) = self.stale(&asked.query) {
            return self.refuse(asked, vec![stale], true).await;
        }
        if let Some(owed) = self.owed(&asked.query.from).await? {
            return self.turn_away(asked, vec![owed]).await;
        }
        let until = Instant::now() + PLACE_WAIT;
        let mut decisions = 0u32;
        while decisions < DECISIONS {
            let upon = self.grounds();
            let permit = match self.decide(&upon, &asked.query, None) {
                Decision::Refuse(refused) => {
                    match self.refuse_upon(asked, &upon, refused, true).await {
                        Err(Unserved::Log(AppendError::Conflict(_))) => {
                            decisions = decisions.saturating_add(1);
                            continue;
                        }
                        done => return done,
                    }
                }
                Decision::Permit(permit) => permit,
            };
            let freed = self.reservations.freed();
            let reserved = match self.reserve(&upon, &permit, &asked.query) {
                Ok(reserved) => reserved,
                Err(NoPlace::ReceiptsOutstanding) => {
                    return self.refuse(asked, vec![self.receipts_outstanding()], true).await;
                }
                // Whoever holds the last place may give it back, and then this query has it.
                Err(NoPlace::Held) => match tokio::time::timeout_at(until, freed).await {
                    Ok(()) => continue,
                    Err(_) => break,
                },
                Err(NoPlace::Gone) => {
                    decisions = decisions.saturating_add(1);
                    continue;
                }
            };
            steps::done("decided");
            let found = self.store.search(&permit.scope).await?;
            steps::done("searched");
            match self.release(asked, &upon, permit, found, reserved).await {
                // What the decision rested on moved: decide again.
                Err(Unserved::Log(AppendError::Conflict(_))) => {
                    decisions = decisions.saturating_add(1);
                }
                done => return done,
            }
        }
        Err(Unserved::Busy("what your query rests on is used or changed at this moment; ask again"))
    }

    /// The places that an answer takes up.
    fn reserve(&self, upon: &Grounds, permit: &Permit, query: &Query) -> Result<Reserved, NoPlace> {
        let most = self.bounds.receipts_outstanding;
        let counters = || self.agency.log.counters();
        Reservations::reserve(&self.reservations, permit, &query.from, most, upon.now, counters)
    }

    /// Why a query is too old, or too far in the future, to be served.
    fn stale(&self, query: &Query) -> Option<Reason> {
        let allowed = u64::from(self.bounds.freshness_seconds).saturating_mul(1_000);
        let apart = query.at.distance(self.agency.clock.now());
        (apart > allowed).then(|| {
            let message = format!(
                "the query was signed {} seconds away from this agency's time, more than the {} allowed; check both clocks and ask again",
                apart / 1_000,
                self.bounds.freshness_seconds
            );
            reason(RefusalCode::Stale, message, "freshness")
        })
    }

    /// What is decided upon at this moment.
    fn grounds(&self) -> Grounds {
        Grounds {
            // Before the registry: what changes between the two is noticed when it is appended.
            counters: self.agency.log.counters(),
            state: self.agency.registry.state(),
            now: self.agency.clock.now(),
        }
    }

    /// Decides upon a snapshot. `redelivering` names an earlier answer whose use is not counted
    /// against itself.
    fn decide(
        &self,
        upon: &Grounds,
        query: &Query,
        redelivering: Option<&ServedBefore>,
    ) -> Decision {
        let Grounds { state, counters, now } = upon;
        let uses = uses(counters, &query.from, *now, redelivering);
        decide_upon(state, &self.agency.id, query, *now, uses).unwrap_or_else(|| {
            // A node without a policy, or a peer whose card has gone: unknown means no.
            let reasons = Reasons::of(reason(
                RefusalCode::NoAuthority,
                "this agency has no policy in force or no card of yours",
                "fail closed",
            ));
            Decision::Refuse(Refused { reasons, closest: None })
        })
    }

    /// Releases what was `found`, as long as what it was decided upon holds and none of these reads was
    /// corrected since.
    async fn release(
        &self,
        asked: &Asked,
        upon: &Grounds,
        permit: Permit,
        mut found: Found,
        reserved: Reserved,
    ) -> Result<Reply, Unserved> {
        let query = &asked.query;
        if !permit.scope.images() {
            // Not even that there are any.
            found.reads.iter_mut().for_each(|read| read.images.clear());
        }
        let paged = paging::pages(&found.reads).map_err(|e| Unserved::Message(e.to_string()))?;
        let paged_reads = found.reads.get(..paged.count).unwrap_or_default();
        let mut outgoing = OutgoingPhotos::of(&self.photographs, paged_reads).await?;
        let truncated = found.truncated || paged.count < found.reads.len();
        let count = u32::try_from(paged.count).map_err(|e| Unserved::Message(e.to_string()))?;
        let answer = Answer {
            query_id: query.id,
            query_digest: asked.envelope.digest(),
            from: self.agency.id.clone(),
            to: query.from.clone(),
            at: upon.now,
            decided_by: upon.decided_by().ok_or_else(|| Unserved::Message("no policy".into()))?,
            released: permit.released(),
            basis: permit.basis,
            count,
            truncated,
            notice: permit.notice,
            pages: paged.described,
            images: std::mem::take(&mut outgoing.described),
            images_beyond: outgoing.beyond,
        };
        let envelope = self.sign(Kind::Answer, &answer)?;
        steps::done("answer signed");
        let ready = AnswerReady {
            query: asked.signed(),
            answer: &answer,
            envelope: &envelope,
            theirs: asked.theirs.clone(),
            pages: paged.pages,
            photographs: std::mem::take(&mut outgoing.pieces),
            released: released(paged_reads),
            reads: paged_reads,
            kept_until: answer.at.plus_hours(self.bounds.redelivery_hours),
            seen: upon.counters.size,
            // The day's answers were counted for the day of the decision.
            lapses: match permit.daily {
                Some(_) => permit.lapses.min(upon.now.day_start().plus_days(1)),
                None => permit.lapses,
            },
            uses: permit.consumes,
            daily: permit.daily,
            receipts_outstanding: self.bounds.receipts_outstanding,
            reserved: reserved.until_appended(),
        };
        let appended = self.agency.log.append(query_answered(&upon.state, ready)).await?;
        steps::done("answer logged");
        let awaits_receipt = Some(envelope.digest());
        Ok(Reply { appended, awaits_receipt, underway: outgoing.underway, again: false })
    }

    /// Refuses what was decided upon, as long as that holds.
    pub(super) async fn refuse_upon(
        &self,
        asked: &Asked,
        upon: &Grounds,
        Refused { reasons, closest }: Refused,
        remember: bool,
    ) -> Result<Reply, Unserved> {
        let refusal = Refusal {
            at: upon.now,
            decided_by: upon.decided_by(),
            closest,
            ..self.refusal(asked, reasons.into_vec())
        };
        self.let_go(asked, &refusal, Some(&upon.state), remember).await
    }

    /// Refuses a query that does not come as far as a decision.
    pub(super) async fn refuse(
        &self,
        asked: &Asked,
        reasons: Vec<Reason>,
        remember: bool,
    ) -> Result<Reply, Unserved> {
        self.let_go(asked, &self.refusal(asked, reasons), None, remember).await
    }

    fn refusal(&self, asked: &Asked, reasons: Vec<Reason>) -> Refusal {
        let query = &asked.query;
        Refusal {
            query_id: query.id,
            query_digest: asked.envelope.digest(),
            from: self.agency.id.clone(),
            to: query.from.clone(),
            at: self.agency.clock.now(),
            decided_by: None,
            closest: None,
            reasons: Refusal::fitting(reasons),
            advice: Text::default(),
        }
    }

    /// Signs, appends and lets go a refusal. `remember` keeps it under the query's id.
    async fn let_go(
        &self,
        asked: &Asked,
        refusal: &Refusal,
        upon: Option<&State>,
        remember: bool,
    ) -> Result<Reply, Unserved> {
        let envelope = self.sign(Kind::Refusal, refusal)?;
        let theirs = asked.theirs.clone();
        let entry = query_refused(upon, asked.signed(), refusal, &envelope, theirs, remember);
        let appended = self.agency.log.append(entry).await?;
        Ok(Reply { appended, awaits_receipt: None, underway: None, again: false })
    }

    fn sign<T: Serialize>(&self, kind: Kind, message: &T) -> Result<Envelope, Unserved> {
        Envelope::sign_json(kind, message, &self.keys.message_key(&self.agency))
            .map_err(|e| Unserved::Message(e.to_string()))
    }
}

/// Who is to be told of a correction of them, one day.
fn released(reads: &[Read]) -> Option<(Timestamp, Vec<ReadId>)> {
    let latest = reads.iter().map(|read| read.at).max()?;
    Some((latest, reads.iter().map(|read| read.id).collect()))
}
