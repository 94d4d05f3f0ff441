//! `/reads`

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use ingest::{Format, FormatError, Mapping, Options};
use schemas::read::ReadId;
use schemas::text::Text;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::Here;
use super::lines;
use crate::exchange::ask::Heard;
use crate::http::error::{ApiError, ApiResult};
use crate::permission::{ActError, Principal};
use crate::reads::corrections::{Done, Version, Wrong};
use crate::reads::import::{Bringer, Stats};
use crate::reads::intake;
use crate::reads::intake::{Import, Progress, Summary};
use schemas::draft::Draft;

pub(in crate::http) async fn stats(State(node): Here) -> ApiResult<Json<Stats>> {
    Ok(Json(node.context.read_stats().await?))
}

pub(in crate::http) async fn search(
    State(node): Here,
    by: Principal,
    Json(mut draft): Json<Draft>,
) -> ApiResult<Json<Heard>> {
    draft.user = by.user.clone();
    let context = &node.context;
    match context.search_own(&by, &draft).await {
        Ok(heard) => Ok(Json(heard)),
        // An attempt that was turned down is on record like any other.
        Err(error @ ActError::Refused(_)) => {
            context.log_turned_down(&by, &draft, &error.to_string()).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(in crate::http) async fn correct(
    State(node): Here,
    by: Principal,
    Path(id): Path<ReadId>,
    Json(wrong): Json<Wrong>,
) -> ApiResult<Json<Done>> {
    Ok(Json(node.context.correct_read(&by, id, &wrong).await?))
}

pub(in crate::http) async fn versions(
    State(node): Here,
    by: Principal,
    Path(id): Path<ReadId>,
) -> ApiResult<Json<Vec<Version>>> {
    Ok(Json(node.context.read_versions(&by, id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct What {
    file: Text,
    #[serde(default)]
    format: Option<String>,
    /// The text of a mapping file.
    #[serde(default)]
    mapping: Option<String>,
}

impl What {
    /// How the body is to be read.
    fn options(&self) -> Result<Options, ActError> {
        let unfit = |e: String| ActError::usage(e);
        let format = match &self.format {
            Some(format) => format.parse().map_err(|e: FormatError| unfit(e.to_string()))?,
            None => Format::Auto,
        };
        let mapping = self.mapping.as_ref().map(|text| text.parse::<Mapping>().map(Arc::new));
        let mapping = mapping.transpose().map_err(|e| unfit(e.to_string()))?;
        let options = Options { format, mapping, camera: None };
        options.check().map_err(unfit)?;
        Ok(options)
    }
}

/// One line of an import: progress while it runs, then the summary.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Progress(Progress),
    Summary(Summary),
    Error { error: String, summary: Summary },
}

/// Imports the body. What was stored before an error stays stored.
pub(in crate::http) async fn import(
    State(node): Here,
    by: Result<Principal, ApiError>,
    what: Result<Query<What>, QueryRejection>,
    body: Body,
) -> ApiResult<Response> {
    // First of all, so that the body is read to its end whatever is refused from here on.
    let (source, _) = intake::body(body, None);
    let by = Bringer::from(by?);
    let Query(what) = what.map_err(|e| ActError::usage(e.body_text()))?;
    let options = what.options()?;
    drop(node.context.bringing(&by)?);
    let import = Import { by, file: what.file, options };
    let (lines, receiver) = mpsc::channel(16);
    let (progress, mut steps) = mpsc::channel(16);
    let told = lines.clone();
    let telling = tokio::spawn(async move {
        while let Some(step) = steps.recv().await {
            drop(told.send(Line::Progress(step)).await);
        }
    });
    tokio::spawn(async move {
        let done = intake::import(&node.context, import, source, Some(progress)).await;
        drop(telling.await);
        let last = match done {
            Ok(summary) => Line::Summary(summary),
            Err((ended, summary)) => Line::Error { error: ended.to_string(), summary },
        };
        drop(lines.send(last).await);
    });
    Ok(lines::response(receiver))
}
