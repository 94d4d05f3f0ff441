//! What counts once a second person confirms it: titles and roles that give power, and delegations.
//!
//! The second person administers too, is somebody else in the eyes of the log, gains nothing by it,
//! and does not rest on the proposer alone: whoever gave an account its power, or enrolled its person,
//! could act by it. Where there is no such person, an administrator acts alone; that stays marked
//! until an auditor countersigns it.

use std::collections::BTreeSet;

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
    // Who may act again gains all that she may do.
    let acts_again = |before: &&User| before.disabled.is_some() && user.disabled.is_none();
    let before = state.users.get(&user.name).filter(|before| !acts_again(before));
    Ok(user.gains(before, |title| policy.names_title(title), |role| policy.gives_power(role)))
}

/// Whether two users are one person: the same account, or the same full name.
fn same_person(one: &User, other: &User) -> bool {
    let plain = |user: &User| user.full_name.as_str().trim().to_lowercase();
    one.name == other.name || plain(one) == plain(other)
}

/// Whether who `user` is rests on the word of one of `persons` alone, by however many steps: they
/// could have enrolled in her name.
fn rests_on(state: &State, user: &UserName, persons: [&User; 2]) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![user]);
    while let Some(name) = next.pop() {
        for by in state.sign_in.rests_on(name) {
            let by_user = state.users.get(by);
            if by_user.is_some_and(|by| persons.iter().any(|one| same_person(by, one))) {
                return true;
            }
            if seen.insert(by) {
                next.push(by);
            }
        }
    }
    false
}

/// Why somebody cannot be the second person.
fn unfit(
    state: &State,
    second: &User,
    proposer: &UserName,
    concerned: &User,
) -> Option<&'static str> {
    let by_herself = Some("whoever proposed it does not confirm it, by whatever account");
    let Some(proposer) = state.users.get(proposer) else { return by_herself };
    if same_person(second, proposer) {
        by_herself
    } else if same_person(second, concerned) {
        Some("nobody confirms what she gains herself")
    } else if rests_on(state, &second.name, [proposer, concerned]) {
        Some(
            "this account rests on the proposer, or on whom it concerns, who gave it its power or enrolled it, until an auditor countersigns it with `accord user countersign`",
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
            if let Some(why) = unfit(state, &acting, &proposal.by, &proposal.user) {
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
            let entry = user_confirmed(state, agency.actor(&acting, by), proposal);
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
            let actor = agency.actor(&acting, by);
            Ok((user_declined(state, actor, number, reason.clone()), proposal))
        })
        .await?;
    Ok(proposal)
}

/// Somebody who holds power on the word of one administrator alone.
pub struct ToCountersign<'a> {
    /// Who.
    pub user: &'a User,
    /// Who gave her what gives power.
    pub by: Option<&'a UserName>,
    /// Who enrolled her, and could have done so in her name.
    pub enrolled_by: Option<&'a UserName>,
}

/// What waits for an auditor.
pub fn to_countersign(state: &State) -> impl Iterator<Item = ToCountersign<'_>> {
    let holds = |user: &User| {
        let policy = state.policy.as_ref();
        let titled = |title: &Text| policy.is_some_and(|policy| policy.names_title(title));
        !user.gains(None, titled, |role| policy.is_some_and(|p| p.gives_power(role))).is_empty()
    };
    state.users.values().filter_map(move |user| {
        let alone = state.sign_in.alone.get(&user.name);
        let by = alone.filter(|one| one.countersigned.is_none()).map(|one| &one.by);
        let way_in = state.sign_in.ways_in.get(&user.name);
        let way_in = way_in.filter(|one| one.countersigned.is_none() && holds(user));
        let enrolled_by = way_in.and_then(|one| one.by.as_ref());
        let waits = by.is_some() || enrolled_by.is_some();
        waits.then_some(ToCountersign { user, by, enrolled_by })
    })
}

/// An auditor countersigns what rests on one administrator alone.
///
/// # Errors
/// When nothing of `user` does; the auditor is that administrator or the person herself, was enrolled
/// by that administrator, or may not.
pub async fn countersign(
    agency: &OwnAgency,
    by: &Principal,
    user: &UserName,
    reason: &Text,
) -> Result<(), ActError> {
    agency
        .act(|state, now| {
            let acting = authorize(state, by, Permission::Audit, now)?;
            let alone: Vec<&UserName> = state.sign_in.rests_on(user).collect();
            if alone.is_empty() {
                return Err(ActError::usage(format!("nothing of `{user}` waits for an auditor")));
            }
            let own = |name: &UserName| {
                state.users.get(name).is_some_and(|other| same_person(&acting, other))
            };
            if alone.iter().any(|one| own(one)) || own(user) {
                let why = "nobody countersigns what she did or gained herself";
                return Err(ActError::refused_as("second_person", Vec::new(), why.into()));
            }
            let way_in = state.sign_in.ways_in.get(&by.user).and_then(|one| one.by.as_ref());
            if let Some(enroller) = way_in.filter(|enroller| alone.contains(enroller)) {
                let why = format!(
                    "`{enroller}` enrolled you, and could have done so in your name: another administrator enrols you, or `accord user recover` at the machine, before you countersign what rests on that person"
                );
                return Err(ActError::refused_as("second_person", Vec::new(), why));
            }
            let auditor = agency.auditing(state, &acting, by, now)?;
            let (user, by) = (user.clone(), by.user.clone());
            Ok((user_countersigned(state, auditor, user, by, reason.clone()), ()))
        })
        .await?;
    Ok(())
}
