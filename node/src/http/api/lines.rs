//! Answers that come a JSON line at a time, as they happen.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::mpsc;

/// A response of one JSON line for each value received, sent as it comes.
pub(super) fn response<T: Serialize + Send + 'static>(values: mpsc::Receiver<T>) -> Response {
    let lines = futures::stream::unfold(values, |mut values| async move {
        let value = values.recv().await?;
        let line = serde_json::to_vec(&value).map(|mut line| {
            line.push(b'\n');
            Bytes::from(line)
        });
        Some((line, values))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}
