//! Signing in: the notice, the name, password and code; and leaving. What is wrong is said in the same
//! words whatever it is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::HeaderName;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use schemas::digest::Digest;

use super::fields::Sent;
use super::kept::Kept;
use super::key::asks;
use super::page::Shown;
use super::single_sign_on::buttons;
use super::visitor::{From, Posted, form_token, give, take_back};
use super::zone::Zone;
use crate::http::AppState;
use crate::permission::ActError;
use crate::sign_in::{self, Attempt, SignedIn};
use ::sign_in::Token;

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
    form_keeping(app, user, said, &Kept::default())
}

/// As [`form`], with what was filled in when a session ended.
pub(super) fn form_keeping(
    app: &AppState,
    user: &str,
    said: Option<&str>,
    kept: &Kept,
) -> Response {
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        (shown_notice(app))
        form method="post" action="/sign-in/key" {
            (notice_field(app))
            (kept.carried())
            button.first type="submit" data-challenge="/sign-in/key/challenge" {
                "I have read the notice and consent: sign in with my security key"
            }
        }
        (buttons(app, false))
        h2 { "Or with a password and a code" }
        form method="post" action="/sign-in" {
            (notice_field(app))
            (kept.carried())
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
pub(super) fn ended(app: &AppState, error: &ActError, kept: &Kept) -> Response {
    let said = error.to_string();
    let said = said.split(';').next().unwrap_or_default();
    form_keeping(app, "", Some(&format!("{said}. Sign in again.")), kept)
}

pub(super) async fn ask(State(app): App) -> Response {
    form(&app, "", None)
}

pub(super) async fn prove(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    let Ok(notice) = fields.get("notice").parse::<Digest>() else {
        let kept = Kept::brought(&fields);
        let said = Some("The notice was not shown; here it is.");
        return form_keeping(&app, fields.get("user"), said, &kept);
    };
    let (user, kept) = (fields.get("user"), Kept::brought(&fields));
    let (password, code) = (fields.secret("password"), fields.secret("code"));
    let attempt = Attempt { user: user.to_owned(), password, code, notice };
    match sign_in::sign_in(&app.sign_in, &attempt, &source).await {
        Ok(signed_in) => welcome_with(&app, &signed_in, &kept),
        Err(error) => form_keeping(&app, user, Some(&error.to_string()), &kept),
    }
}

/// Who signed in sees when she did the last time, and who failed as her since.
pub(super) fn welcome(app: &AppState, signed_in: &SignedIn) -> Response {
    welcome_with(app, signed_in, &Kept::default())
}

/// As [`welcome`], and on with what was filled in when a session ended.
pub(super) fn welcome_with(app: &AppState, signed_in: &SignedIn, kept: &Kept) -> Response {
    let SignedIn { token, session, until, last, failures } = signed_in;
    let zone = Zone::of(app);
    let body = html! {
        p {
            @match last {
                Some(last) => { "You signed in the last time on " strong { (zone.when(*last)) } "." }
                None => { "You have never signed in with this password before." }
            }
        }
        @if *failures > 0 {
            p.wrong role="alert" {
                "Since then somebody failed " (audit::wording::counted(*failures, "time", "times")) " to sign in as you. If that was not you, tell an administrator now."
            }
        }
        p { "This session ends at " (zone.when(*until)) " at the latest"
            @if let Some(minutes) = app.sign_in.idle_minutes(session) { ", and after " (minutes) " minutes in which nothing is done" }
            "."
            @if let Some(device) = &session.device { " It was opened from the device " strong { (device.name) } " (" (device.class.to_string()) "): shown from anywhere else it ends." }
        }
        (kept.offered(&form_token(&Token::shown(token.as_str())), &session.user))
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
