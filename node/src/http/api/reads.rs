//! `/reads`

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use futures::StreamExt as _;
use schemas::read::ReadId;
use schemas::text::Text;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::Here;
use super::lines;
use crate::acts::corrections::{Done, Version, Wrong};
use crate::acts::reads::{BATCH, BATCH_BYTES};
use crate::acts::{ActError, By, Right, acting};
use crate::http::error::{ApiError, ApiResult};
use crate::query::ask::Heard;
use crate::query::draft::Draft;
use crate::store::ReadStats;
use ingest::{Format, FormatError, ImportError, Item, Mapping, Options, Rejected, Sighting, items};

/// Most rejected records that are named; the rest are counted.
const MOST_NAMED: usize = 1_000;

pub(in crate::http) async fn stats(State(node): Here) -> ApiResult<Json<ReadStats>> {
    Ok(Json(node.office.store.stats().await?))
}

pub(in crate::http) async fn search(
    State(node): Here,
    by: By,
    Json(mut draft): Json<Draft>,
) -> ApiResult<Json<Heard>> {
    draft.user = by.user.clone();
    let office = &node.office;
    match office.search_own(&by, &draft).await {
        Ok(heard) => Ok(Json(heard)),
        // An attempt that was turned down is on record like any other.
        Err(error @ ActError::Refused(_)) => {
            office.log_turned_down(&by, &draft, &error.to_string()).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(in crate::http) async fn correct(
    State(node): Here,
    by: By,
    Path(id): Path<ReadId>,
    Json(wrong): Json<Wrong>,
) -> ApiResult<Json<Done>> {
    let done = node.office.correct_read(&by, id, &wrong).await?;
    node.wake();
    Ok(Json(done))
}

pub(in crate::http) async fn versions(
    State(node): Here,
    by: By,
    Path(id): Path<ReadId>,
) -> ApiResult<Json<Vec<Version>>> {
    Ok(Json(node.office.read_versions(&by, id).await?))
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
        let unfit = |e: String| ActError::Usage(e);
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
    Progress { progress: u64, stored: u64 },
    Summary(Summary),
    Error { error: String, summary: Summary },
}

#[derive(Serialize, Default, Clone)]
struct Summary {
    file: Text,
    records: u64,
    stored: u64,
    duplicates: u64,
    empty: u64,
    rejected: u64,
    photographs: u64,
    photographs_left_out: u64,
    errors: Vec<At>,
}

impl Summary {
    /// Photographs that were left out of reads that are stored all the same.
    fn leave_out(&mut self, these: impl Iterator<Item = At>) {
        for at in these {
            self.photographs_left_out = self.photographs_left_out.saturating_add(1);
            if self.errors.len() < MOST_NAMED {
                self.errors.push(at);
            }
        }
    }
}

#[derive(Serialize, Clone)]
struct At {
    at: String,
    error: String,
}

/// A batch of what the parser found.
#[derive(Default)]
struct Batch {
    reads: Vec<Sighting>,
    bytes: usize,
    rejected: Vec<Rejected>,
    empty: u64,
    records: u64,
    end: Option<ImportError>,
}

/// Imports the body. What was stored before an error stays stored.
pub(in crate::http) async fn import(
    State(node): Here,
    by: Result<By, ApiError>,
    what: Result<Query<What>, QueryRejection>,
    body: Body,
) -> ApiResult<Response> {
    // First of all, so that the body is read to its end whatever is refused from here on.
    let (chunks, source) = mpsc::channel::<std::io::Result<Bytes>>(16);
    tokio::spawn(forward(body, chunks));
    let by = by?;
    let Query(what) = what.map_err(|e| ActError::Usage(e.body_text()))?;
    let options = what.options()?;
    let format = options.format;
    acting(&node.office.registry.state(), &by, Right::Collect, node.office.clock.now())?;
    let (batches, mut parsed) = mpsc::channel::<Batch>(2);
    tokio::task::spawn_blocking(move || parse(options, source, &batches));
    let (progress, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        // What is known to be new must stay new until it is stored: one batch at a time.
        let _one_import = node.importing.lock().await;
        let mut summary = Summary { file: what.file.clone(), ..Summary::default() };
        while let Some(batch) = parsed.recv().await {
            let read = batch.reads.len() as u64;
            summary.records = batch.records;
            summary.empty += batch.empty;
            summary.rejected += batch.rejected.len() as u64;
            let room = MOST_NAMED.saturating_sub(summary.errors.len());
            let named = batch.rejected.into_iter().take(room);
            summary.errors.extend(named.map(|r| At { at: r.at, error: r.error }));
            for one in &batch.reads {
                let left_out = one.left_out.iter().cloned();
                summary.leave_out(left_out.map(|error| At { at: one.read.id.to_string(), error }));
            }
            let stored =
                node.office.store_reads(&by, &what.file, &format.to_string(), batch.reads).await;
            let error = match (stored, batch.end) {
                (Ok(stored), end) => {
                    summary.stored += stored.reads as u64;
                    summary.duplicates += read - stored.reads as u64;
                    summary.photographs += stored.photographs as u64;
                    summary.leave_out(stored.absent.iter().map(|(read, image)| At {
                        at: read.to_string(),
                        error: format!(
                            "photograph `{image}` is not here; the read is stored without it"
                        ),
                    }));
                    end.map(|e| e.to_string())
                }
                (Err(error), _) => Some(error.to_string()),
            };
            if let Some(error) = error {
                drop(progress.send(Line::Error { error, summary }).await);
                return;
            }
            // Nobody watching is no reason to stop.
            drop(
                progress
                    .send(Line::Progress { progress: summary.records, stored: summary.stored })
                    .await,
            );
        }
        drop(progress.send(Line::Summary(summary)).await);
    });
    Ok(lines::response(receiver))
}

/// Hands the body on. Once nobody wants it any more the rest is read all the same: a sender that is
/// cut off in the middle of its file would not hear why.
async fn forward(body: Body, chunks: mpsc::Sender<std::io::Result<Bytes>>) {
    let mut stream = body.into_data_stream();
    let mut wanted = true;
    while let Some(chunk) = stream.next().await {
        wanted = wanted && chunks.send(chunk.map_err(std::io::Error::other)).await.is_ok();
    }
}

fn parse(
    options: Options,
    source: mpsc::Receiver<std::io::Result<Bytes>>,
    batches: &mpsc::Sender<Batch>,
) {
    let mut items = items(options, Chunks { source, rest: Bytes::new() });
    let mut batch = Batch::default();
    while let Some(item) = items.next() {
        match item {
            Ok(Item::Read(one)) => {
                let bytes = one.photographs.iter().map(Vec::len).sum();
                batch.bytes = batch.bytes.saturating_add(bytes);
                batch.reads.push(*one);
            }
            Ok(Item::Rejected(rejected)) => batch.rejected.push(rejected),
            Ok(Item::Empty(_)) => batch.empty = batch.empty.saturating_add(1),
            Err(error) => batch.end = Some(error),
        }
        batch.records = items.records();
        let full = batch.reads.len() >= BATCH
            || batch.bytes >= BATCH_BYTES
            || batch.rejected.len() >= BATCH
            || batch.end.is_some();
        if full && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
            return;
        }
    }
    batch.records = items.records();
    drop(batches.blocking_send(batch));
}

/// The request's body as a reader, for the parser's own thread.
struct Chunks {
    source: mpsc::Receiver<std::io::Result<Bytes>>,
    rest: Bytes,
}

impl std::io::Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.rest.is_empty() {
            match self.source.blocking_recv() {
                Some(chunk) => self.rest = chunk?,
                None => return Ok(0),
            }
        }
        let n = std::io::Read::read(&mut self.rest.as_ref(), into)?;
        drop(self.rest.split_to(n));
        Ok(n)
    }
}
