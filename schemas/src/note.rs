//! Signed notes: text with signature lines below it (C2SP signed-note).
//!
//! A note has one byte form: read and printed again it is the same bytes, lines by unknown keys
//! included. What its text says holds only once [`Note::open`] has checked it against the keys one
//! trusts.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::time::Timestamp;

mod cosignature;
mod key;

pub use cosignature::Cosigner;
pub use key::{KeyId, KeyName, KeyType, Signer, Vkey};

/// Largest note, in bytes; room for [`MOST_SIGNATURES`] post-quantum ones.
pub const LARGEST: usize = 500_000;

/// Most signature lines of a note.
pub const MOST_SIGNATURES: usize = 64;

/// Why bytes are no note, a text no key, or a note not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`LARGEST`]; holds the length in bytes.
    #[error("a note of {0} bytes exceeds {LARGEST}")]
    TooLarge(usize),
    /// More than [`MOST_SIGNATURES`] lines.
    #[error("a note has at most {MOST_SIGNATURES} signatures")]
    TooManySignatures,
    /// Not a note.
    #[error("not a signed note: {0}")]
    Form(&'static str),
    /// Not a name.
    #[error("`{0}` is not a key name; expected a text without spaces and `+`")]
    Name(String),
    /// Not a key, and why.
    #[error("`{0}` is not a verifier key: {1}")]
    Vkey(String, &'static str),
    /// Two trusted keys that nobody can tell apart by name and id.
    #[error("two different trusted keys are both named `{0}` and have the same id")]
    Ambiguous(KeyName),
    /// A trusted key's signature does not hold.
    #[error("the signature of `{0}` does not verify")]
    Signature(KeyName),
    /// No trusted key signed.
    #[error("no trusted key signed the note")]
    Untrusted,
}

/// A note. Its signatures **have not been checked**.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    // INVARIANT: ends with a line feed and holds no other control character.
    text: String,
    signatures: Vec<SignatureLine>,
}

/// One line: `— <key name> <base64 of key id and signature>`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: KeyName,
    id: KeyId,
    signature: Vec<u8>,
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

impl SignatureLine {
    fn by(key: &Vkey, signature: Vec<u8>) -> Self {
        Self { name: key.name().clone(), id: key.id(), signature }
    }

    /// The name of the key that it says it is by.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key that it says it is by.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.0, self.signature.as_slice()].concat();
        write!(f, "— {} {}", self.name, BASE64.encode(bytes))
    }
}

impl fmt::Debug for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureLine({} {})", self.name, self.id)
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    /// Reads a line, without its line feed.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let form = NoteError::Form("a signature line that is not `— name base64`");
        let (name, base64) =
            text.strip_prefix("— ").and_then(|line| line.split_once(' ')).ok_or(form.clone())?;
        let bytes = BASE64.decode(base64).map_err(|_| form.clone())?;
        match bytes.split_first_chunk() {
            Some((id, signature)) if !signature.is_empty() => {
                Ok(Self { name: name.parse()?, id: KeyId(*id), signature: signature.to_vec() })
            }
            _ => Err(form),
        }
    }
}
