//! Signing in by a provider of single sign-on (OpenID Connect). Who that is here was bound to a person of the
//! registry, by her enrolment or in her session; no name, address or group that the provider tells makes
//! anybody somebody. Each time that she proves herself there counts once here.

use ::sign_in::provider::{Answer, Began, Groups, Provider, Purpose, Returned, SignOnError, Word};
use ::sign_in::sessions::Session;
use ::sign_in::verifier::Verifier;
use ::sign_in::{Secret, Token};
use schemas::authenticator::{AuthenticatorId, AuthenticatorKind, ProviderWord, SignInWay};
use schemas::digest::Digest;
use schemas::names::ProgramName;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::user::User;

use super::SignIn;
use super::attempt::{Proven, SignedIn, clock_is_right, may_try, open_session};
use super::bind::{New, bind_enrolled, bind_own, new_id};
use super::enrol::person_of;
use super::failures::failed;
use super::prove::{Shown, renew};
use super::stored::{Counting, Held};
use super::whose::{principal, proved_lately};
use crate::permission::{ActError, Principal};

/// Most ways of proving that an entry tells.
const MOST_WAYS: usize = 16;

impl From<SignOnError> for ActError {
    fn from(error: SignOnError) -> Self {
        let said = error.to_string();
        let code = match error {
            SignOnError::Unreachable { .. } => {
                return Self::failed_as("provider_unreachable", said);
            }
            SignOnError::Busy | SignOnError::Randomness(_) => {
                return Self::failed_as("overloaded", said);
            }
            SignOnError::Untrusted { .. } => "provider_untrusted",
            SignOnError::Declined { .. } => "provider_declined",
            SignOnError::OneFactor { .. } => "provider_one_factor",
            SignOnError::TooLongAgo { .. } => TOO_LONG_AGO,
            SignOnError::NotBegun => "sign_in_not_begun",
            SignOnError::ProgramUnknown { .. } => "provider_program_unknown",
        };
        Self::refused_as(code, Vec::new(), said)
    }
}

/// The code of the refusal that signing in anew at the provider mends.
pub const TOO_LONG_AGO: &str = "provider_too_long_ago";

/// What came of going to a provider.
#[derive(Debug)]
pub enum CameBack {
    /// Somebody is signed in.
    SignedIn(SignedIn),
    /// Somebody is signed in, and does so by the provider from now on.
    Enrolled(SignedIn),
    /// Her session goes on.
    Renewed(SignedIn),
    /// She signs in by the provider, too.
    Bound,
}

/// The providers by which people sign in here.
pub fn providers(sign_in: &SignIn) -> &[Provider] {
    &sign_in.providers
}

fn provider<'a>(sign_in: &'a SignIn, name: &str) -> Result<&'a Provider, ActError> {
    sign_in.providers.iter().find(|one| one.settings().name == name).ok_or_else(|| {
        let why = "no provider of single sign-on has this name; begin at the first page";
        ActError::usage_as("provider_unknown", why.into())
    })
}

async fn begin(
    sign_in: &SignIn,
    name: &str,
    source: &str,
    purpose: Purpose,
) -> Result<Began, ActError> {
    clock_is_right(sign_in)?;
    may_try(sign_in, source)?;
    let provider = provider(sign_in, name)?;
    Ok(provider.begin(&sign_in.key, source, purpose, sign_in.now()).await?)
}

/// Begins to sign somebody in who has read the notice; with `anew`, not by what the provider remembers.
///
/// # Errors
/// When there is no such provider, it cannot be asked, or the notice is another.
pub async fn begin_sign_on(
    sign_in: &SignIn,
    name: &str,
    notice: &Digest,
    anew: bool,
    source: &str,
) -> Result<Began, ActError> {
    sign_in.notice.acknowledged(notice)?;
    let purpose = if anew { Purpose::SignInAnew(*notice) } else { Purpose::SignIn(*notice) };
    begin(sign_in, name, source, purpose).await
}

/// Begins to bind an account at a provider by a one-time enrolment.
///
/// # Errors
/// When no enrolment has this code, or the provider cannot be asked.
pub async fn begin_account_enrolment(
    sign_in: &SignIn,
    name: &str,
    code: &Secret,
    source: &str,
) -> Result<Began, ActError> {
    drop(person_of(sign_in, code, source).await?);
    begin(sign_in, name, source, Purpose::Enrol(code.clone())).await
}

/// Begins to bind an account of somebody who is signed in and proved herself lately, or, with `again`, to prove
/// again who she is.
///
/// # Errors
/// When there is no such session, or the provider cannot be asked.
pub async fn begin_in_session(
    sign_in: &SignIn,
    name: &str,
    token: &Token,
    again: bool,
    source: &str,
) -> Result<Began, ActError> {
    let (_, session) = principal(sign_in, token, source).await?;
    let token = super::exposed(token);
    if again {
        return begin(sign_in, name, source, Purpose::Again(token)).await;
    }
    proved_lately(&session, sign_in.now())?;
    begin(sign_in, name, source, Purpose::Bind(token)).await
}

/// What becomes of the answer that a browser brings from a provider, beside what it `kept`.
///
/// # Errors
/// When the answer does not hold, is not enough, or is of nobody here.
pub async fn come_back(
    sign_in: &SignIn,
    name: &str,
    kept: &str,
    answer: &Answer<'_>,
    source: &str,
) -> Result<CameBack, ActError> {
    clock_is_right(sign_in)?;
    may_try(sign_in, source)?;
    let (provider, now) = (provider(sign_in, name)?, sign_in.now());
    let Returned { purpose, word } =
        provider.returned(&sign_in.key, source, kept, answer, now).await?;
    let word = word.and_then(|word| provider.suffices(&word, now).map(|()| word));
    let word = match word {
        Ok(word) => word,
        Err(error) => {
            let away = matches!(error, SignOnError::Unreachable { .. } | SignOnError::Busy);
            if !away {
                not_taken(sign_in, None, source).await;
            }
            return Err(error.into());
        }
    };
    let by = (provider, &word);
    match purpose {
        Purpose::SignIn(notice) | Purpose::SignInAnew(notice) => {
            sign_in.notice.acknowledged(&notice)?;
            signed_in(sign_in, by, source).await.map(CameBack::SignedIn)
        }
        Purpose::Again(token) => {
            again(sign_in, by, &Token::shown(&token), source).await.map(CameBack::Renewed)
        }
        Purpose::Enrol(code) => enrolled(sign_in, by, &code, source).await.map(CameBack::Enrolled),
        Purpose::Bind(token) => {
            let (by_whom, session) = principal(sign_in, &Token::shown(&token), source).await?;
            bound(sign_in, by, (&by_whom, &session)).await?;
            Ok(CameBack::Bound)
        }
    }
}

/// Counts and records that somebody was not signed in. Passwords are not locked by it: who fails at the
/// provider has not guessed at any.
async fn not_taken(sign_in: &SignIn, user: Option<&UserName>, source: &str) {
    let now = sign_in.now();
    sign_in.throttle().failed(None, source, false, now);
    failed(sign_in, user, source, now).await;
}

/// The accounts that are bound as this one, whose ever they are.
fn accounts(sign_in: &SignIn, held: &Held<'_>, provider: &Provider, word: &Word) -> Vec<Counting> {
    let state = sign_in.agency.registry.state();
    let all = held.all(&state, AuthenticatorKind::ProviderAccount);
    let is = |one: &Counting| match &one.verifier {
        Verifier::ProviderAccount { issuer, subject, .. } => {
            *issuer == provider.settings().issuer && *subject == word.subject
        }
        _ => false,
    };
    all.into_iter().filter(is).collect()
}

/// Whose account it is. That she proved herself there is spent, durably, before it counts: once here, and once
/// for each program that shows it.
async fn whose(
    sign_in: &SignIn,
    (provider, word): (&Provider, &Word),
    source: &str,
    program: Option<&ProgramName>,
) -> Result<Counting, ActError> {
    let label = &provider.settings().label;
    let mut held = sign_in.stored.hold().await;
    let mut found = accounts(sign_in, &held, provider, word);
    // One that two have is nobody's.
    let only = if found.len() == 1 { found.pop() } else { None };
    let state = sign_in.agency.registry.state();
    let enabled =
        |user: &UserName| state.users.get(user).is_some_and(|person| person.enabled(sign_in.now()));
    let Some(mut account) = only.filter(|one| enabled(&one.told.user)) else {
        drop(held);
        not_taken(sign_in, None, source).await;
        let why = format!(
            "nobody here signs in by this account of {label}; an administrator enrols you with `accord user enrol`, and you choose {label} then"
        );
        return Err(ActError::refused_as("account_unknown", Vec::new(), why));
    };
    let last = match program {
        None => account.used.proved,
        Some(program) => account.used.programs.get(program).copied(),
    };
    if last.is_some_and(|last| word.told <= last) {
        drop(held);
        not_taken(sign_in, Some(&account.told.user), source).await;
        return Err(SignOnError::TooLongAgo { label: label.clone() }.into());
    }
    match program {
        None => account.used.proved = Some(word.told),
        Some(program) => drop(account.used.programs.insert(program.clone(), word.told)),
    }
    held.note(account.id, account.used.clone()).await?;
    Ok(account)
}

/// What the log tells of a provider's word about a person.
fn told(provider: &Provider, word: &Word, person: &User) -> Result<ProviderWord, ActError> {
    let settings = provider.settings();
    let text = |text: &String| schemas::text::one_line(text).parse::<Text>().ok();
    let issuer = text(&settings.issuer)
        .ok_or_else(|| ActError::failed("the provider's name cannot be written".into()))?;
    let left = |groups: &Groups| {
        let roles = person.roles.iter().copied();
        roles.filter(|role| groups.leave(*role, &word.groups)).collect()
    };
    Ok(ProviderWord {
        issuer,
        amr: word.amr.iter().take(MOST_WAYS).filter_map(text).collect(),
        acr: word.acr.as_ref().and_then(text),
        proved_at: word.proved,
        roles: settings.groups.as_ref().map(left),
    })
}

/// Somebody whom the provider vouches for.
fn proven(sign_in: &SignIn, by: (&Provider, &Word), account: Counting) -> Result<Proven, ActError> {
    let user = account.told.user.clone();
    let state = sign_in.agency.registry.state();
    let person = state.users.get(&user).ok_or_else(super::attempt::wrong)?;
    let provider = Some(told(by.0, by.1, person)?);
    let authenticators = vec![account.id];
    let way = SignInWay::SingleSignOn;
    Ok(Proven { user, way, first: account, authenticators, provider, approved: None })
}

async fn signed_in(
    sign_in: &SignIn,
    by: (&Provider, &Word),
    source: &str,
) -> Result<SignedIn, ActError> {
    let account = whose(sign_in, by, source, None).await?;
    open_session(sign_in, proven(sign_in, by, account)?, source).await
}

/// Opens a session of whoever proved herself at a provider to a program of the agency, for that program alone:
/// it shows the ID token that it got for her. She has read the notice there.
///
/// # Errors
/// When the token does not hold, says too little or was shown before, is of nobody here, or the notice is another.
pub async fn sign_in_for_program(
    sign_in: &SignIn,
    (program, source): (&ProgramName, &str),
    name: &str,
    token: &Secret,
    notice: &Digest,
) -> Result<SignedIn, ActError> {
    clock_is_right(sign_in)?;
    may_try(sign_in, source)?;
    sign_in.notice.acknowledged(notice)?;
    let (provider, now) = (provider(sign_in, name)?, sign_in.now());
    let word = provider.shown_by(program, token, now).await;
    let word = match word.and_then(|word| provider.suffices(&word, now).map(|()| word)) {
        Ok(word) => word,
        Err(error) => {
            if matches!(error, SignOnError::Untrusted { .. } | SignOnError::OneFactor { .. }) {
                not_taken(sign_in, None, source).await;
            }
            return Err(error.into());
        }
    };
    let by = (provider, &word);
    let account = whose(sign_in, by, source, Some(program)).await?;
    open_session(sign_in, proven(sign_in, by, account)?, source).await
}

async fn again(
    sign_in: &SignIn,
    (provider, word): (&Provider, &Word),
    token: &Token,
    source: &str,
) -> Result<SignedIn, ActError> {
    let (by, session) = principal(sign_in, token, source).await?;
    let account = whose(sign_in, (provider, word), source, None).await?;
    if account.told.user != by.user {
        not_taken(sign_in, Some(&by.user), source).await;
        let why = "that account is another person's; sign in there as yourself";
        return Err(ActError::refused_as("account_of_another", Vec::new(), why.into()));
    }
    let state = sign_in.agency.registry.state();
    let person = state.users.get(&by.user).ok_or_else(super::attempt::wrong)?;
    let word = told(provider, word, person)?;
    let shown = Shown { by: &account, provider: Some(word) };
    renew(sign_in, token, (&by, &session), shown, source).await
}

/// An account as an authenticator, unless another person has it.
async fn new(
    sign_in: &SignIn,
    (provider, word): (&Provider, &Word),
    user: &UserName,
) -> Result<New, ActError> {
    let held = sign_in.stored.hold().await;
    if accounts(sign_in, &held, provider, word).iter().any(|one| one.told.user != *user) {
        let why = "another person signs in by this account; tell an administrator";
        return Err(ActError::refused_as("account_of_another", Vec::new(), why.into()));
    }
    let verifier = Verifier::of_account(&provider.settings().issuer, &word.subject);
    let verifier = verifier.ok_or(::sign_in::NoRandomness)?;
    New::of(new_id()?, &verifier)
}

async fn enrolled(
    sign_in: &SignIn,
    by: (&Provider, &Word),
    code: &Secret,
    source: &str,
) -> Result<SignedIn, ActError> {
    let (digest, User { name, .. }) = person_of(sign_in, code, source).await?;
    let new = [new(sign_in, by, &name).await?];
    bind_enrolled(sign_in, &digest, &name, &new, source).await?;
    signed_in(sign_in, by, source).await
}

async fn bound(
    sign_in: &SignIn,
    (provider, word): (&Provider, &Word),
    (by, session): (&Principal, &Session),
) -> Result<(), ActError> {
    proved_lately(session, sign_in.now())?;
    let new = [new(sign_in, (provider, word), &by.user).await?];
    // One at each provider.
    let before: Vec<AuthenticatorId> = {
        let state = sign_in.agency.registry.state();
        let held = sign_in.stored.hold().await;
        let hers = held.of(&state, &by.user, AuthenticatorKind::ProviderAccount).into_iter();
        let same = |one: &Counting| matches!(&one.verifier, Verifier::ProviderAccount { issuer, .. } if *issuer == provider.settings().issuer);
        hers.filter(same).map(|one| one.id).collect()
    };
    bind_own(sign_in, by, &new, |_| Ok(before.clone())).await
}
