//! Legal holds: what is not destroyed whatever its retention. A hold lasts until it is released
//! with a reason.

use std::collections::BTreeMap;

use schemas::body::Body;
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::event::audit::Viewed;
use schemas::plate::Plate;
use schemas::query::{Elements, Query, UserName};
use schemas::ranges::Ranges;
use schemas::read::{Read, ReadId};
use schemas::redaction::Redaction;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Reads of a plate, and every access that names it.
    Plate(Plate),
    /// A read, and every access that its plate and time fall under.
    Read(HeldRead),
    /// Every access for a case, and the reads that it asked for.
    Case(Text),
}

/// A read as it was found when its hold was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldRead {
    /// Its id.
    pub id: ReadId,
    /// Its plate.
    pub plate: Plate,
    /// When it was made.
    pub at: Timestamp,
}

/// How a hold was released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Why it is needed no longer.
    pub reason: Text,
    /// By whom.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Its number, from 1.
    pub hold: u64,
    /// What is held.
    pub on: On,
    /// Why.
    pub reason: Text,
    /// By whom it was placed.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// Salt of the digest by which its entry names its terms, in hexadecimal.
    pub salt: String,
    /// How it was released.
    #[serde(default)]
    pub released: Option<Release>,
}

/// What a hold's entry names by digest alone.
#[derive(Serialize)]
struct Terms<'a> {
    on: &'a On,
    reason: &'a Text,
}

/// The terms of a hold, opened for an auditor of the whole log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedHold {
    /// Its number.
    pub hold: u64,
    /// What is held.
    pub on: On,
    /// Why.
    pub reason: Text,
    /// The salt of their digest, in hexadecimal.
    pub salt: String,
}

impl OpenedHold {
    /// The digest by which the hold's entry names its terms.
    ///
    /// # Errors
    /// When they cannot be written as JSON.
    pub fn terms(&self) -> Result<Digest, serde_json::Error> {
        let terms = serde_json::to_vec(&Terms { on: &self.on, reason: &self.reason })?;
        Ok(Digest::of_two(self.salt.as_bytes(), &terms))
    }
}

impl Hold {
    /// Whether it lasts.
    #[must_use]
    pub const fn lasts(&self) -> bool {
        self.released.is_none()
    }

    /// The digest by which its entry names its terms.
    ///
    /// # Errors
    /// When they cannot be written as JSON.
    pub fn terms(&self) -> Result<Digest, serde_json::Error> {
        self.opened().terms()
    }

    /// Its terms, opened.
    #[must_use]
    pub fn opened(&self) -> OpenedHold {
        let Self { hold, on, reason, salt, .. } = self;
        OpenedHold { hold: *hold, on: on.clone(), reason: reason.clone(), salt: salt.clone() }
    }
}

impl On {
    /// Whether an entry with this body is held, by itself. One that is of an exchange and has no
    /// access in its body, as a receipt, is held with the others of the exchange.
    #[must_use]
    pub fn holds_body(&self, body: &Body) -> bool {
        if let Some(access) = body.event.access() {
            return self.holds_asked(&access.elements, &access.why.case);
        }
        match &body.event {
            Event::QueryDeclined(declined) => declined
                .draft
                .as_ref()
                .is_some_and(|draft| self.holds_asked(&draft.elements, &draft.why.case)),
            // A correction names the plate that was read too.
            Event::ReadsCorrected(corrected) => match self {
                Self::Plate(plate) => {
                    corrected.plate.as_ref() == Some(plate) || *plate == corrected.was
                }
                Self::Read(read) => {
                    read.id == corrected.read || corrected.plate.as_ref() == Some(&read.plate)
                }
                Self::Case(_) => false,
            },
            Event::AuditViewed(viewed) => self.holds_viewed(&viewed.viewed),
            Event::EvidenceExported(exported) => self.holds_case(&exported.case),
            Event::RequestSubmitted(submitted) => self.holds_case(&submitted.case),
            Event::RequestRecorded(recorded) => self.holds_case(&recorded.case),
            _ => false,
        }
    }

    /// Whether what a query asks for is held.
    #[must_use]
    pub fn holds_query(&self, query: &Query) -> bool {
        self.holds_asked(&query.elements, &query.why.case)
    }

    fn holds_case(&self, case: &Text) -> bool {
        matches!(self, Self::Case(held) if same_case(held, case.as_str()))
    }

    fn holds_viewed(&self, viewed: &Viewed) -> bool {
        match (self, viewed) {
            (Self::Plate(plate), Viewed::Entries(of)) => of.plate.as_ref() == Some(plate),
            (Self::Plate(plate), Viewed::WhoSaw(of)) => of == plate,
            (Self::Read(read), Viewed::WhoSaw(of)) => *of == read.plate,
            (Self::Read(read), Viewed::Entries(of)) => of.plate.as_ref() == Some(&read.plate),
            (Self::Read(read), Viewed::VersionsOf(id)) => read.id == *id,
            _ => false,
        }
    }

    fn holds_asked(&self, elements: &Elements, case: &Text) -> bool {
        let names = |plate: &Plate| {
            elements.plate.as_ref() == Some(plate)
                || elements.pattern.as_ref().is_some_and(|pattern| pattern.fits(plate))
        };
        match self {
            Self::Plate(plate) => names(plate),
            Self::Read(read) => {
                names(&read.plate) && (elements.from..elements.until).contains(&read.at)
            }
            Self::Case(held) => same_case(held, case.as_str()),
        }
    }

    /// Whether a stored read is held, by itself; the reads of a case are told by its accesses.
    #[must_use]
    pub fn holds_read(&self, read: &Read) -> bool {
        match self {
            Self::Plate(plate) => read.plate == *plate,
            Self::Read(held) => read.id == held.id,
            Self::Case(_) => false,
        }
    }
}

/// Case numbers are written by hand: neither the case of letters nor space around them tells two
/// apart.
fn same_case(one: &Text, other: &str) -> bool {
    one.as_str().trim().eq_ignore_ascii_case(other.trim())
}

/// How far the log's bodies are destroyed, as its own entries say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redacted {
    /// Every entry below this index is destroyed, held or of a kind that stays.
    pub until: u64,
    /// What is kept below it, by hold.
    pub held: BTreeMap<u64, Ranges>,
    /// The indices that the last redaction destroys: after a crash, the part that may be unfinished.
    pub last: Ranges,
}

impl Redacted {
    /// Takes in the next redaction.
    pub fn note(&mut self, redaction: &Redaction) {
        self.until = self.until.max(redaction.until);
        self.last = redaction.entries.clone();
        for (hold, entries) in &redaction.held {
            let held = self.held.entry(*hold).or_default();
            *held = held.with(entries);
        }
        self.held.retain(|_, held| {
            *held = held.without(&redaction.entries);
            !held.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_goes_with_the_redaction_that_destroys_it() {
        let redaction = |entries: &str, held: &[(u64, &str)], until| Redaction {
            cut_off: "2026-03-01T00:00:00Z".parse().unwrap(),
            days: 365,
            sections: Vec::new(),
            entries: entries.parse().unwrap(),
            count: 1,
            held: held.iter().map(|(hold, set)| (*hold, set.parse().unwrap())).collect(),
            until,
        };
        let mut redacted = Redacted::default();
        redacted.note(&redaction("0-3,6-9", &[(1, "4-5"), (2, "5")], 10));
        redacted.note(&redaction("10-11", &[(1, "12")], 13));
        let held = |hold| redacted.held.get(&hold).map(ToString::to_string);
        assert_eq!(held(1).as_deref(), Some("4-5,12"));
        assert_eq!((held(2).as_deref(), redacted.until), (Some("5"), 13));
        redacted.note(&redaction("4-5", &[], 13));
        assert_eq!(redacted.held.get(&1).map(ToString::to_string).as_deref(), Some("12"));
        assert_eq!(redacted.held.get(&2), None);
        assert_eq!(redacted.last.to_string(), "4-5");
    }
}
