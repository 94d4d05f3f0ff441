//! Asking: check, sign, append, and only then send; verify, append, and only then show.
//!
//! Each owner is asked in a task of its own, so none waits for another. Whatever becomes of the
//! connection, the officer gets one outcome an owner within the answer time, and the log has one
//! entry that says which. A crash after `query.sent` leaves an open query; when the node starts
//! again it is logged as unanswered and can be asked again under the same id.

mod heard;
pub mod kept;
mod pursue;
mod refused_query;
mod turned_down;

use std::sync::Arc;

use agreements::decide::decline;
use schemas::agency::AgencyId;
use schemas::body::{Access, Actor, Outcome};
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::query::{Query, QueryId};
use schemas::refusal::Reason;
use schemas::time::Timestamp;
use tokio::sync::mpsc;

pub use heard::{Heard, Misread};
pub use refused_query::refused_query;

use super::NodeContext;
use super::authorities::Candidates;
use super::deliver::Delivery;
use peer::link::Dial;
use pursue::Outstanding;
use schemas::draft::{Draft, Recipients};

use crate::permission::{Principal, authenticate, policy_in_force};
use audit_log::append::AppendError;
use audit_log::entry::Entry;
use registry::State;
use schemas::user::User;
use store::{Asked, AskedBefore, Settled, StateChanges};

/// Why a draft asks nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// An agency was named whose card is not recorded.
    #[error(
        "no card of `{0}` is recorded; add it with `accord card add`, or see `accord card list`"
    )]
    Unknown(AgencyId),
    /// Nobody gives authority.
    #[error(
        "no peer gives authority for this; see `accord agreement list`, or submit a written request with `accord request submit`"
    )]
    Nobody,
    /// The user may not ask.
    #[error("{0}")]
    User(String),
    /// `--again` names no query that can be asked again.
    #[error("{0}")]
    Again(String),
}

/// Asks peers.
pub struct Asker<D> {
    pub(super) context: NodeContext,
    dial: Arc<D>,
    delivery: Arc<Delivery<D>>,
}

impl<D> Clone for Asker<D> {
    fn clone(&self) -> Self {
        Self {
            context: self.context.clone(),
            dial: self.dial.clone(),
            delivery: self.delivery.clone(),
        }
    }
}

impl<D: Dial> Asker<D> {
    /// An asker that dials with `dial` and sees receipts delivered by `delivery`.
    #[must_use]
    pub fn new(context: NodeContext, dial: Arc<D>, delivery: Arc<Delivery<D>>) -> Self {
        Self { context, dial, delivery }
    }

    /// Asks every owner of the draft; outcomes come in the order they happen.
    ///
    /// # Errors
    /// When nobody can be asked at all. What a rule forbids is an outcome, not an error.
    pub fn ask(&self, draft: &Draft, auth: &str) -> Result<mpsc::Receiver<Heard>, AskError> {
        let state = self.context.agency.registry.state();
        let now = self.context.agency.clock.now();
        let user =
            state.users.get(&draft.user).filter(|user| user.enabled(now)).ok_or_else(|| {
                AskError::User(format!(
                    "`{}` is no enabled user of this agency; see `accord user list`",
                    draft.user
                ))
            })?;
        let owners = self.owners(&state, draft)?;
        if owners.is_empty() {
            return Err(AskError::Nobody);
        }
        let actor = Actor {
            user: Some(user.name.clone()),
            full_name: user.full_name.clone(),
            agency: self.context.agency.id.clone(),
            auth: auth.to_owned(),
        };
        let (heard, outcomes) = mpsc::channel(owners.len().max(1));
        for owner in owners {
            let (this, heard, actor, state) =
                (self.clone(), heard.clone(), actor.clone(), state.clone());
            let draft = draft.clone();
            let requester = user.requester();
            tokio::spawn(async move {
                let outcome = match random_id() {
                    Ok(id) => {
                        let at = this.context.agency.clock.now();
                        let query =
                            draft.query(id, &this.context.agency.id, &owner, &requester, at);
                        this.ask_one(&state, query, actor).await
                    }
                    Err(error) => Heard::failed(&owner, error),
                };
                // Nobody waiting is no reason to stop: the outcome is logged.
                drop(heard.send(outcome).await);
            });
        }
        Ok(outcomes)
    }

    fn owners(&self, state: &State, draft: &Draft) -> Result<Vec<AgencyId>, AskError> {
        match &draft.whom {
            Recipients::These(owners) => {
                if let Some(unknown) = owners.iter().find(|owner| !state.peers.contains_key(owner))
                {
                    return Err(AskError::Unknown(unknown.clone()));
                }
                let mut owners = owners.clone();
                owners.sort();
                owners.dedup();
                Ok(owners)
            }
            Recipients::All => Ok(self.giving_authority(state)),
        }
    }

    /// Peers of which an agreement in force or an approved request gives this agency authority.
    /// Only the want of one keeps an owner out; every other refusal is the owner's to pronounce.
    fn giving_authority(&self, state: &State) -> Vec<AgencyId> {
        let now = self.context.agency.clock.now();
        let counters = self.context.agency.log.counters();
        let me = &self.context.agency.id;
        let gives = |owner: &&AgencyId| {
            Candidates::of(state, &counters, owner, me, now, None).any_in_force(owner, me, now)
        };
        state
            .peers
            .iter()
            .filter(|(_, peer)| peer.blocked.is_none())
            .map(|(id, _)| id)
            .filter(gives)
            .cloned()
            .collect()
    }

    pub(super) async fn ask_one(&self, state: &State, query: Query, actor: Actor) -> Heard {
        let owner = query.to.clone();
        let (Some(peer), Some(policy)) = (state.peers.get(&owner), &state.policy) else {
            return Heard::failed(&owner, "no card of this agency, or no policy of one's own");
        };
        if let Some(alarm) = state.alarm_about(&owner) {
            return Heard::failed(
                &owner,
                format!(
                    "alarm {} about `{owner}` is open ({}); nothing is asked of it until an auditor resolves it with `accord audit resolve {}`",
                    alarm.alarm,
                    alarm.what.kind.words(),
                    alarm.alarm
                ),
            );
        }
        if let Some(reasons) = decline(policy, &query, query.at) {
            return self.declined(query, actor, reasons.into_vec()).await;
        }
        let envelope = match Envelope::sign_json(Kind::Query, &query, &self.context.message_key()) {
            Ok(envelope) => envelope,
            Err(error) => return Heard::failed(&owner, error),
        };
        let (at, sent) = (query.at, envelope.clone());
        let Some(outstanding) = Outstanding::of(query.clone(), sent, actor.clone(), peer, at)
        else {
            return Heard::failed(&owner, REVOKED);
        };
        let mut access = Access::of(&query, Outcome::Sent);
        access.query_digest = Some(envelope.digest());
        let asked = Asked {
            query_id: query.id,
            owner: owner.clone(),
            asked_at: query.at,
            query: envelope.digest(),
        };
        let entry = Entry::new(EntryKind::QuerySent, actor.clone())
            .with_peer(&owner)
            .with_access(access)
            .with_envelope(&envelope)
            .effecting(StateChanges { asked: Some(asked), ..StateChanges::default() })
            .untyped_releasing(vec![Frame::new(FrameKind::Query, envelope.as_bytes().to_vec())]);
        let frames = match self.context.agency.log.append(entry).await {
            Ok(appended) => appended.release(),
            Err(error) => return Heard::failed(&owner, error),
        };
        self.pursue(outstanding, &frames).await
    }

    /// Asks an owner again under the id of a query that was not answered; shows the answer again,
    /// while it is kept, of one that was.
    ///
    /// # Errors
    /// When there is no such query, or it was settled.
    pub async fn ask_again(&self, id: QueryId, by: &Principal) -> Result<Heard, AskError> {
        let again = |why: String| AskError::Again(why);
        let state = self.context.agency.registry.state();
        let now = self.context.agency.clock.now();
        let user = authenticate(&state, by, now).map_err(|e| AskError::User(e.to_string()))?;
        let actor = self.context.agency.actor(user, by);
        let (sent, envelope, query) = self.sent(id).await?;
        if let Some((asking, reasons)) = again_declined(&state, user, &query, now)? {
            return Ok(self.declined(asking, actor, reasons).await);
        }
        match sent.outcome.as_deref() {
            Some("answered") => return self.kept(&query, actor).await,
            None | Some("unanswered") => {}
            Some(outcome) => {
                return Err(again(format!("query `{id}` is settled already ({outcome})")));
            }
        }
        let peer =
            state.peers.get(&sent.owner).ok_or_else(|| AskError::Unknown(sent.owner.clone()))?;
        let outstanding =
            Outstanding::of(query.clone(), envelope.clone(), actor.clone(), peer, now)
                .ok_or_else(|| again(REVOKED.into()))?;
        let mut access = Access::of(&query, Outcome::Sent);
        access.query_digest = Some(envelope.digest());
        let entry = Entry::new(EntryKind::QuerySent, actor.clone())
            .with_peer(&sent.owner)
            .with_access(access)
            .with_detail("again", true)
            .with_envelope(&envelope)
            .untyped_releasing(vec![Frame::new(FrameKind::Query, envelope.as_bytes().to_vec())]);
        let frames = self
            .context
            .agency
            .log
            .append(entry)
            .await
            .map_err(|e| again(e.to_string()))?
            .release();
        let mut heard = self.pursue(outstanding, &frames).await;
        if heard.outcome == "answered" {
            // They may have come before the answer did.
            heard.corrections = self.corrections(id).await?;
        }
        Ok(heard)
    }

    /// A query that was sent from here, as it was signed.
    async fn sent(&self, id: QueryId) -> Result<(AskedBefore, Envelope, Query), AskError> {
        let again = |why: String| AskError::Again(why);
        let sent = self.context.store.asked(id).await.map_err(|e| again(e.to_string()))?;
        let sent = sent.ok_or_else(|| again(format!("no query `{id}` was sent from here")))?;
        let exact = sent
            .envelope
            .as_ref()
            .ok_or_else(|| again(format!("query `{id}` is kept no longer; ask it anew")))?;
        let envelope = Envelope::parse(exact.as_bytes()).map_err(|e| again(e.to_string()))?;
        let query: Query =
            self.context.own_signed(&envelope, Kind::Query).map_err(|e| again(e.to_string()))?;
        Ok((sent, envelope, query))
    }

    async fn declined(&self, query: Query, actor: Actor, reasons: Vec<Reason>) -> Heard {
        let mut access = Access::of(&query, Outcome::Declined);
        access.reasons.clone_from(&reasons);
        let entry =
            Entry::new(EntryKind::QueryDeclined, actor).with_peer(&query.to).with_access(access);
        match self.context.agency.log.append(entry).await {
            Ok(appended) => Heard {
                query_id: Some(query.id),
                reasons,
                refused_by: Some("own policy"),
                log: Some(appended.position()),
                ..Heard::new(&query.to, "refused")
            },
            Err(error) => Heard::failed(&query.to, error),
        }
    }

    /// Logs as unanswered what an earlier run of the node left open.
    ///
    /// # Errors
    /// When the store or the log does not answer.
    pub async fn close_open_queries(&self) -> Result<usize, AppendError> {
        let unavailable = |e: String| AppendError::Unavailable(e);
        let now = self.context.agency.clock.now();
        let open =
            self.context.store.unsettled(now).await.map_err(|e| unavailable(e.to_string()))?;
        for id in &open {
            let Some(asked) =
                self.context.store.asked(*id).await.map_err(|e| unavailable(e.to_string()))?
            else {
                continue;
            };
            // Past its retention there is nothing left to say of it.
            let Some(exact) = &asked.envelope else { continue };
            let envelope =
                Envelope::parse(exact.as_bytes()).map_err(|e| unavailable(e.to_string()))?;
            let query: Query = self
                .context
                .own_signed(&envelope, Kind::Query)
                .map_err(|e| unavailable(e.to_string()))?;
            let mut access = Access::of(&query, Outcome::Unanswered);
            access.query_digest = Some(envelope.digest());
            let settled = Settled {
                query_id: *id,
                outcome: "unanswered",
                authority: None,
                reply: None,
                receipt: None,
            };
            let entry = Entry::new(EntryKind::QueryUnanswered, self.context.agency.node_actor())
                .with_peer(&asked.owner)
                .with_access(access)
                .with_detail("why", "the node stopped before anything came")
                .effecting(StateChanges { settled: Some(settled), ..StateChanges::default() });
            drop(self.context.agency.log.append(entry).await?);
        }
        Ok(open.len())
    }
}

/// Whoever sees an answer again is judged as if they asked for it now: the query so, and why not.
fn again_declined(
    state: &State,
    user: &User,
    query: &Query,
    now: Timestamp,
) -> Result<Option<(Query, Vec<Reason>)>, AskError> {
    let policy = policy_in_force(state).map_err(|e| AskError::Again(e.to_string()))?;
    let asking = Query { requester: user.requester(), at: now, ..query.clone() };
    Ok(decline(policy, &asking, now).map(|reasons| (asking, reasons.into_vec())))
}

/// Why an owner is not asked whose answers would prove nothing.
const REVOKED: &str = "the owner's message key was revoked; wait for its new card";

/// A query id of fresh randomness.
///
/// # Errors
/// When the operating system gives none.
pub fn random_id() -> Result<QueryId, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| format!("the system gives no randomness ({e})"))?;
    Ok(QueryId::from_bytes(bytes))
}
