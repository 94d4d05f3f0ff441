//! What people need before access, and what suspends it: training, clearance, and a reason that was unacceptable.

use audit::view::LogEntry;
use audit_log::entries::people::UserChange;
use registry::State;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::{Delegation, Suspension, User};
use serde::{Deserialize, Serialize};
use store::ReadStore;

use super::user_change::{Changed, change, change_by, known, not_herself};
use crate::permission::{ActError, OwnAgency, Principal, policy_in_force, sections, with_access};

/// A training as it is recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The day.
    pub on: Timestamp,
    /// Who held it.
    #[serde(default)]
    pub by: Option<UserName>,
    /// The course that it was.
    #[serde(default)]
    pub course: Text,
    /// What was said to a person whose access was suspended; it comes back with that.
    #[serde(default)]
    pub discussion: Text,
}

/// Records a user's training.
///
/// # Errors
/// When there is no such user, the day is to come, it was not held as the policy has it, it is the actor
/// herself, or the actor may not.
pub async fn train(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    training: &Training,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Trained, |state, now| {
        not_herself(by, name, "own_training", "nobody records her own training")?;
        let Training { on, by: trained_by, course, discussion } = training.clone();
        let known = known(state, name)?.clone();
        let suspension = ending(&known, on, discussion)?;
        let user = User { trained_on: Some(on), trained_by, course, suspension, ..known };
        check_training(state, &user, now)?;
        Ok(user)
    })
    .await
}

/// Suspends a user's access, because the reason of a query of hers was unacceptable: until she is trained anew.
///
/// # Errors
/// When the policy says nothing of it, there is no such user, the entry is no query of hers, it is suspended
/// already, no reason is given, it is the actor herself, or she is not of the roles that the policy names.
pub async fn suspend(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    name: &UserName,
    (entry, reason): (u64, &Text),
) -> Result<Changed, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    let hers = is_query_of(agency, store, name, entry).await?;
    change_by(agency, by, UserChange::Suspended, |state, now| {
        let policy = policy_in_force(state)?;
        let Some(suspending) = &policy.suspension else {
            return Err(ActError::refused(
                "the policy in force suspends nobody for a reason (it has no `suspension`); `accord user disable` ends an access".into(),
            ));
        };
        let acting = with_access(state, by, now)?;
        if !suspending.roles.iter().any(|role| acting.has(*role)) {
            let roles: Vec<_> = suspending.roles.iter().map(|role| role.code()).collect();
            let why = format!("`{}` has none of the roles that suspend: {}", by.user, roles.join(", "));
            return Err(ActError::refused_as("role_not_authorized", policy.cites(suspending), why));
        }
        not_herself(by, name, "own_suspension", "nobody suspends herself")?;
        let user = known(state, name)?.clone();
        if !hers {
            return Err(ActError::usage(format!(
                "entry {entry} is no query of `{name}`; `accord audit user {name}` lists hers"
            )));
        }
        if user.suspended().is_some() {
            return Err(ActError::usage(format!("user `{name}` is suspended already")));
        }
        let (at, by, reason) = (now, acting.name.clone(), reason.clone());
        let suspension = Some(Suspension { at, by, entry, reason, discussion: None });
        Ok((acting, User { suspension, ..user }))
    })
    .await
}

/// Whether an entry of this agency's log is a query or a search of `name`.
async fn is_query_of(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    name: &UserName,
    entry: u64,
) -> Result<bool, ActError> {
    let Some(found) = store.entry(entry).await? else { return Ok(false) };
    let body = LogEntry::of(&found)?.body;
    Ok(body.is_some_and(|body| {
        let by = (&body.actor.agency, body.actor.user.as_ref());
        body.event.access().is_some() && by == (&agency.id, Some(name))
    }))
}

/// What a training on this day makes of a suspension: it ends with what was said, if it came after.
fn ending(user: &User, on: Timestamp, discussion: Text) -> Result<Option<Suspension>, ActError> {
    let Some(lasting) = user.suspended() else {
        if discussion.is_empty() {
            return Ok(user.suspension.clone());
        }
        return Err(ActError::usage(format!(
            "user `{}` is not suspended; leave --discussion out",
            user.name
        )));
    };
    if on < lasting.at.day_start() {
        return Ok(Some(lasting.clone()));
    }
    if discussion.is_empty() {
        return Err(ActError::usage(format!(
            "the access of `{}` is suspended since {}: say with --discussion what was said to her",
            user.name,
            lasting.at.day()
        )));
    }
    Ok(Some(Suspension { discussion: Some(discussion), ..lasting.clone() }))
}

/// Records that a user is cleared for criminal justice data since a day.
///
/// # Errors
/// When there is no such user, the day is to come, it is the actor herself, or the actor may not.
pub async fn clear(
    agency: &OwnAgency,
    by: &Principal,
    name: &UserName,
    on: Timestamp,
) -> Result<Changed, ActError> {
    change(agency, by, UserChange::Cleared, |state, now| {
        not_herself(by, name, "own_clearance", "nobody records her own clearance")?;
        check_clearance(on, now)?;
        Ok(User { cleared_on: Some(on), ..known(state, name)?.clone() })
    })
    .await
}

/// Whether a clearance is of a day that has come.
pub(super) fn check_clearance(on: Timestamp, now: Timestamp) -> Result<(), ActError> {
    if on > now {
        return Err(ActError::usage(format!("a clearance of {} is yet to come", on.day())));
    }
    Ok(())
}

/// Whether a training is as the policy in force has it held.
pub(super) fn check_training(state: &State, user: &User, now: Timestamp) -> Result<(), ActError> {
    let on = user.trained_on.unwrap_or(now);
    if on > now {
        return Err(ActError::usage(format!("training on {} is yet to come", on.day())));
    }
    let training = &policy_in_force(state)?.training;
    let refused = |why: String| {
        let citations = policy_in_force(state).map(|policy| policy.cites(training));
        let citations = citations.unwrap_or_default();
        let why = format!("{why} [{}]", sections(&citations));
        ActError::refused_as("training_not_as_demanded", citations, why)
    };
    if !training.course.is_empty() && user.course.is_empty() {
        let covers: Vec<_> = training.course.iter().map(Text::as_str).collect();
        return Err(refused(format!(
            "training covers {}: name the course that covered all of it with --course",
            covers.join("; ")
        )));
    }
    let trainer = user.trained_by.as_ref().map(|trainer| known(state, trainer)).transpose()?;
    if trainer.is_some_and(|trainer| trainer.name == user.name) {
        return Err(refused(format!("`{}` cannot have trained herself", user.name)));
    }
    let Some(title) = &training.trainer else { return Ok(()) };
    let Some(trainer) = trainer else {
        return Err(refused(format!("the {title} holds the training: name who it was with --by")));
    };
    let bears = |held: &Text| held.as_str().trim().eq_ignore_ascii_case(title.as_str().trim());
    // On the day itself, whenever it was.
    let day = on..on.plus_days(1);
    let lasting = |one: &&Delegation| one.from < day.end && day.start < one.until;
    let delegated = trainer.delegations.iter().filter(lasting).any(|one| bears(&one.title));
    if bears(&trainer.title) || delegated {
        return Ok(());
    }
    Err(refused(format!(
        "the {title} holds the training, and `{}` is not that, nor was it delegated to her on {}",
        trainer.name,
        on.day()
    )))
}
