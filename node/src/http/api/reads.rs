//! `/reads`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ingest::{Format, FormatError, Mapping, Options, Zone};
use schemas::read::ReadId;
use schemas::text::Text;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::lines;
use crate::exchange::ask::QueryOutcome;
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path, Query};
use crate::http::problem::Problem;
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use crate::reads::corrections::{self, CorrectionOutcome, CorrectionRequest, ReadVersion};
use crate::reads::counts::{self, ReadCounts};
use crate::reads::importer::ImportActor;
use crate::reads::intake::{self, ImportProgress, ImportRequest, ImportStopped, ImportSummary};
use schemas::draft::Draft;

pub(in crate::http) async fn stats(State(app): App) -> ApiResult<Json<ReadCounts>> {
    let context = &app.context;
    Ok(Json(counts::count(context.store.as_ref(), context.agency.clock.now()).await?))
}

pub(in crate::http) async fn search(
    State(app): App,
    by: Principal,
    Json(draft): Json<Draft>,
) -> ApiResult<Json<QueryOutcome>> {
    let found = app.search_own(&by, &draft).await?;
    Ok(Json(app.seen(found).await))
}

pub(in crate::http) async fn correct(
    State(app): App,
    by: Principal,
    Path(id): Path<ReadId>,
    Json(wanted): Json<CorrectionRequest>,
) -> ApiResult<Json<CorrectionOutcome>> {
    let (context, key) = (&app.context, app.context.message_key());
    let store = context.store.as_ref();
    let done = corrections::correct(&context.agency, store, &key, &by, id, &wanted).await?;
    Ok(Json(done))
}

pub(in crate::http) async fn versions(
    State(app): App,
    by: Principal,
    Path(id): Path<ReadId>,
) -> ApiResult<Json<Vec<ReadVersion>>> {
    let context = &app.context;
    Ok(Json(corrections::versions(&context.agency, context.store.as_ref(), &by, id).await?))
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
    /// The camera of records that name none.
    #[serde(default)]
    camera: Option<Text>,
    /// The zone of times that have none.
    #[serde(default)]
    zone: Option<String>,
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
        let zone = self.zone.as_deref().map(str::parse::<Zone>).transpose();
        let zone = zone.map_err(|e| unfit(e.to_string()))?;
        let camera = self.camera.clone();
        let options = Options { format, mapping, camera, zone, ..Options::default() };
        options.check().map_err(unfit)?;
        Ok(options)
    }
}

/// One line of an import: progress while it runs, then the summary.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ImportLine"))]
#[serde(untagged)]
pub(in crate::http) enum Line {
    Progress(ImportProgress),
    Summary(ImportSummary),
    BrokenOff { error: Problem, summary: ImportSummary },
}

/// Imports the body. What was stored before an error stays stored.
pub(in crate::http) async fn import(
    State(app): App,
    by: Principal,
    what: Result<Query<What>, ApiError>,
    body: Body,
) -> ApiResult<Response> {
    // First of all, so that the body is read to its end whatever is refused from here on.
    let (source, _) = intake::body(body);
    let by = ImportActor::from(by);
    let Query(what) = what?;
    let options = what.options()?;
    drop(app.importer.actor(&by)?);
    let import = ImportRequest { by, file: what.file, options };
    let (lines, receiver) = mpsc::channel(16);
    let (progress, mut steps) = mpsc::channel(16);
    let told = lines.clone();
    let telling = tokio::spawn(async move {
        while let Some(step) = steps.recv().await {
            drop(told.send(Line::Progress(step)).await);
        }
    });
    tokio::spawn(async move {
        let done = intake::import(&app.importer, import, source, Some(progress)).await;
        drop(telling.await);
        let last = match done {
            Ok(summary) => Line::Summary(summary),
            Err((stopped, summary)) => {
                let error = match stopped {
                    ImportStopped::Content(why) => {
                        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "content_unreadable", why)
                    }
                    ImportStopped::Node(error) => Problem::from(&error),
                };
                Line::BrokenOff { error, summary }
            }
        };
        drop(lines.send(last).await);
    });
    Ok(lines::response(receiver))
}
