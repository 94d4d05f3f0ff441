//! `/programs`

use axum::Extension;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::programs::{self, NewProgram, ProgramWithToken, to_json};
use crate::http::access::{Alone, Offered};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Why};
use crate::http::state::{App, AppState};
use crate::permission::{ActError, Principal};
use registry::{Program, ProgramName};

fn described(app: &AppState, program: &Program) -> Value {
    let mut described = to_json(program, app.context.agency.clock.now());
    if let Some(object) = described.as_object_mut() {
        let used = app.program_uses.of(&program.name);
        object.insert("last_used".into(), json!(used));
    }
    described
}

/// With its token, where it has one, and where it is used: told this once.
fn with_token(app: &AppState, made: &ProgramWithToken) -> Value {
    let mut described = described(app, &made.program);
    if let Some(object) = described.as_object_mut() {
        let token = made.token.as_ref().map(|token| token.as_str());
        object.insert("token".into(), token.into());
        let url = app.config.http.map(|at| format!("https://{at}/api/v1"));
        object.insert("url".into(), url.into());
    }
    described
}

pub(in crate::http) async fn list(State(app): App, by: Principal) -> ApiResult<Json<Vec<Value>>> {
    let programs = programs::list(&app.context.agency, &by)?;
    Ok(Json(programs.iter().map(|program| described(&app, program)).collect()))
}

pub(in crate::http) async fn add(
    State(app): App,
    by: Principal,
    Json(new): Json<NewProgram>,
) -> ApiResult<Json<Value>> {
    let added = app.add_program(&by, &new).await?;
    Ok(Json(with_token(&app, &added)))
}

pub(in crate::http) async fn renew(
    State(app): App,
    by: Principal,
    Path(name): Path<ProgramName>,
) -> ApiResult<Json<Value>> {
    let renewed = programs::renew(&app.context.agency, &by, &name, None).await?;
    Ok(Json(with_token(&app, &renewed)))
}

/// The certificate that a program shows from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Shows {
    certificate: String,
}

pub(in crate::http) async fn certificate(
    State(app): App,
    by: Principal,
    Path(name): Path<ProgramName>,
    Json(shows): Json<Shows>,
) -> ApiResult<Json<Value>> {
    let (agency, pem) = (&app.context.agency, Some(shows.certificate.as_str()));
    let renewed = programs::renew(agency, &by, &name, pem).await?;
    Ok(Json(with_token(&app, &renewed)))
}

pub(in crate::http) async fn revoke(
    State(app): App,
    by: Principal,
    Path(name): Path<ProgramName>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    let program = app.revoke_program(&by, &name, &why.reason).await?;
    Ok(Json(described(&app, &program)))
}

/// What a program may be used for, route by route.
pub(in crate::http) async fn may(
    State(app): App,
    by: Principal,
    Path(name): Path<ProgramName>,
    Extension(offered): Extension<&'static [Offered]>,
    Extension(alone): Extension<&'static [Alone]>,
) -> ApiResult<Json<Value>> {
    let all = programs::list(&app.context.agency, &by)?;
    let program = all.iter().find(|program| program.name == name).ok_or_else(|| {
        ActError::usage(format!("there is no program `{name}`; see `accord program list`"))
    })?;
    let in_force = program.in_force(app.context.agency.clock.now());
    let alone = alone.iter().map(|route| (route.method, route.path, route.scope));
    let offered = offered.iter().map(|route| (route.method, route.path, Some(route.scope)));
    let routes = alone.chain(offered).map(|(method, path, scope)| {
        let missing = scope.filter(|scope| !program.scope.contains(scope));
        let why = match (in_force, missing) {
            (false, _) => Some("the program has ended".to_owned()),
            (true, Some(scope)) => Some(format!("its scope has no `{scope}`")),
            (true, None) => None,
        };
        json!({ "method": method, "path": path, "may": why.is_none(), "why": why })
    });
    let mut described = described(&app, program);
    if let Some(object) = described.as_object_mut() {
        object.insert("routes".into(), routes.collect());
    }
    Ok(Json(described))
}
