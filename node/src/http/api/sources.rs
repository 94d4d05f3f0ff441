//! `/sources`

use axum::extract::State;
use serde_json::Value;

use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Why};
use crate::http::state::{App, AppState};
use crate::permission::Principal;
use crate::reads::source_stats::SourceStats;
use crate::reads::sources::{self, NewSource, SourceWithToken, to_json};
use crate::reads::withdrawal::{WithdrawalOutcome, WithdrawalRequest, withdraw as withdraw_reads};
use registry::{Source, SourceName};

fn described(app: &AppState, source: &Source) -> Value {
    to_json(source, &app.source_stats.of(&source.name))
}

/// With its token, and where it sends: told this once.
fn with_token(app: &AppState, made: &SourceWithToken) -> Value {
    let mut described = to_json(&made.source, &SourceStats::default());
    if let (Some(token), Some(object)) = (&made.token, described.as_object_mut()) {
        let name = &made.source.name;
        let url = app.config.http.map(|at| format!("https://{at}/sources/{name}/reads"));
        object.insert("token".into(), token.as_str().into());
        object.insert("url".into(), url.into());
        let pin = app.certificate.as_ref().map(|served| served.certificate().pin.to_string());
        object.insert("pin".into(), pin.into());
    }
    described
}

pub(in crate::http) async fn list(State(app): App, by: Principal) -> ApiResult<Json<Vec<Value>>> {
    let sources = sources::list(&app.context.agency, &by)?;
    Ok(Json(sources.iter().map(|source| described(&app, source)).collect()))
}

pub(in crate::http) async fn add(
    State(app): App,
    by: Principal,
    Json(new): Json<NewSource>,
) -> ApiResult<Json<Value>> {
    let added = sources::add(&app.context.agency, &by, &new, app.home.dir()).await?;
    Ok(Json(with_token(&app, &added)))
}

pub(in crate::http) async fn renew(
    State(app): App,
    by: Principal,
    Path(name): Path<SourceName>,
) -> ApiResult<Json<Value>> {
    let renewed = sources::renew_token(&app.context.agency, &by, &name).await?;
    Ok(Json(with_token(&app, &renewed)))
}

pub(in crate::http) async fn withdraw(
    State(app): App,
    by: Principal,
    Path(name): Path<SourceName>,
    Json(wanted): Json<WithdrawalRequest>,
) -> ApiResult<Json<WithdrawalOutcome>> {
    let (context, key) = (&app.context, app.context.message_key());
    let store = context.store.as_ref();
    Ok(Json(withdraw_reads(&context.agency, store, &key, &by, &name, &wanted).await?))
}

pub(in crate::http) async fn disable(
    State(app): App,
    by: Principal,
    Path(name): Path<SourceName>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    let source = sources::disable(&app.context.agency, &by, &name, &why.reason).await?;
    Ok(Json(described(&app, &source)))
}
