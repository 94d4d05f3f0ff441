//! The lines after the first: one JSON object with a single key, which says what the line is.

use serde::{Deserialize, Serialize};

use super::spelling::only_spelling;
use crate::digest::{Digest, hex, unhex};
use crate::entry::{self, SALT, StoredEntry};
use crate::merkle::LONGEST_PROOF;
use crate::{card, envelope, note};

/// Largest further line, in bytes. The largest that is written is an entry: a body and some
/// envelopes, each of at most 60,000 bytes, and what JSON adds to quote them.
pub const LARGEST_LINE: usize = 1 << 20;

// Whatever a writer may hold fits a line. In a JSON string, text without control characters takes
// twice its bytes at most.
const _: () = {
    assert!(2 * card::LARGEST + ROOM <= LARGEST_LINE);
    assert!(2 * note::LARGEST + PROOF + ROOM <= LARGEST_LINE);
    assert!(2 * (entry::LARGEST_BODY + 4 * envelope::LARGEST) + PROOF + ROOM <= LARGEST_LINE);
};

/// Most bytes of a proof as JSON: each hash in quotes, and a comma.
const PROOF: usize = LONGEST_PROOF * 67;
/// Bytes that are left for what stands around them: keys, an entry's header and salt.
const ROOM: usize = 4_096;

/// A signed head of an earlier size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// The head with its cosignatures, verbatim.
    pub checkpoint: String,
    /// Proof that the tree of the bundle's head starts with this one.
    pub consistency: Vec<Digest>,
}

/// What a line after the first holds.
#[derive(Clone, Debug)]
pub enum Line {
    /// A head that peers cosigned.
    Cosigned(Earlier),
    /// A card of the agency or of a peer: the exact envelope, **unchecked**.
    Card(String),
    /// The text of one of the agency's policies, by which it is judged whether what is destroyed had
    /// to be.
    Policy(String),
    /// The terms of one of the agency's holds, as the exact JSON that its register holds of them, with the
    /// salt by which its entry names them; in a whole log alone, since they tell whose plate is held.
    Hold(String),
    /// An entry.
    Entry(Item),
}

/// An entry as it stands in a bundle.
#[derive(Clone, Debug)]
pub struct Item {
    /// The entry. Of a border, the header alone.
    pub entry: StoredEntry,
    /// Whether it stands here for its number alone.
    pub border: bool,
    /// Whether it is not of the scope and stands here because destroyed bodies are judged by it.
    pub judges: bool,
    /// The proof of its place under the bundle's signed head, unless the bundle is a whole log.
    pub inclusion: Option<Vec<Digest>>,
    /// The change of the registry that it makes, as its exact JSON; in a whole log alone, since it may
    /// tell of people, holds and blocks.
    pub change: Option<String>,
}

impl Item {
    /// An entry of the scope, with nothing beside it.
    #[must_use]
    pub const fn of(entry: StoredEntry) -> Self {
        Self { entry, border: false, judges: false, inclusion: None, change: None }
    }
}

/// A line as JSON; [`Line`] is what it means.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BundleLine {
    /// A head that peers cosigned: at most [`MOST_COSIGNED`](super::MOST_COSIGNED), the smallest first,
    /// before the entries.
    Cosigned(Earlier),
    /// A card of the agency or of a peer, the exact envelope; before the entries.
    Card(String),
    /// The exact text of one of the agency's policies; before the entries.
    Policy(String),
    /// The terms of one of the agency's holds, as exact JSON; before the entries of a whole log.
    Hold(String),
    /// An entry.
    Entry(BundleEntry),
}

/// An entry as JSON; [`Item`] is what it means. Salt, body and envelopes are null once they are
/// redacted.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleEntry {
    /// The header's exact bytes.
    header: String,
    /// Hexadecimal.
    salt: Option<String>,
    /// The body's exact bytes.
    body: Option<String>,
    /// The envelopes' exact bytes, one a line.
    envelopes: Option<String>,
    /// Whether it stands here for its number alone, as a header.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    border: bool,
    /// Whether it stands here because destroyed bodies are judged by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    judges: bool,
    /// The proof of its place under the bundle's signed head, unless the bundle is a whole log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inclusion: Option<Vec<Digest>>,
    /// The change of the registry that it makes, as its exact JSON; in a whole log alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<String>,
}

impl Line {
    /// Reads a line after the first.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        if line.len() > LARGEST_LINE {
            return Err(format!("is longer than {LARGEST_LINE} bytes"));
        }
        let read: BundleLine =
            serde_json::from_slice(line).map_err(|e| format!("is not a line of a bundle ({e})"))?;
        only_spelling(line, &read)?;
        Ok(match read {
            BundleLine::Cosigned(earlier) => {
                short(&earlier.consistency)?;
                Self::Cosigned(earlier)
            }
            BundleLine::Card(envelope) => Self::Card(envelope),
            BundleLine::Policy(text) => Self::Policy(text),
            BundleLine::Hold(text) => Self::Hold(text),
            BundleLine::Entry(entry) => Self::Entry(entry.item()?),
        })
    }

    /// The line, without its line feed.
    ///
    /// # Errors
    /// Never for what comes out of a store; the error stands for a failing writer.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let line = match self.clone() {
            Self::Cosigned(earlier) => BundleLine::Cosigned(earlier),
            Self::Card(envelope) => BundleLine::Card(envelope),
            Self::Policy(text) => BundleLine::Policy(text),
            Self::Hold(text) => BundleLine::Hold(text),
            Self::Entry(item) => BundleLine::Entry(BundleEntry::of(item)),
        };
        serde_json::to_vec(&line)
    }
}

impl BundleEntry {
    fn of(item: Item) -> Self {
        let StoredEntry { header, salt, body, envelope } = item.entry;
        Self {
            header,
            salt: salt.as_deref().map(hex),
            body,
            envelopes: envelope,
            border: item.border,
            judges: item.judges,
            inclusion: item.inclusion,
            change: item.change,
        }
    }

    fn item(self) -> Result<Item, String> {
        self.inclusion.as_deref().map_or(Ok(()), short)?;
        let bare = self.salt.is_none() && self.body.is_none() && self.envelopes.is_none();
        if self.border && !bare && !self.judges {
            return Err("is a border, and holds more than a header".into());
        }
        let salt = self
            .salt
            .map(|salt| {
                unhex::<SALT>(&salt)
                    .map(Vec::from)
                    .ok_or(format!("has a salt that is not {SALT} bytes of hexadecimal"))
            })
            .transpose()?;
        Ok(Item {
            entry: StoredEntry {
                header: self.header,
                salt,
                body: self.body,
                envelope: self.envelopes,
            },
            border: self.border,
            judges: self.judges,
            inclusion: self.inclusion,
            change: self.change,
        })
    }
}

fn short(proof: &[Digest]) -> Result<(), String> {
    if proof.len() > LONGEST_PROOF {
        return Err(format!("has a proof of more than {LONGEST_PROOF} hashes"));
    }
    Ok(())
}
