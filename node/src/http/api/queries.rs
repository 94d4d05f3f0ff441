//! `/queries`

use axum::extract::State;
use axum::response::Response;
use schemas::query::QueryId;
use schemas::refusal::RefusalCode;

use super::lines;
use crate::exchange::ask::{AskError, QueryOutcome, log_rejected_draft};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use schemas::draft::Draft;

impl From<AskError> for ActError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::User(why) => Self::refused_as("user_not_authorized", Vec::new(), why),
            AskError::Nobody => {
                let code = RefusalCode::NoAuthority.code();
                Self::refused_as(code, Vec::new(), error.to_string())
            }
            AskError::Unknown(_) => Self::usage_by("agency_unknown", error),
            AskError::Authority(_) => Self::usage_by("authority_unknown", error),
            AskError::Again(_) => Self::usage_by("query_not_repeatable", error),
        }
    }
}

pub(in crate::http) async fn ask(
    State(app): App,
    by: Principal,
    Json(mut draft): Json<Draft>,
) -> ApiResult<Response> {
    draft.user = by.user.clone();
    let context = &app.context;
    // Whether the user's role may query is the policy's rule, with its section: see `decline`.
    match app.queries.ask(&draft, &by.auth).map_err(ActError::from) {
        Ok(outcomes) => Ok(lines::response(outcomes)),
        // An attempt that was turned down is on record like any other.
        Err(error @ ActError::Refused(_)) => {
            log_rejected_draft(&context.agency, &by, &draft, &error.to_string()).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(in crate::http) async fn again(
    State(app): App,
    by: Principal,
    Path(id): Path<QueryId>,
) -> ApiResult<Json<QueryOutcome>> {
    Ok(Json(app.queries.ask_again(id, &by).await?))
}

/// The photographs of a kept answer, a line each.
pub(in crate::http) async fn photographs(
    State(app): App,
    by: Principal,
    Path(id): Path<QueryId>,
) -> ApiResult<Response> {
    let photographs = app.queries.photographs(id, &by).await.map_err(ActError::from)?;
    Ok(lines::response(photographs))
}
