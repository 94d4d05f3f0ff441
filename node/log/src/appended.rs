//! What a durable append hands out: the proof of it, with the frames that the entry lets out.

use schemas::answer::LogPosition;
use schemas::entry_proof::EntryProof;
use schemas::frame::Frame;
use schemas::time::Timestamp;

use super::narrowing::NarrowingToken;
use super::release::Released;

/// Proof that an entry is durable. Only the writer makes one.
#[derive(Debug)]
pub struct Appended {
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) frames: Vec<Frame>,
    /// Where the entry stands, when something leaves with it.
    pub(super) entry_proof: Option<EntryProof>,
    pub(super) narrowing: NarrowingToken,
}

impl Appended {
    /// Where the entry stands.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        LogPosition { index: self.index, size: self.index.saturating_add(1) }
    }

    /// The entry's time.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The frames that the entry lets out, with what proves its place in the log beside the first.
    #[must_use]
    pub fn release(mut self) -> Vec<Released> {
        let beside = self.entry_proof.and_then(|entry_proof| serde_json::to_vec(&entry_proof).ok());
        if let (Some(first), Some(beside)) = (self.frames.first_mut(), beside) {
            first.beside = beside;
        }
        self.frames.into_iter().map(Released::durable).collect()
    }

    /// The frames of a statement, or of the request for one, and the token to narrow it down with.
    #[must_use]
    pub fn release_stating(mut self) -> (Vec<Released>, NarrowingToken) {
        let token = std::mem::replace(&mut self.narrowing, NarrowingToken::none());
        (self.release(), token)
    }
}
