//! People who sign in, with real authenticators: a password, and one-time codes or a printed card.

use ::sign_in::Secret;
use ::sign_in::code::CodeSecret;
use node::permission::{ActError, Principal};
use node::sign_in::{
    Attempt, Second, SignIn, SignedIn, begin_enrolment, enrol, finish_enrolment, recover, sign_in,
};
use schemas::query::UserName;
use schemas::time::Timestamp;
use zeroize::Zeroizing;

use crate::agency::Agency;
use crate::fixtures::words;
use host::home::Home;

/// From where people here sign in.
pub const DESK: &str = "socket, uid 1000";
/// From where nobody here does.
pub const ELSEWHERE: &str = "socket, uid 66";

/// A person with what she signs in by.
pub struct Person {
    /// User name.
    pub user: UserName,
    /// Her password.
    pub password: String,
    secret: Option<CodeSecret>,
    /// The codes of her card.
    pub card: Vec<String>,
}

impl Person {
    /// What she shows at `now`: her code of this step.
    ///
    /// # Panics
    /// When she has no one-time codes.
    #[must_use]
    pub fn attempt(&self, agency: &Agency, now: Timestamp) -> Attempt {
        let secret = self.secret.as_ref().expect("one-time codes");
        self.attempt_with(agency, &secret.code(CodeSecret::step_at(now)))
    }

    /// What she shows with this code.
    #[must_use]
    pub fn attempt_with(&self, agency: &Agency, code: &str) -> Attempt {
        attempt(agency, self.user.as_str(), &self.password, code)
    }

    /// What she sends on the page at the present instant, as a browser writes it.
    ///
    /// # Panics
    /// As [`Self::attempt`].
    #[must_use]
    pub fn form(&self, agency: &Agency) -> String {
        let attempt = self.attempt(agency, agency.now());
        form_urlencoded::Serializer::new(String::new())
            .append_pair("user", &attempt.user)
            .append_pair("password", &attempt.password)
            .append_pair("code", &attempt.code)
            .append_pair("notice", &attempt.notice.to_string())
            .finish()
    }

    /// Signs in at the present instant.
    ///
    /// # Errors
    /// When she may not.
    pub async fn sign_in(&self, agency: &Agency, from: &str) -> Result<SignedIn, ActError> {
        sign_in(door(agency), &self.attempt(agency, agency.now()), from).await
    }
}

/// Where people of an agency sign in.
#[must_use]
pub fn door(agency: &Agency) -> &SignIn {
    &agency.node().app.sign_in
}

/// What somebody shows.
#[must_use]
pub fn attempt(agency: &Agency, user: &str, password: &str, code: &str) -> Attempt {
    Attempt {
        user: user.to_owned(),
        password: Secret::from(password.to_owned()),
        code: Secret::from(code.to_owned()),
        notice: door(agency).notice().digest,
    }
}

/// A password that nobody guesses, of `user`.
fn password(user: &UserName) -> String {
    format!("maple {} engine teapot", user.as_str().chars().rev().collect::<String>())
}

/// Enrols with a code, and with a card if so wanted; a minute later, when the code that confirmed it
/// is spent.
///
/// # Panics
/// When that is refused.
pub async fn enrol_with(agency: &Agency, code: &str, card: bool) -> Person {
    let pending = begin_enrolment(door(agency), code, DESK).await.expect("an enrolment");
    let secret = CodeSecret::from_letters(&pending.secret).expect("a secret");
    let shown = secret.code(CodeSecret::step_at(agency.now()));
    let second = if card { Second::CodeCard } else { Second::OneTimeCode(Secret::from(shown)) };
    let password = password(&pending.user);
    let given = Zeroizing::new(password.clone());
    let bound = finish_enrolment(door(agency), code, &given, &second, DESK).await;
    let bound = bound.expect("authenticators");
    assert_eq!(bound.signed_in.expect("a session").session.user, pending.user);
    agency.clock.shift(60_000);
    Person { user: pending.user, password, secret: (!card).then_some(secret), card: bound.card }
}

/// The administrator, who gets a way in at the machine.
///
/// # Panics
/// When that is refused.
pub async fn administrator(agency: &mut Agency) -> Person {
    agency.stop().await;
    let home = Home::open(agency.home()).expect("a home");
    let user = agency.admin().user;
    let made = recover(&home, &user, &words("for a test"), agency.now()).expect("a way in");
    agency.run().await;
    enrol_with(agency, &made.code, false).await
}

/// A user whom `by` enrols.
///
/// # Panics
/// When that is refused.
pub async fn enrolled(agency: &Agency, by: &Principal, user: &UserName, card: bool) -> Person {
    let given = enrol(agency.own(), by, user, &words("in person")).await;
    let (_, code) = given.expect("an enrolment");
    enrol_with(agency, &code, card).await
}
