//! Frames on a substream. A frame's kind and lengths are checked before its bytes are read, so what
//! a peer can make us hold is bounded by the kind it announces.
//!
//! INVARIANT: bytes are written to a substream in this module alone, and its one way of writing that
//! others see takes [`Released`] frames: what was not logged cannot be sent.

pub mod probe;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::Stream;
use schemas::frame::{Frame, FrameKind, Head};
use tokio::sync::OwnedSemaphorePermit;

use super::connection::Connection;
use super::peer_limits::SubstreamPermit;
use crate::link::LinkError;
use audit_log::release::Released;

/// How long the rest of a frame may take once its head has come.
const REST: Duration = Duration::from_secs(20);
/// How long the frames of one message may take to be written.
const WRITE: Duration = Duration::from_secs(60);

/// A substream of our protocol; what comes on it is heard of its connection.
///
/// The multiplexer wakes nobody who reads or writes when this side closes the connection, so each
/// substream knows by its connection when that has ended.
#[derive(Debug)]
pub(super) struct Substream {
    stream: Stream,
    connection: Arc<Connection>,
}

impl Substream {
    /// A substream of `connection`.
    pub(super) fn new(stream: Stream, connection: Arc<Connection>) -> Self {
        Self { stream, connection }
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Whether it stands and nothing has come on it: an end neither.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let read = Pin::new(&mut self.stream).poll_read(&mut cx, &mut [0]);
        read.is_pending() && !self.connection.is_over()
    }
}

impl AsyncRead for Substream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if matches!(read, Poll::Ready(Ok(1..))) {
            self.connection.hears();
        }
        read
    }
}

fn lost(why: &str) -> LinkError {
    LinkError::Lost(why.to_owned())
}

/// What the network library says of a substream means nothing to who waits for an answer.
fn ended(error: io::Error) -> LinkError {
    tracing::debug!(%error, "a substream ended");
    lost("the other side ended the conversation")
}

/// Reads the next frame; waits for its head without limit.
pub(super) async fn read(substream: &mut Substream) -> Result<Frame, LinkError> {
    standing(substream, async |stream| {
        let first = first(stream).await?;
        in_time(async {
            let head = head(first, stream).await?;
            rest(head, stream).await
        })
        .await
    })
    .await
}

/// Reads the frame that opens a conversation, and holds the room that it takes of what its peer may
/// have; waits for its head until `left`, and for one that has begun as long as for any. Of a frame that
/// opens nothing only the head is read.
pub(super) async fn opening(
    substream: &mut Substream,
    permit: &SubstreamPermit,
    left: impl Future<Output = ()>,
) -> Result<(Frame, Option<OwnedSemaphorePermit>), LinkError> {
    standing(substream, async |stream| {
        let first = tokio::select! {
            // What has come is taken.
            biased;
            first = first(stream) => first?,
            () = left => return Err(lost("nothing was opened here any more")),
        };
        in_time(async {
            let head = head(first, stream).await?;
            if !opens(head.kind) {
                return Ok((Frame::new(head.kind, Vec::new()), None));
            }
            let held = permit.hold(head.beside.saturating_add(head.body)).await;
            Ok((rest(head, stream).await?, held))
        })
        .await
    })
    .await
}

fn opens(kind: FrameKind) -> bool {
    matches!(
        kind,
        FrameKind::Query
            | FrameKind::Receipt
            | FrameKind::Card
            | FrameKind::Document
            | FrameKind::Statement
            | FrameKind::Witness
            | FrameKind::Consistency
            | FrameKind::Standing
            | FrameKind::Heads
    )
}

async fn in_time<T>(read: impl Future<Output = Result<T, LinkError>>) -> Result<T, LinkError> {
    tokio::time::timeout(REST, read).await.map_err(|_| lost("a frame came in part only"))?
}

/// What is done on a substream, for as long as its connection stands.
async fn standing<T>(
    substream: &mut Substream,
    what: impl AsyncFnOnce(&mut Substream) -> Result<T, LinkError>,
) -> Result<T, LinkError> {
    let connection = substream.connection.clone();
    tokio::select! {
        // What had come before the end counts.
        biased;
        done = what(substream) => done,
        () = connection.over() => Err(connection.lost()),
    }
}

async fn first(stream: &mut Substream) -> Result<u8, LinkError> {
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.map_err(ended)?;
    Ok(first[0])
}

async fn head(first: u8, stream: &mut Substream) -> Result<Head, LinkError> {
    let mut head = [0; Head::WIRE];
    let [begin, end @ ..] = &mut head;
    *begin = first;
    stream.read_exact(end).await.map_err(ended)?;
    Head::parse(&head).map_err(|e| LinkError::Protocol(e.to_string()))
}

async fn rest(head: Head, stream: &mut Substream) -> Result<Frame, LinkError> {
    let mut beside = vec![0; head.beside];
    stream.read_exact(&mut beside).await.map_err(ended)?;
    let mut body = vec![0; head.body];
    stream.read_exact(&mut body).await.map_err(ended)?;
    Ok(Frame { kind: head.kind, beside, body })
}

/// Writes frames and hands them to the connection together.
pub(super) async fn write(substream: &mut Substream, frames: &[Released]) -> Result<(), LinkError> {
    standing(substream, async |substream| {
        let stream = &mut substream.stream;
        let written = async {
            for released in frames {
                let bytes =
                    released.frame().to_bytes().map_err(|e| LinkError::Protocol(e.to_string()))?;
                stream.write_all(&bytes).await.map_err(ended)?;
            }
            stream.flush().await.map_err(ended)
        };
        let written = tokio::time::timeout(WRITE, written).await;
        written.map_err(|_| lost("a frame could not be written"))?
    })
    .await
}
