//! Signing in: the notice, the name, password and code; and leaving. What is wrong is said in the same
//! words whatever it is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::HeaderName;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use schemas::digest::Digest;

use super::fields::Sent;
use super::key::asks;
use super::page::{Shown, when};
use super::single_sign_on::buttons;
use super::visitor::{From, Posted, give, take_back};
use crate::http::AppState;
use crate::permission::ActError;
use crate::sign_in::{self, Attempt, SignedIn};

type App = State<Arc<AppState>>;

/// What stands before everything.
pub(super) fn shown_notice(app: &AppState) -> Markup {
    html! { p.notice { (app.sign_in.notice().text) } }
}

/// That it was shown, in the form by which it is acknowledged.
pub(super) fn notice_field(app: &AppState) -> Markup {
    html! { input type="hidden" name="notice" value=(app.sign_in.notice().digest.to_string()); }
}

/// Who one is.
pub(super) fn user_field(user: &str) -> Markup {
    html! {
        p.field {
            label for="user" { "Your user name" }
            input id="user" name="user" value=(user) autocomplete="username" autocapitalize="none"
                spellcheck="false" required;
        }
    }
}

/// A secret that one knows.
pub(super) fn password_field(id: &str, label: &str, completes: &str) -> Markup {
    html! {
        p.field {
            label for=(id) { (label) }
            input id=(id) name=(id) type="password" autocomplete=(completes) required;
        }
    }
}

/// A code of what one has.
pub(super) fn code_field() -> Markup {
    html! {
        p.field {
            label for="code" { "Code" }
            span.hint id="code-hint" {
                "The one that your device shows now, or the next code of your card. Cross that one out: each counts once."
            }
            input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters"
                spellcheck="false" required aria-describedby="code-hint";
        }
    }
}

/// The notice, and below it who one is and what proves it.
pub(super) fn form(app: &AppState, user: &str, said: Option<&str>) -> Response {
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        (shown_notice(app))
        form method="post" action="/sign-in/key" {
            (notice_field(app))
            button.first type="submit" data-challenge="/sign-in/key/challenge" {
                "I have read the notice and consent: sign in with my security key"
            }
        }
        (buttons(app, false))
        h2 { "Or with a password and a code" }
        form method="post" action="/sign-in" {
            (notice_field(app))
            (user_field(user))
            (password_field("password", "Password", "current-password"))
            (code_field())
            button type="submit" { "I have read the notice and consent: sign in" }
        }
        p { "You were handed an enrolment code? " a href="/enrol" { "Choose here how you sign in" } "." }
        (asks())
        p { "Your password is to change? " a href="/password" { "Choose another here" } "." }
    };
    Shown::new("Sign in", body).for_anybody()
}

/// Why a session is over, above the first page.
pub(super) fn ended(app: &AppState, error: &ActError) -> Response {
    let said = error.to_string();
    let said = said.split(';').next().unwrap_or_default();
    form(app, "", Some(&format!("{said}. Sign in again.")))
}

pub(super) async fn ask(State(app): App) -> Response {
    form(&app, "", None)
}

pub(super) async fn prove(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    let Ok(notice) = fields.get("notice").parse::<Digest>() else {
        return form(&app, fields.get("user"), Some("The notice was not shown; here it is."));
    };
    let user = fields.get("user");
    let (password, code) = (fields.secret("password"), fields.secret("code"));
    let attempt = Attempt { user: user.to_owned(), password, code, notice };
    match sign_in::sign_in(&app.sign_in, &attempt, &source).await {
        Ok(signed_in) => welcome(&signed_in),
        Err(error) => form(&app, user, Some(&error.to_string())),
    }
}

/// Who signed in sees when she did the last time, and who failed as her since.
pub(super) fn welcome(signed_in: &SignedIn) -> Response {
    let SignedIn { token, until, last, failures, .. } = signed_in;
    let body = html! {
        p {
            @match last {
                Some(last) => { "You signed in the last time on " strong { (when(*last)) } "." }
                None => { "You have never signed in with this password before." }
            }
        }
        @if *failures > 0 {
            p.wrong role="alert" {
                "Since then somebody failed " (failures) " times to sign in as you. If that was not you, tell an administrator now."
            }
        }
        p { "This session ends at " (when(*until)) " at the latest, and after half an hour in which nothing is done." }
        p { a.button href="/" autofocus { "Go on" } }
    };
    give(Shown::new("You are signed in", body).for_anybody(), token)
}

pub(super) async fn leave(State(app): App, Posted { visitor, .. }: Posted) -> Response {
    match visitor.leave(&app).await {
        Ok(_) => {
            // Not its cookies: those of every host below the same name would go with them.
            let clear = (HeaderName::from_static("clear-site-data"), "\"cache\", \"storage\"");
            take_back(([clear], Redirect::to("/sign-in")).into_response())
        }
        Err(error) => take_back(Shown::error(&error).for_anybody()),
    }
}
