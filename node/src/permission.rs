//! Who may act here: the person named, their roles as the policy admits them, and why an act was not
//! done.
//!
//! Every act is a named user's, is judged on a snapshot of the registry, and becomes true with its
//! log entry: if the registry moved meanwhile, it is judged again.

mod agency;
mod error;

use ::agreements::decide::Reasons;
use ::agreements::policy::{People, Policy, Roles};
use schemas::query::UserName;
use schemas::refusal::Citation;
use schemas::time::Timestamp;

use registry::State;
use schemas::user::User;

pub(crate) use agency::TRIES;
pub use agency::{NotActed, OwnAgency};
pub use error::ActError;

/// Who acts, as the way in recognised them.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The user named.
    pub user: UserName,
    /// How they were recognised, such as `socket, uid 1000`.
    pub auth: String,
}

/// What a person may do here; the policy names the roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Ask peers, and submit written requests.
    Query,
    /// Bring reads in.
    Collect,
    /// Administer users, cards and the policy.
    Administer,
    /// Sign agreements and decide requests.
    Approve,
    /// Read the audit log.
    Audit,
}

impl Permission {
    fn roles(self, people: &People) -> &Roles {
        match self {
            Self::Query => &people.query,
            Self::Collect => &people.collect,
            Self::Administer => &people.administer,
            Self::Approve => &people.approve,
            Self::Audit => &people.audit,
        }
    }
}

/// The policy in force.
///
/// # Errors
/// When there is none: then nobody may do anything.
pub fn policy_in_force(state: &State) -> Result<&Policy, ActError> {
    state.policy.as_deref().ok_or_else(|| {
        ActError::failed("this node has no policy in force; run `accord doctor`".into())
    })
}

/// The user who acts, if registered and enabled.
///
/// # Errors
/// When the user is unknown or disabled.
pub fn authenticate<'a>(
    state: &'a State,
    by: &Principal,
    now: Timestamp,
) -> Result<&'a User, ActError> {
    let user = state.users.get(&by.user).ok_or_else(|| {
        ActError::refused(format!(
            "`{}` is no user of this agency; see `accord user list`",
            by.user
        ))
    })?;
    if user.enabled(now) {
        Ok(user)
    } else {
        Err(ActError::refused(format!("user `{}` is disabled", by.user)))
    }
}

/// The user who acts, if the policy gives one of their roles this permission.
///
/// # Errors
/// When the user is unknown, disabled, or of other roles.
pub fn authorize<'a>(
    state: &'a State,
    by: &Principal,
    permission: Permission,
    now: Timestamp,
) -> Result<&'a User, ActError> {
    let user = authenticate(state, by, now)?;
    let policy = policy_in_force(state)?;
    let roles = permission.roles(&policy.people);
    if roles.admit(&user.roles, &user.title) {
        return Ok(user);
    }
    let codes: Vec<_> = roles
        .roles
        .iter()
        .map(|role| match roles.titled.get(role) {
            Some(title) => format!("{role} ({title})"),
            None => role.to_string(),
        })
        .collect();
    Err(ActError::refused(format!(
        "user `{}` may not do this; it takes one of the roles {} [{}]",
        by.user,
        codes.join(", "),
        sections(&policy.cites(roles))
    )))
}

/// Citations as a sentence shows them.
pub(crate) fn sections(citations: &[Citation]) -> String {
    citations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Reasons of a rule as the error of an act.
pub(crate) fn refused(reasons: &Reasons) -> ActError {
    let said: Vec<_> = reasons
        .as_slice()
        .iter()
        .map(|reason| {
            format!("{}: {} [{}]", reason.code, reason.message, sections(&reason.citations))
        })
        .collect();
    ActError::refused(said.join("; "))
}
