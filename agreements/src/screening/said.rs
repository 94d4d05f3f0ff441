//! Everything that an officer says beside one query, each text of it read at most once.

use std::borrow::Cow;
use std::cell::OnceCell;

use schemas::offense::VehicleRole;
use schemas::query::{Elements, Justification};

use super::forbidden::Betrayed;
use super::reader::{Known, Reading};
use super::reading;
use super::vocabulary::VOCABULARY;
use crate::policy::ReasonRules;

/// A text in which an officer says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Reason,
    Offense,
    Suspicion,
    NeedToKnow,
    Danger,
    /// What the vehicle has to do with it, where that is said in words.
    Role,
    ForOfficer,
    Case,
    Cad,
    /// The typed offences that are neither a section nor of the published list.
    Codes,
}

impl Which {
    pub(super) const ALL: [Self; 10] = [
        Self::Reason,
        Self::Offense,
        Self::Suspicion,
        Self::NeedToKnow,
        Self::Danger,
        Self::Role,
        Self::ForOfficer,
        Self::Case,
        Self::Cad,
        Self::Codes,
    ];

    pub(super) fn of(self, why: &Justification) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Reason => why.reason.as_str(),
            Self::Offense => why.offense.as_str(),
            Self::Suspicion => why.suspicion.as_str(),
            Self::NeedToKnow => why.need_to_know.as_str(),
            Self::Danger => why.danger.as_str(),
            Self::Role => match &why.vehicle_role {
                Some(VehicleRole::Other(words)) => words.as_str(),
                _ => "",
            },
            Self::ForOfficer => why.for_officer.as_str(),
            Self::Case => why.case.as_str(),
            Self::Cad => why.cad.as_str(),
            Self::Codes => return codes(why),
        })
    }
}

/// Codes of no list that is read here are words that somebody wrote.
fn codes(why: &Justification) -> Cow<'_, str> {
    let listed = |code: &str| {
        VOCABULARY.as_ref().is_some_and(|vocabulary| vocabulary.offence_named(code).is_some())
    };
    let unlisted =
        |code: &&str| code.starts_with(|c: char| c.is_ascii_lowercase()) && !listed(code);
    let codes: Vec<&str> =
        why.offenses.iter().map(schemas::offense::Offense::as_str).filter(unlisted).collect();
    match codes.as_slice() {
        [] => Cow::Borrowed(""),
        codes => Cow::Owned(codes.join(", ")),
    }
}

/// What is known of one text so far.
#[derive(Default)]
struct Heard {
    /// As the agency's own lists of words read it, too.
    reading: OnceCell<Reading>,
    /// As the common lists alone read it.
    common: OnceCell<Reading>,
}

/// What is said beside a query.
pub(crate) struct Said<'a> {
    pub(super) why: &'a Justification,
    known: Known<'a>,
    heard: [Heard; Which::ALL.len()],
    /// What was found that it betrays.
    pub(super) forbidden: OnceCell<Option<Vec<Betrayed>>>,
}

impl<'a> Said<'a> {
    /// Beside what is looked for, under a policy's rules.
    pub(crate) fn of(why: &'a Justification, elements: &Elements, rules: &'a ReasonRules) -> Self {
        Self::beside(why, Known::of(why, elements, rules))
    }

    /// By itself.
    pub(crate) fn alone(why: &'a Justification) -> Self {
        Self::beside(why, Known::nothing())
    }

    fn beside(why: &'a Justification, known: Known<'a>) -> Self {
        let (heard, forbidden) = Default::default();
        Self { why, known, heard, forbidden }
    }

    fn read<'s>(
        &'s self,
        which: Which,
        place: impl Fn(&'s Heard) -> &'s OnceCell<Reading>,
        known: &Known<'_>,
    ) -> Option<&'s Reading> {
        let vocabulary = VOCABULARY.as_ref()?;
        let place = place(self.heard.get(which as usize)?);
        Some(place.get_or_init(|| reading::read(vocabulary, &which.of(self.why), known)))
    }

    /// What a text says; `None` where this node cannot read its lists.
    pub(super) fn reading(&self, which: Which) -> Option<&Reading> {
        self.read(which, |heard| &heard.reading, &self.known)
    }

    /// What a text says by the common lists: no agency's own words excuse a forbidden use.
    pub(super) fn common(&self, which: Which) -> Option<&Reading> {
        match self.known.names_words() {
            false => self.reading(which),
            true => self.read(which, |heard| &heard.common, &Known::nothing()),
        }
    }
}
