//! Enrolling: whoever was handed a one-time code chooses a password and binds what gives her codes.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use qrcodegen::{QrCode, QrCodeEcc};

use super::fields::{Fields, Sent};
use super::key::asks;
use super::page::Shown;
use super::sign_in::welcome;
use super::single_sign_on::on_enrolling;
use super::visitor::{From, give};
use crate::http::AppState;
use crate::permission::ActError;
use crate::sign_in::{self, Pending, Second};

type App = State<Arc<AppState>>;

fn begin(said: Option<&str>) -> Response {
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        p { "An administrator handed you a code. It counts once, and for three days." }
        form method="post" action="/enrol" {
            p.field {
                label for="code" { "Enrolment code" }
                input id="code" name="code" autocapitalize="characters" autocomplete="off"
                    spellcheck="false" required autofocus;
            }
            button.first type="submit" { "Go on" }
        }
    };
    Shown::new("Choose how you sign in", body).for_anybody()
}

pub(super) async fn ask_code() -> Response {
    begin(None)
}

pub(super) async fn show(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    choose(&app, &source, &fields, None).await
}

pub(super) async fn choose(
    app: &AppState,
    source: &str,
    fields: &Fields,
    said: Option<&str>,
) -> Response {
    let code = fields.get("code");
    let pending = match sign_in::begin_enrolment(&app.sign_in, code, source).await {
        Ok(pending) => pending,
        Err(error) => return begin(Some(&error.to_string())),
    };
    let body = html! {
        @if let Some(said) = said {
            p.wrong role="alert" { (said) }
        }
        p { "You are " strong { bdi { (pending.full_name.as_str()) } } " (" (pending.user.to_string()) "). If not, stop here and tell who gave you the code." }
        form method="post" action="/enrol/key" {
            input type="hidden" name="code" value=(code);
            p { "A security key, or this device if it stays yours alone, needs no password: you touch it and type its PIN." }
            button.first type="submit" data-challenge="/enrol/key/challenge" data-new="" { "Use a security key" }
        }
        (asks())
        (on_enrolling(app, code))
        h2 { "Or choose a password" }
        form method="post" action="/enrol/finish" {
            input type="hidden" name="code" value=(code);
            p.field {
                label for="password" { "A new password" }
                span.hint id="password-hint" { "At least 15 characters; several words are good. Any characters, spaces too." }
                input id="password" name="password" type="password" autocomplete="new-password"
                    required aria-describedby="password-hint";
            }
            p.field {
                label for="repeated" { "The same again" }
                input id="repeated" name="repeated" type="password" autocomplete="new-password" required;
            }
            (device(&pending))
            button type="submit" name="second" value="one_time_code" { "Use my device" }
            " "
            button type="submit" name="second" value="code_card" { "No device: give me a card of codes to print" }
        }
    };
    Shown::new("Choose how you sign in", body).for_anybody()
}

/// What a device that shows codes is told.
fn device(pending: &Pending) -> Markup {
    html! {
        fieldset {
            legend { "If a device of yours shows one-time codes" }
            @if let Some(picture) = picture(&pending.address) {
                p { "Let its application look at this:" }
                (picture)
            }
            p { "Or type this into it: " span.code { (pending.secret) } }
            p.field {
                label for="typed" { "The code that it shows now" }
                input id="typed" name="typed" inputmode="numeric" autocomplete="one-time-code";
            }
        }
    }
}

/// A picture of an address, for a camera.
fn picture(address: &str) -> Option<Markup> {
    let code = QrCode::encode_text(address, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path += &format!("M{x} {y}h1v1h-1z");
        }
    }
    // Only digits and letters of a path stand in it.
    Some(html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "-4 -4 " (size + 8) " " (size + 8) }
            width="260" height="260" role="img" aria-label="The secret of your one-time codes as a picture" {
            rect x="-4" y="-4" width=(size + 8) height=(size + 8) fill="#fff" {}
            path d=(PreEscaped(path)) fill="#000" {}
        }
    })
}

pub(super) async fn finish(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    let again = async |said: &str| {
        let said = format!(
            "{said} If your device has looked at the picture already, remove what it has, and let it look at this new one."
        );
        choose(&app, &source, &fields, Some(&said)).await
    };
    let password = fields.secret("password");
    if *password != *fields.secret("repeated") {
        return again("The two passwords are not the same.").await;
    }
    let second = match fields.get("second") {
        "code_card" => Second::CodeCard,
        _ => Second::OneTimeCode(fields.secret("typed")),
    };
    let code = fields.get("code");
    let bound = sign_in::finish_enrolment(&app.sign_in, code, &password, &second, &source).await;
    let bound = match bound {
        Ok(bound) => bound,
        Err(error) => return again(&error.to_string()).await,
    };
    let Some(signed_in) = &bound.signed_in else {
        let error = ActError::failed("you are enrolled, but not signed in; sign in now".into());
        return Shown::error(&error).for_anybody();
    };
    if bound.card.is_empty() {
        return welcome(&app, signed_in);
    }
    give(card(&bound.card).for_anybody(), &signed_in.token)
}

/// A card of codes, to be printed.
pub(super) fn card(codes: &[String]) -> Shown {
    let body = html! {
        p.notice { "Print this page now: it is shown once. Whoever has the card and your password is you; keep them apart. Each code counts once." }
        div.wide {
            table {
                thead { tr { th scope="col" { "Number" } th scope="col" { "Code" } } }
                tbody {
                    @for (n, code) in codes.iter().enumerate() {
                        tr { th scope="row" { (n + 1) } td.code { (code) } }
                    }
                }
            }
        }
        p { a.button href="/" { "I have printed it: go on" } }
    };
    Shown::new("Your card of codes", body)
}
