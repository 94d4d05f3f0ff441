//! Forbidden uses that an officer's own words betray, in whatever order, spacing or spelling.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::fold;
use super::hashes::ById;
use super::lexicon::{Id, Lexicon};
use super::vocabulary::VOCABULARY;
use crate::document::{DocumentError, read};
use crate::policy::Prohibition;

/// How an entry counts; `words/prohibited.toml` says what each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Clear,
    Own,
    Alone,
    Mention,
    Look,
}

/// How strongly a use is betrayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// An auditor is to look at it.
    Doubtful,
    /// It is refused.
    Clear,
}

/// A forbidden use with the words that betray it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Betrayed {
    /// Which use.
    pub prohibition: Prohibition,
    /// How strongly.
    pub certainty: Certainty,
    /// The words, as they are listed.
    pub words: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Tiers {
    clear: Vec<String>,
    own: Vec<String>,
    alone: Vec<String>,
    mention: Vec<String>,
    look: Vec<String>,
}

#[derive(Deserialize)]
struct Lists {
    innocent: Vec<String>,
    ambiguous: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    uses: BTreeMap<Prohibition, Tiers>,
}

/// An entry: one word of each of its places, in any order.
struct Rule {
    prohibition: Prohibition,
    tier: Tier,
    places: Vec<Vec<Id>>,
}

/// What betrays forbidden uses.
pub(super) struct Forbidden {
    pub(super) lexicon: Lexicon,
    /// Rules by each word of their first place.
    rules: ById<Vec<Rule>>,
    innocent: ById<Vec<Vec<Id>>>,
    ambiguous: ById<Vec<Id>>,
    /// Ids below this are words of the lists; those above are words of other lists, known so that no
    /// mistake in them is taken for one of these.
    listed: usize,
}

impl Forbidden {
    fn read() -> Result<Self, DocumentError> {
        let lists: Lists = read("prohibited.toml", include_str!("../../words/prohibited.toml"))?;
        let mut all = Self {
            lexicon: Lexicon::default(),
            rules: ById::default(),
            innocent: ById::default(),
            ambiguous: ById::default(),
            listed: 0,
        };
        for (prohibition, tiers) in &lists.uses {
            for (tier, entries) in [
                (Tier::Clear, &tiers.clear),
                (Tier::Own, &tiers.own),
                (Tier::Alone, &tiers.alone),
                (Tier::Mention, &tiers.mention),
                (Tier::Look, &tiers.look),
            ] {
                entries.iter().for_each(|entry| all.rule(*prohibition, tier, entry));
            }
        }
        for phrase in &lists.innocent {
            let words: Vec<Id> = fold::words(phrase).iter().map(|word| all.word(word)).collect();
            if let Some(first) = words.first() {
                all.innocent.entry(*first).or_default().push(words);
            }
        }
        for (word, beside) in &lists.ambiguous {
            let beside = beside.iter().map(|word| all.word(word)).collect();
            let word = all.word(word);
            all.ambiguous.insert(word, beside);
        }
        all.listed = all.lexicon.len();
        for word in VOCABULARY.iter().flat_map(|vocabulary| vocabulary.lexicon.words()) {
            all.lexicon.add_spelled(word);
        }
        Ok(all)
    }

    fn word(&mut self, word: &str) -> Id {
        self.lexicon.add(word)
    }

    fn rule(&mut self, prohibition: Prohibition, tier: Tier, entry: &str) {
        let places: Vec<Vec<Id>> = entry
            .split_whitespace()
            .map(|place| place.split('|').map(|word| self.word(word)).collect())
            .collect();
        for key in places.first().into_iter().flatten() {
            let rule = Rule { prohibition, tier, places: places.clone() };
            self.rules.entry(*key).or_default().push(rule);
        }
    }

    /// Whether a word is one of these lists.
    pub(super) fn lists(&self, id: Id) -> bool {
        usize::from(id) < self.listed
    }

    /// Whether a word betrays a use without another beside it.
    pub(super) fn betrays_alone(&self, id: Id) -> bool {
        self.rules.get(&id).is_some_and(|rules| rules.iter().any(|rule| rule.places.len() == 1))
    }

    /// Whether a phrase that begins with this word and these after it means something else; how many
    /// words it is.
    pub(super) fn innocent(&self, words: &[Option<Id>]) -> Option<usize> {
        let first = words.first().copied().flatten()?;
        let fits = |phrase: &&Vec<Id>| {
            words.len() >= phrase.len()
                && words.iter().zip(*phrase).all(|(word, of)| *word == Some(*of))
        };
        self.innocent.get(&first)?.iter().filter(fits).map(Vec::len).max()
    }

    /// What these words betray beside what else the text says.
    pub(super) fn betrayed(&self, words: &Present, beside: Beside) -> Vec<Betrayed> {
        let mut found: Vec<Betrayed> = Vec::new();
        let of = |id: &Id| {
            let key = *id;
            self.rules.get(id).into_iter().flatten().map(move |rule| (key, rule))
        };
        for (key, rule) in words.in_order.iter().flat_map(of) {
            let Some(said) = rule.said(key, words) else { continue };
            let ambiguous = said.iter().any(|id| {
                self.ambiguous.get(id).is_some_and(|beside| beside.iter().any(|id| words.has(*id)))
            });
            let certainty = match rule.certainty(beside) {
                Some(Certainty::Clear) if ambiguous => Certainty::Doubtful,
                Some(certainty) => certainty,
                None => continue,
            };
            let said: Vec<&str> = said.iter().map(|id| self.lexicon.word(*id)).collect();
            let betrayed =
                Betrayed { prohibition: rule.prohibition, certainty, words: said.join(" ") };
            match found.iter_mut().find(|known| known.prohibition == rule.prohibition) {
                // The strongest, and of those the one that says most.
                Some(known)
                    if (known.certainty, known.words.len())
                        < (betrayed.certainty, betrayed.words.len()) =>
                {
                    *known = betrayed;
                }
                Some(_) => {}
                None => found.push(betrayed),
            }
        }
        found
    }
}

impl Rule {
    /// The words that fill its places; `None` where one stays empty. A word that was only made out within
    /// another fills no place by itself.
    fn said(&self, key: Id, words: &Present) -> Option<Vec<Id>> {
        if self.places.len() == 1 && !words.stands(key) {
            return None;
        }
        let mut said = vec![key];
        for place in self.places.iter().skip(1) {
            said.push(*place.iter().find(|id| words.has(**id) && !said.contains(id))?);
        }
        Some(said)
    }

    fn certainty(&self, beside: Beside) -> Option<Certainty> {
        let Beside { crime, order, event, victim, suspect, unlisted, apart } = beside;
        match self.tier {
            Tier::Clear => Some(Certainty::Clear),
            Tier::Own if victim => Some(Certainty::Doubtful),
            Tier::Own => Some(Certainty::Clear),
            Tier::Alone if crime || order || event || victim => Some(Certainty::Doubtful),
            Tier::Alone => Some(Certainty::Clear),
            Tier::Mention if crime || victim => None,
            Tier::Mention if order || event || suspect || unlisted || apart => {
                Some(Certainty::Doubtful)
            }
            Tier::Mention => Some(Certainty::Clear),
            Tier::Look => Some(Certainty::Doubtful),
        }
    }
}

/// What else is said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside {
    pub(super) crime: bool,
    pub(super) order: bool,
    pub(super) event: bool,
    pub(super) victim: bool,
    pub(super) suspect: bool,
    /// An offence that the published list does not know.
    pub(super) unlisted: bool,
    /// An offence is named, but not in this text.
    pub(super) apart: bool,
}

/// Words of the lists that a text holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Present {
    in_order: Vec<Id>,
    standing: Vec<u64>,
    held: Vec<u64>,
}

impl Present {
    /// A word of the text, or one made out within a longer word.
    pub(super) fn add(&mut self, id: Id, stands: bool) {
        if set(&mut self.held, id) {
            self.in_order.push(id);
        }
        if stands {
            set(&mut self.standing, id);
        }
    }

    fn stands(&self, id: Id) -> bool {
        is_set(&self.standing, id)
    }

    fn has(&self, id: Id) -> bool {
        is_set(&self.held, id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_order.is_empty()
    }
}

/// Whether it was not set before.
fn set(bits: &mut Vec<u64>, id: Id) -> bool {
    let (word, bit) = (usize::from(id) / 64, 1u64 << (id % 64));
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    let Some(word) = bits.get_mut(word) else { return false };
    let new = *word & bit == 0;
    *word |= bit;
    new
}

fn is_set(bits: &[u64], id: Id) -> bool {
    bits.get(usize::from(id) / 64).is_some_and(|word| word & (1 << (id % 64)) != 0)
}

/// A list that does not read leaves no use that could be told from a forbidden one: fail closed.
pub(super) static FORBIDDEN: LazyLock<Option<Forbidden>> = LazyLock::new(|| Forbidden::read().ok());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_read() {
        let lists = Forbidden::read().unwrap_or_else(|error| panic!("{error}"));
        assert!(lists.listed > 700 && lists.lexicon.len() < 60_000);
    }
}
