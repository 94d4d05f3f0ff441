//! Answers that come to a program line by line: each line is for the person as she is then. Once she has signed
//! out, is disabled, or the program is revoked, no further line comes, and the last one says why.

use std::sync::Arc;

use ::sign_in::Token;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use futures::StreamExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::problem::BrokenOff;
use super::state::AppState;
use crate::sign_in;

/// The media type of lines of JSON.
pub(super) const LINES: &str = "application/x-ndjson";

/// For whom lines are: her session, and from where it is shown.
pub(super) struct Person {
    pub(super) session: Token,
    pub(super) source: String,
}

struct Told {
    app: Arc<AppState>,
    lines: BodyDataStream,
    person: Person,
    _turn: OwnedSemaphorePermit,
}

/// A response, whose lines, if it has any, come for as long as its person may hear them. Its turn lasts as
/// long.
pub(super) fn for_person(
    app: Arc<AppState>,
    response: Response,
    person: Person,
    turn: OwnedSemaphorePermit,
) -> Response {
    if response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != LINES) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let told = Told { app, lines: body.into_data_stream(), person, _turn: turn };
    let lines = futures::stream::unfold(Some(told), |told| async move {
        let mut told = told?;
        let line = told.lines.next().await?;
        let Person { session, source } = &told.person;
        match sign_in::may_hear(&told.app.sign_in, session, source).await {
            Ok(()) => Some((line, Some(told))),
            Err(error) => {
                let mut line = serde_json::to_vec(&BrokenOff::from(&error)).unwrap_or_default();
                line.push(b'\n');
                Some((Ok(Bytes::from(line)), None))
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(lines))
}
