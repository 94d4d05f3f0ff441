//! The way in for programs of the agency, over HTTPS: `/api/v1`.
//!
//! A program shows its own token, and beside it the session of the person for whom it asks: one that she
//! opened for this program, by approving a code that it showed her. So whatever it asks is asked by a
//! registered person, through every rule, and the entry says through which program. By its token alone a
//! program may begin to be approved, and nothing else.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use schemas::program::ProgramScope;

use super::error::ApiError;
use super::https::{Remote, recognised};
use super::open::bearer;
use super::problem::Problem;
use super::state::{App, AppState};
use crate::permission::{ActError, Principal};
use crate::reads::intake;
use crate::sign_in;
use ::sign_in::Token;
use registry::{Program, ProgramName};

/// The header that shows the session of the person for whom a program asks.
pub const SESSION: &str = "accord-session";

/// Where the sessions that persons let a program have are shown from.
pub(super) fn source(program: &ProgramName) -> String {
    format!("{}{program}", sign_in::PROGRAM)
}

fn turned_away(status: StatusCode, code: &'static str, why: String) -> ApiError {
    Problem::new(status, code, why).into()
}

/// The program whose token a request shows.
fn program_of(app: &AppState, parts: &Parts) -> Result<Program, ApiError> {
    let unknown = || {
        let why = "no program has this token; `accord program token NAME` gives a new one";
        turned_away(StatusCode::UNAUTHORIZED, "unauthorized", why.into())
    };
    // Digests are compared: how long that takes tells nothing of the token.
    let token = Token::shown(&bearer(&parts.headers).ok_or_else(unknown)?).digest();
    let state = app.context.agency.registry.state();
    let program = state.programs.values().find(|one| one.token == token).ok_or_else(unknown)?;
    let now = app.context.agency.clock.now();
    if !program.in_force(now) {
        let why = match &program.revoked {
            Some(_) => format!("program `{}` was revoked", program.name),
            None => format!("the token of program `{}` ended at {}", program.name, program.until),
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
    match program_of(&app, &parts) {
        Ok(program) => {
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
        Ok(()) => recognised(next.run(Request::from_parts(parts, body)).await),
        Err(error) => refused(error, body),
    }
}

async fn admitted(app: &AppState, parts: &mut Parts) -> Result<(), ApiError> {
    let program = program_of(app, parts)?;
    let scope = parts.extensions.get::<ProgramScope>().copied();
    if let Some(scope) = scope.filter(|scope| !program.scope.contains(scope)) {
        let why = format!(
            "program `{}` may not be used for `{scope}`; see `accord program try {}`",
            program.name, program.name
        );
        return Err(turned_away(StatusCode::FORBIDDEN, "program_scope", why));
    }
    let token = session_of(parts)?;
    let (by, _) = sign_in::principal(&app.sign_in, &token, &source(&program.name)).await?;
    let purposes = (!program.purposes.is_empty()).then_some(program.purposes);
    parts.extensions.insert(Principal { purposes, ..by });
    Ok(())
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
