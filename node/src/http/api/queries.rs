//! `/queries`

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use schemas::plate::Plate;
use schemas::query::QueryId;
use schemas::refusal::RefusalCode;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::lines;
use crate::exchange::ask::{
    AskError, IdempotencyKey, NotAsked, PastQuery, PastWanted, QueryOutcome, ReleaseDecided,
    ReleaseInput, SearchEnded, UnfitKey, WaitingRelease, history, past_query, waiting_releases,
};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use schemas::draft::{Draft, Recipients};

/// The header by which a client calls one question, so that it may send it again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

impl From<AskError> for ActError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::User(why) => why,
            AskError::Program(why) => Self::refused_as("program_purpose", Vec::new(), why),
            AskError::Nobody => {
                let code = RefusalCode::NoAuthority.code();
                Self::refused_as(code, Vec::new(), error.to_string())
            }
            AskError::Unknown(_) => Self::usage_by("agency_unknown", error),
            AskError::Authority(_) => Self::usage_by("authority_unknown", error),
            AskError::Random(_) => Self::failed(error.to_string()),
            AskError::KeyUsed => Self::usage_by("idempotency_key_used", error),
            AskError::Again(_) => Self::usage_by("query_not_repeatable", error),
        }
    }
}

pub(in crate::http) async fn ask(
    State(app): App,
    by: Principal,
    headers: HeaderMap,
    Json(draft): Json<Draft>,
) -> ApiResult<Response> {
    let outcomes = app.ask_peers(&by, &draft, once(&headers)?).await?;
    if draft.whom == Recipients::All {
        let not_asked = app.queries.not_asked();
        return Ok(lines::response(ended_by(outcomes, not_asked)));
    }
    Ok(lines::response(outcomes))
}

/// The key under which each owner is asked once, where a request has one.
fn once(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ActError> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = String::from_utf8_lossy(key.as_bytes()).parse();
    key.map(Some)
        .map_err(|e: UnfitKey| ActError::usage_as("idempotency_key_invalid", e.to_string()))
}

/// A line of a search over all.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(in crate::http) enum SearchLine {
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

/// Which of her own queries a person wants to see.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "PastWanted"))]
pub(in crate::http) struct Past {
    plate: Option<Plate>,
    case: Option<Text>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Those asked before the query of this entry, the last one of the page before.
    after: Option<u64>,
    /// At most so many.
    limit: Option<usize>,
}

/// What whoever asks has asked before, the newest first, a line each.
pub(in crate::http) async fn list(
    State(app): App,
    by: Principal,
    Json(past): Json<Past>,
) -> ApiResult<Response> {
    let wanted = PastWanted {
        from: past.from,
        until: past.until,
        case: past.case,
        plate: past.plate.map(|plate| plate.to_string()),
        id: None,
        after: past.after,
        most: past.limit,
    };
    let context = &app.context;
    Ok(lines::of(history(&context.agency, context.store.as_ref(), &by, &wanted).await?))
}

/// One of them, by its id or what no other begins with.
pub(in crate::http) async fn show(
    State(app): App,
    by: Principal,
    Path(id): Path<String>,
) -> ApiResult<Json<PastQuery>> {
    let context = &app.context;
    Ok(Json(past_query(&context.agency, context.store.as_ref(), &by, &id).await?))
}

pub(in crate::http) async fn again(
    State(app): App,
    by: Principal,
    Path(id): Path<QueryId>,
) -> ApiResult<Json<QueryOutcome>> {
    Ok(Json(app.queries.ask_again(id, &by).await?))
}

/// The declined queries that wait for whoever asks to release them or not.
pub(in crate::http) async fn releases(
    State(app): App,
    by: Principal,
) -> ApiResult<Json<Vec<WaitingRelease>>> {
    let context = &app.context;
    Ok(Json(waiting_releases(&context.agency, context.store.as_ref(), &by).await?))
}

pub(in crate::http) async fn release(
    State(app): App,
    by: Principal,
    Path(id): Path<QueryId>,
    Json(input): Json<ReleaseInput>,
) -> ApiResult<Json<ReleaseDecided>> {
    Ok(Json(app.release(&by, id, &input).await?))
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
