//! The lists of `words/`, read once: what a word or phrase is, which section is which offence, and what
//! betrays a forbidden use.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use schemas::statute::{Code, Section};
use serde::Deserialize;

use super::fold;
use super::hashes::ById;
use super::lexicon::{Id, Lexicon};
use super::statutes::{self, Cited};
use crate::document::{DocumentError, read, sense};

/// What a word or phrase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// An offence or event, by its place in the published list.
    Offence(u16),
    /// An offence whose name says how or where, too.
    Detailed(u16),
    /// What the vehicle has to do with it.
    Role(Role),
    /// How, when, with what, against whom.
    Circumstance,
    /// Where.
    Place,
    /// What somebody does with a reader.
    Activity,
    /// An agency, unit, channel or rank.
    Organisation,
    /// A vehicle or plate and nothing more.
    VehicleWord,
    /// Nothing.
    Filler,
}

/// A role of the vehicle that words name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Suspect,
    Victim,
    Witness,
}

/// How an offence counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    Crime,
    Event,
    Order,
    Infraction,
}

/// An offence of the published list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offence {
    pub(crate) code: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) nibrs: Option<String>,
    #[serde(default)]
    pub(crate) kind: Kind,
    /// Whether it is done to those whom words of a forbidden use name.
    #[serde(default)]
    pub(crate) victims: bool,
    words: Vec<String>,
    /// Names that say one thing more by themselves.
    #[serde(default)]
    detailed: Vec<String>,
    statutes: Vec<String>,
    #[serde(default)]
    bare: Vec<String>,
    /// The list that it stands in, by its place in [`OFFENCES`].
    #[serde(skip)]
    pub(crate) list: usize,
}

impl Offence {
    /// The code in which the sections that are known by their number alone stand.
    pub(crate) fn code_of_bare(&self, number: &str) -> Option<Code> {
        let of = |statute: &String| {
            one_section(statute).filter(|cited| cited.section.number() == number)
        };
        self.statutes.iter().find_map(of)?.code
    }
}

/// The published list, by subject and in its order: the first that names a word or a section has it.
const OFFENCES: [(&str, &str); 5] = [
    ("offences/persons.toml", include_str!("../../words/offences/persons.toml")),
    ("offences/property.toml", include_str!("../../words/offences/property.toml")),
    ("offences/vice_and_weapons.toml", include_str!("../../words/offences/vice_and_weapons.toml")),
    ("offences/traffic.toml", include_str!("../../words/offences/traffic.toml")),
    ("offences/public_order.toml", include_str!("../../words/offences/public_order.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offences {
    offence: Vec<Offence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    words: Vec<String>,
}

#[derive(Deserialize)]
struct Places {
    before_a_place: Vec<String>,
    #[serde(flatten)]
    kinds: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Classes {
    role: BTreeMap<Role, Vec<String>>,
    circumstance: BTreeMap<String, Vec<String>>,
    place: Places,
    activity: Words,
    organisation: Words,
    vehicle_word: Words,
    number_word: Words,
    filler: Words,
    plain: Words,
}

/// A phrase of known words and what it is.
pub(crate) struct Phrase {
    pub(crate) words: Box<[Id]>,
    /// `None` for a word that is known and is nothing.
    pub(crate) class: Option<Class>,
    /// Its place in the lists.
    order: usize,
}

/// Articles say nothing in a phrase.
pub(crate) const ARTICLES: [&str; 3] = ["a", "an", "the"];

/// What words mean.
pub(crate) struct Vocabulary {
    pub(crate) lexicon: Lexicon,
    /// Phrases by their first word, the longest first.
    pub(crate) phrases: ById<Vec<Phrase>>,
    pub(crate) before_a_place: HashSet<Id>,
    pub(crate) number_words: HashSet<Id>,
    /// Words that make a unit of the offence before them: `homicide detail`.
    pub(crate) unit_words: HashSet<Id>,
    pub(crate) offences: Vec<Offence>,
    sections: HashMap<(Code, String), u16>,
    bare: HashMap<String, u16>,
    entries: usize,
}

const UNIT_WORDS: [&str; 10] = [
    "unit",
    "detail",
    "bureau",
    "division",
    "div",
    "squad",
    "team",
    "section",
    "detectives",
    "taskforce",
];

impl Vocabulary {
    fn read() -> Result<Self, DocumentError> {
        let mut offences: Vec<Offence> = Vec::new();
        for (list, (file, text)) in OFFENCES.into_iter().enumerate() {
            let of = read::<Offences>(file, text)?.offence.into_iter();
            offences.extend(of.map(|offence| Offence { list, ..offence }));
        }
        let classes: Classes = read("classes.toml", include_str!("../../words/classes.toml"))?;
        let mut all = Self {
            lexicon: Lexicon::default(),
            phrases: ById::default(),
            before_a_place: HashSet::new(),
            number_words: HashSet::new(),
            unit_words: HashSet::new(),
            offences: Vec::new(),
            sections: HashMap::new(),
            bare: HashMap::new(),
            entries: 0,
        };
        for (at, offence) in (0..).zip(&offences) {
            all.phrases(&offence.detailed, Some(Class::Detailed(at)));
            all.phrases(&offence.words, Some(Class::Offence(at)));
            for statute in &offence.statutes {
                let cited =
                    one_section(statute).and_then(|cited| Some((cited.code?, cited.section)));
                let no_section = || sense(format!("offences: `{statute}` is no section"));
                let (code, section) = cited.ok_or_else(no_section)?;
                all.sections.entry((code, statutes::key(&section, usize::MAX))).or_insert(at);
            }
            for number in &offence.bare {
                let no_number = || sense(format!("offences: `{number}` is no number"));
                let cited = one_section(number).ok_or_else(no_number)?;
                all.bare.entry(statutes::key(&cited.section, usize::MAX)).or_insert(at);
            }
        }
        for (role, words) in &classes.role {
            all.phrases(words, Some(Class::Role(*role)));
        }
        for words in classes.circumstance.values() {
            all.phrases(words, Some(Class::Circumstance));
        }
        for words in classes.place.kinds.values() {
            all.phrases(words, Some(Class::Place));
        }
        for (words, class) in [
            (&classes.organisation, Class::Organisation),
            (&classes.activity, Class::Activity),
            (&classes.vehicle_word, Class::VehicleWord),
            (&classes.filler, Class::Filler),
        ] {
            all.phrases(&words.words, Some(class));
        }
        all.phrases(&classes.plain.words, None);
        all.lexicon.join_plurals();
        all.rekey();
        all.before_a_place = all.ids(&classes.place.before_a_place);
        all.number_words = all.ids(&classes.number_word.words);
        all.unit_words = all.ids(&UNIT_WORDS.map(str::to_owned));
        all.offences = offences;
        for phrases in all.phrases.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.words.len()));
        }
        Ok(all)
    }

    fn ids(&mut self, words: &[String]) -> HashSet<Id> {
        let ids: Vec<Id> = words.iter().map(|word| self.lexicon.add(word)).collect();
        ids.into_iter().map(|id| self.lexicon.singular(id)).collect()
    }

    /// Puts phrases under the singular of their words.
    fn rekey(&mut self) {
        let known: Vec<Phrase> = self.phrases.drain().flat_map(|(_, phrases)| phrases).collect();
        for mut phrase in known {
            phrase.words.iter_mut().for_each(|id| *id = self.lexicon.singular(*id));
            let Some(first) = phrase.words.first().copied() else { continue };
            let of = self.phrases.entry(first).or_default();
            match of.iter_mut().find(|known| known.words == phrase.words) {
                // The list that comes first says what it is.
                Some(known) if phrase.order < known.order => *known = phrase,
                Some(_) => {}
                None => of.push(phrase),
            }
        }
    }

    /// The first list that names a phrase says what it is.
    fn phrases(&mut self, entries: &[String], class: Option<Class>) {
        for entry in entries {
            let words: Vec<Id> =
                phrase_words(entry).iter().map(|word| self.lexicon.add(word)).collect();
            let Some(first) = words.first() else { continue };
            let known = self.phrases.entry(*first).or_default();
            if !known.iter().any(|phrase| *phrase.words == *words) {
                self.entries += 1;
                known.push(Phrase { words: words.into(), class, order: self.entries });
            }
        }
    }

    /// The offence that a section is, where the list knows it: by as many of its parts as it can.
    pub(crate) fn of_section(&self, cited: &Cited) -> Option<u16> {
        let section = &cited.section;
        match cited.code {
            Some(code) => self.of_statute(code, section),
            None => longest(section, |key| self.bare.get(&key)),
        }
    }

    /// The same of a section with its code.
    pub(crate) fn of_statute(&self, code: Code, section: &Section) -> Option<u16> {
        longest(section, |key| self.sections.get(&(code, key)))
    }

    pub(crate) fn offence(&self, at: u16) -> Option<&Offence> {
        self.offences.get(usize::from(at))
    }

    pub(crate) fn offence_named(&self, code: &str) -> Option<u16> {
        (0..).zip(&self.offences).find(|(_, offence)| offence.code == code).map(|(at, _)| at)
    }
}

/// What is known of a section by as many of its parts as it can be.
fn longest<'v>(section: &Section, known: impl Fn(String) -> Option<&'v u16>) -> Option<u16> {
    let parts = (0..=section.parts().len()).rev();
    parts.map(|parts| statutes::key(section, parts)).find_map(known).copied()
}

/// The words of an entry, without articles unless it is one.
pub(crate) fn phrase_words(entry: &str) -> Vec<String> {
    let words = fold::words(entry);
    if words.len() < 2 {
        return words;
    }
    words.into_iter().filter(|word| !ARTICLES.contains(&word.as_str())).collect()
}

/// The one section that an entry names.
pub(crate) fn one_section(entry: &str) -> Option<Cited> {
    let folded = fold::folded(entry);
    let tokens = fold::tokens(&folded);
    let mut found = statutes::cited(&tokens, 0);
    let one = found.pop()?;
    (found.is_empty() && one.until == tokens.len()).then_some(one)
}

/// Lists that do not read leave nothing that says anything: fail closed. A test sees that they read.
pub(crate) static VOCABULARY: LazyLock<Option<Vocabulary>> =
    LazyLock::new(|| Vocabulary::read().ok());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_read_and_every_offence_is_found_by_its_names() {
        let vocabulary = Vocabulary::read().unwrap_or_else(|error| panic!("{error}"));
        assert!(vocabulary.lexicon.len() > 1_500 && vocabulary.lexicon.len() < 60_000);
        assert!(vocabulary.offences.len() >= 45);
        for (at, offence) in (0..).zip(&vocabulary.offences) {
            assert_eq!(vocabulary.offence_named(&offence.code), Some(at), "{}", offence.code);
            assert!(!offence.name.is_empty());
            for statute in &offence.statutes {
                let cited = one_section(statute).unwrap_or_else(|| panic!("`{statute}`"));
                assert!(vocabulary.of_section(&cited).is_some(), "{statute}");
            }
        }
    }
}
