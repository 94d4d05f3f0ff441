//! `/queries`

use axum::extract::State;
use axum::response::Response;
use schemas::query::QueryId;
use schemas::refusal::RefusalCode;
use serde::Serialize;
use tokio::sync::mpsc;

use super::lines;
use crate::exchange::ask::{AskError, NotAsked, QueryOutcome, SearchEnded};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use schemas::draft::{Draft, Recipients};

impl From<AskError> for ActError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::User(why) => Self::refused_as("user_not_authorized", Vec::new(), why),
            AskError::Program(why) => Self::refused_as("program_purpose", Vec::new(), why),
            AskError::Nobody => {
                let code = RefusalCode::NoAuthority.code();
                Self::refused_as(code, Vec::new(), error.to_string())
            }
            AskError::Unknown(_) => Self::usage_by("agency_unknown", error),
            AskError::Authority(_) => Self::usage_by("authority_unknown", error),
            AskError::Random(_) => Self::failed(error.to_string()),
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
    let outcomes = app.ask_peers(&by, &draft).await?;
    if draft.whom == Recipients::All {
        let not_asked = app.queries.not_asked();
        return Ok(lines::response(ended_by(outcomes, not_asked)));
    }
    Ok(lines::response(outcomes))
}

/// A line of a search over all.
#[derive(Serialize)]
#[serde(untagged)]
enum SearchLine {
    Outcome(Box<QueryOutcome>),
    Ended(SearchEnded),
}

/// The outcomes as they come, and at last whom the search did not ask, and why.
fn ended_by(
    mut outcomes: mpsc::Receiver<QueryOutcome>,
    not_asked: Vec<NotAsked>,
) -> mpsc::Receiver<SearchLine> {
    let (sender, lines) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut ended = SearchEnded { search: None, asked: Vec::new(), not_asked };
        while let Some(outcome) = outcomes.recv().await {
            ended.search = ended.search.or(outcome.search);
            ended.asked.push(outcome.owner.clone());
            // Nobody who reads on is no reason to stop: the outcomes are logged.
            drop(sender.send(SearchLine::Outcome(Box::new(outcome))).await);
        }
        ended.asked.sort();
        drop(sender.send(SearchLine::Ended(ended)).await);
    });
    lines
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
