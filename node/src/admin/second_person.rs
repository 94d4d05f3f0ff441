//! What counts once a second person confirms it: titles and roles that give power, and delegations.
//!
//! The second person administers too, is somebody else in the eyes of the log, gains nothing by it,
//! and does not rest on the proposer alone. Where there is no such person, an administrator acts
//! alone; that stays marked until an auditor countersigns it.

use audit_log::entries::sign_in::{
    user_confirmed, user_countersigned, user_declined, user_proposed,
};
use audit_log::entry::Entry;
use registry::State;
use schemas::authenticator::Proposal;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::{HOUR_MS, Timestamp};
use schemas::user::User;

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize, policy_in_force};

/// How long a proposal waits, in milliseconds.
const WAITS_MS: i64 = 72 * HOUR_MS;
/// Most proposals that wait at once.
const MOST: usize = 64;

/// H(a person as she is, as JSON); of nobody, H(nothing).
fn digest_of(user: Option<&User>) -> Digest {
    Digest::of(&user.and_then(|user| serde_json::to_vec(user).ok()).unwrap_or_default())
}

/// What `user` gains by what she is to be.
///
/// # Errors
/// When no policy is in force.
fn gains(state: &State, user: &User) -> Result<Vec<String>, ActError> {
    let policy = policy_in_force(state)?;
    let before = state.users.get(&user.name);
    Ok(user.gains(before, |title| policy.names_title(title), |role| policy.gives_power(role)))
}

/// Whether two users are one person: the same account, or the same full name.
fn same_person(one: &User, other: &User) -> bool {
    let plain = |user: &User| user.full_name.as_str().trim().to_lowercase();
    one.name == other.name || plain(one) == plain(other)
}

/// Why somebody cannot be the second person.
fn unfit(
    state: &State,
    second: &User,
    proposer: &UserName,
    concerned: &User,
) -> Option<&'static str> {
    let alone = state.sign_in.alone.get(&second.name);
    if state.users.get(proposer).is_none_or(|proposer| same_person(second, proposer)) {
        Some("whoever proposed it does not confirm it, by whatever account")
    } else if same_person(second, concerned) {
        Some("nobody confirms what she gains herself")
    } else if alone.is_some_and(|alone| alone.by == *proposer && alone.countersigned.is_none()) {
        Some(
            "this account rests on the proposer alone until an auditor countersigns it with `accord user countersign`",
        )
    } else {
        None
    }
}

/// Whether anybody but the proposer could confirm: who administers, has signed up, and is fit to.
fn there_is_a_second(
    state: &State,
    proposer: &UserName,
    concerned: &User,
    now: Timestamp,
) -> Result<bool, ActError> {
    let administer = &policy_in_force(state)?.people.administer;
    Ok(state.users.values().any(|other| {
        other.enabled(now)
            && administer.admit(&other.roles, &other.title)
            && state.sign_in.of(&other.name).next().is_some()
            && unfit(state, other, proposer, concerned).is_none()
    }))
}

/// What becomes of what a person gains.
pub(super) enum Course {
    /// It needs no second person, or there is none: then it rests on this administrator alone.
    Now(Option<UserName>),
    /// It waits for one.
    Waits(Box<Entry>, Box<Proposal>),
}

/// What becomes of `user` as `proposer` wants her to be.
///
/// # Errors
/// When too much waits already.
pub(super) fn course(
    state: &State,
    actor: &Actor,
    proposer: &UserName,
    user: &User,
    now: Timestamp,
) -> Result<Course, ActError> {
    let gains = gains(state, user)?;
    if gains.is_empty() {
        // What rested on one alone still does.
        return Ok(Course::Now(None));
    }
    if !there_is_a_second(state, proposer, user, now)? {
        return Ok(Course::Now(Some(proposer.clone())));
    }
    let waiting = state.sign_in.proposals.len();
    if waiting >= MOST {
        return Err(ActError::usage(format!(
            "{waiting} proposals wait already; confirm or decline them first (`accord user proposals`)"
        )));
    }
    let proposal = Proposal {
        number: state.sign_in.proposed.saturating_add(1),
        by: proposer.clone(),
        at: now,
        until: now.plus_millis(WAITS_MS),
        user: user.clone(),
        was: digest_of(state.users.get(&user.name)),
    };
    let gains = gains.iter().filter_map(|gain| gain.parse::<Text>().ok()).collect();
    let entry = user_proposed(state, actor.clone(), proposal.clone(), gains);
    Ok(Course::Waits(Box::new(entry), Box::new(proposal)))
}

fn waiting(state: &State, number: u64) -> Result<&Proposal, ActError> {
    state.sign_in.proposals.get(&number).ok_or_else(|| {
        ActError::usage(format!("no proposal {number} waits; see `accord user proposals`"))
    })
}

/// Confirms a proposal as the second person: it counts from now on.
///
/// # Errors
/// When it does not wait, has lapsed, the person changed meanwhile, or the actor is not fit to.
pub async fn confirm(agency: &OwnAgency, by: &Principal, number: u64) -> Result<User, ActError> {
    let (_, user) = agency
        .act(|state, now| {
            let acting = authorize(state, by, Permission::Administer, now)?;
            let proposal = waiting(state, number)?;
            if let Some(why) = unfit(state, acting, &proposal.by, &proposal.user) {
                return Err(ActError::refused_as("second_person", Vec::new(), why.into()));
            }
            if now >= proposal.until {
                let why = format!("proposal {number} has lapsed; it has to be made again");
                return Err(ActError::refused_as("proposal_lapsed", Vec::new(), why));
            }
            if proposal.was != digest_of(state.users.get(&proposal.user.name)) {
                let why = format!("`{}` has changed since; propose it again", proposal.user.name);
                return Err(ActError::refused_as("proposal_outdated", Vec::new(), why));
            }
            let entry = user_confirmed(state, agency.actor(acting, by), proposal);
            Ok((entry, proposal.user.clone()))
        })
        .await?;
    Ok(user)
}

/// Declines a proposal, or takes back one's own.
///
/// # Errors
/// When it does not wait, or the actor may not.
pub async fn decline(
    agency: &OwnAgency,
    by: &Principal,
    number: u64,
    reason: &Text,
) -> Result<Proposal, ActError> {
    let (_, proposal) = agency
        .act(|state, now| {
            let acting = authorize(state, by, Permission::Administer, now)?;
            let proposal = waiting(state, number)?.clone();
            let actor = agency.actor(acting, by);
            Ok((user_declined(state, actor, number, reason.clone()), proposal))
        })
        .await?;
    Ok(proposal)
}

/// An auditor countersigns what rests on one administrator alone.
///
/// # Errors
/// When nothing of `user` does, the auditor is that administrator or the person herself, or may not.
pub async fn countersign(
    agency: &OwnAgency,
    by: &Principal,
    user: &UserName,
    reason: &Text,
) -> Result<(), ActError> {
    agency
        .act(|state, now| {
            let acting = authorize(state, by, Permission::Audit, now)?;
            let alone = state.sign_in.alone.get(user).filter(|one| one.countersigned.is_none());
            let alone = alone.ok_or_else(|| {
                ActError::usage(format!("nothing of `{user}` waits for an auditor"))
            })?;
            let own = |name: &UserName| {
                state.users.get(name).is_some_and(|other| same_person(acting, other))
            };
            if own(&alone.by) || own(user) {
                let why = "nobody countersigns what she did or gained herself";
                return Err(ActError::refused_as("second_person", Vec::new(), why.into()));
            }
            let actor = agency.actor(acting, by);
            let (user, by) = (user.clone(), by.user.clone());
            Ok((user_countersigned(state, actor, user, by, reason.clone()), ()))
        })
        .await?;
    Ok(())
}
