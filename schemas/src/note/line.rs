//! The signature lines of notes.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::error::NoteError;
use super::name::KeyName;
use super::vkey::{KeyId, Vkey};

/// One line: `— <key name> <base64 of key id and signature>`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureLine {
    pub(super) name: KeyName,
    pub(super) id: KeyId,
    pub(super) signature: Vec<u8>,
}

impl SignatureLine {
    pub(super) fn by(key: &Vkey, signature: Vec<u8>) -> Self {
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
