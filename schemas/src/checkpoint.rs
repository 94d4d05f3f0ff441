//! Checkpoints: what a log says of its tree, signed by the log and by whoever saw it (C2SP
//! tlog-checkpoint and tlog-cosignature).
//!
//! The text has three lines: the log's origin, the size of the tree in leaves, the root in base64.
//! Extension lines are refused: nobody who checks the log could check what they say.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::agency::AgencyId;
use crate::digest::Digest;
use crate::merkle::LARGEST_SIZE;
use crate::note::{KeyName, KeyType, Note, NoteError, SignatureLine, Signer, Verified, Vkey};
use crate::time::Timestamp;

/// Largest signed head that crosses between nodes, in bytes: its text with a signature line of each of the
/// log's keys is a third of it.
pub const LARGEST_HEAD: usize = 2_048;

/// What precedes an agency's id in the origin of its log.
const ORIGIN_PREFIX: &str = "accord/";

/// A log's statement of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; also the name of its key. [`origin`] for an agency's.
    pub origin: KeyName,
    /// Leaves in the tree, at most [`LARGEST_SIZE`].
    pub size: u64,
    /// Root of the tree.
    pub root: Digest,
}

/// Why a text is no checkpoint, or a checkpoint not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note, or not one that trusted keys signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not the text of a checkpoint.
    #[error("not a checkpoint: {0}")]
    Text(&'static str),
    /// Not the log's key.
    #[error("`{key}` is not the key, of type 01, that signs for `{origin}`")]
    LogKey {
        /// Name of the key.
        key: KeyName,
        /// The log.
        origin: KeyName,
    },
    /// A head longer than any that is signed for other nodes; holds its length in bytes.
    #[error("a signed head of {0} bytes; at most {LARGEST_HEAD} are read")]
    LargeHead(usize),
    /// Not a cosigner's key; holds its name.
    #[error("`{0}` is not a cosigner's key, of type 04")]
    CosignerKey(KeyName),
}

/// The origin of an agency's log: `accord/<agency id>`.
#[must_use]
pub fn origin(agency: &AgencyId) -> KeyName {
    KeyName::from_slug(format!("{ORIGIN_PREFIX}{}", agency.as_str()))
}

/// The agency whose log has this origin; `None` for any other log.
#[must_use]
pub fn agency(origin: &KeyName) -> Option<AgencyId> {
    origin.as_str().strip_prefix(ORIGIN_PREFIX)?.parse().ok()
}

impl Checkpoint {
    /// Reads the text of a checkpoint: three lines, each with its line feed.
    ///
    /// # Errors
    /// [`CheckpointError::Text`] for any other form, extension lines included.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let refused = CheckpointError::Text;
        let text = text.strip_suffix('\n').ok_or(refused("no line feed at its end"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(refused("fewer than three lines"));
        };
        if lines.next().is_some() {
            return Err(refused("extension lines"));
        }
        let checkpoint = Self {
            origin: origin.parse().map_err(|_| refused("the origin is not a key name"))?,
            size: decimal(size).ok_or(refused("the size is not a decimal number"))?,
            root: digest(root).ok_or(refused("the root is not 32 bytes of base64"))?,
        };
        if checkpoint.size > LARGEST_SIZE {
            return Err(refused("the size is beyond any log"));
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, base64(&self.root))
    }
}

/// A checkpoint with its signatures, which **have not been checked**; byte for byte as it came.
///
/// Lines by unknown keys and of types that are not known here are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

/// Who cosigned a checkpoint, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosigned<'k> {
    /// The cosigner's key.
    pub key: &'k Vkey,
    /// When, to the second.
    pub at: Timestamp,
}

impl SignedCheckpoint {
    /// Signs a checkpoint with the key of its log.
    ///
    /// # Errors
    /// [`CheckpointError::LogKey`] unless the key is named like the log; [`CheckpointError::Text`]
    /// beyond [`LARGEST_SIZE`].
    pub fn sign(checkpoint: Checkpoint, log: &Signer) -> Result<Self, CheckpointError> {
        check_log_key(&log.vkey(), &checkpoint.origin)?;
        let text = checkpoint.to_string();
        Checkpoint::parse(&text)?;
        Ok(Self { note: Note::sign(text, log)?, checkpoint })
    }

    /// Signs it with another key of the same log too: while one takes the place of the other, both
    /// stand under every head, and whoever knows either can check it.
    ///
    /// # Errors
    /// [`CheckpointError::LogKey`] unless the key is named like the log; [`CheckpointError::Note`] when
    /// there are too many lines.
    pub fn sign_also(&mut self, log: &Signer) -> Result<(), CheckpointError> {
        check_log_key(&log.vkey(), &self.checkpoint.origin)?;
        Ok(self.note.sign_also(log)?)
    }

    /// Reads a signed checkpoint without checking its signatures.
    ///
    /// # Errors
    /// When the bytes are no note, or its text is not that of a checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.unverified_text())?;
        Ok(Self { note, checkpoint })
    }

    /// Reads a signed head that another node showed, as [`Self::parse`] does.
    ///
    /// # Errors
    /// As [`Self::parse`], and beyond [`LARGEST_HEAD`], which is looked at first.
    pub fn parse_head(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > LARGEST_HEAD {
            return Err(CheckpointError::LargeHead(text.len()));
        }
        Self::parse(text.as_bytes())
    }

    /// The same with those lines alone that these keys of its log signed: others are nobody's word
    /// here, and are neither kept nor passed on.
    ///
    /// # Errors
    /// As [`Self::verified`] with the last of the keys, where none of them signed it.
    pub fn signed_by_only(&self, log: &[Vkey]) -> Result<Self, CheckpointError> {
        let mut lines: Vec<SignatureLine> = Vec::new();
        let mut last = CheckpointError::Note(NoteError::Untrusted);
        for key in log {
            match self.verified(key) {
                Ok(_) => {
                    let line = self.lines_by(key).into_iter().next();
                    lines.extend(line.filter(|line| !lines.contains(line)));
                }
                Err(error) => last = error,
            }
        }
        let note = self.note.with_lines(lines).ok_or(last)?;
        Ok(Self { note, checkpoint: self.checkpoint.clone() })
    }

    /// What it says, **before** any check; its origin tells whose key to check it with.
    #[must_use]
    pub const fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// What it says, once the log's signature has been checked.
    ///
    /// # Errors
    /// [`CheckpointError::LogKey`] unless `log` is a key of type 01 named like the origin;
    /// [`CheckpointError::Note`] unless its signature is there and holds.
    pub fn verified(&self, log: &Vkey) -> Result<&Checkpoint, CheckpointError> {
        check_log_key(log, &self.checkpoint.origin)?;
        self.note.open([log])?;
        Ok(&self.checkpoint)
    }

    /// Who of these cosigners cosigned it, once the signatures of the log and of every one of them
    /// that is there have been checked. Each is listed once, none twice under two names.
    ///
    /// # Errors
    /// As [`Self::verified`]; [`CheckpointError::CosignerKey`] if one of `cosigners` is not of type 04;
    /// [`CheckpointError::Note`] if the cosignature of one of them does not hold.
    pub fn cosigned<'k>(
        &self,
        log: &Vkey,
        cosigners: &'k [Vkey],
    ) -> Result<Vec<Cosigned<'k>>, CheckpointError> {
        self.verified(log)?;
        cosigners.iter().try_for_each(check_cosigner)?;
        let opened = match self.note.open(cosigners) {
            Err(NoteError::Untrusted) => Vec::new(),
            opened => opened?,
        };
        let mut cosigned: Vec<Cosigned<'k>> = Vec::new();
        for Verified { key, at } in opened {
            // The signature does not cover the name: the key alone tells cosigners apart.
            let known = cosigned.iter().any(|other| other.key.public() == key.public());
            if let Some(at) = at.filter(|_| !known) {
                cosigned.push(Cosigned { key, at });
            }
        }
        Ok(cosigned)
    }

    /// Adds a cosignature, in place of an earlier one by the same key, once it has been checked.
    /// Returns when it was made.
    ///
    /// # Errors
    /// [`CheckpointError::CosignerKey`] if `cosigner` is not of type 04; [`CheckpointError::Note`] if the
    /// line is not a cosignature of this text by it, or there are too many lines.
    pub fn add(
        &mut self,
        line: SignatureLine,
        cosigner: &Vkey,
    ) -> Result<Timestamp, CheckpointError> {
        check_cosigner(cosigner)?;
        let at = self.note.check(&line, cosigner)?.ok_or(NoteError::Untrusted)?;
        self.note.add(line)?;
        Ok(at)
    }

    /// The lines that say they are by this key, **unchecked**.
    #[must_use]
    pub fn lines_by(&self, key: &Vkey) -> Vec<SignatureLine> {
        self.note
            .signatures()
            .iter()
            .filter(|line| line.name() == key.name() && line.id() == key.id())
            .cloned()
            .collect()
    }

    /// The names under which its lines say that they were made, **unchecked**.
    pub fn named(&self) -> impl Iterator<Item = &KeyName> {
        self.note.signatures().iter().map(SignatureLine::name)
    }

    /// The note's text, for who cosigns it.
    pub(crate) fn text(&self) -> &str {
        self.note.unverified_text()
    }
}

fn check_log_key(key: &Vkey, origin: &KeyName) -> Result<(), CheckpointError> {
    if key.kind() == KeyType::Note && key.name() == origin {
        Ok(())
    } else {
        Err(CheckpointError::LogKey { key: key.name().clone(), origin: origin.clone() })
    }
}

fn check_cosigner(key: &Vkey) -> Result<(), CheckpointError> {
    if key.kind() == KeyType::Cosignature {
        Ok(())
    } else {
        Err(CheckpointError::CosignerKey(key.name().clone()))
    }
}

/// The signed note, byte for byte.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// A hash as these formats write it.
pub(crate) fn base64(digest: &Digest) -> String {
    BASE64.encode(digest.as_bytes())
}

/// A hash from its one base64 form.
pub(crate) fn digest(text: &str) -> Option<Digest> {
    Some(Digest::from_bytes(BASE64.decode(text).ok()?.try_into().ok()?))
}

/// A number from its one decimal form: digits, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
