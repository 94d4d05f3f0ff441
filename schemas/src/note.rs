//! Signed notes: text with signature lines below it (C2SP signed-note).
//!
//! A note has one byte form: read and printed again it is the same bytes, lines by unknown keys
//! included. What its text says holds only once [`Note::open`] has checked it against the keys one
//! trusts.

use std::fmt;

use crate::time::Timestamp;

mod cosignature;
mod error;
mod line;
mod name;
mod signer;
mod vkey;

pub use error::{LARGEST, MOST_SIGNATURES, NoteError};
pub use line::SignatureLine;
pub use name::{KeyName, KeyNameError};
pub use signer::{Cosigner, Signer};
pub use vkey::{KeyId, KeyType, Vkey};

/// A note. Its signatures **have not been checked**.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    // INVARIANT: ends with a line feed and holds no other control character.
    text: String,
    signatures: Vec<SignatureLine>,
}

/// A trusted key whose signature holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'k> {
    /// The key.
    pub key: &'k Vkey,
    /// The time that a cosignature states, whole seconds; `None` for a signature of type 01.
    pub at: Option<Timestamp>,
}

impl Note {
    /// Signs a text.
    ///
    /// # Errors
    /// [`NoteError::Form`] unless the text ends with a line feed and holds no other control
    /// character; [`NoteError::TooLarge`] if nobody would read the note.
    pub fn sign(text: String, signer: &Signer) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::Form("the text does not end with a line feed"));
        }
        check_characters(&text)?;
        let note = Self { signatures: vec![signer.line(&text)], text };
        note.check_size()?;
        Ok(note)
    }

    /// Reads a note without checking its signatures.
    ///
    /// # Errors
    /// When the bytes or the signatures are too many, or not the one form of a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > LARGEST {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let form = NoteError::Form;
        let note = std::str::from_utf8(bytes).map_err(|_| form("not UTF-8"))?;
        check_characters(note)?;
        // The text may hold empty lines; the last one of the note divides it from the signatures.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(form("no empty line"))?;
        let lines = lines.strip_suffix('\n').ok_or(form("no line feed at its end"))?;
        if lines.split('\n').count() > MOST_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let signatures = lines.split('\n').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// Adds a signature, in place of an earlier one by the same key. It is not checked here.
    ///
    /// # Errors
    /// [`NoteError::TooManySignatures`] or [`NoteError::TooLarge`] if nobody would read the note;
    /// the note is then as before.
    pub fn add(&mut self, line: SignatureLine) -> Result<(), NoteError> {
        let mut note = self.clone();
        let same_key = |old: &&mut SignatureLine| old.name == line.name && old.id == line.id;
        if let Some(old) = note.signatures.iter_mut().find(same_key) {
            *old = line;
        } else if note.signatures.len() < MOST_SIGNATURES {
            note.signatures.push(line);
        } else {
            return Err(NoteError::TooManySignatures);
        }
        note.check_size()?;
        *self = note;
        Ok(())
    }

    /// Signs it with another key too.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn sign_also(&mut self, signer: &Signer) -> Result<(), NoteError> {
        self.add(signer.line(&self.text))
    }

    /// The same text with these lines below it; `None` without any.
    pub(crate) fn with_lines(&self, signatures: Vec<SignatureLine>) -> Option<Self> {
        (!signatures.is_empty()).then(|| Self { text: self.text.clone(), signatures })
    }

    /// The text **before** any check, its last line feed included.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in their order, by whatever keys.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Checks the note against the keys one trusts: who of them signed, each once and in the order
    /// of the lines. Lines by other keys are ignored, even if they share a name or an id with one
    /// that is trusted.
    ///
    /// # Errors
    /// [`NoteError::Signature`] when the signature of a trusted key does not hold, whatever others
    /// say; [`NoteError::Untrusted`] when no trusted key signed; [`NoteError::Ambiguous`] when two
    /// different keys could be meant.
    pub fn open<'k>(
        &self,
        trusted: impl IntoIterator<Item = &'k Vkey>,
    ) -> Result<Vec<Verified<'k>>, NoteError> {
        let trusted: Vec<(KeyId, &Vkey)> = trusted.into_iter().map(|key| (key.id(), key)).collect();
        let mut opened: Vec<Verified<'k>> = Vec::new();
        for line in &self.signatures {
            let mut keys = trusted
                .iter()
                .filter(|(id, key)| *id == line.id && *key.name() == line.name)
                .map(|(_, key)| *key);
            let Some(key) = keys.next() else { continue };
            if keys.any(|other| other != key) {
                return Err(NoteError::Ambiguous(line.name.clone()));
            }
            let at = self.check(line, key)?;
            if opened.iter().all(|verified| verified.key != key) {
                opened.push(Verified { key, at });
            }
        }
        if opened.is_empty() { Err(NoteError::Untrusted) } else { Ok(opened) }
    }

    /// Checks a line, of this note or not, as this key's over the note's text. The time that a
    /// cosignature states, whole seconds; `None` for a signature of type 01.
    ///
    /// # Errors
    /// [`NoteError::Untrusted`] if the line is another key's; [`NoteError::Signature`] if its
    /// signature does not hold.
    pub fn check(&self, line: &SignatureLine, key: &Vkey) -> Result<Option<Timestamp>, NoteError> {
        if line.id != key.id() || line.name != *key.name() {
            return Err(NoteError::Untrusted);
        }
        let at = key.verify(&self.text, &line.signature);
        at.ok_or_else(|| NoteError::Signature(line.name.clone()))
    }

    fn check_size(&self) -> Result<(), NoteError> {
        let length = self.to_string().len();
        if length > LARGEST { Err(NoteError::TooLarge(length)) } else { Ok(()) }
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|b| b < b' ' && b != b'\n') {
        Err(NoteError::Form("a control character"))
    } else {
        Ok(())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({:?} {:?})", self.text, self.signatures)
    }
}
