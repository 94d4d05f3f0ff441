//! Asking: check, sign, append, and only then send; verify, append, and only then show.
//!
//! Each owner is asked in a task of its own, so none waits for another. Whatever becomes of the
//! connection, the officer gets one outcome an owner within the answer time, and the log has one
//! entry that says which. A crash after `query.sent` leaves an open query; when the node starts
//! again it is logged as unanswered and can be asked again under the same id.

mod again;
mod cached_answers;
mod history;
mod once;
mod outcome;
mod persons;
mod recipients;
mod refused_query;
mod rejected_drafts;
mod release;
mod send;
mod settle;
mod under_way;

use std::sync::Arc;
use std::time::Duration;

use agreements::decide::{decline, releasable};
use agreements::screening::typed;
use schemas::agency::AgencyId;
use schemas::body::Actor;
use schemas::draft::Draft;
use schemas::envelope::{Envelope, Kind};
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::query::{Query, QueryId, Requester};
use schemas::refusal::Reason;
use schemas::text::Text;
use tokio::sync::mpsc;

use super::authorities::cited;
use super::deliver::Delivery;
use super::observed::Observer;
use super::standing::ProofBook;
use super::steps;
use crate::context::{NodeContext, OwnKeys};
use crate::permission::{ActError, OwnAgency, Principal, with_access};
use audit_log::entries::exchange::asking::{query_declined, query_declined_for_now, query_sent};
use audit_log::entry::Entry;
use cached_answers::CachedAnswers;
use once::Whose;
use peer::link::Dial;
use persons::{attested, seen_by};
use registry::State;
use send::{PendingQuery, QuerySender};
use settle::{QuerySettler, contact};
use store::ReadStore;
use under_way::{Asking, UnderWay};

pub use cached_answers::Saved;
pub use history::{MOST as MOST_PAST, PastQuery, PastWanted, asked_for_her, history, past_query};
pub use once::{IdempotencyKey, UnfitKey};
pub use outcome::{Extent, Misread, NotAsked, QueryOutcome, SearchEnded};
pub use refused_query::refused_query;
pub use rejected_drafts::log_rejected_draft;
pub use release::{
    ReleaseDecided, ReleaseInput, ReleaseVerdict, WaitingRelease, releases_waiting,
    waiting_releases,
};

/// Why a draft asks nobody.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AskError {
    /// An agency was named whose card is not recorded.
    #[error(
        "no card of `{0}` is recorded; add it with `accord card add`, or see `accord card list`"
    )]
    Unknown(AgencyId),
    /// No authority of this agency is called so, or several are.
    #[error("{0}")]
    Authority(String),
    /// Nobody gives authority.
    #[error(
        "no peer gives authority for this; see `accord agreement list`, or submit a written request with `accord request submit`"
    )]
    Nobody,
    /// The user may not ask.
    #[error(transparent)]
    User(ActError),
    /// The program by which they ask may not be used for it.
    #[error("{0}")]
    Program(String),
    /// No id can be made.
    #[error("{0}")]
    Random(String),
    /// The key under which it was to be asked once means another question.
    #[error(
        "this Idempotency-Key was used for another question; give each question a key of its own"
    )]
    KeyUsed,
    /// `--again` names no query that can be asked again.
    #[error("{0}")]
    Again(String),
}

/// Asks peers. Cheap to clone.
pub struct QueryClient<D> {
    pub(super) agency: OwnAgency,
    pub(super) store: Arc<dyn ReadStore>,
    keys: OwnKeys,
    cached: Arc<CachedAnswers>,
    sender: Arc<QuerySender<D>>,
    settler: Arc<QuerySettler<D>>,
    under_way: Arc<UnderWay>,
}

impl<D> Clone for QueryClient<D> {
    fn clone(&self) -> Self {
        Self {
            agency: self.agency.clone(),
            store: self.store.clone(),
            keys: self.keys.clone(),
            cached: self.cached.clone(),
            sender: self.sender.clone(),
            settler: self.settler.clone(),
            under_way: self.under_way.clone(),
        }
    }
}

impl<D: Dial> QueryClient<D> {
    /// A client that dials with `dial` and sees receipts delivered by `delivery`.
    #[must_use]
    pub fn new(context: &NodeContext, dial: Arc<D>, delivery: Arc<Delivery<D>>) -> Self {
        let (agency, keys) = (context.agency.clone(), context.keys.clone());
        let photographs = context.photographs.clone();
        let cached = CachedAnswers {
            agency: agency.clone(),
            store: context.store.clone(),
            photographs: photographs.clone(),
        };
        let sender = QuerySender {
            agency: agency.clone(),
            photographs: photographs.clone(),
            dial,
            answer_time: Duration::from_secs(u64::from(context.bounds.answer_seconds)),
        };
        let settler = QuerySettler {
            agency: agency.clone(),
            keys: keys.clone(),
            photographs,
            observer: Observer::of(context),
            proofs: ProofBook::of(context),
            delivery,
        };
        Self {
            agency,
            store: context.store.clone(),
            keys,
            cached: Arc::new(cached),
            sender: Arc::new(sender),
            settler: Arc::new(settler),
            under_way: Arc::default(),
        }
    }

    /// Asks every owner of the draft; outcomes come in the order they happen.
    ///
    /// # Errors
    /// When nobody can be asked at all. What a rule forbids is an outcome, not an error.
    pub fn ask(
        &self,
        draft: &Draft,
        by: &Principal,
    ) -> Result<mpsc::Receiver<QueryOutcome>, AskError> {
        self.ask_each(draft, by, None)
    }

    /// As [`Self::ask`]; with a key each owner once, those among them that were asked under it before.
    fn ask_each(
        &self,
        draft: &Draft,
        by: &Principal,
        once: Option<(IdempotencyKey, QueryId, Vec<AgencyId>)>,
    ) -> Result<mpsc::Receiver<QueryOutcome>, AskError> {
        let state = self.agency.registry.state();
        let now = self.agency.clock.now();
        // Whoever acts asks: what the draft says of a user is what a form says.
        let user = with_access(&state, by, now).map_err(AskError::User)?;
        let seen_by = seen_by(&state, draft, by, now).map_err(AskError::User)?;
        let mut owners = self.owners(&state, draft)?;
        if let Some((.., asked)) = &once {
            owners.extend(asked.iter().cloned());
            owners.sort();
            owners.dedup();
        }
        if owners.is_empty() {
            return Err(AskError::Nobody);
        }
        let name = draft.authority.as_ref();
        let authority = name.map(|name| cited(&state, &self.agency.id, &owners, name));
        let authority = authority.transpose().map_err(AskError::Authority)?;
        let actor = Actor {
            user: Some(user.name.clone()),
            full_name: user.full_name.clone(),
            agency: self.agency.id.clone(),
            auth: by.auth.clone(),
        };
        let (sender, outcomes) = mpsc::channel(owners.len().max(1));
        let search = match &once {
            Some((_, search, _)) => *search,
            None => random_id().map_err(AskError::Random)?,
        };
        let mut draft = draft.clone();
        if let Some(person) = seen_by.filter(|_| draft.why.for_officer.is_empty()) {
            draft.why.for_officer = person.full_name.clone();
        }
        let for_person = seen_by.map(|person| person.requester());
        if let Some(policy) = &state.policy {
            draft.why = typed(&draft.why, &policy.reason);
        }
        for owner in owners {
            let (this, sender, actor, state) =
                (self.clone(), sender.clone(), actor.clone(), state.clone());
            let (draft, authority, for_person) =
                (draft.clone(), authority.clone(), for_person.clone());
            let once = once.as_ref().map(|(key, ..)| (*key, by.clone()));
            let requester = Requester {
                attestation: attested(&state, &self.agency.id, &owner, &user, now),
                ..by.requester(&user)
            };
            tokio::spawn(async move {
                let id = match &once {
                    Some((key, _)) => {
                        let asserted_by = requester.asserted_by.as_ref();
                        let (agency, user) = (&this.agency.id, &requester.user);
                        let whose = Whose { agency, user, asserted_by };
                        Ok(key.query(&whose, &owner))
                    }
                    None => random_id(),
                };
                let outcome = match id {
                    Ok(id) => {
                        let at = this.agency.clock.now();
                        let me = &this.agency.id;
                        let query = draft.query(id, me, &owner, authority, &requester, at);
                        let query = Query { search: Some(search), for_person, ..query };
                        match once {
                            Some((_, by)) => this.one_once(&state, query, actor, &by).await,
                            None => this.ask_one(&state, query, actor).await,
                        }
                    }
                    Err(error) => QueryOutcome::failed(&owner, error),
                };
                // Nobody waiting is no reason to stop: the outcome is logged.
                drop(sender.send(outcome).await);
            });
        }
        Ok(outcomes)
    }

    pub(super) async fn ask_one(&self, state: &State, query: Query, actor: Actor) -> QueryOutcome {
        match UnderWay::begin(&self.under_way, query.id) {
            Some(asking) => self.ask_begun(state, query, actor, asking).await,
            None => QueryOutcome::failed(&query.to, is_under_way(query.id)),
        }
    }

    /// Asks a query that is under way from here on.
    async fn ask_begun(
        &self,
        state: &State,
        query: Query,
        actor: Actor,
        _asking: Asking,
    ) -> QueryOutcome {
        let owner = query.to.clone();
        let (Some(peer), Some(policy)) = (state.peers.get(&owner), &state.policy) else {
            return QueryOutcome::failed(
                &owner,
                "no card of this agency, or no policy of one's own",
            );
        };
        if let Some(alarm) = state.alarm_about(&owner) {
            return QueryOutcome::failed(
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
            if releasable(policy, &query, &reasons) {
                let roles = policy.danger.as_ref().map(|danger| danger.released_by.clone());
                let entry = query_declined_for_now(actor, &query, reasons.as_slice().to_vec());
                let outcome = self.declined_by(entry, query, reasons.into_vec()).await;
                return QueryOutcome { may_release: roles.unwrap_or_default(), ..outcome };
            }
            return self.declined(query, actor, reasons.into_vec()).await;
        }
        let key = self.keys.message_key(&self.agency);
        let envelope = match Envelope::sign_json(Kind::Query, &query, &key) {
            Ok(envelope) => envelope,
            Err(error) => return QueryOutcome::failed(&owner, error),
        };
        let at = query.at;
        let Some(pending) = PendingQuery::of(query, envelope, actor.clone(), peer, at) else {
            return QueryOutcome::failed(&owner, REVOKED);
        };
        steps::done("query signed");
        let frames = match self.agency.log.append(query_sent(actor, pending.signed())).await {
            Ok(appended) => appended.release(),
            Err(error) => return QueryOutcome::failed(&owner, error),
        };
        steps::done("query logged");
        let reply = self.sender.send(&pending, &frames).await;
        self.settler.settle(&pending, reply).await
    }

    async fn declined(&self, query: Query, actor: Actor, reasons: Vec<Reason>) -> QueryOutcome {
        let entry = query_declined(actor, &query, reasons.clone());
        self.declined_by(entry, query, reasons).await
    }

    async fn declined_by(&self, entry: Entry, query: Query, reasons: Vec<Reason>) -> QueryOutcome {
        match self.agency.log.append(entry).await {
            Ok(appended) => QueryOutcome {
                query_id: Some(query.id),
                search: query.search,
                reasons,
                refused_by: Some(RefusedBy::OwnPolicy),
                contact: contact(&self.agency.registry.state(), &query),
                log: Some(appended.position()),
                ..QueryOutcome::new(&query.to, OutcomeCode::Refused)
            },
            Err(error) => QueryOutcome::failed(&query.to, error),
        }
    }
}

/// What somebody is told who asks a second time while a query is being asked.
fn is_under_way(id: QueryId) -> String {
    format!(
        "query `{id}` is under way: it was sent and nothing has come yet; see how it ends with `accord audit log`, or ask again once it has"
    )
}

/// Why an owner is not asked whose answers would prove nothing.
const REVOKED: &str = "the owner's message key was revoked; wait for its new card";

/// The verification notice of this agency's own policy, which binds its officers.
fn own_notice(agency: &OwnAgency) -> Text {
    let state = agency.registry.state();
    state.policy.as_ref().map(|policy| policy.verification.text.clone()).unwrap_or_default()
}

/// A query id of fresh randomness.
///
/// # Errors
/// When the operating system gives none.
pub fn random_id() -> Result<QueryId, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| format!("the system gives no randomness ({e})"))?;
    Ok(QueryId::from_bytes(bytes))
}
