//! Frames on a substream. A frame's kind and lengths are checked before its bytes are read, so what
//! a peer can make us hold is bounded by the kind it announces.

use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::Stream;
use schemas::frame::{Frame, Head};

use crate::audit::release::Released;
use crate::query::ports::LinkError;

/// How long the rest of a frame may take once its head has come.
const REST: Duration = Duration::from_secs(20);
/// How long the frames of one message may take to be written.
const WRITE: Duration = Duration::from_secs(60);

fn lost(why: &str) -> LinkError {
    LinkError::Lost(why.to_owned())
}

/// What the network library says of a substream means nothing to who waits for an answer.
fn ended(error: std::io::Error) -> LinkError {
    tracing::debug!(%error, "a substream ended");
    lost("the other side ended the conversation")
}

/// Reads the next frame; waits for its head without limit.
pub(super) async fn read(stream: &mut Stream) -> Result<Frame, LinkError> {
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.map_err(ended)?;
    let rest = async {
        let mut head = [0; Head::WIRE];
        let [begin, end @ ..] = &mut head;
        *begin = first[0];
        stream.read_exact(end).await.map_err(ended)?;
        let head = Head::parse(&head).map_err(|e| LinkError::Protocol(e.to_string()))?;
        let mut beside = vec![0; head.beside];
        stream.read_exact(&mut beside).await.map_err(ended)?;
        let mut body = vec![0; head.body];
        stream.read_exact(&mut body).await.map_err(ended)?;
        Ok(Frame { kind: head.kind, beside, body })
    };
    tokio::time::timeout(REST, rest).await.map_err(|_| lost("a frame came in part only"))?
}

/// Writes frames and hands them to the connection together.
pub(super) async fn write(stream: &mut Stream, frames: &[Released]) -> Result<(), LinkError> {
    let written = async {
        for released in frames {
            let bytes =
                released.frame().to_bytes().map_err(|e| LinkError::Protocol(e.to_string()))?;
            stream.write_all(&bytes).await.map_err(ended)?;
        }
        stream.flush().await.map_err(ended)
    };
    tokio::time::timeout(WRITE, written).await.map_err(|_| lost("a frame could not be written"))?
}
