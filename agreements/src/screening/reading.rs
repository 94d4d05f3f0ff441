//! What a text says: each of its words as an offence, a role, a circumstance, a place, an activity, an
//! organisation, a number or nothing, phrases before words.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use super::fold;
use super::hashes::{Same, hash};
use super::lexicon::Id;
use super::reader::{Known, Named, Part, Reader, Reading, Says};
use super::vocabulary::{ARTICLES, Class, Phrase, Role, Vocabulary};
use crate::policy::ReasonRules;

/// Most words that are looked up with mistakes in one text; what comes after them must be spelled.
const MOST_NEAR: usize = 48;

/// A word of a text: the tokens that it is made of.
struct Word<'t> {
    text: Cow<'t, str>,
    /// Its first token.
    token: usize,
    id: Option<Id>,
    says: Option<Says>,
}

/// Reads a text beside what is known.
pub(crate) fn read(vocabulary: &Vocabulary, text: &str, known: &Known<'_>) -> Reading {
    let folded = fold::folded(text);
    let tokens = fold::tokens(&folded);
    let marks = vec![None; tokens.len()];
    let mut reader = Reader { vocabulary, tokens, marks, reading: Reading::default() };
    reader.repeated(known);
    reader.sections();
    reader.numbers();
    let mut words = reader.words();
    if let Some(rules) = known.rules {
        reader.own_phrases(&mut words, rules);
    }
    reader.phrases(&mut words);
    reader.unknown(&mut words);
    reader.told(words)
}

impl<'t> Reader<'_, 't> {
    /// The words that are no numbers, sections or repetitions, in order.
    fn words(&self) -> Vec<Word<'t>> {
        let mut words = Vec::with_capacity(self.tokens.len());
        let mut at = 0;
        while at < self.tokens.len() {
            if let Some(says) = self.marks.get(at).copied().flatten() {
                // A number may stand in a phrase, such as `7 eleven`.
                let word = self.tokens.get(at).map_or("", |token| token.word);
                let id = match says {
                    Says::Number => self.vocabulary.lexicon.exact(word),
                    _ => None,
                };
                words.push(Word { text: word.into(), token: at, id, says: Some(says) });
                at += 1;
                continue;
            }
            let run = (at..self.tokens.len()).take_while(|at| self.free(*at)).count();
            let tokens = self.tokens.get(at..at + run).unwrap_or_default();
            words.extend(fold::joined_letters(tokens).into_iter().map(|(first, last, word)| {
                let one = first == last;
                let text = tokens.get(first).filter(|_| one).map(|token| Cow::Borrowed(token.word));
                let text = text.unwrap_or(Cow::Owned(word));
                let id = self.vocabulary.lexicon.spelled(&text);
                let id = id.map(|id| self.vocabulary.lexicon.singular(id));
                Word { text, token: at + first, id, says: None }
            }));
            at += run.max(1);
        }
        words
    }

    /// The agency's own units, placeholders and offences; they come before the common lists.
    fn own_phrases(&mut self, words: &mut [Word<'t>], rules: &ReasonRules) {
        let own = rules.offenses.iter().flat_map(|offense| {
            offense.words.iter().map(move |words| (words, Says::OwnOffence, Some(&offense.code)))
        });
        let units = rules.units.iter().map(|unit| (unit, Says::Class(Class::Organisation), None));
        let filler = rules.placeholders.iter().map(|word| (word, Says::Class(Class::Filler), None));
        for (phrase, says, code) in own.chain(units).chain(filler) {
            let phrase = phrase.words();
            for from in 0..words.len() {
                let Some(here) = words.get_mut(from..from + phrase.len()) else { break };
                let same = here.iter().zip(phrase).all(|(word, of)| word.text == of.as_str());
                if phrase.is_empty() || !same {
                    continue;
                }
                here.iter_mut().for_each(|word| word.says = Some(says));
                if let Some(code) = code {
                    self.offence(Named::Own(code.to_string()), "");
                }
            }
        }
    }

    /// The longest phrase at each word, articles left out.
    fn phrases(&mut self, words: &mut [Word<'t>]) {
        let mut at = 0;
        while at < words.len() {
            let Some((used, class)) = self.phrase(words, at) else {
                at += 1;
                continue;
            };
            let class = self.as_a_unit(words, at + used, class);
            for word in words.iter_mut().skip(at).take(used) {
                word.says = Some(class.map_or(Says::Other, Says::Class));
                // A known word that means nothing is not looked up with mistakes.
                word.id = word.id.or(Some(Id::MAX));
            }
            at += used;
        }
    }

    /// `Homicide detail` is an organisation, not an offence.
    fn as_a_unit(&self, words: &[Word<'_>], next: usize, class: Option<Class>) -> Option<Class> {
        let unit = words.get(next).and_then(|word| word.id);
        let unit = unit.is_some_and(|id| self.vocabulary.unit_words.contains(&id));
        match class {
            Some(Class::Offence(_)) if unit => Some(Class::Organisation),
            class => class,
        }
    }

    fn phrase(&self, words: &[Word<'_>], at: usize) -> Option<(usize, Option<Class>)> {
        let first = words.get(at).filter(|word| match word.says {
            None => true,
            Some(says) => says == Says::Number,
        })?;
        let known = self.vocabulary.phrases.get(&first.id?)?;
        known.iter().find_map(|phrase| {
            let used = fits(phrase, words, at)?;
            // A number by itself is what it was.
            (first.says.is_none() || used > 1).then_some((used, phrase.class))
        })
    }

    /// Words on no list: with a mistake, several in one, or standing where a place stands.
    fn unknown(&mut self, words: &mut [Word<'t>]) {
        let mut corrected = false;
        let unknown = words.iter_mut().filter(|word| word.says.is_none() && word.id.is_none());
        for word in unknown.take(MOST_NEAR) {
            word.id = self.near(&word.text);
            corrected |= word.id.is_some();
        }
        if corrected {
            self.phrases(words);
        }
        for at in 0..words.len() {
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            let at_a_place = before
                .and_then(|word| word.id)
                .is_some_and(|id| self.vocabulary.before_a_place.contains(&id));
            let Some(word) = words.get_mut(at).filter(|word| word.says.is_none()) else { continue };
            let parts = if word.id.is_none() { self.parts(&word.text) } else { None };
            word.says = Some(match parts {
                Some(class) => Says::Class(class),
                None if at_a_place && word.text.len() > 2 => Says::SomePlace,
                None => Says::Other,
            });
        }
    }

    /// A known word that this one is with a mistake, unless it comes as near to a forbidden use.
    fn near(&self, word: &str) -> Option<Id> {
        let lexicon = &self.vocabulary.lexicon;
        let near = lexicon.near(word).filter(|_| !super::may_be_forbidden(word));
        near.map(|id| lexicon.singular(id))
    }

    /// What a word is that is several, such as `suspectvehicle`: the first of their classes that counts.
    fn parts(&mut self, word: &str) -> Option<Class> {
        let parts = self.vocabulary.lexicon.segments(word)?;
        // Pieces of two letters make words that nobody meant.
        if parts.iter().any(|id| self.vocabulary.lexicon.word(*id).len() < 3) {
            return None;
        }
        let words: Vec<Word<'_>> = parts
            .iter()
            .map(|id| Word {
                text: Cow::Borrowed(""),
                token: 0,
                id: Some(self.vocabulary.lexicon.singular(*id)),
                says: None,
            })
            .collect();
        let mut best: Option<Class> = None;
        let mut at = 0;
        while at < words.len() {
            let Some((used, class)) = self.phrase(&words, at) else {
                at += 1;
                continue;
            };
            best = match (best, class) {
                (
                    None | Some(Class::Filler | Class::VehicleWord | Class::Activity),
                    Some(class),
                ) => Some(class),
                (best, _) => best,
            };
            at += used;
        }
        best
    }

    fn told(mut self, words: Vec<Word<'t>>) -> Reading {
        let mut counted: HashSet<u64, BuildHasherDefault<Same>> =
            HashSet::with_capacity_and_hasher(words.len(), BuildHasherDefault::default());
        let mut parts: Vec<Part> = Vec::with_capacity(words.len());
        let mut last: Option<(usize, Says)> = None;
        for word in words {
            let mut says = word.says.unwrap_or(Says::Other);
            // `211 veh` is the vehicle of that offence.
            if says == Says::Class(Class::VehicleWord)
                && let Some((_, Says::Class(Class::Offence(_)) | Says::Statute | Says::OwnOffence)) =
                    last
            {
                says = Says::Class(Class::Role(Role::Suspect));
            }
            let new = counted.insert(hash(word.text.bytes()));
            match says {
                Says::Class(Class::Offence(at)) => self.offence(Named::Listed(at), &word.text),
                Says::Class(Class::Detailed(at)) => {
                    self.offence(Named::Listed(at), &word.text);
                    self.reading.circumstances += usize::from(new);
                }
                Says::Class(Class::Role(role)) if !self.reading.roles.contains(&role) => {
                    self.reading.roles.push(role);
                }
                Says::Class(Class::Circumstance) => {
                    self.reading.circumstances += usize::from(new);
                }
                Says::Class(Class::Place) | Says::SomePlace => {
                    self.reading.places += usize::from(new);
                }
                Says::Other => {
                    let mut letters = word.text.chars();
                    let first = letters.next();
                    let repeats = letters.all(|c| Some(c) == first);
                    self.reading.others += usize::from(new && !repeats);
                }
                _ => {}
            }
            // Words of one phrase stand together in what is told.
            let joins = last
                .is_some_and(|(token, before)| before == says && token + 1 == word.token)
                && says != Says::Other
                && says != Says::Class(Class::Filler);
            match parts.last_mut().filter(|_| joins) {
                Some(part) => {
                    part.words.push(' ');
                    part.words.push_str(&word.text);
                }
                None => parts.push(Part { words: word.text.to_string(), says }),
            }
            last = Some((word.token, says));
        }
        self.reading.parts = parts;
        self.reading
    }
}

/// How many words from `at` on a phrase takes, articles between them included; `None` where it does not
/// stand there.
fn fits(phrase: &Phrase, words: &[Word<'_>], at: usize) -> Option<usize> {
    let mut used = 0;
    for (nth, of) in phrase.words.iter().enumerate() {
        if nth > 0 {
            let articles = words.iter().skip(at + used);
            used += articles.take_while(|word| ARTICLES.contains(&word.text.as_ref())).count();
        }
        let word = words.get(at + used)?;
        let free = matches!(word.says, None | Some(Says::Number));
        if !free || word.id != Some(*of) {
            return None;
        }
        used += 1;
    }
    Some(used)
}
