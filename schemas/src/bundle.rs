//! The export of a log: a file that is checked on a machine without a node and without a network.
//!
//! JSON Lines. The first line is the [`Head`]: whose log, what of it, the signed head, the cards.
//! Every further line is one entry, exactly as it stands in the log. An export of one peer or of a
//! period also holds the header of the entry before it and of the one after it (its *borders*), so
//! that the numbers show that nothing between was left out, the entries that concern the agency
//! itself, by which destroyed bodies are judged, and with every entry the proof of its place. The
//! last entry of such an export is that of the export itself.
//!
//! Reading is strict and bounded: a line that is too long or not of this form is reported with its
//! number, and the lines after it are read all the same.

use std::io::{self, BufRead, Read as _};

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::digest::{Digest, hex, unhex};
use crate::entry::{SALT, StoredEntry};
use crate::merkle::LONGEST_PROOF;
use crate::time::Timestamp;

/// The version of this form.
pub const FORMAT: u8 = 1;
/// Largest first line, in bytes: room for the cards of a few hundred agencies.
pub const LARGEST_HEAD: usize = 16 << 20;
/// Largest line of an entry, in bytes: a body and some envelopes, each of at most 60,000 bytes,
/// and what JSON adds to quote them.
pub const LARGEST_LINE: usize = 1 << 20;

/// What a bundle is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The entries that concern this peer; of all, and of none, where it is absent.
    pub peer: Option<AgencyId>,
    /// Those at or after.
    pub from: Option<Timestamp>,
    /// Those before.
    pub until: Option<Timestamp>,
}

impl Scope {
    /// Whether it is the whole log.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORMAT`].
    pub accord_bundle: u8,
    /// Whose log.
    pub agency: AgencyId,
    /// The index of the entry of the export itself.
    pub entry: u64,
    /// When it was exported: that entry's time.
    pub at: Timestamp,
    /// What of it.
    pub scope: Scope,
    /// The signed head that covers every entry here, verbatim.
    pub checkpoint: String,
    /// The latest head that peers cosigned.
    pub cosigned: Option<Earlier>,
    /// The agency's card and those of peers, all versions, as the exact envelopes.
    pub cards: Vec<String>,
    /// The texts of the agency's policies, by which it is judged whether what is destroyed had to
    /// be; none while nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
}

/// A signed head of an earlier size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// The head with its cosignatures, verbatim.
    pub checkpoint: String,
    /// Proof that the tree of [`Head::checkpoint`] starts with this one.
    pub consistency: Vec<Digest>,
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
}

/// An entry's line as JSON; [`Item`] is what it means. Salt, body and envelopes are null once they
/// are redacted.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleLine {
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
}

/// Why a line is none of a bundle, or a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file does not let itself be read.
    #[error("line {line} cannot be read: {error}")]
    Read {
        /// The line.
        line: u64,
        /// Why.
        error: io::Error,
    },
    /// The line is not of this form.
    #[error("line {line} {what}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
}

impl Head {
    /// Reads the first line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        if line.len() > LARGEST_HEAD {
            return Err(format!("is longer than {LARGEST_HEAD} bytes"));
        }
        let head: Self = serde_json::from_slice(line).map_err(|e| {
            format!("is not the head of a bundle as `accord audit export` writes it ({e})")
        })?;
        if head.accord_bundle != FORMAT {
            return Err(format!(
                "is of format {}; this version of accord reads format {FORMAT}",
                head.accord_bundle
            ));
        }
        Ok(head)
    }

    /// The signed head, **unchecked**.
    ///
    /// # Errors
    /// When it is none.
    pub fn signed(&self) -> Result<SignedCheckpoint, CheckpointError> {
        SignedCheckpoint::parse(self.checkpoint.as_bytes())
    }
}

impl Item {
    /// Reads an entry's line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        if line.len() > LARGEST_LINE {
            return Err(format!("is longer than {LARGEST_LINE} bytes"));
        }
        let line: BundleLine = serde_json::from_slice(line)
            .map_err(|e| format!("is not an entry of a bundle ({e})"))?;
        if line.inclusion.as_ref().is_some_and(|proof| proof.len() > LONGEST_PROOF) {
            return Err(format!("has a proof of more than {LONGEST_PROOF} hashes"));
        }
        let bare = line.salt.is_none() && line.body.is_none() && line.envelopes.is_none();
        if line.border && !bare && !line.judges {
            return Err("is a border, and holds more than a header".into());
        }
        let salt = line
            .salt
            .map(|salt| {
                unhex::<SALT>(&salt)
                    .map(Vec::from)
                    .ok_or(format!("has a salt that is not {SALT} bytes of hexadecimal"))
            })
            .transpose()?;
        Ok(Self {
            entry: StoredEntry {
                header: line.header,
                salt,
                body: line.body,
                envelope: line.envelopes,
            },
            border: line.border,
            judges: line.judges,
            inclusion: line.inclusion,
        })
    }

    /// The line, without its line feed.
    ///
    /// # Errors
    /// Never for an entry out of a store; the error stands for a failing writer.
    pub fn to_line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let StoredEntry { header, salt, body, envelope } = self.entry.clone();
        serde_json::to_vec(&BundleLine {
            header,
            salt: salt.as_deref().map(hex),
            body,
            envelopes: envelope,
            border: self.border,
            judges: self.judges,
            inclusion: self.inclusion.clone(),
        })
    }
}

/// Reads a bundle line by line.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    line: u64,
    offset: u64,
}

/// An entry's line, and where in the file it begins.
#[derive(Debug)]
pub struct At {
    /// Bytes before it.
    pub offset: u64,
    /// What it says.
    pub item: Result<Item, BundleError>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is not that of a bundle.
    pub fn open(from: R) -> Result<(Head, Self), BundleError> {
        let mut reader = Self { from, line: 0, offset: 0 };
        let wrong = |what: String| BundleError::Line { line: 1, what };
        let line = reader.read(LARGEST_HEAD)?.ok_or_else(|| wrong("is missing".into()))?;
        let head = line.and_then(|line| Head::parse(&line)).map_err(wrong)?;
        Ok((head, reader))
    }

    /// Reads on where an entry's line begins.
    pub fn at(from: R) -> Self {
        Self { from, line: 0, offset: 0 }
    }

    /// The next entry, or why its line is none; `None` at the end.
    pub fn entry(&mut self) -> Option<At> {
        let offset = self.offset;
        let item = match self.read(LARGEST_LINE) {
            Ok(None) => return None,
            Ok(Some(line)) => line
                .and_then(|line| Item::parse(&line))
                .map_err(|what| BundleError::Line { line: self.line, what }),
            Err(error) => Err(error),
        };
        Some(At { offset, item })
    }

    /// The next line without its line feed, or what is wrong with it.
    fn read(&mut self, largest: usize) -> Result<Option<Result<Vec<u8>, String>>, BundleError> {
        self.line = self.line.saturating_add(1);
        let number = self.line;
        let failed = |error| BundleError::Read { line: number, error };
        let mut line = Vec::new();
        let most = u64::try_from(largest).unwrap_or(u64::MAX).saturating_add(1);
        let read = (&mut self.from).take(most).read_until(b'\n', &mut line).map_err(failed)?;
        self.offset = self.offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if read == 0 {
            return Ok(None);
        }
        if line.pop() == Some(b'\n') {
            return Ok(Some(Ok(line)));
        }
        if read <= largest {
            return Ok(Some(Err("breaks off: the end of the file is missing".into())));
        }
        self.skip().map_err(failed)?;
        Ok(Some(Err(format!("is longer than {largest} bytes"))))
    }

    /// Passes over the rest of a line that is too long.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let here = self.from.fill_buf()?;
            if here.is_empty() {
                return Ok(());
            }
            let end = here.iter().position(|b| *b == b'\n').map(|at| at.saturating_add(1));
            let passed = end.unwrap_or(here.len());
            self.from.consume(passed);
            self.offset = self.offset.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX));
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> String {
        serde_json::to_string(&Head {
            accord_bundle: FORMAT,
            agency: "monrovia-ca-pd".parse().unwrap(),
            entry: 4,
            at: "2026-03-01T00:00:00Z".parse().unwrap(),
            scope: Scope::default(),
            checkpoint: "a\n".into(),
            cosigned: None,
            cards: vec!["{}".into()],
            policies: Vec::new(),
        })
        .unwrap()
    }

    fn item() -> Item {
        let entry = StoredEntry {
            header: "{\"v\":1}".into(),
            salt: Some(vec![7; SALT]),
            body: Some("{\"a\":\"é\\n\"}".into()),
            envelope: Some("one\ntwo".into()),
        };
        Item { entry, border: false, judges: false, inclusion: Some(vec![Digest::of(b"a")]) }
    }

    #[test]
    fn an_entry_reads_back_exactly() {
        let line = item().to_line().unwrap();
        let read = Item::parse(&line).unwrap();
        assert_eq!(read.to_line().unwrap(), line);
        assert_eq!(read.entry.body, item().entry.body);
        assert_eq!(read.entry.envelope, item().entry.envelope);
        assert_eq!(read.entry.salt, item().entry.salt);
        assert_eq!(read.inclusion, item().inclusion);
    }

    #[test]
    fn a_spoilt_line_is_told_by_its_number_and_the_rest_is_read() {
        let good = String::from_utf8(item().to_line().unwrap()).unwrap();
        let long = "x".repeat(LARGEST_LINE + 10);
        let upper = good.replace(&hex(&[7; SALT]), &"0A".repeat(SALT));
        let more = good.replacen('{', "{\"more\":1,", 1);
        let file = [&head(), &good, "nonsense", &long, &upper, &more, &good].join("\n") + "\n";
        let (read, mut reader) = Reader::open(file.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), head());
        let mut said = Vec::new();
        while let Some(at) = reader.entry() {
            let there = &file.as_bytes()[usize::try_from(at.offset).unwrap()..];
            match at.item {
                Ok(_) => assert!(there.starts_with(good.as_bytes())),
                Err(error) => said.push(error.to_string()),
            }
        }
        assert_eq!(said.len(), 4);
        for (said, number) in said.iter().zip([3, 4, 5, 6]) {
            assert!(said.starts_with(&format!("line {number} ")), "{said}");
        }
    }

    #[test]
    fn what_breaks_off_or_is_of_another_format_is_told() {
        let cut = format!("{}\n{{\"header\"", head());
        let (_, mut reader) = Reader::open(cut.as_bytes()).unwrap();
        let error = reader.entry().unwrap().item.unwrap_err().to_string();
        assert!(error.contains("line 2 breaks off"), "{error}");
        assert!(reader.entry().is_none());
        let later = head().replace("\"accord_bundle\":1", "\"accord_bundle\":2") + "\n";
        let error = Reader::open(later.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "line 1 is of format 2; this version of accord reads format 1");
        assert!(Reader::open(b"".as_slice()).is_err());
    }

    proptest::proptest! {
        /// Whatever stands in a file, it is read to its end.
        #[test]
        fn any_bytes_are_read_to_their_end(bytes: Vec<u8>) {
            let mut reader = Reader::at(bytes.as_slice());
            while let Some(at) = reader.entry() {
                assert!(at.offset < bytes.len() as u64);
            }
        }
    }
}
