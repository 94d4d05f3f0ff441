//! What a text is read into, and what it is read beside.

use schemas::query::{Elements, Justification};
use schemas::statute::Code;

use super::fold::{self, Token};
use super::vocabulary::{Class, Role, Vocabulary};
use crate::policy::ReasonRules;

/// An offence that a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// Of the published list.
    Listed(u16),
    /// A section that the list does not know.
    Section(Code, String),
    /// Of the agency's own list.
    Own(String),
}

/// What a word turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    Class(Class),
    /// A section of a code.
    Statute,
    /// An offence of the agency's own list.
    OwnOffence,
    /// A number, plate or code that names nothing here.
    Number,
    /// The query's own case, plate or purpose once more.
    Repeated,
    /// A word that is on no list.
    Other,
    /// A word on no list that stands where a place stands.
    SomePlace,
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) words: String,
    pub(crate) says: Says,
}

/// What a text, or several, say together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    pub(crate) parts: Vec<Part>,
    pub(crate) offences: Vec<Named>,
    /// The sections among them, as they are signed.
    pub(crate) sections: Vec<(String, Option<u16>)>,
    pub(crate) roles: Vec<Role>,
    pub(crate) circumstances: usize,
    pub(crate) places: usize,
    /// Different words on no list.
    pub(crate) others: usize,
    /// Whether a number of a case stands among the words.
    pub(crate) case_number: bool,
    /// The words of a traffic rule that was broken.
    pub(crate) infraction: Option<String>,
}

/// What stands beside a text and says nothing when it is said again.
pub(crate) struct Known<'a> {
    words: Vec<String>,
    plate: Option<String>,
    pub(super) rules: Option<&'a ReasonRules>,
}

impl<'a> Known<'a> {
    pub(crate) fn of(why: &Justification, elements: &Elements, rules: &'a ReasonRules) -> Self {
        let mut words = Vec::new();
        for text in [why.case.as_str(), why.cad.as_str()] {
            words.extend(compact(text));
        }
        let pattern = elements.pattern.as_ref().map(|pattern| pattern.as_str());
        words.extend(pattern.and_then(compact));
        let plate = elements.plate.as_ref().map(|plate| plate.as_str().to_lowercase());
        Self { words, plate, rules: Some(rules) }
    }

    pub(crate) fn within(rules: &'a ReasonRules) -> Self {
        Self { rules: Some(rules), ..Self::nothing() }
    }

    pub(crate) fn nothing() -> Self {
        Self { words: Vec::new(), plate: None, rules: None }
    }

    /// Whether the rules name words of the agency's own.
    pub(super) fn names_words(&self) -> bool {
        self.rules.is_some_and(|rules| {
            !(rules.units.is_empty() && rules.placeholders.is_empty() && rules.offenses.is_empty())
        })
    }

    pub(super) fn spelled(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).chain(self.plate.as_deref())
    }
}

/// A text without what separates its letters and digits; `None` where little is left.
fn compact(text: &str) -> Option<String> {
    let folded = fold::folded(text);
    let joined: String = fold::tokens(&folded).iter().map(|token| token.word).collect();
    (joined.len() > 1).then_some(joined)
}

pub(super) struct Reader<'v, 't> {
    pub(super) vocabulary: &'v Vocabulary,
    pub(super) tokens: Vec<Token<'t>>,
    /// By token, what it turned out to be as a number, section or repetition.
    pub(super) marks: Vec<Option<Says>>,
    pub(super) reading: Reading,
}
