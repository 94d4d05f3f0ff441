//! A terminal is signed in by somebody who is signed in at a browser: the terminal shows a short code, she types it
//! on a page, sees which terminal that is, and approves (as RFC 8628 does it). What is approved belongs to the terminal that
//! asked: it alone has the secret by which it fetches its session, and from where it asked.
//!
//! The session rests on what hers rests on, and is no fresher: it ends with the same authenticators, has no more
//! roles, and counts from when she had proved herself.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::sign_in::sessions::Session;
use ::sign_in::{Secret, Token, terminal_code, terminal_code_as_printed};
use schemas::digest::Digest;
use schemas::time::{MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};

use super::SignIn;
use super::attempt::{Proven, SignedIn, clock_is_right, may_try, open_session};
use super::whose::proved_lately;
use crate::permission::ActError;

/// How long a terminal waits, in milliseconds.
const LONGEST_MS: i64 = 10 * MINUTE_MS;
/// Most that wait, and of one source: who asks again and again takes the place of her own.
const MOST: usize = 256;
const MOST_OF_SOURCE: usize = 16;

/// What a terminal is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Waits {
    /// The page where it is approved.
    pub address: String,
    /// What she types there.
    pub code: String,
    /// By what the terminal fetches its session. It is shown to nobody.
    #[cfg_attr(test, schemars(with = "String"))]
    pub secret: Secret,
    /// Until when it waits.
    pub until: Timestamp,
}

/// A terminal as the page shows it.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// From where it asks.
    pub source: String,
    /// Since when.
    pub asked: Timestamp,
}

struct Waiting {
    code: Digest,
    secret: Digest,
    source: String,
    asked: Timestamp,
    approved: Option<Session>,
}

/// Terminals that wait, the oldest first.
#[derive(Default)]
pub(super) struct Terminals(Mutex<VecDeque<Waiting>>);

impl Terminals {
    /// Those that wait at `now`.
    fn at(&self, now: Timestamp) -> MutexGuard<'_, VecDeque<Waiting>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.asked <= now && now < one.asked.plus_millis(LONGEST_MS));
        waiting
    }

    fn put(&self, new: Waiting) {
        let mut waiting = self.at(new.asked);
        let of_source = |one: &Waiting| one.source == new.source;
        if waiting.iter().filter(|one| of_source(one)).count() >= MOST_OF_SOURCE
            && let Some(oldest) = waiting.iter().position(of_source)
        {
            waiting.remove(oldest);
        }
        if waiting.len() >= MOST {
            waiting.pop_front();
        }
        waiting.push_back(new);
    }
}

fn digest_of(code: &str) -> Digest {
    Digest::of(terminal_code_as_printed(code).as_bytes())
}

fn none_waits() -> ActError {
    let why = "no terminal shows this code, or it has been used or waited for longer than ten minutes; begin again with `accord login --browser`";
    ActError::refused_as("terminal_unknown", Vec::new(), why.into())
}

/// A terminal whose person has read the notice begins to wait.
///
/// # Errors
/// When there are no pages, or the notice is another.
pub fn begin_terminal(sign_in: &SignIn, notice: &Digest, source: &str) -> Result<Waits, ActError> {
    may_try(sign_in, source)?;
    sign_in.notice.acknowledged(notice)?;
    begin_program(sign_in, source)
}

/// A program begins to wait for a person who lets it ask for her. She has read the notice where she approves.
///
/// # Errors
/// When there are no pages.
pub fn begin_program(sign_in: &SignIn, source: &str) -> Result<Waits, ActError> {
    clock_is_right(sign_in)?;
    let origin = sign_in.origin.as_deref().ok_or_else(|| {
        let why = "there are no pages to approve it on: set `origin` in accord.toml, or sign in with a password and code";
        ActError::refused_as("no_pages", Vec::new(), why.into())
    })?;
    let (code, secret, asked) = (terminal_code()?, Token::new()?, sign_in.now());
    sign_in.terminals.put(Waiting {
        code: digest_of(&code),
        secret: secret.digest(),
        source: source.to_owned(),
        asked,
        approved: None,
    });
    Ok(Waits {
        address: format!("{origin}/terminal"),
        code: code.to_string(),
        secret: super::exposed(&secret),
        until: asked.plus_millis(LONGEST_MS),
    })
}

/// The terminal that shows a code.
///
/// # Errors
/// When none does.
pub fn terminal(sign_in: &SignIn, code: &str) -> Result<Terminal, ActError> {
    let (code, waiting) = (digest_of(code), sign_in.terminals.at(sign_in.now()));
    let one = waiting.iter().find(|one| one.code == code && one.approved.is_none());
    let one = one.ok_or_else(none_waits)?;
    Ok(Terminal { source: one.source.clone(), asked: one.asked })
}

/// Somebody who proved lately who she is approves that the terminal with this code is hers.
///
/// # Errors
/// When she did not, or no terminal shows the code.
pub fn approve_terminal(sign_in: &SignIn, session: &Session, code: &str) -> Result<(), ActError> {
    let now = sign_in.now();
    proved_lately(session, now)?;
    let (code, mut waiting) = (digest_of(code), sign_in.terminals.at(now));
    let one = waiting.iter_mut().find(|one| one.code == code && one.approved.is_none());
    one.ok_or_else(none_waits)?.approved = Some(session.clone());
    Ok(())
}

/// The session of a terminal, once somebody has approved it.
///
/// # Errors
/// When it waits no longer, or whoever approved it may no longer act.
pub async fn finish_terminal(
    sign_in: &SignIn,
    secret: &Secret,
    source: &str,
) -> Result<Option<SignedIn>, ActError> {
    let secret = Token::shown(secret).digest();
    let approving = {
        let mut waiting = sign_in.terminals.at(sign_in.now());
        let is = |one: &Waiting| one.secret == secret && one.source == source;
        let at = waiting.iter().position(is).ok_or_else(none_waits)?;
        if waiting.get(at).is_some_and(|one| one.approved.is_none()) {
            return Ok(None);
        }
        waiting.remove(at).and_then(|one| one.approved).ok_or_else(none_waits)?
    };
    // Hers may have ended since.
    let sessions = sign_in.sessions.all().await;
    let Some(approving) = sessions.into_iter().find(|one| one.id == approving.id) else {
        let why = "the session in which this was approved has ended; begin again with `accord login --browser`";
        return Err(ActError::refused_as("terminal_unknown", Vec::new(), why.into()));
    };
    let Session { id, user, way, authenticators, provider, verified, .. } = approving;
    let state = sign_in.agency.registry.state();
    let first = match authenticators.first() {
        Some(first) => sign_in.stored.hold().await.one(&state, &user, *first),
        None => None,
    };
    let first = first.ok_or_else(none_waits)?;
    let approved = Some((id, verified));
    let proven = Proven { user, way, first, authenticators, provider, approved };
    open_session(sign_in, proven, source).await.map(Some)
}
