//! Single sign-on by OpenID Connect: a provider that the agency trusts says who somebody is there, how she
//! proved it, and when.
//!
//! The browser carries a request there and its answer back (authorization code flow with PKCE, RFC 7636). What
//! the request was stands sealed in a cookie of that browser alone, and the answer counts only beside it: nothing is
//! held in memory, and nobody can be made to sign in as somebody else. What the provider then says is
//! verified ([`id_token`]), and says nothing yet of who that is here: a person is known by the issuer and the subject
//! that were bound to her, never by a name.

mod https;
mod id_token;
mod metadata;
mod request;
mod settings;

use host::authorities::authorities;
use schemas::time::{HOUR_MS, MINUTE_MS, Timestamp};
use tokio::sync::Semaphore;

use crate::{NoRandomness, Secret};
use https::Https;
use metadata::Metadata;

pub use request::{Answer, Began, Purpose, Returned};
pub use settings::{Groups, LONGEST_HOURS, Settings, TwoFactors};

/// Most answers that are looked into at once.
const AT_ONCE: usize = 32;
/// How much longer than set it may be since somebody proved who she is, in milliseconds: clocks differ.
const SKEW_MS: i64 = MINUTE_MS;

/// Why single sign-on comes to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SignOnError {
    /// The provider is away, or not what was configured.
    #[error(
        "{label} cannot be asked ({why}); sign in with a security key, or with a password and code, or try again later"
    )]
    Unreachable {
        /// The provider.
        label: String,
        /// What is wrong.
        why: String,
    },
    /// What it says does not hold.
    #[error("what {label} says cannot be believed: {why}; tell an administrator")]
    Untrusted {
        /// The provider.
        label: String,
        /// What is wrong.
        why: String,
    },
    /// It says no.
    #[error("{label} did not sign you in (`{code}`); try again, or ask those who run it")]
    Declined {
        /// The provider.
        label: String,
        /// The code of its error.
        code: String,
    },
    /// It signed somebody in by one factor.
    #[error(
        "{label} says that you proved who you are by {said}, which are not two factors here; take a way with two there, or sign in with a security key or with a password and code"
    )]
    OneFactor {
        /// The provider.
        label: String,
        /// How.
        said: String,
    },
    /// She proved who she is too long ago.
    #[error(
        "you signed in at {label} too long ago, or have used that already; sign in there once more"
    )]
    TooLongAgo {
        /// The provider.
        label: String,
    },
    /// The answer is to no request of this browser.
    #[error(
        "this answer belongs to no sign-in that was begun here within ten minutes; begin again"
    )]
    NotBegun,
    /// Too many come at once.
    #[error("too many sign in at this moment; try again")]
    Busy,
    /// It has no secret.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// What a provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Who she is there. No other person of the same issuer ever is.
    pub subject: String,
    /// How she proved it (RFC 8176).
    pub amr: Vec<String>,
    /// Of which class that is.
    pub acr: Option<String>,
    /// When, at the latest now.
    pub proved: Timestamp,
    /// When, by the provider's clock.
    pub told: Timestamp,
    /// Groups that she is in, where they matter.
    pub groups: Vec<String>,
}

impl Word {
    /// How she proved it, in words.
    #[must_use]
    pub fn ways(&self) -> String {
        let amr = self.amr.iter().map(|way| format!("`{way}`")).collect::<Vec<_>>().join(", ");
        match (amr.is_empty(), &self.acr) {
            (true, None) => "ways that it does not tell".into(),
            (true, Some(acr)) => format!("class `{acr}`"),
            (false, None) => amr,
            (false, Some(acr)) => format!("{amr} (class `{acr}`)"),
        }
    }
}

/// A provider that cannot be used as it is set.
#[derive(Debug, thiserror::Error)]
#[error("provider.authority of `{name}`: {why}")]
pub struct UnfitProvider {
    name: String,
    why: String,
}

/// A provider, as a node asks it.
pub struct Provider {
    settings: Settings,
    secret: Option<Secret>,
    /// Where it sends people back to.
    back: String,
    https: Https,
    metadata: Metadata,
    turns: Semaphore,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.settings.name)
    }
}

impl Provider {
    /// The provider of these settings, which sends people back to `back`. It is not asked yet: a node whose
    /// provider is away starts.
    ///
    /// # Errors
    /// When its authority cannot be read.
    pub fn new(
        settings: Settings,
        secret: Option<Secret>,
        back: String,
    ) -> Result<Self, UnfitProvider> {
        let unfit = |why: String| UnfitProvider { name: settings.name.clone(), why };
        let roots = authorities(settings.authority.as_deref()).map_err(unfit)?;
        let https = Https::trusting(roots).map_err(|e| unfit(e.to_string()))?;
        let metadata = Metadata::of(&settings.issuer, &settings.label);
        Ok(Self { secret, back, https, metadata, turns: Semaphore::new(AT_ONCE), settings })
    }

    /// What the agency says of it.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether it answers, and is what was configured.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn answers(&self, now: Timestamp) -> Result<(), SignOnError> {
        self.metadata.known(&self.https, now).await.map(drop)
    }

    /// Whether what it says is enough to sign somebody in.
    ///
    /// # Errors
    /// When it is one factor, or too long ago.
    pub fn suffices(&self, word: &Word, now: Timestamp) -> Result<(), SignOnError> {
        let label = self.settings.label.clone();
        if !self.settings.two_factors.are_in(&word.amr, word.acr.as_deref()) {
            return Err(SignOnError::OneFactor { label, said: word.ways() });
        }
        let longest =
            i64::from(self.settings.hours).saturating_mul(HOUR_MS).saturating_add(SKEW_MS);
        if word.proved.plus_millis(longest) < now {
            return Err(SignOnError::TooLongAgo { label });
        }
        Ok(())
    }
}
