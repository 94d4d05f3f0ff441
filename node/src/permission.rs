//! Who may act here: the person named, their roles as the policy admits them, and why an act was not
//! done.
//!
//! Every act is a named user's, is judged on a snapshot of the registry, and becomes true with its
//! log entry: if the registry moved meanwhile, it is judged again.

use ::agreements::decide::Reasons;
use ::agreements::policy::{People, Policy, Roles};
use schemas::body::Actor;
use schemas::query::UserName;
use schemas::refusal::Citation;
use schemas::time::Timestamp;

use crate::context::Office;
use audit_log::append::{AppendError, Appended, Moved};
use audit_log::entry::{Entry, Guard};
use registry::{State, User};

/// How often an act is judged again because the registry moved meanwhile.
pub(crate) const TRIES: u32 = 8;

/// Why an act was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActError {
    /// What was given makes no sense here.
    #[error("{0}")]
    Usage(String),
    /// A rule forbids it.
    #[error("{0}")]
    Refused(String),
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
}

impl ActError {
    /// The exit code of the command line.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Failed(_) => 3,
        }
    }
}

impl From<AppendError> for ActError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Unwritable(_) => Self::Usage(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<audit::view::Altered> for ActError {
    fn from(error: audit::view::Altered) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<store::StoreError> for ActError {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<store::photographs::ImageStoreError> for ActError {
    fn from(error: store::photographs::ImageStoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<::agreements::DocumentError> for ActError {
    fn from(error: ::agreements::DocumentError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<schemas::envelope::EnvelopeError> for ActError {
    fn from(error: schemas::envelope::EnvelopeError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Who acts, as the way in recognised them.
#[derive(Debug, Clone)]
pub struct By {
    /// The user named.
    pub user: UserName,
    /// How they were recognised, such as `socket, uid 1000`.
    pub auth: String,
}

/// What a person may do here; the policy names the roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
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

impl Right {
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
        ActError::Failed("this node has no policy in force; run `accord doctor`".into())
    })
}

/// The user who acts, if registered and enabled.
///
/// # Errors
/// When the user is unknown or disabled.
pub fn known<'a>(state: &'a State, by: &By, now: Timestamp) -> Result<&'a User, ActError> {
    let user = state.users.get(&by.user).ok_or_else(|| {
        ActError::Refused(format!(
            "`{}` is no user of this agency; see `accord user list`",
            by.user
        ))
    })?;
    if user.enabled(now) {
        Ok(user)
    } else {
        Err(ActError::Refused(format!("user `{}` is disabled", by.user)))
    }
}

/// The user who acts, if the policy gives one of their roles this right.
///
/// # Errors
/// When the user is unknown, disabled, or of other roles.
pub fn acting<'a>(
    state: &'a State,
    by: &By,
    right: Right,
    now: Timestamp,
) -> Result<&'a User, ActError> {
    let user = known(state, by, now)?;
    let policy = policy_in_force(state)?;
    let roles = right.roles(&policy.people);
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
    Err(ActError::Refused(format!(
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
    ActError::Refused(said.join("; "))
}

impl Office {
    /// The actor of an entry about what `user` does.
    #[must_use]
    pub fn actor(&self, user: &User, by: &By) -> Actor {
        Actor {
            user: Some(user.name.clone()),
            full_name: user.full_name.clone(),
            agency: self.me.clone(),
            auth: by.auth.clone(),
        }
    }

    /// Judges an act on the registry as it is, and appends it there.
    ///
    /// # Errors
    /// What `judge` says, or that the log cannot be written.
    pub async fn act<T>(
        &self,
        judge: impl Fn(&State, Timestamp) -> Result<(Entry, T), ActError>,
    ) -> Result<(Appended, T), ActError> {
        for _ in 0..TRIES {
            let state = self.registry.state();
            let (entry, result) = judge(&state, self.clock.now())?;
            let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
            match self.log.append(entry.guarded(guard)).await {
                Err(AppendError::Moved(Moved::Registry)) => {}
                appended => return Ok((appended?, result)),
            }
        }
        Err(ActError::Failed(
            "the registry is being changed by others at this moment; try again".into(),
        ))
    }
}
