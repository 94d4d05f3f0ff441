//! Where an entry stands in its log, with what proves it: travels beside a frame, unsigned, because
//! the envelope was signed before its entry was written.

use serde::{Deserialize, Serialize};

use crate::answer::LogPosition;
use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::digest::Digest;
use crate::entry::{Header, HeaderError};
use crate::merkle::{self, ProofError};
use crate::note::Vkey;

/// An entry and its place in the sender's log, proven against a signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EntryProof {
    /// The entry's index, and the size of the tree that the checkpoint signs.
    pub log: LogPosition,
    /// The entry's header, exactly: the leaf.
    pub header: String,
    /// Hashes from the leaf's sibling up to a child of the root.
    pub inclusion: Vec<Digest>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a proof of an entry proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryProofError {
    /// The checkpoint is none, or not signed by the log's key.
    #[error("its checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The header is none.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The proof does not lead from the header to the checkpoint.
    #[error("its proof: {0}")]
    Proof(#[from] ProofError),
    /// Header, position and checkpoint speak of different places.
    #[error("header, position and checkpoint speak of different places")]
    Place,
}

impl EntryProof {
    /// Checks the proof and the checkpoint's signature by the log's key; the header and the
    /// checkpoint that it leads to.
    ///
    /// # Errors
    /// When anything of it does not hold.
    pub fn verified(&self, log: &Vkey) -> Result<(Header, SignedCheckpoint), EntryProofError> {
        let signed = SignedCheckpoint::parse_head(&self.checkpoint)?;
        let header = self.stands_under(signed.verified(log)?)?;
        Ok((header, signed))
    }

    /// Checks the proof alone, up to a checkpoint whose signature was verified: the one that stands in
    /// it. The header.
    ///
    /// # Errors
    /// When the entry does not stand where it says under that checkpoint.
    pub fn stands_under(&self, checkpoint: &Checkpoint) -> Result<Header, EntryProofError> {
        let header = Header::from_bytes(self.header.as_bytes())?;
        if header.index != self.log.index || checkpoint.size != self.log.size {
            return Err(EntryProofError::Place);
        }
        merkle::verify_inclusion(
            &merkle::leaf(self.header.as_bytes()),
            self.log.index,
            self.log.size,
            &self.inclusion,
            &checkpoint.root,
        )?;
        Ok(header)
    }
}
