//! Security keys on pages: the buttons that ask one, what is asked, and what comes back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::enrol::choose;
use super::fields::{Fields, Sent};
use super::kept::Kept;
use super::page::Shown;
use super::sign_in as pages;
use super::visitor::{From, Posted, Proven, give};
use crate::http::AppState;
use crate::http::problem::Problem;
use crate::permission::ActError;
use crate::sign_in::{self, Challenge, KeyShown};

type App = State<Arc<AppState>>;

/// What asks keys, in the browser.
pub(super) async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("key.js")).into_response()
}

/// The script, where a page has a button that asks a key.
pub(super) fn asks() -> Markup {
    html! { script src="/key.js" defer {} }
}

/// What a form says of a key.
pub(super) fn shown(fields: &Fields) -> Option<KeyShown> {
    fields.has("credential").then(|| KeyShown {
        challenge: fields.get("challenge").to_owned(),
        credential: fields.get("credential").to_owned(),
    })
}

fn needed(fields: &Fields) -> Result<KeyShown, ActError> {
    shown(fields).ok_or_else(|| {
        let why = "the browser did not ask your key; let this site run its script, or take another way to sign in";
        ActError::usage(why.into())
    })
}

/// What the script shows as it stands, when nothing is asked.
fn asked(challenge: Result<Challenge, ActError>) -> Response {
    match challenge {
        Ok(challenge) => Json(challenge).into_response(),
        Err(error) => {
            let problem = Problem::from(&error);
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, problem.detail).into_response()
        }
    }
}

pub(super) async fn ask(State(app): App, From(source): From) -> Response {
    asked(sign_in::ask_for_key(&app.sign_in, &source))
}

pub(super) async fn enter(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    let kept = Kept::brought(&fields);
    let entered = async {
        let shown = needed(&fields)?;
        let notice = fields.needed("notice", "Notice")?;
        sign_in::sign_in_by_key(&app.sign_in, &shown, &notice, &source).await
    };
    match entered.await {
        Ok(signed_in) => pages::welcome_with(&app, &signed_in, &kept),
        Err(error) => pages::form_keeping(&app, "", Some(&error.to_string()), &kept),
    }
}

pub(super) async fn enrolling(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    asked(sign_in::begin_key_enrolment(&app.sign_in, fields.get("code"), &source).await)
}

pub(super) async fn enrol(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    let enrolled = async {
        let (shown, code) = (needed(&fields)?, fields.get("code"));
        sign_in::finish_key_enrolment(&app.sign_in, code, &shown, &source).await
    };
    match enrolled.await {
        Ok(signed_in) => {
            let body = html! {
                p { "From now on you sign in with this key alone: press the button, touch it, and type its PIN." }
                p.notice { "If you lose it, an administrator has to enrol you anew, in person. Bind a second key, or print a card of codes beside a password, and keep that elsewhere." }
                p { a.button href="/account" { "Bind a second key" } " " a.button href="/" { "Go on" } }
            };
            give(Shown::new("Your key is bound", body).for_anybody(), &signed_in.token)
        }
        Err(error) => choose(&app, &source, &fields, Some(&error.to_string())).await,
    }
}

pub(super) async fn binding(
    State(app): App,
    From(source): From,
    Posted { visitor, .. }: Posted,
) -> Response {
    asked(sign_in::begin_own_key(&app.sign_in, &visitor.by, &source).await)
}

pub(super) async fn bind(
    State(app): App,
    From(source): From,
    Proven { visitor, fields }: Proven,
) -> Response {
    let bound = async {
        let shown = needed(&fields)?;
        sign_in::bind_own_key(&app.sign_in, &visitor.by, &shown, &source).await
    };
    visitor.done(bound.await, "/account")
}

/// Nothing but that somebody has proved again who she is.
pub(super) async fn proved(Proven { visitor, .. }: Proven) -> Response {
    visitor.respond(Redirect::to("/account"))
}
