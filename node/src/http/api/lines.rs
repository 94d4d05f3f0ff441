//! Answers that come a JSON line at a time, as they happen.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::http::program_streams::LINES;

/// A response of one JSON line for each value, none of which has to be written before it is asked for.
pub(super) fn of<T: Serialize + Send + 'static>(values: Vec<T>) -> Response {
    let lines = futures::stream::iter(values).map(|value| line(&value));
    stream(Body::from_stream(lines))
}

/// A response of one JSON line for each value received, sent as it comes.
pub(super) fn response<T: Serialize + Send + 'static>(values: mpsc::Receiver<T>) -> Response {
    let lines = futures::stream::unfold(values, |mut values| async move {
        let value = values.recv().await?;
        Some((line(&value), values))
    });
    stream(Body::from_stream(lines))
}

fn line<T: Serialize>(value: &T) -> Result<Bytes, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(Bytes::from(line))
}

fn stream(lines: Body) -> Response {
    ([(header::CONTENT_TYPE, LINES)], lines).into_response()
}
