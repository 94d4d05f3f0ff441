//! A query that says what endangers a life and that nothing but the screening of its reason keeps back
//! here waits for another person, of a role that one's own policy names: she releases it, or does not.
//!
//! Nothing is kept for it beside the log. A declined query waits for as long as no later entry is of its
//! id, and no longer than a day. Released, it leaves under that id, by who asked, and names who released
//! it: both logs hold that. It is judged anew as it leaves, and its owner judges its reason as any other.

use std::collections::BTreeSet;

use agreements::policy::Danger;
use schemas::agency::AgencyId;
use schemas::body::{Access, Actor};
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::event::exchange::Releasable;
use schemas::outcome::OutcomeCode;
use schemas::purpose::Role;
use schemas::query::{Elements, Justification, Query, QueryId, Releaser, Requester, UserName};
use schemas::refusal::Reason;
use schemas::session::SessionId;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;
use serde::{Deserialize, Serialize};

use super::under_way::UnderWay;
use super::{QueryClient, QueryOutcome, attested, is_under_way};
use crate::permission::{ActError, OwnAgency, Principal, policy_in_force, sections, with_access};
use audit::view::LogEntry;
use audit_log::entries::exchange::asking::release_denied;
use peer::link::Dial;
use registry::State;
use store::{EntryFilter, ReadStore};

/// How long a declined query waits, in days.
const DAYS: u32 = 1;
/// Entries read at a time.
const STEP: u32 = 500;

/// Released or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReleaseVerdict {
    /// It leaves.
    Released,
    /// It does not.
    Denied,
}

/// What another person decides on a declined query.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseInput {
    /// Released or not.
    pub verdict: ReleaseVerdict,
    /// Why, in words.
    pub reason: Text,
}

/// A declined query that waits.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WaitingRelease {
    /// The query.
    pub query_id: QueryId,
    /// When it was declined.
    pub at: Timestamp,
    /// Until when it waits.
    pub until: Timestamp,
    /// Whom it asks.
    pub owner: AgencyId,
    /// Who asks.
    pub user: UserName,
    /// In full.
    pub full_name: Text,
    /// Why she asks.
    pub why: Justification,
    /// What is looked for.
    pub elements: Elements,
    /// Why it was declined.
    pub reasons: Vec<Reason>,
}

/// What became of a declined query.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReleaseDecided {
    /// The query.
    pub query_id: QueryId,
    /// Whom it asks.
    pub owner: AgencyId,
    /// Who asked; she sees what came.
    pub user: UserName,
    /// Released or not.
    pub verdict: ReleaseVerdict,
    /// How it ended, where it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeCode>,
    /// Why it was refused, where it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// Why nothing was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What the log says of a query that waits.
struct Declined {
    at: Timestamp,
    actor: Actor,
    user: UserName,
    access: Access,
    releasable: Releasable,
}

impl Declined {
    fn view(self) -> WaitingRelease {
        let Self { at, actor, user, access, .. } = self;
        WaitingRelease {
            query_id: access.query_id,
            at,
            until: at.plus_days(DAYS),
            owner: access.owner,
            user,
            full_name: actor.full_name,
            why: access.why,
            elements: access.elements,
            reasons: access.reasons,
        }
    }
}

/// The queries that wait for `by` to release them or not, the oldest first.
///
/// # Errors
/// When the policy names no role of hers for it, or the store does not answer.
pub async fn waiting_releases(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
) -> Result<Vec<WaitingRelease>, ActError> {
    releasing(&agency.registry.state(), by, agency.clock.now())?;
    let all = waiting(agency, store).await?;
    Ok(all.into_iter().filter(|one| one.user != by.user).map(Declined::view).collect())
}

/// Which queries wait, whoever is to release them.
///
/// # Errors
/// When the store does not answer.
pub async fn releases_waiting(
    agency: &OwnAgency,
    store: &dyn ReadStore,
) -> Result<Vec<QueryId>, ActError> {
    Ok(waiting(agency, store).await?.iter().map(|one| one.access.query_id).collect())
}

/// Who releases, by the policy in force.
fn named(danger: Option<&Danger>) -> &[Role] {
    danger.map_or(&[], |danger| &danger.released_by)
}

/// The user who acts, if the policy gives one of her roles that she releases what others ask.
fn releasing(state: &State, by: &Principal, now: Timestamp) -> Result<User, ActError> {
    let user = with_access(state, by, now)?;
    let policy = policy_in_force(state)?;
    let roles = named(policy.danger.as_ref());
    if user.roles.iter().any(|role| roles.contains(role)) {
        return Ok(user.into_owned());
    }
    let citations = policy.danger.as_ref().map(|value| policy.cites(value)).unwrap_or_default();
    let codes: Vec<_> = roles.iter().map(|role| role.code()).collect();
    let why = if codes.is_empty() {
        "the policy names nobody who releases what its screening refused (`danger.released_by`)"
            .to_owned()
    } else {
        format!(
            "user `{}` releases no query of others; it takes one of the roles {} [{}]",
            by.user,
            codes.join(", "),
            sections(&citations)
        )
    };
    Err(ActError::refused_as("role_not_authorized", citations, why))
}

async fn waiting(agency: &OwnAgency, store: &dyn ReadStore) -> Result<Vec<Declined>, ActError> {
    let state = agency.registry.state();
    if named(state.policy.as_ref().and_then(|policy| policy.danger.as_ref())).is_empty() {
        return Ok(Vec::new());
    }
    let since = agency.clock.now().minus_days(DAYS);
    let filter = EntryFilter {
        kind: Some(EntryKind::QueryDeclined),
        from: Some(since),
        ..EntryFilter::default()
    };
    let (mut found, mut start) = (Vec::new(), 0);
    loop {
        let step = store.entries(&filter, start, STEP).await?;
        for stored in &step {
            let entry = LogEntry::of(stored)?;
            start = entry.header.index.saturating_add(1);
            let Some(one) = declined(entry) else { continue };
            // Whatever came after of this query has decided it.
            let after =
                EntryFilter { query: Some(one.access.query_id.digest()), ..EntryFilter::default() };
            if store.entries(&after, start, 1).await?.is_empty() {
                found.push(one);
            }
        }
        if step.len() < STEP as usize {
            return Ok(found);
        }
    }
}

fn declined(entry: LogEntry) -> Option<Declined> {
    let (at, body) = (entry.header.at, entry.body?);
    let Event::QueryDeclined(event) = body.event else { return None };
    let user = body.actor.user.clone()?;
    Some(Declined {
        at,
        user,
        actor: body.actor,
        access: event.access?,
        releasable: event.releasable?,
    })
}

impl<D: Dial> QueryClient<D> {
    /// Releases a declined query of somebody else, or does not. `live` are the sessions that have not
    /// ended: nobody asks in one that has.
    ///
    /// # Errors
    /// When none of this id waits, it is her own, or the policy names no role of hers for it.
    pub async fn release(
        &self,
        id: QueryId,
        by: &Principal,
        input: &ReleaseInput,
        live: &BTreeSet<SessionId>,
    ) -> Result<ReleaseDecided, ActError> {
        let (state, now) = (self.agency.registry.state(), self.agency.clock.now());
        let releaser = releasing(&state, by, now)?;
        if input.reason.is_empty() {
            return Err(ActError::usage("say why: it is logged on both sides".into()));
        }
        // Before it is looked at: nobody else decides it meanwhile.
        let asking = UnderWay::begin(&self.under_way, id)
            .ok_or_else(|| ActError::usage(is_under_way(id)))?;
        let all = waiting(&self.agency, self.store.as_ref()).await?;
        let declined = all.into_iter().find(|one| one.access.query_id == id).ok_or_else(|| {
            ActError::usage_as(
                "release_unknown",
                format!("no query `{id}` waits to be released; see `accord query releases`"),
            )
        })?;
        if declined.user == by.user {
            let why = "you asked this yourself: another person releases it or does not";
            return Err(ActError::refused_as("second_person", Vec::new(), why.into()));
        }
        let decided = ReleaseDecided {
            query_id: id,
            owner: declined.access.owner.clone(),
            user: declined.user.clone(),
            verdict: input.verdict,
            outcome: None,
            reasons: Vec::new(),
            error: None,
        };
        if input.verdict == ReleaseVerdict::Denied {
            let actor = self.agency.actor(&releaser, by);
            let (asked_by, reason) = (declined.user, input.reason.clone());
            let entry = release_denied(actor, &declined.access, asked_by, reason);
            drop(self.agency.log.append(entry).await?);
            return Ok(decided);
        }
        let (query, actor) =
            self.as_released(&state, declined, (&releaser, by), &input.reason, (live, now))?;
        // Whoever released it may go: it is settled all the same.
        let this = self.clone();
        let asked = tokio::spawn(async move { this.ask_begun(&state, query, actor, asking).await });
        let heard = asked.await.map_err(|e| ActError::failed(e.to_string()))?;
        let QueryOutcome { outcome, reasons, error, .. } = heard;
        Ok(ReleaseDecided { outcome: Some(outcome), reasons, error, ..decided })
    }

    /// The query as it leaves: by who asked, as she may act now, and by whom it was released.
    fn as_released(
        &self,
        state: &State,
        declined: Declined,
        (releaser, by): (&User, &Principal),
        reason: &Text,
        (live, now): (&BTreeSet<SessionId>, Timestamp),
    ) -> Result<(Query, Actor), ActError> {
        let Declined { actor, user, access, releasable, .. } = declined;
        let who = Principal {
            roles: Some(releasable.roles),
            session: releasable.session,
            asserted_by: releasable.asserted_by,
            ..Principal::of(user, actor.auth.clone())
        };
        if who.session.as_ref().is_some_and(|session| !live.contains(&session.id)) {
            return Err(ActError::usage_as(
                "session_ended",
                format!(
                    "`{}` has signed out since, and nobody asks in a session that has ended; have her sign in and ask again",
                    who.user
                ),
            ));
        }
        let person = with_access(state, &who, now)?;
        let requester = Requester {
            attestation: attested(state, &self.agency.id, &access.owner, &person, now),
            ..who.requester(&person)
        };
        let query = Query {
            id: access.query_id,
            from: self.agency.id.clone(),
            to: access.owner,
            at: now,
            search: access.search,
            authority: access.authority,
            requester,
            released_by: Some(Releaser {
                user: releaser.name.clone(),
                full_name: releaser.full_name.clone(),
                title: releaser.title.clone(),
                roles: releaser.roles.clone(),
                reason: reason.clone(),
            }),
            // As she is registered now; of whom nothing is known any more sees nothing.
            for_person: match &access.for_user {
                None => None,
                Some(name) => {
                    Some(with_access(state, &Principal::of(name.clone(), ""), now)?.requester())
                }
            },
            why: access.why,
            elements: access.elements,
            limit: releasable.limit,
            images: releasable.images,
        };
        // It begins as every entry of that session does.
        let auth = format!("{}; released by {}, {}", actor.auth, by.user, by.auth);
        Ok((query, Actor { auth, ..actor }))
    }
}
