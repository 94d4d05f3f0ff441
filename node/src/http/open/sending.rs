//! Reads that sources send: webhooks, and the transfers of field units.
//!
//! A source is known by its token alone, and what it may do is to send. It is answered once all of
//! what it sent is durable; 503 says that it was not and may be sent again, which stores nothing
//! twice.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use schemas::envelope::{Envelope, Kind};
use schemas::text::Text;
use schemas::transfer::TransferReceipt;
use serde::Deserialize;
use serde_json::json;

use super::token::token;
use crate::http::extract::{Json, Path, Query};
use crate::http::https::recognised;
use crate::http::problem::Problem;
use crate::http::state::{App, AppState};
use crate::permission::ActError;
use crate::reads::importer::ImportActor;
use crate::reads::intake::{self, ImportRequest, ImportStopped, ImportSummary, SetAside};
use ingest::Options;
use registry::Source;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(20);
/// When one may come again that had to be turned away, in seconds.
const AGAIN: &str = "10";

fn unknown() -> Response {
    let why = "no source of this name has this token; `accord source token NAME` gives a new one";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", why);
    ([(WWW_AUTHENTICATE, "Basic realm=\"accord\"")], problem).into_response()
}

fn not_now(problem: Problem) -> Response {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    (status, [(RETRY_AFTER, AGAIN)], Problem { status: status.as_u16(), ..problem }).into_response()
}

fn internal(why: String) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", why).into_response()
}

fn source_of(app: &AppState, name: &str, token: &str) -> Option<Source> {
    let name = name.parse().ok()?;
    let state = app.context.agency.registry.state();
    state.sources.get(&name).filter(|source| source.admits(token)).cloned()
}

pub(super) async fn reads(
    State(app): App,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let source = token(&headers).and_then(|token| source_of(&app, &name, &token));
    match source {
        Some(source) => recognised(received(&app, &source, body).await),
        None => unknown(),
    }
}

pub(super) async fn reads_by_address(
    State(app): App,
    Path((name, token)): Path<(String, String)>,
    body: Body,
) -> Response {
    match source_of(&app, &name, &token) {
        Some(source) => recognised(received(&app, &source, body).await),
        None => unknown(),
    }
}

async fn received(app: &AppState, source: &Source, body: Body) -> Response {
    let file: Text = source.name.to_string().parse().unwrap_or_default();
    let (chunks, _) = intake::body(intake::paced(body));
    match taken(app, source, file, chunks, Kept::WhereRefused).await {
        // A reader that sends one record and hears "done" has lost it: it must hear.
        Ok(summary) if summary.rejected > 0 && !summary.took_any() => {
            let first = summary.errors.first().map(|one| format!("{}: {}", one.at, one.error));
            let why = first.unwrap_or_else(|| "no record of it can be used".into());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Problem::new(status, "no_record_usable", why).with("summary", summary).into_response()
        }
        Ok(summary) => Json(summary).into_response(),
        Err(response) => response,
    }
}

/// Whether what cannot be used is kept here: a field unit keeps its file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    WhereRefused,
    BySender,
}

/// Keeps a body with records that cannot be used where a person looks at it: a reader sends it once, and
/// after a change of its firmware everything that it sends until somebody looks would be gone.
async fn set_aside(
    app: &AppState,
    source: &Source,
    copy: intake::BodyCopy,
    done: &Result<ImportSummary, (ImportStopped, ImportSummary)>,
) {
    let (summary, why) = match done {
        Ok(summary) if summary.rejected > 0 => (summary.clone(), None),
        Err((ImportStopped::Content(why), summary)) => (summary.clone(), Some(why.clone())),
        _ => return,
    };
    let now = app.context.agency.clock.now();
    let Some(body) = copy.bytes() else {
        let why = "a body with records that cannot be used was too large to be kept";
        return app.source_stats.note(&source.name, now, why.into());
    };
    let (aside, name) = (SetAside::in_folder(app.home.rejected()), source.name.clone());
    let put =
        tokio::task::spawn_blocking(move || aside.put_body(&name, &body, &summary, why.as_deref()));
    let wrong = match put.await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    app.source_stats.note(&source.name, now, wrong);
}

/// Imports what a source sends; what it is answered if that does not come to its end.
async fn taken(
    app: &AppState,
    source: &Source,
    file: Text,
    mut chunks: intake::Chunks,
    kept: Kept,
) -> Result<ImportSummary, Response> {
    let turn = tokio::time::timeout(TURN, app.sending.turn(&source.name)).await;
    let Ok(Some(_turn)) = turn else {
        let why = "too much is being sent at this moment; send it again";
        return Err(not_now(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", why)));
    };
    let options = Options { no_archives: true, ..source.options().map_err(internal)? };
    let import = ImportRequest { by: ImportActor::Source(source.name.clone()), file, options };
    let copy = (kept == Kept::WhereRefused).then(|| chunks.copied());
    let done = intake::import(&app.importer, import, chunks, None).await;
    if let Some(copy) = copy {
        set_aside(app, source, copy, &done).await;
    }
    app.source_stats.count(&source.name, app.context.agency.clock.now(), &done);
    done.map_err(|(stopped, summary)| match stopped {
        ImportStopped::Content(error) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Problem::new(status, "content_unreadable", error)
                .with("summary", summary)
                .into_response()
        }
        ImportStopped::Node(error @ ActError::Refused(_)) => Problem::from(&error).into_response(),
        ImportStopped::Node(error) => not_now(Problem::from(&error)),
    })
}

#[derive(Deserialize)]
pub(super) struct Named {
    file: Text,
}

/// Takes a field unit's file, and signs for it (West Covina 462.4(b)).
pub(super) async fn transfer(
    State(app): App,
    Path(name): Path<String>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let source = token(&headers).and_then(|token| source_of(&app, &name, &token));
    let Some(source) = source else { return unknown() };
    recognised(transferred(&app, &source, named.file, body).await)
}

async fn transferred(app: &AppState, source: &Source, file: Text, body: Body) -> Response {
    let (chunks, received) = intake::body(intake::paced(body));
    let summary = match taken(app, source, file.clone(), chunks, Kept::BySender).await {
        Ok(summary) => summary,
        Err(response) => return response,
    };
    let Ok((digest, bytes)) = received.await else {
        let why = "the file did not come to its end; send it again";
        return Problem::new(StatusCode::BAD_REQUEST, "body_incomplete", why).into_response();
    };
    let context = &app.context;
    let receipt = TransferReceipt {
        agency: context.agency.id.clone(),
        source: source.name.to_string().parse().unwrap_or_default(),
        file,
        digest,
        bytes,
        records: summary.records,
        stored: summary.stored,
        duplicates: summary.duplicates,
        empty: summary.empty,
        rejected: summary.rejected,
        log_size: context.agency.log.counters().size,
        at: context.agency.clock.now(),
    };
    match Envelope::sign_json(Kind::Transfer, &receipt, &context.message_key()) {
        Ok(envelope) => {
            let of = json!({ "receipt": envelope.to_text(), "errors": summary.errors });
            ([(CONTENT_TYPE, "application/json")], of.to_string()).into_response()
        }
        Err(error) => internal(error.to_string()),
    }
}
