//! Single sign-on on pages: the way to a provider, and the page that people come back to.
//!
//! That page is an answer of its own and no redirect: the cookie of a session is not sent with what another
//! site began (`SameSite=Strict`), so it takes a step on a page of this one. Until somebody is back, her
//! browser keeps what she was sent for in a cookie that does come along (`SameSite=Lax`) and is worth
//! nothing but for this.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use schemas::digest::Digest;

use super::enrol::choose;
use super::fields::{Fields, Sent};
use super::page::{Shown, form_token};
use super::sign_in::{form, welcome};
use super::visitor::{From, Posted, Proven, Visitor, cookie, give};
use crate::http::AppState;
use crate::permission::ActError;
use crate::sign_in::{self, CameBack, TOO_LONG_AGO, providers};
use ::sign_in::provider::{Answer, Began};

type App = State<Arc<AppState>>;

/// The cookie of what somebody was sent for.
const KEPT: &str = "__Host-accord-sign-on";

fn kept(mut response: Response, began: Option<&Began>) -> Response {
    let (value, lasts) = began.map_or(("", 0), |began| (began.kept.as_str(), 600));
    let cookie = format!("{KEPT}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={lasts}");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// What a browser brings: what it kept, and whether a page of this site sent it, where it tells that.
pub(super) struct Brought {
    kept: String,
    from_here: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Brought {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let site = parts.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
        let from_here = site.is_none_or(|site| site == "same-origin");
        Ok(Self { kept: cookie(parts, KEPT).unwrap_or_default().to_owned(), from_here })
    }
}

/// The buttons by which people sign in at each provider, once they have read the notice.
pub(super) fn buttons(app: &AppState, anew: bool) -> Markup {
    let notice = app.sign_in.notice().digest.to_string();
    html! {
        @for provider in providers(&app.sign_in) {
            @let settings = provider.settings();
            p {
                a.button href={ "/sign-in/with/" (settings.name) "?notice=" (notice) @if anew { "&anew=1" } } {
                    "I have read the notice and consent: sign in with " (settings.label)
                }
            }
        }
    }
}

/// The way there, as an address that the browser follows.
pub(super) async fn go(
    State(app): App,
    Path(name): Path<String>,
    From(source): From,
    brought: Brought,
    asked: Fields,
) -> Response {
    let Ok(notice) = asked.get("notice").parse::<Digest>() else {
        return form(&app, "", Some("The notice was not shown; here it is."));
    };
    if !brought.from_here {
        return form(
            &app,
            "",
            Some("Another site sent you here, so nothing was begun; begin here."),
        );
    }
    let anew = asked.has("anew");
    match sign_in::begin_sign_on(&app.sign_in, &name, &notice, anew, &source).await {
        Ok(began) => match HeaderValue::from_str(&began.address) {
            Ok(address) => {
                kept((StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response(), Some(&began))
            }
            Err(_) => form(
                &app,
                "",
                Some("The provider's address cannot be followed; tell an administrator."),
            ),
        },
        Err(error) => form(&app, "", Some(&error.to_string())),
    }
}

/// The way there, as a link on a page: a form may not lead to another site.
fn way(began: Result<Began, ActError>, label: &str) -> Result<(Shown, Began), ActError> {
    let began = began?;
    let body = html! {
        p { "Sign in there as yourself; you come back here by yourself." }
        p { a.button href=(began.address) autofocus { "Go on to " (label) } }
    };
    Ok((Shown::new(label, body), began))
}

fn label(app: &AppState, name: &str) -> String {
    let named = providers(&app.sign_in).iter().find(|one| one.settings().name == name);
    named.map_or_else(|| "single sign-on".to_owned(), |one| one.settings().label.clone())
}

/// Who enrols chooses a provider.
pub(super) async fn enrol(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    let (name, code) = (fields.get("provider"), fields.secret("code"));
    let began = sign_in::begin_account_enrolment(&app.sign_in, name, &code, &source).await;
    match way(began, &label(&app, name)) {
        Ok((shown, began)) => kept(shown.for_anybody(), Some(&began)),
        Err(error) => choose(&app, &source, &fields, Some(&error.to_string())).await,
    }
}

async fn in_session(app: &AppState, visitor: &Visitor, fields: &Fields, again: bool) -> Response {
    let (name, source) = (fields.get("provider"), visitor.source());
    let token = visitor.token();
    let began = sign_in::begin_in_session(&app.sign_in, name, token, again, source).await;
    match way(began, &label(app, name)) {
        Ok((shown, began)) => kept(visitor.page(shown), Some(&began)),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

/// Who is signed in is to sign in by a provider, too.
pub(super) async fn bind(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    in_session(&app, &visitor, &fields, false).await
}

/// Who is signed in proves again who she is.
pub(super) async fn again(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    in_session(&app, &visitor, &fields, true).await
}

/// What stands on one's own page of sign-in about providers.
pub(super) fn on_account(app: &AppState, visitor: &Visitor) -> Markup {
    let (action, word) = if visitor.lately {
        ("/account/with", "Sign in from now on, too, with ")
    } else {
        ("/account/with/again", "Prove again who you are with ")
    };
    html! {
        @if visitor.lately || visitor.has_account {
            @for provider in providers(&app.sign_in) {
                form method="post" action=(action) {
                    (form_token(visitor))
                    input type="hidden" name="provider" value=(provider.settings().name);
                    button type="submit" { (word) (provider.settings().label) }
                }
            }
        }
    }
}

/// What somebody who enrols may choose.
pub(super) fn on_enrolling(app: &AppState, code: &str) -> Markup {
    html! {
        @for provider in providers(&app.sign_in) {
            form method="post" action="/enrol/with" {
                input type="hidden" name="code" value=(code);
                input type="hidden" name="provider" value=(provider.settings().name);
                button type="submit" { "Sign in with " (provider.settings().label) }
            }
        }
    }
}

/// The page that people come back to.
pub(super) async fn back(
    State(app): App,
    Path(name): Path<String>,
    From(source): From,
    brought: Brought,
    said: Fields,
) -> Response {
    let answer = Answer {
        code: said.get("code"),
        state: said.get("state"),
        issuer: said.get("iss"),
        error: said.get("error"),
    };
    let came = sign_in::come_back(&app.sign_in, &name, &brought.kept, &answer, &source).await;
    let response = match came {
        Ok(CameBack::SignedIn(signed_in)) => welcome(&app, &signed_in),
        Ok(CameBack::Enrolled(signed_in)) => {
            let label = label(&app, &name);
            let body = html! {
                p { "From now on you sign in with " (label) "." }
                p.notice { "While " (label) " is away you need another way in: bind a security key, too, or choose a password with a card of codes." }
                p { a.button href="/account" { "Bind a security key" } " " a.button href="/" { "Go on" } }
            };
            give(Shown::new("You are enrolled", body).for_anybody(), &signed_in.token)
        }
        Ok(CameBack::Renewed(signed_in)) => {
            let body = html! {
                p { "For a quarter of an hour you may do what takes that." }
                p { a.button href="/account" { "Go on" } }
            };
            give(
                Shown::new("You have proved again who you are", body).for_anybody(),
                &signed_in.token,
            )
        }
        Ok(CameBack::Bound) => {
            let body = html! {
                p { "You sign in with " (label(&app, &name)) ", too." }
                p { a.button href="/account" { "Go on" } }
            };
            Shown::new("The account is bound", body).for_anybody()
        }
        Err(error) if error.code() == TOO_LONG_AGO => {
            let body = html! {
                p.wrong role="alert" { (error.to_string()) }
                (buttons(&app, true))
                p { a href="/sign-in" { "Or sign in another way" } }
            };
            Shown::new("Sign in there once more", body).for_anybody()
        }
        Err(error) => form(&app, "", Some(&error.to_string())),
    };
    kept(response, None)
}
