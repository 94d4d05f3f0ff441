//! Frames on a substream, written and read without the node's code for it.

use std::io;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::Stream;
use schemas::answer::Answer;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind, Head};
use schemas::key::PublicKey;
use schemas::refusal::{Reason, Refusal};

use crate::wait::within;

/// One substream.
pub struct Wire {
    stream: Stream,
}

impl Wire {
    /// Over `stream`.
    #[must_use]
    pub fn over(stream: Stream) -> Self {
        Self { stream }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the substream is closed.
    ///
    /// # Panics
    /// When the frame is larger than its kind allows; [`Self::send_bytes`] sends those.
    pub async fn send(&mut self, kind: FrameKind, body: &[u8]) -> io::Result<()> {
        self.send_bytes(&Frame::new(kind, body.to_vec()).to_bytes().expect("a frame")).await
    }

    /// Sends any bytes.
    ///
    /// # Errors
    /// When the substream is closed.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next frame, or `None` when the substream is closed.
    pub async fn next(&mut self) -> Option<Frame> {
        within("a frame or the end of the substream", self.read()).await.ok()
    }

    async fn read(&mut self) -> io::Result<Frame> {
        let mut head = [0; Head::WIRE];
        self.stream.read_exact(&mut head).await?;
        let head = Head::parse(&head).map_err(io::Error::other)?;
        let mut frame =
            Frame { kind: head.kind, beside: vec![0; head.beside], body: vec![0; head.body] };
        self.stream.read_exact(&mut frame.beside).await?;
        self.stream.read_exact(&mut frame.body).await?;
        Ok(frame)
    }

    /// The next frame, waited for as long as it takes.
    pub(crate) async fn next_ever(&mut self) -> Option<Frame> {
        self.read().await.ok()
    }
}

/// What a node sent back on a query.
pub enum Reply {
    /// An answer with its pages.
    Answer {
        /// The header's envelope, exactly.
        envelope: Envelope,
        /// The pages, in order.
        pages: Vec<Vec<u8>>,
    },
    /// A refusal's envelope.
    Refusal(Envelope),
    /// An unsigned word that it could not be served.
    Failed(String),
    /// Nothing, and how that came about: the substream was closed, or could not be opened.
    Closed(String),
}

impl Reply {
    /// Reads a reply off the wire.
    ///
    /// # Panics
    /// When it is none.
    pub async fn read(wire: &mut Wire) -> Self {
        let first = match within("a frame or the end of the substream", wire.read()).await {
            Ok(first) => first,
            Err(error) => return Self::Closed(format!("no frame came: {error}")),
        };
        match first.kind {
            FrameKind::Answer => {
                let envelope = Envelope::parse(&first.body).expect("an answer's envelope");
                let header: Answer =
                    serde_json::from_slice(envelope.unverified_payload()).expect("an answer");
                let mut pages = Vec::new();
                for _ in &header.pages {
                    let page = wire.next().await.expect("a page");
                    assert_eq!(page.kind, FrameKind::Page);
                    pages.push(page.body);
                }
                Self::Answer { envelope, pages }
            }
            FrameKind::Refusal => {
                Self::Refusal(Envelope::parse(&first.body).expect("a refusal's envelope"))
            }
            FrameKind::Failed => Self::Failed(String::from_utf8_lossy(&first.body).into_owned()),
            other => panic!("a frame of kind {other:?} in place of a reply"),
        }
    }

    /// The answer's envelope and pages.
    ///
    /// # Panics
    /// When it is no answer.
    #[must_use]
    pub fn answered(self) -> (Envelope, Vec<Vec<u8>>) {
        match self {
            Self::Answer { envelope, pages } => (envelope, pages),
            other => panic!("{other:?} in place of an answer"),
        }
    }

    /// The reasons of a refusal that `key` signed.
    ///
    /// # Panics
    /// When it is no refusal, or not signed so.
    #[must_use]
    pub fn refused(self, key: &PublicKey) -> Vec<Reason> {
        match self {
            Self::Refusal(envelope) => {
                let refusal: Refusal =
                    envelope.verified_json(Kind::Refusal, key).expect("a signed refusal");
                refusal.reasons
            }
            other => panic!("{other:?} in place of a refusal"),
        }
    }

    /// Whether it carries nothing that was signed: an unsigned word, or silence.
    #[must_use]
    pub fn proves_nothing(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Closed(_))
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer { pages, .. } => write!(f, "an answer of {} pages", pages.len()),
            Self::Refusal(envelope) => {
                write!(f, "a refusal {}", String::from_utf8_lossy(envelope.unverified_payload()))
            }
            Self::Failed(said) => write!(f, "the word {said}"),
            Self::Closed(how) => write!(f, "nothing ({how})"),
        }
    }
}
