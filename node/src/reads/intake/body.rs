//! The body of an HTTP request as what a parser reads.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use schemas::digest::Digest;
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// A request's body, as a reader for the parser's own thread.
pub struct Chunks {
    source: mpsc::Receiver<std::io::Result<Bytes>>,
    rest: Bytes,
    copy: Option<BodyCopy>,
}

/// A copy of a body's bytes as they are read, as long as there are few enough. Cheap to clone.
#[derive(Clone, Default)]
pub struct BodyCopy(Arc<Mutex<Copied>>);

#[derive(Default)]
struct Copied {
    chunks: Vec<Bytes>,
    bytes: usize,
}

/// Most bytes of a body that are copied: a larger one is no webhook's.
const COPIED: usize = 16 << 20;

impl BodyCopy {
    fn add(&self, chunk: &Bytes) {
        let mut copied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        copied.bytes = copied.bytes.saturating_add(chunk.len());
        if copied.bytes > COPIED {
            copied.chunks.clear();
        } else {
            copied.chunks.push(chunk.clone());
        }
    }

    /// What was read, unless it was too much.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let copied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (copied.bytes <= COPIED).then(|| copied.chunks.concat())
    }
}

impl Chunks {
    /// Has what is read from here on copied.
    pub fn copied(&mut self) -> BodyCopy {
        self.copy.get_or_insert_default().clone()
    }
}

/// SHA-256 and number of the bytes of a body that came to its end.
pub type Received = oneshot::Receiver<(Digest, u64)>;

/// How slowly a body may come: what the sender is waited for counts, not what it waits for this node.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Longest silence in the middle of it.
    silence: Duration,
    /// How long its sender may be waited for in all.
    grace: Duration,
    /// And a second more for so many bytes that came.
    bytes_per_second: u64,
}

impl Pace {
    /// Of what comes over a network: a field unit at the edge of its own is slower than a person types, but
    /// not for ever.
    const NETWORK: Self = Self {
        silence: Duration::from_secs(30),
        grace: Duration::from_secs(20),
        bytes_per_second: 256,
    };

    /// How much longer its next bytes may take, after so many bytes and so much waiting.
    fn left(&self, bytes: u64, waited: Duration) -> Duration {
        let seconds = bytes.checked_div(self.bytes_per_second).unwrap_or(0);
        let most = self.grace.saturating_add(Duration::from_secs(seconds));
        most.saturating_sub(waited).min(self.silence)
    }
}

/// The body of a request that comes over a network: one that comes more slowly than its pace has ended
/// early.
pub fn paced(body: Body) -> Body {
    Body::from_stream(in_time(body, Pace::NETWORK))
}

fn in_time(body: Body, pace: Pace) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    let start = (body.into_data_stream(), 0u64, Duration::ZERO);
    stream::try_unfold(start, move |(mut body, count, waited)| async move {
        let began = Instant::now();
        let next = tokio::time::timeout(pace.left(count, waited), body.next()).await;
        let Some(chunk) = next? else { return Ok(None) };
        let chunk = chunk.map_err(std::io::Error::other)?;
        let count = count.saturating_add(chunk.len() as u64);
        Ok(Some((chunk, (body, count, waited.saturating_add(began.elapsed())))))
    })
}

/// A request's body as a reader, and what the whole of it was. All of it is taken whatever becomes
/// of the reader: a sender that is cut off in the middle of its file would not hear why.
#[must_use]
pub fn body(body: Body) -> (Chunks, Received) {
    let (chunks, source) = mpsc::channel(16);
    let (whole, received) = oneshot::channel();
    tokio::spawn(async move {
        let stream = body.into_data_stream().map_err(std::io::Error::other);
        if let Some(of) = forward(stream, chunks).await {
            let _ = whole.send(of);
        }
    });
    (Chunks { source, rest: Bytes::new(), copy: None }, received)
}

async fn forward(
    stream: impl Stream<Item = std::io::Result<Bytes>>,
    chunks: mpsc::Sender<std::io::Result<Bytes>>,
) -> Option<(Digest, u64)> {
    let mut stream = pin!(stream);
    let (mut hash, mut count, mut wanted) = (Sha256::new(), 0u64, true);
    loop {
        let chunk = match stream.next().await {
            None => return Some((Digest::from_bytes(hash.finalize().into()), count)),
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => {
                drop(chunks.send(Err(error)).await);
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
                Some(chunk) => {
                    self.rest = chunk?;
                    self.copy.iter().for_each(|copy| copy.add(&self.rest));
                }
                None => return Ok(0),
            }
        }
        let n = std::io::Read::read(&mut self.rest.as_ref(), into)?;
        drop(self.rest.split_to(n));
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_drips_is_waited_for_no_longer_than_its_bytes_are_worth() {
        let seconds = Duration::from_secs;
        let pace = Pace::NETWORK;
        for (bytes, waited, left) in [
            (0, 0, 20),
            (2, 19, 1),
            (2, 40, 0),
            (256 * 60, 40, 30),
            (256 * 60, 75, 5),
            (1 << 30, 3_600, 30),
        ] {
            assert_eq!(pace.left(bytes, seconds(waited)), seconds(left), "{bytes} in {waited} s");
        }
    }

    #[tokio::test]
    async fn a_body_that_drips_ends_early() {
        let (silence, grace) = (Duration::from_secs(30), Duration::from_millis(50));
        let pace = Pace { silence, grace, bytes_per_second: 1 << 20 };
        let (chunks, mut source) = mpsc::channel(64);
        let dripping = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
        });
        let taken = forward(in_time(Body::from_stream(dripping), pace), chunks).await;
        assert!(taken.is_none());
        let mut last = None;
        while let Some(chunk) = source.recv().await {
            last = Some(chunk);
        }
        let error = last.expect("a chunk").expect_err("the end");
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}
