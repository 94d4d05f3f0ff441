//! Sessions and authenticators as logs and queries name them, and how somebody proved who she is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, hex, unhex};
use crate::purpose::codes;
use crate::time::Timestamp;

/// A text that is no id of an authenticator or of a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id; expected 16 lower-case hexadecimal digits")]
pub struct ShortIdError(String);

macro_rules! short_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "json-schema", schemars(with = "String"))]
        pub struct $name([u8; 8]);

        impl $name {
            /// From the eight bytes themselves.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 8]) -> Self {
                Self(bytes)
            }
        }

        impl FromStr for $name {
            type Err = ShortIdError;

            fn from_str(text: &str) -> Result<Self, ShortIdError> {
                unhex(text).map(Self).ok_or_else(|| ShortIdError(text.chars().take(40).collect()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = ShortIdError;

            fn try_from(text: String) -> Result<Self, ShortIdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

short_id! {
    /// The id of an authenticator: eight random bytes, 16 hexadecimal digits.
    AuthenticatorId
}

short_id! {
    /// The id by which the log and people name a session: the first eight bytes of H(its token).
    SessionId
}

impl SessionId {
    /// That of the session whose token has this digest.
    #[must_use]
    pub fn of(token: &Digest) -> Self {
        Self(token.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

codes! {
    /// How somebody proved who she is. Each way takes two factors (CJISSECPOL, IA-2(1), IA-2(2)).
    SignInWay, "way of signing in" {
        /// A password and a one-time code.
        PasswordAndCode = "password_and_code",
        /// A password and a code of a card.
        PasswordAndCard = "password_and_card",
        /// A security key that its person unlocked.
        SecurityKey = "security_key",
        /// A provider of single sign-on said that she had proved two factors there.
        SingleSignOn = "single_sign_on",
    }
}

impl SignInWay {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PasswordAndCode => "password and one-time code",
            Self::PasswordAndCard => "password and code card",
            Self::SecurityKey => "security key",
            Self::SingleSignOn => "single sign-on",
        }
    }
}

codes! {
    /// How strongly somebody has to have proved who she is.
    SignInStrength, "strength of signing in" {
        /// By two factors (CJISSECPOL, IA-2(1), IA-2(2)).
        TwoFactors = "two_factors",
        /// By a key that answers one site alone, so that nobody is lured into giving it to another.
        PhishingResistant = "phishing_resistant",
    }
}

impl SignInStrength {
    /// Whether this way is as strong.
    #[must_use]
    pub const fn is_met_by(self, way: SignInWay) -> bool {
        match self {
            Self::TwoFactors => true,
            Self::PhishingResistant => matches!(way, SignInWay::SecurityKey),
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::TwoFactors => "two factors",
            Self::PhishingResistant => "a security key",
        }
    }
}

/// How a requester had signed in, as her agency says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequesterSession {
    /// The session, as the log of her agency names it.
    pub id: SessionId,
    /// How she proved who she is.
    pub way: SignInWay,
    /// When she last did.
    pub proved_at: Timestamp,
}
