//! The dispatch system of an agency: a program that asks over HTTPS for persons who let it.

use node::http::programs::SESSION;
use node::sign_in::{Waits, approve_terminal, principal};
use schemas::time::DAY_MS;
use serde_json::{Value, json};

use crate::agency::{Agency, Plan};
use crate::federation::sharing_pair_of;
use crate::fixtures::{OFFICER, PLATE, draft};
use crate::https::send_with;
use crate::signing_in::{DESK, door, enrolled};

/// An agency whose dispatch system may ask for its persons, and what proves that it is that system.
pub struct Dispatch {
    /// The agency.
    pub agency: Agency,
    /// Another, with which an agreement is in force, and which has three reads of [`PLATE`].
    pub owner: Agency,
    /// The program's token.
    pub token: String,
}

impl Dispatch {
    /// One whose program `cad-1` was added with these arguments.
    pub async fn start(scope: &[&str]) -> Self {
        let asking = Plan::of("asking-ca-pd").with_pages();
        let (agency, owner, _) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
        let token = added(&agency, "cad-1", scope);
        Self { agency, owner, token }
    }

    /// What the program hears: status and first line.
    pub async fn says(
        &self,
        method: &str,
        path: &str,
        session: &str,
        body: &Value,
    ) -> (u16, Value) {
        asks(&self.agency, &self.token, method, path, session, body).await
    }

    /// As [`Self::says`], under a key: every line.
    pub async fn asks_once(&self, session: &str, key: &str, body: &Value) -> (u16, Vec<Value>) {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key),
            (SESSION, session),
        ];
        let path = "/api/v1/queries";
        let (status, said) =
            send_with(&self.agency, "POST", path, &headers, body.to_string()).await;
        (status, lines(&said))
    }

    /// The officer lets the program ask for her; the session that it has then.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn approved(&self) -> String {
        let (status, waits) = self.says("POST", "/session", "", &Value::Null).await;
        assert_eq!(status, 200, "{waits}");
        let waits: Waits = serde_json::from_value(waits).expect("a code");
        let shown = json!({ "secret": waits.secret });
        let waiting = self.says("POST", "/session/finish", "", &shown).await;
        assert_eq!(waiting, (200, Value::Null), "she has not approved it yet");
        self.approves(&waits.code).await;
        let (status, signed_in) = self.says("POST", "/session/finish", "", &shown).await;
        assert_eq!(status, 200, "{signed_in}");
        signed_in["token"].as_str().expect("a token").to_owned()
    }

    /// The officer approves the code that a program shows.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn approves(&self, code: &str) {
        let officer = OFFICER.parse().expect("a name");
        let person = enrolled(&self.agency, &self.agency.admin(), &officer, false).await;
        let hers = person.sign_in(&self.agency, DESK).await.expect("a session");
        let hers = ::sign_in::Token::shown(&hers.token);
        let (_, session) = principal(door(&self.agency), &hers, DESK).await.expect("hers");
        approve_terminal(door(&self.agency), &session, code).expect("approved");
    }

    /// What she asks.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn draft(&self) -> Value {
        let draft = draft(&[self.owner.id()], PLATE, self.agency.now());
        serde_json::to_value(draft).expect("JSON")
    }
}

/// The token of a program that was just added, good for a day.
///
/// # Panics
/// When it is not added.
#[must_use]
pub fn added(agency: &Agency, name: &str, scope: &[&str]) -> String {
    let until = agency.now().plus_millis(DAY_MS).to_string();
    let args = [&["program", "add", name, "--until", &until], scope].concat();
    agency.accord(&args).done()["token"].as_str().expect("a token").to_owned()
}

/// What a program hears that shows this token and this session: status and first line.
pub async fn asks(
    agency: &Agency,
    token: &str,
    method: &str,
    path: &str,
    session: &str,
    body: &Value,
) -> (u16, Value) {
    let (status, said) = told(agency, token, method, path, session, body).await;
    let first = said.lines().next().unwrap_or("null");
    (status, serde_json::from_str(first).unwrap_or(Value::String(said)))
}

/// As [`asks`], all of it.
pub async fn told(
    agency: &Agency,
    token: &str,
    method: &str,
    path: &str,
    session: &str,
    body: &Value,
) -> (u16, String) {
    let (path, bearer) = (format!("/api/v1{path}"), format!("Bearer {token}"));
    let mut headers =
        vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
    if !session.is_empty() {
        headers.push((SESSION, session));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send_with(agency, method, &path, &headers, body).await
}

/// Lines of JSON.
///
/// # Panics
/// When one is none.
#[must_use]
pub fn lines(said: &str) -> Vec<Value> {
    said.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}
