//! Events of signing in: enrolments, authenticators, sessions, locks, and what a second person
//! confirms.

use serde::{Deserialize, Serialize};

use crate::authenticator::{
    Authenticator, AuthenticatorId, Enrolment, LockScope, Proposal, ProviderWord, SessionEnd,
    SessionId, SignInWay,
};
use crate::device::Device;
use crate::query::UserName;
use crate::text::Text;
use crate::time::Timestamp;
use crate::user::User;

/// A person may bind authenticators with a one-time code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserEnrolled {
    /// The enrolment, in the place of an earlier one of the person.
    pub enrolment: Enrolment,
}

/// A way in was made anew at the machine, with the node stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserRecovered {
    /// The enrolment, in the place of an earlier one of the person.
    pub enrolment: Enrolment,
    /// Why.
    pub reason: Text,
    /// When it was made, by the clock of the machine.
    pub made_at: Timestamp,
    /// The account of the machine that made it.
    pub uid: u32,
}

/// Authenticators were bound to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorBound {
    /// Which.
    pub bound: Vec<Authenticator>,
    /// Those of the person that count no longer from now on.
    pub replaced: Vec<AuthenticatorId>,
    /// Whether a one-time enrolment was used up.
    pub enrolled: bool,
}

/// An authenticator counts no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorRevoked {
    /// Which.
    pub authenticator: AuthenticatorId,
    /// Whose it was.
    pub user: UserName,
    /// Why.
    pub reason: Text,
}

/// Somebody signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignInSucceeded {
    /// The session that began, or that was proved anew.
    pub session: SessionId,
    /// How.
    pub way: SignInWay,
    /// By what.
    pub authenticators: Vec<AuthenticatorId>,
    /// What a provider of single sign-on said of it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderWord>,
    /// The device from which it was opened, where that is one of the agency's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// The session in which she approved this one, where she did: she had proved herself there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_in: Option<SessionId>,
    /// From where: `socket, uid 1000` or an address.
    pub client: Text,
    /// Whether a session that was open went on.
    pub again: bool,
    /// When the session ends at the latest.
    pub until: Timestamp,
}

/// Somebody did not sign in: the first within a minute of a person and source at once, the further
/// ones as one count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignInFailed {
    /// As whom; absent where nobody bears the name, which is never kept as it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
    /// From where; absent where too many sources are counted to tell them apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Text>,
    /// How often.
    pub count: u64,
}

/// Passwords of a person are no longer taken, or are taken again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserLocked {
    /// Whose.
    pub user: UserName,
    /// From where; absent where they are taken again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<LockScope>,
}

/// A session ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionEnded {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub user: UserName,
    /// Why.
    pub why: SessionEnd,
}

/// One person proposed what a second is to confirm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserProposed {
    /// What.
    pub proposal: Proposal,
    /// What the person gains.
    pub gains: Vec<Text>,
}

/// A second person confirmed what was proposed; it counts from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserConfirmed {
    /// The proposal's number.
    pub proposal: u64,
    /// Who proposed it.
    pub proposed_by: UserName,
    /// The person as from now on.
    pub user: User,
}

/// A proposal counts no more: its proposer or a second person withdrew it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserDeclined {
    /// The proposal's number.
    pub proposal: u64,
    /// Why.
    pub reason: Text,
}

/// An auditor countersigned what a lone administrator did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserCountersigned {
    /// Of whom.
    pub user: UserName,
    /// What the auditor found.
    pub reason: Text,
}
