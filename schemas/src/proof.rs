//! Proof files: that an entry is in a log, checked without asking anybody (C2SP tlog-proof).
//!
//! A file holds the entry's index, its inclusion proof and the signed checkpoint with whatever
//! cosignatures it had; not the entry itself. It has one byte form.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::checkpoint::{CheckpointError, Cosigned, SignedCheckpoint, base64, decimal, digest};
use crate::digest::Digest;
use crate::merkle::{self, LONGEST_PROOF, ProofError};
use crate::note::{self, Vkey};

/// How proof files are named.
pub const EXTENSION: &str = "tlog-proof";

/// Most bytes of extra data.
pub const LARGEST_EXTRA: usize = 60_000;

/// Largest proof file, in bytes: its checkpoint, extra data in base64, and some lines.
pub const LARGEST: usize = note::LARGEST + LARGEST_EXTRA * 2;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Why bytes are no proof file, or prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// Longer than [`LARGEST`], or its extra data than [`LARGEST_EXTRA`]; holds the length in
    /// bytes.
    #[error("a proof of {0} bytes is too large")]
    TooLarge(usize),
    /// Not a proof file.
    #[error("not a proof file: {0}")]
    Form(&'static str),
    /// The checkpoint cannot be read or believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not where the proof puts it.
    #[error(transparent)]
    Inclusion(#[from] ProofError),
    /// Too few of the cosigners cosigned.
    #[error("{found} of the cosigners cosigned where {required} must")]
    Cosigners {
        /// How many did.
        found: usize,
        /// How many must.
        required: usize,
    },
}

/// A proof file. Nothing in it **has been checked**.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProof {
    extra: Vec<u8>,
    index: u64,
    hashes: Vec<Digest>,
    checkpoint: SignedCheckpoint,
}

impl LogProof {
    /// From an entry's index, its inclusion proof for the checkpoint's size, and the checkpoint.
    ///
    /// # Errors
    /// [`ProofFileError::Form`] if there are more than 63 hashes.
    pub fn new(
        index: u64,
        hashes: Vec<Digest>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, ProofFileError> {
        if hashes.len() > LONGEST_PROOF {
            return Err(ProofFileError::Form("more than 63 hashes"));
        }
        Ok(Self { extra: Vec::new(), index, hashes, checkpoint })
    }

    /// The same with extra data, which nothing vouches for; with none if it is empty.
    ///
    /// # Errors
    /// [`ProofFileError::TooLarge`] beyond [`LARGEST_EXTRA`].
    pub fn with_extra(self, extra: Vec<u8>) -> Result<Self, ProofFileError> {
        if extra.len() > LARGEST_EXTRA {
            return Err(ProofFileError::TooLarge(extra.len()));
        }
        Ok(Self { extra, ..self })
    }

    /// Reads a proof file without checking what it says.
    ///
    /// # Errors
    /// When the bytes are too many or not the one form of a proof file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > LARGEST {
            return Err(ProofFileError::TooLarge(bytes.len()));
        }
        let form = ProofFileError::Form;
        let file = std::str::from_utf8(bytes).map_err(|_| form("not UTF-8"))?;
        // The first empty line: there is none above the checkpoint, and may be more below.
        let (head, checkpoint) = file.split_once("\n\n").ok_or(form("no empty line"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(form("its first line is another"));
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            None => Vec::new(),
            Some(line) => line
                .strip_prefix("extra ")
                .and_then(|base64| BASE64.decode(base64).ok())
                .filter(|extra| !extra.is_empty())
                .ok_or(form("an extra line that is not `extra base64`"))?,
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(decimal)
            .ok_or(form("no line `index number`"))?;
        let hashes = lines
            .map(digest)
            .collect::<Option<Vec<_>>>()
            .ok_or(form("a hash that is not 32 bytes of base64"))?;
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
        Self::new(index, hashes, checkpoint)?.with_extra(extra)
    }

    /// Checks that an entry, given by the bytes of its header, is in the log: the log's signature,
    /// those of the cosigners that are there, the inclusion proof. Returns who cosigned and when;
    /// at least `required` of `cosigners`, counted by key.
    ///
    /// The extra data stays as little trusted as it was.
    ///
    /// # Errors
    /// [`ProofFileError::Checkpoint`] as [`SignedCheckpoint::cosigned`];
    /// [`ProofFileError::Cosigners`] if too few cosigned; [`ProofFileError::Inclusion`] if the
    /// entry is not at the index.
    pub fn verify<'k>(
        &self,
        entry: &[u8],
        log: &Vkey,
        cosigners: &'k [Vkey],
        required: usize,
    ) -> Result<Vec<Cosigned<'k>>, ProofFileError> {
        let cosigned = self.checkpoint.cosigned(log, cosigners)?;
        let found = cosigned.len();
        if found < required {
            return Err(ProofFileError::Cosigners { found, required });
        }
        let checkpoint = self.checkpoint.unverified();
        let leaf = merkle::leaf(entry);
        merkle::verify_inclusion(
            &leaf,
            self.index,
            checkpoint.size,
            &self.hashes,
            &checkpoint.root,
        )?;
        Ok(cosigned)
    }

    /// The entry's index, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint; it tells whose key to check it with.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Data that came with the proof; **nothing vouches for it**. Empty if there is none.
    #[must_use]
    pub fn unverified_extra(&self) -> &[u8] {
        &self.extra
    }
}

/// The file.
impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", BASE64.encode(&self.extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", base64(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
