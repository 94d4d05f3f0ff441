//! What a query would be decided, by the owner's policy as far as it is known here.

use std::sync::Arc;

use ::agreements::decide::{Decision, Permit, Scope as _, decide, decline};
use ::agreements::policy::Policy;
use ::agreements::screening::typed;
use schemas::agency::AgencyId;
use schemas::answer::Cut;
use schemas::posted::PostedPolicy;
use schemas::query::{QueryId, UserName};
use schemas::refusal::Reason;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::policy::policy_at;
use crate::exchange::authorities::{cited, uses};
use crate::permission::{ActError, OwnAgency, Principal, with_access};
use registry::{Candidates, PeerPolicy, State};
use schemas::draft::Draft;
use store::LogState;

/// What would be decided, as a person asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// The owner.
    pub owner: AgencyId,
    /// The agency that asks, when it is not one's own.
    pub from: Option<AgencyId>,
    /// As of this time; now when absent.
    pub at: Option<Timestamp>,
    /// The query.
    pub draft: Draft,
}

/// What would be decided. Its JSON is the line of `accord policy explain --json`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Explained {
    /// `permit` or `refuse`.
    pub decision: &'static str,
    /// As of when.
    pub at: Timestamp,
    /// The owner.
    pub owner: AgencyId,
    /// The agency that asks.
    pub requester: AgencyId,
    /// The owner's policy by which it was judged.
    pub policy: JudgedBy,
    /// How far reads would be opened.
    pub scope: Option<Extent>,
    /// On what authority.
    pub basis: Option<String>,
    /// The owner's notice.
    pub notice: Text,
    /// Every reason against it, of the owner.
    pub reasons: Vec<Reason>,
    /// Every reason of one's own policy that keeps it from leaving.
    pub own_reasons: Vec<Reason>,
}

/// How far reads would be opened.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ExplainedExtent"))]
pub struct Extent {
    /// Earliest instant.
    pub from: Timestamp,
    /// Latest instant.
    pub until: Timestamp,
    /// Most reads.
    pub limit: u32,
    /// Whether photographs are opened.
    pub images: bool,
    /// What makes it less than was asked for.
    pub cuts: Vec<Cut>,
}

impl Extent {
    fn of(permit: &Permit) -> Self {
        Self {
            from: permit.scope.from(),
            until: permit.scope.until(),
            limit: permit.scope.limit(),
            images: permit.scope.images(),
            cuts: permit.cuts.clone(),
        }
    }
}

/// Where the text comes from by which an owner's decision was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicySource {
    /// It is this agency's own.
    Own,
    /// Its agency posted it to this node.
    Posted,
    /// It is published and comes with this node; its agency has posted none here.
    Shipped,
    /// None is known: the law's minimum stands in for it.
    Minimum,
}

/// By which policy, of whom and of when, an owner's decision was judged.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JudgedBy {
    /// Whose.
    pub agency: AgencyId,
    /// What it calls itself.
    pub title: String,
    /// Where its text comes from.
    pub source: PolicySource,
    /// The how manieth of that agency's node; absent where no node told it.
    pub version: Option<u32>,
    /// Since when it is in force; absent where no node told it.
    pub since: Option<Timestamp>,
}

impl JudgedBy {
    fn own(agency: &AgencyId, title: &str, state: &State) -> Self {
        Self {
            agency: agency.clone(),
            title: title.to_owned(),
            source: PolicySource::Own,
            version: state.adopted.as_ref().map(|adopted| adopted.version),
            since: state.adopted.as_ref().map(|adopted| adopted.since),
        }
    }

    /// In words, with instants as `time` writes them.
    #[must_use]
    pub fn told(&self, time: impl Fn(Timestamp) -> String) -> String {
        let Self { agency, title, version, .. } = self;
        let version =
            version.map_or_else(|| "the".into(), |version| format!("version {version} of the"));
        let since = self.since.map(|at| format!(" and in force since {}", time(at)));
        let since = since.unwrap_or_default();
        match self.source {
            PolicySource::Own => format!("{version} own policy ({title}){since}"),
            PolicySource::Posted => {
                format!("{version} policy of {agency} ({title}), as it posted it{since}")
            }
            PolicySource::Shipped => format!(
                "the policy of {agency} ({title}) as this node came with it; {agency} has posted none here, so it may have another by now"
            ),
            PolicySource::Minimum => format!(
                "the law's minimum alone; no policy of {agency} is known here, and it may ask for more"
            ),
        }
    }
}

/// What would be decided and why, asking nobody and logging nothing about any plate.
///
/// Another owner's policy is the one that it posted, else the published text that comes with this node,
/// else the statute's minimum; the owner alone decides.
///
/// # Errors
/// When the user or an agency is unknown, or the registry cannot be told.
pub async fn explain(
    agency: &OwnAgency,
    by: &Principal,
    wanted: &Explain,
) -> Result<Explained, ActError> {
    let now = agency.clock.now();
    with_access(&agency.registry.state(), by, now)?;
    let at = wanted.at.unwrap_or(now);
    let state = agency.registry_at(wanted.at).await?;
    let own = policy_at(&state, wanted.at)?;
    let requester = wanted.from.clone().unwrap_or_else(|| agency.id.clone());
    let ours = requester == agency.id;
    if !ours && wanted.owner != agency.id {
        return Err(ActError::usage(format!(
            "explain a query of `{requester}` to `{}` there; here, one of the two is `{}`",
            wanted.owner, agency.id
        )));
    }
    let user = person(&state, by, &by.user)?;
    let owners = std::slice::from_ref(&wanted.owner);
    let name = wanted.draft.authority.as_ref();
    let authority = name.map(|name| cited(&state, &requester, owners, name));
    let authority = authority.transpose().map_err(ActError::usage)?;
    let id = QueryId::from_bytes([0; 16]);
    let mut query = wanted.draft.query(id, &requester, &wanted.owner, authority, &user, at);
    query.why = typed(&query.why, &own.reason);
    let facts = state.facts(std::slice::from_ref(&requester));
    let facts = facts.first().ok_or_else(|| super::cards::unknown(&requester))?;
    let known = match wanted.owner == agency.id {
        true => None,
        false => Some(known_policy(agency, &state, &wanted.owner, at)?),
    };
    let (judged_by, policy) = match &known {
        Some((policy, judged_by)) => (policy, judged_by.clone()),
        None => (own, JudgedBy::own(&agency.id, &own.source, &state)),
    };
    // How much of each authority was used is known for the present alone.
    let counters =
        if wanted.at.is_none() { agency.log.counters() } else { LogState::default().into() };
    let candidates = Candidates::of(
        &state,
        &wanted.owner,
        &requester,
        at,
        uses(&counters, &requester, at, None),
    );
    let decision = decide(judged_by, &wanted.owner, facts, candidates.as_slice(), &query, at);
    let own_reasons = if ours {
        decline(own, &query, at).map(|reasons| reasons.into_vec()).unwrap_or_default()
    } else {
        Vec::new()
    };
    let mut explained = Explained {
        decision: "refuse",
        at,
        owner: wanted.owner.clone(),
        requester,
        policy,
        scope: None,
        basis: None,
        notice: Text::default(),
        reasons: Vec::new(),
        own_reasons,
    };
    match decision {
        Decision::Permit(permit) => {
            if explained.own_reasons.is_empty() {
                explained.decision = "permit";
            }
            explained.scope = Some(Extent::of(&permit));
            explained.basis = Some(format!("{} v{}", permit.basis.authority, permit.basis.version));
            explained.notice = permit.notice;
        }
        Decision::Refuse(refused) => explained.reasons = refused.reasons.into_vec(),
    }
    Ok(explained)
}

fn person(
    state: &State,
    by: &Principal,
    name: &UserName,
) -> Result<schemas::query::Requester, ActError> {
    state
        .users
        .get(name)
        .map(|user| by.requester(user))
        .ok_or_else(|| ActError::usage(format!("`{name}` was no user of this agency at that time")))
}

/// The policy of another agency, as far as this node knows it: the version that it posted and that was
/// in force at `at`, else what is published and comes with this node, else the law's minimum.
///
/// # Errors
/// When a text that was read before reads no more.
pub fn known_policy(
    agency: &OwnAgency,
    then: &State,
    owner: &AgencyId,
    at: Timestamp,
) -> Result<(Policy, JudgedBy), ActError> {
    if let Some(policy) = posted_at(agency, then, owner, at) {
        return read_posted(owner, &policy);
    }
    let (name, source) = match Policy::builtin_text(owner.as_str()) {
        Some(_) => (owner.as_str(), PolicySource::Shipped),
        None => ("california-statute", PolicySource::Minimum),
    };
    let text = Policy::builtin_text(name).unwrap_or_default();
    let policy = Policy::from_toml(name, text)?;
    let (agency, title) = (owner.clone(), policy.source.clone());
    Ok((policy, JudgedBy { agency, title, source, version: None, since: None }))
}

/// The policy that `owner` posted and that was in force at `at`, by what was recorded `then` and since.
fn posted_at(
    agency: &OwnAgency,
    then: &State,
    owner: &AgencyId,
    at: Timestamp,
) -> Option<Arc<PeerPolicy>> {
    let now = agency.registry.state();
    let posted = |state: &State| {
        let policy = state.peers.get(owner).and_then(|peer| peer.policy.clone());
        policy.filter(|policy| policy.since <= at)
    };
    // What came late may have been in force before.
    posted(&now).or_else(|| posted(then))
}

/// The policy of a peer as it posted it, in force at a time, now when absent.
///
/// # Errors
/// When none that it posted was in force then.
pub async fn posted(
    agency: &OwnAgency,
    peer: &AgencyId,
    at: Option<Timestamp>,
) -> Result<PostedPolicy, ActError> {
    let then = agency.registry_at(at).await?;
    let at = at.unwrap_or_else(|| agency.clock.now());
    if !agency.registry.state().peers.contains_key(peer) {
        return Err(super::cards::unknown(peer));
    }
    let policy = posted_at(agency, &then, peer, at).ok_or_else(|| {
        ActError::usage(format!(
            "`{peer}` has posted no policy here that was in force at {at}; its node sends it when the two connect, `accord card list` says whether they do"
        ))
    })?;
    policy.posted().map_err(|e| ActError::failed(e.to_string()))
}

fn read_posted(owner: &AgencyId, policy: &PeerPolicy) -> Result<(Policy, JudgedBy), ActError> {
    let posted = policy.posted().map_err(|e| ActError::failed(e.to_string()))?;
    let read = Policy::from_toml(owner.as_str(), &posted.text)?;
    let judged_by = JudgedBy {
        agency: owner.clone(),
        title: read.source.clone(),
        source: PolicySource::Posted,
        version: Some(policy.version),
        since: Some(policy.since),
    };
    Ok((read, judged_by))
}
