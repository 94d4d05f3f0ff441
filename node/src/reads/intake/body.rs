//! The body of an HTTP request as what a parser reads.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::StreamExt as _;
use schemas::digest::Digest;
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};

/// A request's body, as a reader for the parser's own thread.
pub struct Chunks {
    source: mpsc::Receiver<std::io::Result<Bytes>>,
    rest: Bytes,
}

/// SHA-256 and number of the bytes of a body that came to its end.
pub type Received = oneshot::Receiver<(Digest, u64)>;

/// A request's body as a reader, and what the whole of it was. All of it is taken whatever becomes
/// of the reader: a sender that is cut off in the middle of its file would not hear why. With a
/// longest `silence`, a body that stands still for that long has ended early.
#[must_use]
pub fn body(body: Body, silence: Option<Duration>) -> (Chunks, Received) {
    let (chunks, source) = mpsc::channel(16);
    let (whole, received) = oneshot::channel();
    tokio::spawn(async move {
        if let Some(of) = forward(body, chunks, silence).await {
            let _ = whole.send(of);
        }
    });
    (Chunks { source, rest: Bytes::new() }, received)
}

async fn forward(
    body: Body,
    chunks: mpsc::Sender<std::io::Result<Bytes>>,
    silence: Option<Duration>,
) -> Option<(Digest, u64)> {
    let mut stream = body.into_data_stream();
    let (mut hash, mut count, mut wanted) = (Sha256::new(), 0u64, true);
    loop {
        let next = match silence {
            None => stream.next().await,
            Some(silence) => match tokio::time::timeout(silence, stream.next()).await {
                Ok(next) => next,
                Err(_) => {
                    let silent = std::io::Error::from(std::io::ErrorKind::TimedOut);
                    drop(chunks.send(Err(silent)).await);
                    return None;
                }
            },
        };
        let chunk = match next {
            None => return Some((Digest::from_bytes(hash.finalize().into()), count)),
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => {
                drop(chunks.send(Err(std::io::Error::other(error))).await);
                return None;
            }
        };
        hash.update(&chunk);
        count = count.saturating_add(chunk.len() as u64);
        wanted = wanted && chunks.send(Ok(chunk)).await.is_ok();
    }
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
