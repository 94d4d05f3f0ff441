//! `/queries`

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use schemas::query::QueryId;

use super::Here;
use super::lines;
use crate::acts::{ASKS, ActError, By, acting};
use crate::http::error::ApiResult;
use crate::query::ask::{AskError, Heard};
use crate::query::draft::Draft;

impl From<AskError> for ActError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::User(_) => Self::Refused(error.to_string()),
            AskError::Unknown(_) | AskError::Again(_) => Self::Usage(error.to_string()),
        }
    }
}

pub(in crate::http) async fn ask(
    State(node): Here,
    by: By,
    Json(mut draft): Json<Draft>,
) -> ApiResult<Response> {
    acting(&node.office.registry.state(), &by, ASKS, node.office.clock.now())?;
    draft.user = by.user.clone();
    Ok(lines::response(node.asker.ask(&draft, &by.auth)?))
}

pub(in crate::http) async fn again(
    State(node): Here,
    by: By,
    Path(id): Path<QueryId>,
) -> ApiResult<Json<Heard>> {
    let state = node.office.registry.state();
    let user = acting(&state, &by, ASKS, node.office.clock.now())?;
    Ok(Json(node.asker.ask_again(id, node.office.actor(user, &by)).await?))
}
