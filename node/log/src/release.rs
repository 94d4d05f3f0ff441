//! The guard between the audit log and the wire.
//!
//! A [`Released`] frame is the only thing a channel sends. It is made in this crate alone: out of an
//! append that was durable, out of the outbox that a durable append filled, or for the kinds of frame
//! that carry nobody's data: one's own card ([`crate::card`]), signed heads and hashes of logs
//! ([`crate::cosigning`]), what a statement covers ([`crate::narrowing`]), the word that something is
//! recorded already ([`crate::acknowledgement`]), and the word that something failed. So an unlogged
//! release does not compile.
//!
//! ```
//! # use audit_log::{append::Appended, release::Released};
//! fn released(appended: Appended) -> Vec<Released> {
//!     appended.release()
//! }
//! ```
//! ```compile_fail,E0624
//! # use audit_log::{append::Appended, release::Released};
//! # use schemas::frame::Frame;
//! fn released(frame: Frame) -> Vec<Released> {
//!     vec![Released::durable(frame)]
//! }
//! ```

use schemas::frame::{Frame, FrameKind};
use schemas::time::Timestamp;
use serde::Serialize;
use store::Queued;

/// A frame that may go to the wire.
#[derive(Debug)]
pub struct Released(Frame);

impl Released {
    /// Only this crate calls this, with what a durable append gave back or what carries nobody's data.
    pub(crate) fn durable(frame: Frame) -> Self {
        Self(frame)
    }

    /// As [`Self::durable`], of a message as JSON.
    pub(crate) fn json(kind: FrameKind, message: &impl Serialize) -> Self {
        // Messages of this protocol have no maps with other keys than text: they can be written.
        Self(Frame::new(kind, serde_json::to_vec(message).unwrap_or_default()))
    }

    /// A message of the outbox as a frame: only a store makes one, out of what a durable append stored.
    #[must_use]
    pub fn queued(queued: &Queued) -> Self {
        let message = queued.message();
        Self::durable(Frame::new(message.kind, message.body.clone().into_bytes()))
    }

    /// The word that a frame could not be served. Carries a code and a sentence of the node's own, of
    /// which as much as a frame has room for is said.
    #[must_use]
    pub fn failed(code: &str, message: &str) -> Self {
        Self::word(|message| serde_json::json!({ "code": code, "message": message }), message)
    }

    /// The word that more of something came than is taken in, and that no more of it is before an
    /// instant.
    #[must_use]
    pub fn too_many(message: &str, until: Timestamp) -> Self {
        let word = |message: &str| serde_json::json!({ "code": "too_many", "until": until, "message": message });
        Self::word(word, message)
    }

    fn word(word: impl Fn(&str) -> serde_json::Value, message: &str) -> Self {
        let said = |message: &str| word(message).to_string();
        let most = FrameKind::Failed.largest_body();
        let ends = message.char_indices().map(|(at, _)| at).rev().skip_while(|end| *end > most);
        let body = std::iter::once(message.len())
            .chain(ends)
            .filter_map(|end| message.get(..end).map(said))
            .find(|body| body.len() <= most);
        Self(Frame::new(FrameKind::Failed, body.unwrap_or_default().into_bytes()))
    }

    /// The frame, for the codec.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.0
    }
}
