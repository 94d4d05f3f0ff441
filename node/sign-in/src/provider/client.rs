//! A provider as a node asks it, and how much of its word is enough.

use std::time::Duration;

use host::authorities::authorities;
use host::https::Https;
use schemas::names::ProgramName;
use schemas::time::{HOUR_MS, MINUTE_MS, Timestamp};
use tokio::sync::Semaphore;

use super::error::SignOnError;
use super::id_token::{For, verified};
use super::metadata::Metadata;
use super::settings::Settings;
use super::word::Word;
use crate::Secret;

/// How long one request to a provider may take in all.
const LONGEST: Duration = Duration::from_secs(8);
/// Most answers that are looked into at once.
const AT_ONCE: usize = 32;
/// How much longer than set it may be since somebody proved who she is, in milliseconds: clocks differ.
pub(super) const SKEW_MS: i64 = MINUTE_MS;

/// A provider that cannot be used as it is set.
#[derive(Debug, thiserror::Error)]
#[error("provider.authority of `{name}`: {why}")]
pub struct UnfitProvider {
    name: String,
    why: String,
}

/// A provider, as a node asks it.
pub struct Provider {
    pub(super) settings: Settings,
    pub(super) secret: Option<Secret>,
    /// Where it sends people back to.
    pub(super) back: String,
    pub(super) https: Https,
    pub(super) metadata: Metadata,
    pub(super) turns: Semaphore,
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
        let https = Https::trusting(roots, LONGEST).map_err(|e| unfit(e.to_string()))?;
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

    /// What the ID token says that a program of the agency got here for somebody who signed in to it.
    ///
    /// # Errors
    /// When the provider is not said to know this program, it cannot be asked for its keys, or the token does not
    /// hold.
    pub async fn shown_by(
        &self,
        program: &ProgramName,
        token: &str,
        now: Timestamp,
    ) -> Result<Word, SignOnError> {
        let label = &self.settings.label;
        let client = self.settings.programs.get(program).ok_or_else(|| {
            SignOnError::ProgramUnknown { label: label.clone(), program: program.clone() }
        })?;
        let _turn = self.turns.try_acquire().map_err(|_| SignOnError::Busy)?;
        self.metadata.known(&self.https, now).await?;
        let asked = (&self.settings, &self.metadata, &self.https);
        verified(asked, token, For::Program(client), now).await
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
