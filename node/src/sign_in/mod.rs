//! People sign in: the acts by which they enrol, prove who they are, and leave again.
//!
//! The crate `sign-in` verifies and keeps sessions; here stand the acts with their entries. An entry
//! comes first: an authenticator counts, and a session opens, once the log says so.

mod attempt;
mod bind;
mod ends;
mod enrol;
mod failures;
mod key;
mod notice;
mod prove;
mod recover;
mod shift_card;
mod single_sign_on;
mod stored;
mod terminal;
mod whose;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::sign_in::block_list::BlockList;
use ::sign_in::challenges::Challenges;
use ::sign_in::code::CodeSecret;
use ::sign_in::key::{Asking, KeyError, Keys, Registering};
use ::sign_in::password::{NotHashed, Passwords};
use ::sign_in::provider::{Provider, Settings, UnfitProvider};
use ::sign_in::sealing::SealingKey;
use ::sign_in::sessions::{IdleTimes, NotOpened, Session, Sessions};
use ::sign_in::throttle::Throttle;
use ::sign_in::{NoRandomness, Secret, Token};
use host::home::{Home, HomeError, read_text};
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::time::{MINUTE_MS, Timestamp};
use store::{SignInRecords, StoreError};
use zeroize::Zeroizing;

use crate::permission::{ActError, OwnAgency};
use failures::Failures;
use stored::StoredAuthenticators;
use terminal::Terminals;

pub use attempt::{Attempt, SignedIn, prove_once, sign_in};
pub use bind::{
    BoundNow, NewPassword, Second, change_password, finish_enrolment, new_card, revoke,
};
pub use ends::{end_of, end_of_device, end_of_program, sign_out, sweep, unlock};
pub use enrol::{ENROLMENT_MS, Pending, begin_enrolment, enrol};
pub use key::{
    Challenge, KeyShown, ask_for_key, begin_key_enrolment, begin_own_key, bind_own_key,
    finish_key_enrolment, prove_again_by_key, sign_in_by_key,
};
pub use notice::Notice;
pub use prove::prove_again;
pub use recover::{Recovered, record_recovery, recover};
pub use shift_card::{SHIFT_MS, ShiftCard, shift_card};
pub use single_sign_on::{
    CameBack, TOO_LONG_AGO, begin_account_enrolment, begin_in_session, begin_sign_on, come_back,
    providers, sign_in_for_program,
};
pub use terminal::{
    Terminal, Waits, approve_terminal, begin_program, begin_terminal, finish_terminal, terminal,
};
pub use whose::{DEVICE, PROGRAM, may_hear, principal, proved_lately};

/// Why signing in cannot begin to work.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The key or the list of the home cannot be read.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No browser takes a security key under this origin.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A provider of single sign-on cannot be used as it is set.
    #[error(transparent)]
    Provider(#[from] UnfitProvider),
    /// Nothing can be hashed.
    #[error(transparent)]
    Hashing(#[from] NotHashed),
}

/// What signing in works with.
pub struct SignIn {
    agency: OwnAgency,
    key: SealingKey,
    passwords: Passwords,
    sessions: Arc<Sessions>,
    stored: StoredAuthenticators,
    throttle: Mutex<Throttle>,
    failures: Failures,
    notice: Notice,
    /// Secrets of one-time codes that were shown last and not yet confirmed, by what they are for: an
    /// enrolment that counts.
    pending: Mutex<HashMap<Digest, CodeSecret>>,
    /// The security keys of this site, where there are pages.
    keys: Option<Keys>,
    asking: Challenges<Asking>,
    registering: Challenges<Registering>,
    /// Providers of single sign-on, where there are pages.
    providers: Vec<Provider>,
    /// Where the pages are, if there are any.
    origin: Option<String>,
    terminals: Terminals,
}

/// Where people sign in by a browser.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Its origin, as browsers write it.
    pub origin: &'a str,
    /// The name of its host.
    pub host: &'a str,
    /// Its providers of single sign-on.
    pub providers: &'a [Settings],
}

/// For each person who has something to sign in by: since when, and when she last signed in, or could first.
pub async fn last_used(sign_in: &SignIn) -> BTreeMap<UserName, (Timestamp, Timestamp)> {
    let state = sign_in.agency.registry.state();
    sign_in.stored.hold().await.last_used(&state)
}

/// The file of the home with the secret that a provider and this node share, beside the other keys.
fn secret_of(home: &Home, provider: &str) -> Result<Option<Secret>, HomeError> {
    let path = home.dir().join("keys").join(format!("sign-on-{provider}"));
    if !path.exists() {
        return Ok(None);
    }
    let text = Zeroizing::new(read_text(&path)?);
    Ok(Some(text.trim().to_owned().into()))
}

fn providers_of(home: &Home, site: Site<'_>) -> Result<Vec<Provider>, SignInError> {
    let provider = |settings: &Settings| {
        let back = format!("{}/sign-in/with/{}/back", site.origin, settings.name);
        let secret = secret_of(home, &settings.name)?;
        Ok(Provider::new(settings.clone(), secret, back)?)
    };
    site.providers.iter().map(provider).collect()
}

impl SignIn {
    /// What the home and the database hold for it. Where it has a site, people sign in by security keys and
    /// single sign-on there.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn load(
        home: &Home,
        agency: OwnAgency,
        records: Arc<dyn SignInRecords>,
        site: Option<Site<'_>>,
        idle: IdleTimes,
    ) -> Result<Self, SignInError> {
        if !SealingKey::is_in(home) {
            SealingKey::create(home)?;
            tracing::error!(
                "`keys/sign-in` was gone from the home, and a new one is made: one-time codes and cards that it sealed verify nobody any more. Stop the node and put it back from a backup, or enrol everybody anew; `accord doctor` names whom"
            );
        }
        Ok(Self {
            key: SealingKey::of(home)?,
            passwords: Passwords::new(BlockList::of(home)?)?,
            sessions: Arc::new(Sessions::load(records.clone(), idle).await?),
            stored: StoredAuthenticators::load(records).await?,
            throttle: Mutex::default(),
            failures: Failures::default(),
            notice: Notice::of(home)?,
            pending: Mutex::default(),
            keys: site.map(|site| Keys::at(site.origin, site.host)).transpose()?,
            providers: site.map(|site| providers_of(home, site)).transpose()?.unwrap_or_default(),
            origin: site.map(|site| site.origin.to_owned()),
            terminals: Terminals::default(),
            asking: Challenges::default(),
            registering: Challenges::default(),
            agency,
        })
    }

    /// The notice that stands before everything.
    #[must_use]
    pub fn notice(&self) -> &Notice {
        &self.notice
    }

    /// The list of passwords that are refused.
    #[must_use]
    pub fn block_list(&self) -> &BlockList {
        self.passwords.list()
    }

    /// Every session.
    pub async fn sessions(&self) -> Vec<Session> {
        self.sessions.all().await
    }

    /// How many minutes nothing may be done with a session; nothing where it may rest for as long as it lasts.
    #[must_use]
    pub fn idle_minutes(&self, session: &Session) -> Option<i64> {
        self.sessions.idle(session).map(|idle| idle / MINUTE_MS)
    }

    /// Persons who cannot sign in by all that they have bound, because the key that it was sealed with
    /// is lost.
    pub async fn sealed_otherwise(&self) -> BTreeSet<UserName> {
        let state = self.agency.registry.state();
        self.stored.hold().await.sealed_otherwise(&state, &self.key)
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.agency.clock.now()
    }
}

impl From<NotHashed> for ActError {
    fn from(error: NotHashed) -> Self {
        match error {
            NotHashed::Busy => Self::failed_as("overloaded", error.to_string()),
            NotHashed::Failed => Self::failed(error.to_string()),
        }
    }
}

impl From<NoRandomness> for ActError {
    fn from(error: NoRandomness) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<NotOpened> for ActError {
    fn from(error: NotOpened) -> Self {
        Self::failed(format!("no session could be opened: {error}"))
    }
}

/// A token on its way to whom it is given.
fn exposed(token: &Token) -> Secret {
    token.expose().to_owned().into()
}
