//! Somebody who is signed in proves again who she is: before a privileged act, and so that a session
//! goes on. A memorized secret suffices (CJISSECPOL, IA-5 j(11)).

use ::sign_in::Token;
use schemas::authenticator::ProviderWord;
use schemas::event::sign_in::SignInSucceeded;
use zeroize::Zeroizing;

use super::SignIn;
use super::attempt::{SignedIn, clock_is_right, may_try, password_of, wrong};
use super::ends::settle;
use super::stored::Counting;
use super::whose::principal;
use crate::permission::{ActError, Principal, authenticate};
use ::sign_in::sessions::Session;
use audit_log::entries::sign_in::sign_in_succeeded;

/// Renews the session of `token`, which gets another one.
///
/// # Errors
/// When there is no such session or the password is not hers.
pub async fn prove_again(
    sign_in: &SignIn,
    token: &Token,
    password: &Zeroizing<String>,
    source: &str,
) -> Result<SignedIn, ActError> {
    clock_is_right(sign_in)?;
    may_try(sign_in, source)?;
    let (by, session) = principal(sign_in, token, source).await?;
    let state = sign_in.agency.registry.state();
    let found = password_of(sign_in, &state, by.user.as_str(), password, source).await?;
    let Some((_, kept)) = found else { return Err(wrong()) };
    renew(sign_in, token, (&by, &session), Shown::here(&kept), source).await
}

/// What somebody has just shown to prove again who she is.
pub(super) struct Shown<'a> {
    pub(super) by: &'a Counting,
    /// What a provider of single sign-on says of it, where that is what she showed.
    pub(super) provider: Option<ProviderWord>,
}

impl<'a> Shown<'a> {
    /// Something that she shows here and now.
    pub(super) const fn here(by: &'a Counting) -> Self {
        Self { by, provider: None }
    }
}

/// Renews a session whose person has just proved who she is by `shown`.
pub(super) async fn renew(
    sign_in: &SignIn,
    token: &Token,
    (by, session): (&Principal, &Session),
    Shown { by: shown, provider }: Shown<'_>,
    source: &str,
) -> Result<SignedIn, ActError> {
    let (appended, ()) = sign_in
        .agency
        .act(|state, now| {
            let person = authenticate(state, by, now)?;
            let event = SignInSucceeded {
                session: session.id,
                way: session.way,
                authenticators: vec![shown.id],
                provider: provider.clone(),
                device: session.device.clone(),
                approved_in: None,
                client: source.parse().unwrap_or_default(),
                again: true,
                until: session.until(),
            };
            let actor = sign_in.agency.actor(&person, by);
            Ok((sign_in_succeeded(state, actor, event), ()))
        })
        .await?;
    let now = appended.at();
    let verified = provider.map_or(now, |word| word.proved_at.min(now));
    let renewed = sign_in.sessions.renew(token, (now, verified)).await?;
    let (token, session) = renewed.ok_or_else(wrong)?;
    settle(sign_in).await?;
    let failures = sign_in.failures.take_since(&by.user);
    let (until, last) = (session.until(), shown.used.last);
    Ok(SignedIn { token: super::exposed(&token), session, until, last, failures })
}
