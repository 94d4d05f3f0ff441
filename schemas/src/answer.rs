//! Answers and the receipts for them.
//!
//! The signed header says on what basis and how much was released; the reads stand in pages that
//! are checked by digest and never enter a log, so that a read cannot outlive its owner's clock.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::authority::AuthorityId;
use crate::citation::Citation;
use crate::digest::Digest;
use crate::image::{IMAGE_BYTES, Media};
use crate::purpose::codes;
use crate::query::{Query, QueryId};
use crate::text::Text;
use crate::time::Timestamp;

/// Largest page, in bytes.
pub const PAGE_BYTES: usize = 262_144;
/// Most bytes that the photographs of one answer have together.
pub const IMAGES_BYTES: u64 = 32 * 1_024 * 1_024;
/// Most photographs of one answer.
pub const MOST_PHOTOGRAPHS: usize = 200;
/// Most pages of one answer.
pub const MOST_PAGES: usize = 64;

/// Most bytes that the cuts of one answer have together, as JSON.
pub const LARGEST_CUTS: usize = 12 << 10;

/// The authority that an answer rests on, in the version that was decided upon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Agreement or request.
    pub authority: AuthorityId,
    /// Its version; 1 for a request.
    pub version: u32,
    /// H(its exact text): of the agreement, or of the request.
    pub text: Digest,
    /// H(the exact text of the decision on the request); absent where it is an agreement, or nobody
    /// has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Digest>,
}

/// By what an owner decided, so that whoever holds the texts can decide again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DecidedBy {
    /// H(the exact text of the owner's policy in force).
    pub policy: Digest,
    /// The version of the rules.
    pub rules: u32,
}

/// How far the owner opened its reads for this answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// Earliest instant searched, inclusive; later than asked when narrowed.
    pub from: Timestamp,
    /// Latest instant searched, exclusive.
    pub until: Timestamp,
    /// Most reads released.
    pub limit: u32,
    /// Whether photographs were released.
    pub images: bool,
    /// Where that is less than was asked for: what cut it, and by which section.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "json-schema", schemars(length(max = 4)))]
    pub cuts: Vec<Cut>,
}

/// How far a query asks a search to go: what an answer is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Earliest instant, inclusive.
    pub from: Timestamp,
    /// Latest instant, exclusive.
    pub until: Timestamp,
    /// Most reads.
    pub limit: u32,
    /// Whether photographs are wanted.
    pub images: bool,
}

impl From<&Query> for Wanted {
    fn from(query: &Query) -> Self {
        let (elements, limit, images) = (&query.elements, query.limit, query.images);
        Self { from: elements.from, until: elements.until, limit, images }
    }
}

impl Released {
    /// Whether it opens no more than was wanted, and its cuts say what is less and nothing else, each once
    /// and in few words.
    fn fits(&self, wanted: &Wanted) -> Result<(), &'static str> {
        let beyond = self.from < wanted.from
            || self.until > wanted.until
            || self.limit > wanted.limit
            || self.images && !wanted.images;
        if beyond || self.from > self.until {
            return Err("it says that it released what was not asked for");
        }
        for (what, less) in [
            (Less::From, self.from > wanted.from),
            (Less::Until, self.until < wanted.until),
            (Less::Limit, self.limit < wanted.limit),
            (Less::Images, wanted.images && !self.images),
        ] {
            if self.cuts.iter().filter(|cut| cut.what == what).count() != usize::from(less) {
                return Err("its cuts are not what is less than was asked for");
            }
        }
        match serde_json::to_vec(&self.cuts) {
            Ok(cuts) if cuts.len() <= LARGEST_CUTS => Ok(()),
            _ => Err("its cuts are too long to be shown"),
        }
    }
}

codes! {
    /// What of a search was cut.
    Less, "part of a search" {
        /// It begins later.
        From = "from",
        /// It ends earlier.
        Until = "until",
        /// Fewer reads.
        Limit = "limit",
        /// No photographs.
        Images = "images",
    }
}

/// Why less was released than was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// What is less.
    pub what: Less,
    /// Why, in a sentence.
    pub message: String,
    /// The sections that say so.
    pub citations: Vec<Citation>,
}

/// One page of reads: JSON Lines of [`crate::read::Read`], one a line, each line ended by `\n`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u32,
    /// How many reads it holds.
    pub reads: u32,
}

/// Why a photograph of a read does not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// The owner has it no longer.
    Missing,
    /// What the owner has under its digest is something else.
    Altered,
}

/// One photograph of an answer's reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Photograph {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u32,
    /// How it is written.
    pub media: Media,
    /// Why its bytes do not follow the pages; they do unless this is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

/// An answer's header as the owner signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The query answered.
    pub query_id: QueryId,
    /// Digest of the query's envelope.
    pub query_digest: Digest,
    /// The owner.
    pub from: AgencyId,
    /// The requester.
    pub to: AgencyId,
    /// When it was decided and signed.
    pub at: Timestamp,
    /// By what it was decided.
    pub decided_by: DecidedBy,
    /// On what authority.
    pub basis: Basis,
    /// How far.
    pub released: Released,
    /// Reads released.
    pub count: u32,
    /// Whether more reads matched than the limit.
    pub truncated: bool,
    /// The owner's notice to who acts on a read.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub notice: Text,
    /// The pages, in order.
    pub pages: Vec<Page>,
    /// Photographs of its reads, each once, in the order in which their bytes follow the pages; none
    /// unless they were released.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Photograph>,
    /// How many further photographs its reads have, beyond what one answer carries.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub images_beyond: u32,
}

impl Answer {
    /// Whether its header promises what may be promised to a query that wants so much; before a byte of a
    /// page or a photograph is read.
    ///
    /// # Errors
    /// What it promises beyond that, in a sentence.
    pub fn fits(&self, wanted: &Wanted) -> Result<(), &'static str> {
        self.released.fits(wanted)?;
        let in_pages =
            self.pages.iter().fold(0u64, |sum, page| sum.saturating_add(u64::from(page.reads)));
        if in_pages != u64::from(self.count) {
            return Err("its pages hold another number of reads than it says");
        }
        if self.count > self.released.limit || self.pages.len() > MOST_PAGES {
            return Err("it holds more than was asked for");
        }
        if !(self.released.images || self.images.is_empty()) {
            return Err("it holds photographs that were not asked for");
        }
        let mut seen = HashSet::new();
        let once = self.images.iter().all(|image| seen.insert(image.digest));
        let sizes = self.images.iter().all(|image| image.bytes as usize <= IMAGE_BYTES);
        let bytes =
            self.photographs_sent().fold(0u64, |sum, one| sum.saturating_add(one.bytes.into()));
        if !once || !sizes || self.images.len() > MOST_PHOTOGRAPHS || bytes > IMAGES_BYTES {
            return Err("it promises more photographs than an answer may hold");
        }
        Ok(())
    }

    /// The photographs whose bytes follow the pages, in that order.
    pub fn photographs_sent(&self) -> impl Iterator<Item = &Photograph> {
        self.images.iter().filter(|one| one.withheld.is_none())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A receipt as the requester signs it: this answer was verified and logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The query.
    pub query_id: QueryId,
    /// Digest of the answer's envelope.
    pub answer_digest: Digest,
    /// The requester.
    pub from: AgencyId,
    /// The owner.
    pub to: AgencyId,
    /// When the answer was logged.
    pub at: Timestamp,
}

/// Where an entry stands in its log. Travels beside an envelope, unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct LogPosition {
    /// The entry's index.
    pub index: u64,
    /// Entries in the log when it was written, this one included.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn cut(what: Less) -> Cut {
        Cut { what, message: "less".into(), citations: Vec::new() }
    }

    #[test]
    fn what_is_released_is_what_was_wanted_less_what_is_cut() {
        let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"));
        let wanted = Wanted { from, until, limit: 10, images: true };
        let all = Released { from, until, limit: 10, images: true, cuts: Vec::new() };
        let less = Released {
            from: at("2026-01-02T00:00:00Z"),
            until: at("2026-01-03T00:00:00Z"),
            limit: 9,
            images: false,
            cuts: vec![cut(Less::Images), cut(Less::From), cut(Less::Limit), cut(Less::Until)],
        };
        assert_eq!(all.fits(&wanted), Ok(()));
        assert_eq!(less.fits(&wanted), Ok(()));
        let long = Cut { message: "x".repeat(LARGEST_CUTS), ..cut(Less::Limit) };
        for (what, released) in [
            ("earlier", Released { from: at("2025-12-31T00:00:00Z"), ..all.clone() }),
            ("later", Released { until: at("2026-02-02T00:00:00Z"), ..all.clone() }),
            ("more", Released { limit: 11, ..all.clone() }),
            ("turned", Released { from: until, until: from, ..less.clone() }),
            ("not said", Released { limit: 9, ..all.clone() }),
            ("not so", Released { cuts: vec![cut(Less::From)], ..all.clone() }),
            ("twice", Released { limit: 9, cuts: vec![cut(Less::Limit); 2], ..all.clone() }),
            ("long", Released { limit: 9, cuts: vec![long], ..all.clone() }),
        ] {
            assert!(released.fits(&wanted).is_err(), "{what}");
        }
        let without = Wanted { images: false, ..wanted };
        assert!(all.fits(&without).is_err(), "photographs that were not wanted");
    }
}
