//! Persons whom a program names in the place of a session: nobody proved that it is she who asks.
//!
//! A policy admits that or does not (`people.query.asserted` for one's own people, `people.peers.asserted` for
//! those of peers); none that is shipped does. Asked for by her bare name, a registered person asks, and hears what
//! comes, and does nothing else: past queries, kept answers and requests take a session. Query and entries say
//! which program named her.

use axum::http::StatusCode;
use axum::http::request::Parts;
use schemas::program::ProgramScope;
use schemas::query::UserName;

use super::error::ApiError;
use super::problem::Problem;
use super::program_streams::{Person, may_be_named};
use super::state::AppState;
use crate::permission::Principal;
use registry::Program;

/// The header in which a program names the person for whom it asks.
const PERSON: &str = "accord-person";

/// The routes that a bare name opens, below `/api/v1`.
pub(super) const NAMED: [(&str, &str); 2] = [("post", "/queries"), ("post", "/policy/explain")];

/// The person whom a request names, if it names one.
///
/// # Errors
/// When she may not be named, for this or by this program.
pub(super) fn named(
    app: &AppState,
    program: &Program,
    parts: &Parts,
    has_session: bool,
) -> Result<Option<(Person, Principal)>, ApiError> {
    let Some(shown) = parts.headers.get(PERSON) else { return Ok(None) };
    let refused = |status: StatusCode, code, why: String| -> ApiError {
        Problem::new(status, code, why).into()
    };
    if has_session {
        let why = "a person is named and a session is shown; send Accord-Session, or where she has let this program have none, Accord-Person";
        return Err(refused(StatusCode::BAD_REQUEST, "usage", why.into()));
    }
    let scope = ProgramScope::Assert;
    if !program.scope.contains(&scope) {
        let why = format!(
            "program `{}` may not be used for `{scope}`, so it names nobody; show a session (`POST /api/v1/session`), or see `accord program try {}`",
            program.name, program.name
        );
        return Err(refused(StatusCode::FORBIDDEN, "program_scope", why));
    }
    let asks = |(method, route): &(&str, &str)| {
        parts.method.as_str().eq_ignore_ascii_case(method) && parts.uri.path() == *route
    };
    if !NAMED.iter().any(asks) {
        let why = "a bare name opens asking and explaining alone; for this, show a session of hers (`POST /api/v1/session`)";
        return Err(refused(StatusCode::FORBIDDEN, "not_signed_in", why.into()));
    }
    let user: Option<UserName> = shown.to_str().ok().and_then(|name| name.trim().parse().ok());
    let user = user.ok_or_else(|| {
        let why = "Accord-Person is no name of a user; send it as `accord user list` shows it";
        refused(StatusCode::BAD_REQUEST, "usage", why.into())
    })?;
    let by = Principal {
        asserted_by: Some(program.name.clone()),
        ..Principal::of(user, format!("named by program {}", program.name))
    };
    may_be_named(app, &by, &program.name)?;
    Ok(Some((Person::Named { by: by.clone(), program: program.name.clone() }, by)))
}
