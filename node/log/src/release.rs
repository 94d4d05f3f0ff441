//! The guard between the audit log and the wire.
//!
//! A [`Released`] frame is the only thing a channel sends. It is made here alone: out of an append
//! that was durable, out of the outbox that a durable append filled, or for the kinds of frame that
//! carry nobody's data: cards, failures, and hashes of a log. So an unlogged release does not
//! compile.

use schemas::envelope::Envelope;
use schemas::frame::{Frame, FrameKind};
use schemas::witness::Greeting;
use store::Queued;

/// Which side of a witnessing a frame is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WitnessFrame {
    /// The log's.
    Request,
    /// The witness's.
    Reply,
    /// A proof between two sizes, asked for or given.
    Consistency,
}

/// Leave to show what a statement, or the request for one, covers: its entry is durable.
#[derive(Debug)]
pub struct Leave(());

impl Leave {
    /// Only [`crate::append`] calls this.
    pub(crate) fn durable() -> Self {
        Self(())
    }

    /// Places of a tree over exchanges that are to be shown, or one that is.
    #[must_use]
    pub fn narrow(&self, body: Vec<u8>) -> Released {
        Released(Frame::new(FrameKind::Narrow, body))
    }
}

/// A frame that may go to the wire.
#[derive(Debug)]
pub struct Released(Frame);

impl Released {
    /// Only [`crate::append`] calls this, with what a durable append gave back, and the
    /// outbox, with what such an append stored.
    pub(crate) fn durable(frame: Frame) -> Self {
        Self(frame)
    }

    /// A message of the outbox as a frame: only a store makes one, out of what a durable append stored.
    #[must_use]
    pub fn queued(queued: &Queued) -> Self {
        let message = queued.message();
        Self::durable(Frame::new(message.kind, message.body.clone().into_bytes()))
    }

    /// One's own card, signed to be shown to anybody who may connect, and beside it what its
    /// receiver showed of its own log.
    #[must_use]
    pub fn own_card(card: &Envelope, greeting: &Greeting) -> Self {
        let beside = serde_json::to_vec(greeting).unwrap_or_default();
        Self(Frame { kind: FrameKind::Card, beside, body: card.as_bytes().to_vec() })
    }

    /// The word that a frame could not be served. Carries a code and a sentence of the node's own.
    #[must_use]
    pub fn failed(code: &str, message: &str) -> Self {
        let mut body =
            serde_json::json!({ "code": code, "message": message }).to_string().into_bytes();
        body.truncate(FrameKind::Failed.largest_body());
        Self(Frame::new(FrameKind::Failed, body))
    }

    /// A request to cosign this log's head, or the word on a peer's: signed heads and hashes alone.
    #[must_use]
    pub fn witness(kind: WitnessFrame, body: Vec<u8>) -> Self {
        Self(Frame::new(
            match kind {
                WitnessFrame::Request => FrameKind::Witness,
                WitnessFrame::Reply => FrameKind::Witnessed,
                WitnessFrame::Consistency => FrameKind::Consistency,
            },
            body,
        ))
    }

    /// An acknowledgement given again for what the store says is durable already.
    #[must_use]
    pub fn acknowledge_again(kind: super::append::Acknowledgement) -> Self {
        Self(Frame::new(kind.frame(), Vec::new()))
    }

    /// The frame, for the codec.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.0
    }
}
