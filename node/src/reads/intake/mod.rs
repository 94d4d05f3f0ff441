//! Reads on their way in: from a file sent over the socket, a webhook, a field unit or a watched
//! folder, all by the one way [`import`].
//!
//! ```text
//! bytes → parse (a thread of its own) → batches of at most 2,000 reads → NodeContext::store_reads, durable
//! ```
//!
//! What was stored before an error stays stored; sent again, it is found to be stored already. A
//! record that cannot be read is reported with its place and stops nothing.

mod body;
mod folder;
mod parse;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ingest::Options;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use body::{Chunks, Received, body};
pub use folder::watch;

use crate::context::NodeContext;
use crate::permission::ActError;
use crate::reads::import::ImportActor;
use parse::{Batch, parse};
use registry::SourceName;

/// Most rejected records that are named; the rest are counted.
const MOST_NAMED: usize = 1_000;

/// What became of what was sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The name of the file, or of the source.
    pub file: Text,
    /// Records seen.
    pub records: u64,
    /// Reads that were new and are stored.
    pub stored: u64,
    /// Reads that were stored already.
    pub duplicates: u64,
    /// Records without a read, such as a heartbeat.
    pub empty: u64,
    /// Records that cannot be used.
    pub rejected: u64,
    /// Photographs kept.
    pub photographs: u64,
    /// Photographs left out of reads that are stored all the same.
    pub photographs_left_out: u64,
    /// The first of what was rejected or left out.
    pub errors: Vec<At>,
}

/// What is wrong at one place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct At {
    /// The place, such as `line 3`.
    pub at: String,
    /// What is wrong there.
    pub error: String,
}

impl Summary {
    fn name(&mut self, errors: impl Iterator<Item = At>) {
        let room = MOST_NAMED.saturating_sub(self.errors.len());
        self.errors.extend(errors.take(room));
    }

    fn leave_out(&mut self, these: impl ExactSizeIterator<Item = At>) {
        self.photographs_left_out = self.photographs_left_out.saturating_add(these.len() as u64);
        self.name(these);
    }
}

/// Why an import ended early.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// What was sent cannot be read on.
    #[error("{0}")]
    Content(String),
    /// This node cannot take it, or not now.
    #[error(transparent)]
    Here(#[from] ActError),
}

/// How far an import is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Progress {
    /// Records seen.
    pub progress: u64,
    /// Reads stored.
    pub stored: u64,
}

/// What is imported, and for whom.
#[derive(Debug, Clone)]
pub struct Import {
    /// Who brings it.
    pub by: ImportActor,
    /// The name of the file, or of the source.
    pub file: Text,
    /// How it is read.
    pub options: Options,
}

/// Imports what `source` gives, to its end. Every batch is durable before the next is stored.
/// `progress` may be listened to or not.
///
/// # Errors
/// Why it ended early, with what became of the rest before.
pub async fn import(
    context: &NodeContext,
    what: Import,
    source: impl std::io::Read + Send + 'static,
    progress: Option<mpsc::Sender<Progress>>,
) -> Result<Summary, (Ended, Summary)> {
    let Import { by, file, options } = what;
    let format = options.format.to_string();
    let (batches, mut parsed) = mpsc::channel::<Batch>(2);
    tokio::task::spawn_blocking(move || parse(options, source, &batches));
    let mut summary = Summary { file: file.clone(), ..Summary::default() };
    while let Some(batch) = parsed.recv().await {
        let read = batch.reads.len() as u64;
        summary.records = batch.records;
        summary.empty += batch.empty;
        summary.rejected += batch.rejected.len() as u64;
        summary.name(batch.rejected.into_iter().map(|r| At { at: r.at, error: r.error }));
        for one in &batch.reads {
            let id = one.read.id.to_string();
            let left_out = one.left_out.iter().cloned();
            summary.leave_out(left_out.map(|error| At { at: id.clone(), error }));
        }
        let stored = match context.store_reads(&by, &file, &format, batch.reads).await {
            Ok(stored) => stored,
            Err(error) => return Err((error.into(), summary)),
        };
        summary.stored += stored.reads as u64;
        summary.duplicates += read - stored.reads as u64;
        summary.photographs += stored.photographs as u64;
        summary.leave_out(stored.absent.iter().map(|(read, image)| At {
            at: read.to_string(),
            error: format!("photograph `{image}` is not here; the read is stored without it"),
        }));
        if let Some(error) = batch.end {
            return Err((Ended::Content(error.to_string()), summary));
        }
        if let Some(progress) = &progress {
            let at = Progress { progress: summary.records, stored: summary.stored };
            // Nobody watching is no reason to stop.
            let _ = progress.send(at).await;
        }
    }
    Ok(summary)
}

/// What a source has sent since the node started.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Heard {
    /// When it last sent something.
    pub last_at: Option<Timestamp>,
    /// Reads that were new and are stored.
    pub stored: u64,
    /// Records that could not be used.
    pub rejected: u64,
    /// What was wrong with something that it sent, the last time anything was.
    pub error: Option<String>,
    /// When that was.
    pub error_at: Option<Timestamp>,
}

/// What every source has sent since the node started.
#[derive(Debug, Default)]
pub struct Sources {
    heard: Mutex<BTreeMap<SourceName, Heard>>,
}

impl Sources {
    /// Notes what became of what a source sent.
    pub fn note(&self, name: &SourceName, at: Timestamp, of: &Result<Summary, (Ended, Summary)>) {
        let (summary, ended) = match of {
            Ok(summary) => (summary, None),
            Err((ended, summary)) => (summary, Some(ended.to_string())),
        };
        let first = || summary.errors.first().map(|at| format!("{}: {}", at.at, at.error));
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = heard.entry(name.clone()).or_default();
        heard.last_at = Some(at);
        heard.stored = heard.stored.saturating_add(summary.stored);
        heard.rejected = heard.rejected.saturating_add(summary.rejected);
        if let Some(error) = ended.or_else(first) {
            heard.error = Some(error);
            heard.error_at = Some(at);
        }
    }

    /// What one has sent.
    #[must_use]
    pub fn heard(&self, name: &SourceName) -> Heard {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(name).cloned().unwrap_or_default()
    }
}
