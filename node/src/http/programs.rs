//! The way in for programs of the agency, over HTTPS: `/api/v1`.
//!
//! A program shows its own token or certificate, and beside it the session of the person for whom it asks: one
//! that she opened for this program, by approving a code that it showed her. So whatever it asks is asked by a
//! registered person, through every rule, and the entry says through which program. Where the policies admit it, it
//! may name her in the place of a session (`named_persons`). By itself a program may
//! begin to be approved, and nothing else but fetch records, where its scope says so.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use schemas::program::ProgramScope;
use tokio::sync::OwnedSemaphorePermit;

use super::chosen_audit::chosen;
use super::error::ApiError;
use super::https::{Remote, recognised};
use super::named_persons::named;
use super::open::bearer;
use super::problem::Problem;
use super::program_streams::{Person, for_person};
use super::state::{App, AppState};
use crate::certificate::ShownCertificate;
use crate::permission::{ActError, Principal};
use crate::reads::intake;
use crate::sign_in;
use ::sign_in::Token;
use registry::{Credential, Program, ProgramName};
use schemas::time::Timestamp;

/// The header that shows the session of the person for whom a program asks.
pub const SESSION: &str = "accord-session";

/// Where the sessions that persons let a program have are shown from.
pub(super) fn source(program: &ProgramName) -> String {
    format!("{}{program}", sign_in::PROGRAM)
}

fn turned_away(status: StatusCode, code: &'static str, why: String) -> ApiError {
    Problem::new(status, code, why).into()
}

/// What a request shows of the program that asks, and in words why nobody is known by it. Who shows a token is
/// known by nothing else: the certificate beside it may be that of the machine.
fn credential_of(parts: &Parts, now: Timestamp) -> Result<(Credential, String), ApiError> {
    let refused = |why: String| turned_away(StatusCode::UNAUTHORIZED, "unauthorized", why);
    if let Some(token) = bearer(&parts.headers) {
        // Digests are compared: how long that takes tells nothing of the token.
        let why = "no program has this token; `accord program token NAME` gives a new one";
        return Ok((Credential::Token(Token::shown(&token).digest()), why.into()));
    }
    let shown = parts.extensions.get::<ShownCertificate>().ok_or_else(|| {
        let why = "no program is shown: send its token as `Authorization: Bearer`, or have its certificate shown when the connection is made, with nothing in between that ends TLS; `accord program list` says which it has";
        refused(why.into())
    })?;
    if !shown.is_good(now) {
        return Err(refused(format!(
            "the certificate that is shown is good from {} until {}, and it is {now}; have it renewed, and if that is for another key, `accord program certificate NAME FILE`",
            shown.not_before, shown.not_after
        )));
    }
    let why = format!(
        "no program is known by the certificate that is shown, whose key is {}; `accord program certificate NAME FILE` makes it that of one",
        shown.key
    );
    Ok((Credential::Certificate(shown.key), why))
}

/// The program that a request shows.
fn program_of(app: &AppState, parts: &Parts) -> Result<Program, ApiError> {
    let now = app.context.agency.clock.now();
    let (credential, unknown) = credential_of(parts, now)?;
    let state = app.context.agency.registry.state();
    // What one had that was revoked may be another's now.
    let has = |one: &&Program| one.credential == credential;
    let programs = || state.programs.values().filter(has);
    let program = programs().find(|one| one.revoked.is_none()).or_else(|| programs().next());
    let program =
        program.ok_or_else(|| turned_away(StatusCode::UNAUTHORIZED, "unauthorized", unknown))?;
    if !program.in_force(now) {
        let why = match &program.revoked {
            Some(_) => format!("program `{}` was revoked", program.name),
            None => format!("the time of program `{}` ended at {}", program.name, program.until),
        };
        return Err(turned_away(StatusCode::UNAUTHORIZED, "program_ended", why));
    }
    let from: Option<IpAddr> = parts.extensions.get::<Remote>().map(|remote| remote.0);
    if !from.is_some_and(|from| program.admits(from)) {
        let why = format!("program `{}` may not be used from this address", program.name);
        return Err(turned_away(StatusCode::FORBIDDEN, "program_address", why));
    }
    app.program_uses.note(&program.name, now);
    Ok(program.clone())
}

/// Lets a program in to what it needs no person for.
pub(super) async fn admit_program(State(app): App, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = intake::paced(body);
    let admitted = program_of(&app, &parts).and_then(|program| {
        in_scope(&program, &parts)?;
        let turn = app.program_turns.begin(&program.name)?;
        Ok((program, turn))
    });
    match admitted {
        Ok((program, _turn)) => {
            parts.extensions.insert(program);
            recognised(next.run(Request::from_parts(parts, body)).await)
        }
        Err(error) => refused(error, body),
    }
}

/// Whoever is still sending is heard out, and hears why.
fn refused(error: ApiError, body: axum::body::Body) -> Response {
    drop(intake::body(body));
    let mut response = error.into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        let value = axum::http::HeaderValue::from_static("Bearer realm=\"accord\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// Lets a request in to its route, as the person whose session the program shows beside its token.
pub(super) async fn admit(State(app): App, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = intake::paced(body);
    match admitted(&app, &mut parts).await {
        Ok((person, turn)) => {
            let response = next.run(Request::from_parts(parts, body)).await;
            recognised(for_person(app, response, person, turn))
        }
        Err(error) => refused(error, body),
    }
}

async fn admitted(
    app: &AppState,
    parts: &mut Parts,
) -> Result<(Person, OwnedSemaphorePermit), ApiError> {
    let program = program_of(app, parts)?;
    in_scope(&program, parts)?;
    let turn = app.program_turns.begin(&program.name)?;
    let (person, by) = match named(app, &program, parts, parts.headers.contains_key(SESSION))? {
        Some(named) => named,
        None => {
            let (session, source) = (session_of(parts)?, source(&program.name));
            let (by, _) = sign_in::principal(&app.sign_in, &session, &source).await?;
            (Person::SignedIn { session, source }, by)
        }
    };
    let purposes = (!program.purposes.is_empty()).then_some(program.purposes);
    let (scope, audit) = (Some(program.scope), chosen(&parts.headers)?);
    parts.extensions.insert(Principal { purposes, scope, audit, ..by });
    Ok((person, turn))
}

/// Whether a program may be used for a route.
fn in_scope(program: &Program, parts: &Parts) -> Result<(), ApiError> {
    let scope = parts.extensions.get::<ProgramScope>().copied();
    let Some(scope) = scope.filter(|scope| !program.scope.contains(scope)) else { return Ok(()) };
    let why = format!(
        "program `{}` may not be used for `{scope}`; see `accord program try {}`",
        program.name, program.name
    );
    Err(turned_away(StatusCode::FORBIDDEN, "program_scope", why))
}

/// The session that a request shows.
pub(super) fn session_of(parts: &Parts) -> Result<Token, ApiError> {
    let shown = parts.headers.get(SESSION).and_then(|value| value.to_str().ok());
    let shown = shown.map(|token| Token::shown(token.trim()));
    Ok(shown.ok_or_else(|| {
        let why = "no person's session is shown; show it in the header Accord-Session: POST /api/v1/session begins one that she approves";
        ActError::refused_as("not_signed_in", Vec::new(), why.into())
    })?)
}
