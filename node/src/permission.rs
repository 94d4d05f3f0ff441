//! Who may act here: the person named, what their roles permit, and why an act was not done.
//!
//! A user of this agency holds roles (`schemas::purpose::Role`, such as sworn or auditor) and a title.
//! The policy in force names, for each [`Permission`], the roles that have it, and for some roles the
//! title that a holder must have as well. So a permission is never stored with a user: it follows
//! from the user's roles and the policy of the moment, and both are in the registry, where every
//! change of them is an entry of the log. With no policy in force nobody may do anything.
//!
//! Every act is a named user's, is judged on a snapshot of the registry, and becomes true with its
//! log entry: if the registry moved meanwhile, it is judged again ([`OwnAgency::act`]).

mod agency;
mod audits;
mod error;

use std::borrow::Cow;

use ::agreements::decide::Reasons;
use ::agreements::policy::{People, Policy, Roles};
use schemas::names::ProgramName;
use schemas::program::ProgramScope;
use schemas::purpose::{Purpose, Role};
use schemas::query::{Requester, UserName};
use schemas::refusal::{Citation, RefusalCode};
use schemas::session::RequesterSession;
use schemas::time::Timestamp;

use registry::State;
use schemas::user::User;

pub use agency::{NotActed, OwnAgency};
pub use error::{ActError, ErrorClass, Fault, Reason, Refused};

/// Who acts, as the way in recognised them.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The user named.
    pub user: UserName,
    /// How they were recognised, such as `socket, uid 1000`.
    pub auth: String,
    /// The roles of theirs that count; all of them unless a provider of single sign-on narrows them.
    pub roles: Option<Vec<Role>>,
    /// The session in which they act, where they act in one.
    pub session: Option<RequesterSession>,
    /// The program that names them, where nothing else says that it is they.
    pub asserted_by: Option<ProgramName>,
    /// The purposes for which they may ask here; any unless the program by which they ask is narrowed.
    pub purposes: Option<Vec<Purpose>>,
    /// What the program may be used for by which they act; `None` where they act by none.
    pub scope: Option<Vec<ProgramScope>>,
    /// Under which audit of theirs they look, where they said so: the entry that opened it.
    pub audit: Option<u64>,
}

impl Principal {
    /// The user named, with every role of theirs.
    #[must_use]
    pub fn of(user: UserName, auth: impl Into<String>) -> Self {
        let auth = auth.into();
        let (session, asserted_by) = (None, None);
        let (roles, purposes, scope, audit) = (None, None, None, None);
        Self { user, auth, roles, session, asserted_by, purposes, scope, audit }
    }

    /// Whether what is of this scope is for them here: whatever they may, or what their program may be used for.
    #[must_use]
    pub fn acts_within(&self, scope: ProgramScope) -> bool {
        self.scope.as_ref().is_none_or(|scopes| scopes.contains(&scope))
    }

    /// Whether they may ask for this purpose here.
    ///
    /// # Errors
    /// When the program by which they ask may not be used for it.
    pub fn may_ask_for(&self, purpose: Purpose) -> Result<(), ActError> {
        if self.purposes.as_ref().is_none_or(|purposes| purposes.contains(&purpose)) {
            return Ok(());
        }
        let why = format!("the program by which this was asked may not be used for `{purpose}`");
        Err(ActError::refused_as("program_purpose", Vec::new(), why))
    }

    /// How a query names the user, who acts as `user` here.
    #[must_use]
    pub fn requester(&self, user: &User) -> Requester {
        let (session, asserted_by) = (self.session.clone(), self.asserted_by.clone());
        Requester { session, asserted_by, ..self.narrowed(user).requester() }
    }

    /// The user as they may act here.
    #[must_use]
    pub fn narrowed<'a>(&self, user: &'a User) -> Cow<'a, User> {
        let Some(roles) = &self.roles else { return Cow::Borrowed(user) };
        let mut user = user.clone();
        user.roles.retain(|role| roles.contains(role));
        Cow::Owned(user)
    }
}

/// What a person may do here. The policy's `[people]` section names the roles that have each one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Ask peers, and submit written requests: `people.query`.
    Query,
    /// Import reads: `people.collect`.
    Collect,
    /// Administer users, cards, sources and the policy, and correct reads: `people.administer`.
    Administer,
    /// Sign agreements and decide written requests: `people.approve`. Whether a person also holds the
    /// title that this takes is judged with each signature.
    Approve,
    /// Read the audit log, export it and report from it: `people.audit`.
    Audit,
}

impl Permission {
    /// The roles that have it.
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
        let why = "this node has no policy in force; run `accord doctor`";
        ActError::failed_as("no_policy", why.into())
    })
}

/// The user who acts, if registered and enabled, with the roles that count.
///
/// # Errors
/// When the user is unknown or disabled.
pub fn authenticate<'a>(
    state: &'a State,
    by: &Principal,
    now: Timestamp,
) -> Result<Cow<'a, User>, ActError> {
    let user = state.users.get(&by.user).ok_or_else(|| {
        let why = format!("`{}` is no user of this agency; see `accord user list`", by.user);
        ActError::refused_as("user_unknown", Vec::new(), why)
    })?;
    if user.enabled(now) {
        Ok(by.narrowed(user))
    } else {
        let why = format!("user `{}` is disabled", by.user);
        Err(ActError::refused_as("user_disabled", Vec::new(), why))
    }
}

/// The user who acts, if registered, enabled, and not suspended.
///
/// # Errors
/// When the user is unknown, disabled or suspended.
pub fn with_access<'a>(
    state: &'a State,
    by: &Principal,
    now: Timestamp,
) -> Result<Cow<'a, User>, ActError> {
    let user = authenticate(state, by, now)?;
    let Some(suspension) = user.suspended() else { return Ok(user) };
    let policy = policy_in_force(state)?;
    let cited = policy.suspension.as_ref().map(|value| policy.cites(value)).unwrap_or_default();
    let why = format!(
        "the access of `{}` is suspended since {} ({}): it comes back once the training was repeated, which an administrator records with `accord user train {} --discussion WORDS`",
        by.user,
        suspension.at.day(),
        suspension.reason,
        by.user
    );
    Err(ActError::refused_as("user_suspended", cited, why))
}

/// The user who acts, if they administer or, failing that, audit: what the one has set up, the other looks at.
///
/// # Errors
/// When the user is unknown, disabled, or of other roles.
pub fn authorize_overseer<'a>(
    state: &'a State,
    by: &Principal,
    now: Timestamp,
) -> Result<Cow<'a, User>, ActError> {
    authorize(state, by, Permission::Administer, now)
        .or_else(|_| authorize(state, by, Permission::Audit, now))
}

/// The user who acts, if they administer or sit at the night desk, to which releasing passwords and handing out
/// cards for a shift is delegated.
///
/// # Errors
/// When the user is unknown, disabled, suspended, or neither.
pub fn authorize_night_desk<'a>(
    state: &'a State,
    by: &Principal,
    now: Timestamp,
) -> Result<Cow<'a, User>, ActError> {
    let user = with_access(state, by, now)?;
    if user.at_night_desk(now) {
        return Ok(user);
    }
    authorize(state, by, Permission::Administer, now)
}

/// The user who acts, if they query, or see what is asked for them.
///
/// # Errors
/// When the user is unknown, disabled, suspended, or of other roles.
pub fn authorize_seeing<'a>(
    state: &'a State,
    by: &Principal,
    now: Timestamp,
) -> Result<Cow<'a, User>, ActError> {
    authorize(state, by, Permission::Query, now).or_else(|refused| {
        let user = with_access(state, by, now)?;
        let sees = policy_in_force(state)?.people.sees(&user.roles, &user.title);
        if sees { Ok(user) } else { Err(refused) }
    })
}

/// The user who acts, if they see to requests of outside bodies: a records custodian, or who approves.
///
/// # Errors
/// When the user is unknown, disabled, suspended, or of other roles.
pub fn authorize_records<'a>(
    state: &'a State,
    by: &Principal,
    now: Timestamp,
) -> Result<Cow<'a, User>, ActError> {
    let user = with_access(state, by, now)?;
    let policy = policy_in_force(state)?;
    let custodian = user.roles.contains(&Role::RecordsCustodian);
    if custodian || policy.people.approve.admit(&user.roles, &user.title) {
        return Ok(user);
    }
    let citations = policy.cites(&policy.administration.records_release);
    let why = format!(
        "user `{}` sees to no request of outside bodies; it takes the role {} or one that approves [{}]",
        by.user,
        Role::RecordsCustodian,
        sections(&citations)
    );
    Err(ActError::refused_as(RefusalCode::RoleNotAuthorized.code(), citations, why))
}

/// The user who acts, if the policy gives one of their roles this permission.
///
/// # Errors
/// When the user is unknown, disabled, suspended, or of other roles.
pub fn authorize<'a>(
    state: &'a State,
    by: &Principal,
    permission: Permission,
    now: Timestamp,
) -> Result<Cow<'a, User>, ActError> {
    let user = with_access(state, by, now)?;
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
    let citations = policy.cites(roles);
    let why = format!(
        "user `{}` may not do this; it takes one of the roles {} [{}]",
        by.user,
        codes.join(", "),
        sections(&citations)
    );
    Err(ActError::refused_as(RefusalCode::RoleNotAuthorized.code(), citations, why))
}

/// Citations as a sentence shows them.
pub(crate) fn sections(citations: &[Citation]) -> String {
    citations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Reasons of a rule as the error of an act, each of them whole.
pub(crate) fn refused(reasons: &Reasons) -> ActError {
    let said: Vec<_> = reasons
        .as_slice()
        .iter()
        .map(|reason| {
            format!("{}: {} [{}]", reason.code, reason.message, sections(&reason.citations))
        })
        .collect();
    let reasons = reasons.as_slice().iter().map(Reason::from).collect();
    ActError::Refused(Refused { sentence: said.join("; "), reasons })
}
