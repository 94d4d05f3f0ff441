//! `/session` of programs: a person lets one ask for her, until her session ends.

use axum::Extension;
use axum::extract::{Request, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::programs::{session_of, source};
use crate::http::state::App;
use crate::sign_in::{self, SignedIn, Waits};
use ::sign_in::Secret;
use registry::Program;
use schemas::digest::Digest;

pub(in crate::http) async fn begin(
    State(app): App,
    Extension(program): Extension<Program>,
) -> ApiResult<Json<Waits>> {
    Ok(Json(sign_in::begin_program(&app.sign_in, &source(&program.name))?))
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "SessionSecret"))]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Shown {
    #[cfg_attr(test, schemars(with = "String"))]
    secret: Secret,
}

/// The session that a person approved; null while she has not.
pub(in crate::http) async fn finish(
    State(app): App,
    Extension(program): Extension<Program>,
    Json(shown): Json<Shown>,
) -> ApiResult<Json<Option<SignedIn>>> {
    let source = source(&program.name);
    Ok(Json(sign_in::finish_terminal(&app.sign_in, &shown.secret, &source).await?))
}

/// What a program shows for somebody who signed in to it at a provider.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ProviderToken"))]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ProviderToken {
    /// The provider, as `[[provider]]` names it.
    provider: String,
    /// The ID token that it gave the program.
    #[cfg_attr(test, schemars(with = "String"))]
    id_token: Secret,
    /// The digest of the notice that she read.
    notice: Digest,
}

/// Opens the session of somebody who proved to a provider who she is.
pub(in crate::http) async fn by_provider(
    State(app): App,
    Extension(program): Extension<Program>,
    Json(shown): Json<ProviderToken>,
) -> ApiResult<Json<SignedIn>> {
    let source = source(&program.name);
    let ProviderToken { provider, id_token, notice } = shown;
    let by = (&program.name, source.as_str());
    let signed_in =
        sign_in::sign_in_for_program(&app.sign_in, by, &provider, &id_token, &notice).await?;
    Ok(Json(signed_in))
}

/// Whose session it is, and how long yet.
pub(in crate::http) async fn session(
    State(app): App,
    Extension(program): Extension<Program>,
    request: Request,
) -> ApiResult<Json<Value>> {
    let (parts, _) = request.into_parts();
    let token = session_of(&parts)?;
    let (by, session) = sign_in::principal(&app.sign_in, &token, &source(&program.name)).await?;
    Ok(Json(json!({
        "user": by.user, "program": program.name, "scope": program.scope,
        "signed_in": session.words(), "until": session.until().min(program.until),
    })))
}

pub(in crate::http) async fn sign_out(State(app): App, request: Request) -> ApiResult<Json<Value>> {
    let (parts, _) = request.into_parts();
    let ended = sign_in::sign_out(&app.sign_in, &session_of(&parts)?).await?;
    Ok(Json(json!({ "ended": ended })))
}
