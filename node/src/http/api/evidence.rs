//! `/evidence`

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::lines;
use crate::auditing::evidence::{Package, Photo, Wanted};
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::problem::BrokenOff;
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use store::photographs::Images;

/// A package: first `{"bytes"}`, how many its files have, then a line for each file, `{"file","data"}`
/// with its bytes in base64, and at the end `{"package": summary}`. What fails on the way is a last line `{"error": problem}`.
pub(in crate::http) async fn export(
    State(app): App,
    by: Principal,
    Json(wanted): Json<Wanted>,
) -> ApiResult<Response> {
    let package = app.evidence(&by, &wanted.case).await?;
    let images = app.context.photographs.clone();
    let (rows, receiver) = mpsc::channel::<Value>(1);
    tokio::spawn(async move {
        let Package { summary, files, photographs } = package;
        let bytes: u64 = files.values().map(|file| file.len() as u64).sum();
        let bytes = photographs.iter().fold(bytes, |all, (_, one)| all.saturating_add(one.bytes));
        drop(rows.send(json!({ "bytes": bytes })).await);
        // Nobody reads on: what the entry says stands, and nothing more leaves.
        let last = match sent(files, photographs, &images, &rows).await {
            Ok(true) => json!({ "package": summary }),
            Ok(false) => return,
            Err(error) => json!(BrokenOff::from(&error)),
        };
        drop(rows.send(last).await);
    });
    Ok(lines::response(receiver))
}

/// Sends every file; whether somebody read them all.
async fn sent(
    files: BTreeMap<String, Vec<u8>>,
    photographs: Vec<(String, Photo)>,
    images: &Images,
    rows: &mpsc::Sender<Value>,
) -> Result<bool, ActError> {
    let line = |file: String, bytes: &[u8]| json!({ "file": file, "data": STANDARD.encode(bytes) });
    for (file, bytes) in files {
        if rows.send(line(file, &bytes)).await.is_err() {
            return Ok(false);
        }
    }
    for (file, Photo { digest, .. }) in photographs {
        let bytes = images.fetch(digest).await?.map_err(|flaw| {
            let is = flaw.words();
            let why =
                format!("photograph {digest} is {is} since the package was begun; run it again");
            ActError::failed_as("photograph_flawed", why)
        })?;
        if rows.send(line(file, &bytes)).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}
