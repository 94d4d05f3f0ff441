//! The header of an audit log entry: the leaf of the log's Merkle tree, in its final form.
//!
//! A header names nobody's plate, person or reason: it holds digests of the body (salted, so that
//! it cannot be guessed) and of the envelope, which stand beside it and may be destroyed at the end
//! of their retention while the tree still verifies. Its bytes are one line of JSON in one form:
//! the key order of [`Header`], no white space. A reader refuses any other form.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::digest::Digest;
pub use crate::event::EntryKind;
use crate::time::Timestamp;

/// The version of the header's form.
pub const VERSION: u8 = 1;

/// Largest body of an entry, in bytes.
pub const LARGEST_BODY: usize = 60_000;

/// Bytes of randomness that salt a body's digest.
pub const SALT: usize = 32;

/// An entry as a log keeps it. What stands beside the header is destroyed at the end of its
/// retention.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    /// The header's exact bytes.
    pub header: String,
    /// Salt, until redacted.
    pub salt: Option<Vec<u8>>,
    /// Body, until redacted.
    pub body: Option<String>,
    /// Envelopes, one a line, until redacted.
    pub envelope: Option<String>,
}

impl StoredEntry {
    /// How many bytes it holds.
    #[must_use]
    pub fn size(&self) -> usize {
        let texts = [Some(&self.header), self.body.as_ref(), self.envelope.as_ref()];
        texts.into_iter().flatten().map(String::len).fold(0, usize::saturating_add)
    }
}

/// An entry's header.
///
/// `peer` and `peer_seq` stand together: the n-th entry that concerns a peer has `peer_seq` n,
/// counted from 1, so an export of one peer's entries shows whether any is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Form of the header; [`VERSION`].
    pub v: u8,
    /// Position in the log, from 0.
    pub index: u64,
    /// When it was appended; never before its predecessor.
    pub at: Timestamp,
    /// What it records.
    pub kind: EntryKind,
    /// The peer it concerns; the agency itself, where the entry says what of the log may be
    /// destroyed.
    pub peer: Option<AgencyId>,
    /// Its number among the entries that concern this peer.
    pub peer_seq: Option<u64>,
    /// H(query id), when it belongs to an exchange.
    pub query: Option<Digest>,
    /// H(salt ‖ body).
    pub body: Digest,
    /// H(envelope), when a signed envelope stands beside it.
    pub envelope: Option<Digest>,
}

/// Why bytes are no header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a log entry header: {0}")]
pub struct HeaderError(String);

impl Header {
    /// The header's one byte form: the leaf of the tree.
    ///
    /// # Errors
    /// Never for a header that could be read; the error stands for a failing writer.
    pub fn to_bytes(&self) -> Result<Vec<u8>, HeaderError> {
        serde_json::to_vec(self).map_err(|e| HeaderError(e.to_string()))
    }

    /// Reads a header, refusing every form but the one.
    ///
    /// # Errors
    /// When the bytes are not the one form of a version 1 header, or `peer` stands without
    /// `peer_seq`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeaderError> {
        let header: Self = serde_json::from_slice(bytes).map_err(|e| HeaderError(e.to_string()))?;
        if header.v != VERSION {
            return Err(HeaderError(format!("version {} is not {VERSION}", header.v)));
        }
        if header.peer.is_some() != header.peer_seq.is_some() {
            return Err(HeaderError("`peer` and `peer_seq` must stand together".into()));
        }
        if header.to_bytes()? != bytes {
            return Err(HeaderError("white space or key order".into()));
        }
        Ok(header)
    }

    /// Whether `salt` and `body` are what the header commits to.
    #[must_use]
    pub fn commits_to(&self, salt: &[u8], body: &[u8]) -> bool {
        Digest::of_two(salt, body) == self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> Header {
        Header {
            v: VERSION,
            index: 12,
            at: "2026-03-01T17:04:05.250Z".parse().unwrap(),
            kind: EntryKind::QuerySent,
            peer: Some("monrovia-ca-pd".parse().unwrap()),
            peer_seq: Some(3),
            query: Some(Digest::of(b"q")),
            body: Digest::of_two(b"salt", b"body"),
            envelope: None,
        }
    }

    /// The form is fixed for ever: changing it leaves every log already written unreadable.
    #[test]
    fn the_form_is_fixed() {
        let text = String::from_utf8(header().to_bytes().unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"v\":1,\"index\":12,\"at\":\"2026-03-01T17:04:05.250Z\",\"kind\":\"query.sent\",\
             \"peer\":\"monrovia-ca-pd\",\"peer_seq\":3,\
             \"query\":\"8e35c2cd3bf6641bdb0e2050b76932cbb2e6034a0ddacc1d9bea82a6ba57f7cf\",\
             \"body\":\"9c94f8772f5f5ad1793fe4c2a9ee85723d15eb37f9603448130c0a95fda4ba04\",\
             \"envelope\":null}"
        );
        assert!(header().commits_to(b"salt", b"body"));
        assert!(!header().commits_to(b"salt", b"Body"));
    }

    #[test]
    fn other_forms_are_refused() {
        let text = String::from_utf8(header().to_bytes().unwrap()).unwrap();
        for bad in [
            text.replace("\"v\":1", "\"v\":2"),
            text.replace(",\"peer_seq\":3", ",\"peer_seq\":null"),
            text.replace(',', ", "),
            text.replace("\"index\":12", "\"index\":12,\"extra\":1"),
        ] {
            assert!(Header::from_bytes(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_changes_the_header_or_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let bytes = header().to_bytes().unwrap();
            let mut flipped = bytes.clone();
            let index = at.index(bytes.len());
            flipped[index] ^= 1 << bit;
            prop_assert!(Header::from_bytes(&flipped).map(|h| h != header()).unwrap_or(true));
        }
    }
}
