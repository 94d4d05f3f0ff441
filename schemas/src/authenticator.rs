//! What people sign in by, as the log knows it: whose it is, who bound it and how that person was
//! identified (CJISSECPOL, IA-5 n). What verifies it stands elsewhere, and only its digest here.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::purpose::{Role, codes};
use crate::query::UserName;
use crate::text::Text;
use crate::time::Timestamp;
use crate::user::{Delegation, User};

pub use crate::session::{AuthenticatorId, SessionId, SignInWay};

codes! {
    /// What sort of authenticator.
    AuthenticatorKind, "kind of authenticator" {
        /// A memorized secret.
        Password = "password",
        /// An application or device that shows one-time codes (RFC 6238).
        OneTimeCode = "one_time_code",
        /// A printed card of numbered codes, each used once.
        CodeCard = "code_card",
        /// A security key, or a passkey that stays on its device, which asks for a PIN or the person's body
        /// (WebAuthn).
        SecurityKey = "security_key",
        /// An account at a provider of single sign-on (OpenID Connect).
        ProviderAccount = "provider_account",
    }
}

impl AuthenticatorKind {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::OneTimeCode => "one-time code",
            Self::CodeCard => "code card",
            Self::SecurityKey => "security key",
            Self::ProviderAccount => "account of single sign-on",
        }
    }
}

/// What a provider of single sign-on said of somebody who signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderWord {
    /// The provider, by its issuer.
    pub issuer: Text,
    /// How she proved who she is, in the provider's words (`amr`, RFC 8176).
    pub amr: Vec<Text>,
    /// Of which class that is (`acr`), where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Text>,
    /// When she proved it there.
    pub proved_at: Timestamp,
    /// Roles of hers that count in the session; absent where all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<Role>>,
}

codes! {
    /// Why a session ended.
    SessionEnd, "end of a session" {
        /// Its person signed out.
        SignedOut = "signed_out",
        /// Nothing was done with it for too long.
        Idle = "idle",
        /// It lasted as long as one may.
        Expired = "expired",
        /// An administrator ended it.
        Stopped = "stopped",
        /// What its person may do changed.
        RightsChanged = "rights_changed",
        /// What its person signs in by changed.
        AuthenticatorsChanged = "authenticators_changed",
        /// Its person has too many sessions.
        Replaced = "replaced",
        /// Its token came from elsewhere than where it was given.
        Elsewhere = "elsewhere",
        /// The clock went back too far to tell how long it has lasted.
        Clock = "clock",
    }
}

codes! {
    /// From where passwords of a person are no longer taken.
    LockScope, "scope of a lock" {
        /// From where she never signed in before.
        Strangers = "strangers",
        /// From anywhere.
        Everywhere = "everywhere",
    }
}

/// An authenticator of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Authenticator {
    /// Its id.
    pub id: AuthenticatorId,
    /// Whose it is.
    pub user: UserName,
    /// What sort.
    pub kind: AuthenticatorKind,
    /// H(what verifies it): what the database holds under this id counts only if it is this.
    pub verifier: Digest,
    /// When it was bound.
    pub bound_at: Timestamp,
    /// Who handed it out, or let it be bound; absent for who recovered a way in at the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
    /// How that person was identified.
    pub identified: Text,
    /// Until when it counts, where that is for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Authenticator {
    /// Whether it still counts at `now`, as far as its time goes.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Since when and why an authenticator counts no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// Since when.
    pub at: Timestamp,
    /// Who said so; absent where another took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
    /// Why.
    pub reason: Text,
}

/// A one-time enrolment: whoever shows its code binds authenticators as this person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// Whose.
    pub user: UserName,
    /// H(its code), which has 120 random bits.
    pub code: Digest,
    /// Who gave it; absent where it was made at the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
    /// How the person was identified.
    pub identified: Text,
    /// Until when it counts.
    pub until: Timestamp,
}

/// Passwords of a person are no longer taken, until an administrator says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// From where.
    pub scope: LockScope,
    /// Since when.
    pub at: Timestamp,
}

/// What one person proposed of another and a second is to confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Its number, from 1.
    pub number: u64,
    /// Who proposed it.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// Until when it can be confirmed.
    pub until: Timestamp,
    /// The person as she would be from then on.
    pub user: User,
    /// H(the person as she was, as JSON); of nobody, H(nothing). What changed since is proposed anew.
    pub was: Digest,
}

impl User {
    /// What of `self` gives power that `before` did not have: titles, roles that administer, approve
    /// or audit, and delegations,
    /// the night desk. Nothing where no second person is needed.
    #[must_use]
    pub fn gains(
        &self,
        before: Option<&Self>,
        titled: impl Fn(&Text) -> bool,
        privileged: impl Fn(Role) -> bool,
    ) -> Vec<String> {
        let mut gains = Vec::new();
        let had_title = before.is_some_and(|before| before.title == self.title);
        if !self.title.is_empty() && titled(&self.title) && !had_title {
            gains.push(format!("the title {}", self.title));
        }
        let had = |role: &Role| before.is_some_and(|before| before.roles.contains(role));
        let roles = self.roles.iter().filter(|role| privileged(**role) && !had(role));
        gains.extend(roles.map(|role| format!("the role {role}")));
        let held = |one: &Delegation| before.is_some_and(|b| b.delegations.contains(one));
        let delegated = self.delegations.iter().filter(|one| !held(one));
        gains.extend(delegated.map(|one| format!("the authority of the {}", one.title)));
        let sat = before.and_then(|before| before.night_desk);
        if let Some(until) = self.night_desk.filter(|until| Some(*until) != sat) {
            gains.push(format!("the night desk until {until}"));
        }
        gains
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_sixteen_digits_and_a_sessions_begins_the_digest_of_its_token() {
        let id: AuthenticatorId = "00ff00ff00ff00ff".parse().unwrap();
        assert_eq!(id.to_string(), "00ff00ff00ff00ff");
        for bad in ["", "00FF00FF00FF00FF", "00ff00ff00ff00f", "00ff00ff00ff00ff0"] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad}");
        }
        let token = Digest::of(b"token");
        assert!(token.to_string().starts_with(&SessionId::of(&token).to_string()));
    }

    #[test]
    fn only_what_is_new_and_gives_power_is_gained() {
        let officer: User = serde_json::from_value(serde_json::json!({
            "name": "a", "full_name": "A", "title": "Detective", "roles": ["sworn"],
        }))
        .unwrap();
        let auditing = |role| role == Role::Auditor;
        let named = |_: &Text| true;
        assert_eq!(officer.gains(Some(&officer), named, auditing), [""; 0]);
        assert_eq!(officer.gains(None, named, auditing), ["the title Detective"]);
        assert_eq!(officer.gains(None, |_| false, auditing), [""; 0]);
        let mut auditor = officer.clone();
        auditor.roles.push(Role::Auditor);
        assert_eq!(auditor.gains(Some(&officer), named, auditing), ["the role auditor"]);
        assert_eq!(officer.gains(Some(&auditor), named, auditing), [""; 0]);
    }
}
