//! The policy: adopting another version, and explaining what it would decide.

use ::agreements::decide::{Decision, Permit, Scope as _, decide, decline};
use ::agreements::policy::{Designee, Page, Policy};
use ::agreements::screening::typed;
use schemas::agency::AgencyId;
use schemas::answer::Cut;
use schemas::query::{QueryId, UserName};
use schemas::refusal::Reason;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exchange::authorities::{cited, uses};
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authenticate, authorize, policy_in_force,
};
use audit_log::entries::people::policy_adopted;
use registry::{Candidates, State};
use schemas::draft::Draft;
use store::LogState;

/// What would be decided, as a person asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    pub policy: String,
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

/// Puts another policy into force. The one before stays on record.
///
/// # Errors
/// When it does not read, is another agency's, or the actor may not.
pub async fn adopt(
    agency: &OwnAgency,
    by: &Principal,
    name: &str,
    text: &str,
) -> Result<Policy, ActError> {
    let adopted = Policy::from_toml(name, text)?;
    if let Some(of) = adopted.agency.as_ref().filter(|of| **of != agency.id) {
        return Err(ActError::usage(format!(
            "`{name}` is the policy of `{of}`, not of `{}`",
            agency.id
        )));
    }
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            Ok((policy_adopted(state, agency.actor(&user, by), name, text), ()))
        })
        .await?;
    Ok(adopted)
}

/// The posted page, with those who hold the offices that it names.
///
/// # Errors
/// When there is no policy.
pub fn page(agency: &OwnAgency) -> Result<Page, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let holders = state.users.values().filter(|user| user.enabled(now)).flat_map(|user| {
        let delegated = user
            .delegations
            .iter()
            .filter(|delegation| (delegation.from..delegation.until).contains(&now))
            .map(|delegation| delegation.title.clone());
        std::iter::once(user.title.clone())
            .chain(delegated)
            .map(|title| Designee { name: user.full_name.clone(), title })
    });
    let holders: Vec<Designee> = holders.collect();
    let name = state.own.as_ref().map_or_else(String::new, |own| own.value.name.to_string());
    Ok(policy_in_force(&state)?.page(&name, &holders))
}

/// What would be decided and why, asking nobody and logging nothing about any plate.
///
/// Another owner's policy is the published text that comes with this node, else the statute's
/// minimum; the owner alone decides.
///
/// # Errors
/// When the user or an agency is unknown, or the registry cannot be told.
pub async fn explain(
    agency: &OwnAgency,
    by: &Principal,
    wanted: &Explain,
) -> Result<Explained, ActError> {
    let now = agency.clock.now();
    authenticate(&agency.registry.state(), by, now)?;
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
    let published = if wanted.owner == agency.id { None } else { Some(published(&wanted.owner)?) };
    let judged_by = published.as_ref().unwrap_or(own);
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
        policy: judged_by.source.clone(),
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

/// The policy that was in force at a time.
///
/// # Errors
/// When there was none.
pub fn policy_at(state: &State, at: Option<Timestamp>) -> Result<&Policy, ActError> {
    match at {
        Some(at) if state.policy.is_none() => Err(ActError::usage(format!(
            "no policy was in force at {at}; the log of this node begins later"
        ))),
        _ => policy_in_force(state),
    }
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

/// The policy of another agency as it is published, as far as this node knows it.
fn published(owner: &AgencyId) -> Result<Policy, ActError> {
    let name = if Policy::builtin_text(owner.as_str()).is_some() {
        owner.as_str()
    } else {
        "california-statute"
    };
    let text = Policy::builtin_text(name).unwrap_or_default();
    Ok(Policy::from_toml(name, text)?)
}
