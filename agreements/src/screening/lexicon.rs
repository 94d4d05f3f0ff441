//! Words that are known, and how a word that somebody typed is found among them: as it stands, without
//! its ending, with doubled letters once, or with one small mistake (two in a long word).
//!
//! A word is found by hashes of itself and of itself with one letter left out, so that the work does not
//! grow with the number of words known.

use std::collections::HashMap;

use super::hashes::{self, ByHash, Hashes, Seen, add, hash, spread};
use super::spelling::{apart, stems, undoubled};

/// Words shorter than this must be spelled as they are.
const SHORTEST_NEAR: usize = 5;
/// From this length on two mistakes are seen through.
const LONG: usize = 10;
/// Longest word that is looked up with mistakes.
const LONGEST: usize = hashes::LONGEST;

/// A known word.
pub(crate) type Id = u16;

/// The known words.
#[derive(Default)]
pub(crate) struct Lexicon {
    words: Vec<Box<str>>,
    /// Each with doubled letters once.
    undoubled: Vec<Box<str>>,
    spelled: ByHash<Id>,
    /// By the word without its ending.
    stems: ByHash<Id>,
    /// Of a plural, its singular, where both are known.
    singulars: HashMap<Id, Id>,
    /// By the word and by what is left of it without a letter.
    near: ByHash<Vec<Id>>,
    /// Which keys `near` may hold.
    may_be_near: Seen,
    /// What the words begin with.
    prefixes: Seen,
}

impl Lexicon {
    /// Adds a word that is found as it stands only, or finds it.
    pub(crate) fn add_spelled(&mut self, word: &str) -> Id {
        let next = Id::try_from(self.words.len()).unwrap_or(Id::MAX);
        let id = *self.spelled.entry(hash(word.bytes())).or_insert(next);
        if id == next {
            self.words.push(word.into());
            self.undoubled.push(undoubled(word).into());
            let mut prefix = hashes::EMPTY;
            for byte in word.bytes() {
                prefix = add(prefix, byte);
                self.prefixes.add(spread(prefix));
            }
        }
        id
    }

    /// Adds a word, or finds it.
    pub(crate) fn add(&mut self, word: &str) -> Id {
        let known = self.words.len();
        let id = self.add_spelled(word);
        if self.words.len() == known {
            return id;
        }
        for (head, instead) in stems(word) {
            self.stems.entry(hash(head.bytes().chain(instead.bytes()))).or_insert(id);
        }
        let once = undoubled(word);
        if once.len() >= SHORTEST_NEAR
            && once.is_ascii()
            && let Some(hashes) = Hashes::of(once.as_bytes())
        {
            self.stems.entry(hashes.whole()).or_insert(id);
            let mut keys = vec![hashes.whole()];
            keys.extend(hashes.without_one());
            if once.len() >= LONG {
                keys.extend(hashes.without_two());
            }
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                self.may_be_near.add(key);
                self.near.entry(key).or_default().push(id);
            }
        }
        id
    }

    /// Has plurals count as their singular, where both are known.
    pub(crate) fn join_plurals(&mut self) {
        let of = |(id, word): (Id, &str)| {
            let singular = word.strip_suffix('s').filter(|singular| singular.len() >= 4)?;
            Some((id, self.exact(singular)?))
        };
        self.singulars = (0..).zip(self.words()).filter_map(of).collect();
    }

    pub(crate) fn singular(&self, id: Id) -> Id {
        self.singulars.get(&id).copied().unwrap_or(id)
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| &**word)
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    pub(crate) fn word(&self, id: Id) -> &str {
        self.words.get(usize::from(id)).map_or("", |word| word)
    }

    /// A word as it stands.
    pub(crate) fn exact(&self, word: &str) -> Option<Id> {
        let id = *self.spelled.get(&hash(word.bytes()))?;
        (self.word(id) == word).then_some(id)
    }

    /// By the hash of a word that nobody has written down yet.
    pub(crate) fn by_hash(&self, key: u64) -> Option<Id> {
        self.spelled.get(&key).copied()
    }

    /// A word as it stands, without its ending, or with doubled letters once.
    pub(crate) fn spelled(&self, word: &str) -> Option<Id> {
        if let Some(id) = self.exact(word) {
            return Some(id);
        }
        if word.len() < 4 || !word.is_ascii() {
            return None;
        }
        for (head, instead) in stems(word) {
            let key = hash(head.bytes().chain(instead.bytes()));
            if let Some(id) = self.spelled.get(&key).or_else(|| self.stems.get(&key)) {
                return Some(*id);
            }
        }
        let once = undoubled(word);
        (once.len() >= 4).then(|| self.stems.get(&hash(once.bytes())).copied()).flatten()
    }

    /// A word with a small mistake.
    pub(crate) fn near(&self, word: &str) -> Option<Id> {
        if !word.is_ascii() || word.len() > LONGEST {
            return None;
        }
        let once = undoubled(word);
        if once.len() < SHORTEST_NEAR {
            return None;
        }
        // A letter left out may bring two alike together.
        let as_it_stands = || (once != word).then(|| self.nearest(word)).flatten();
        self.nearest(&once).or_else(as_it_stands)
    }

    fn nearest(&self, word: &str) -> Option<Id> {
        let bytes = word.as_bytes();
        let hashes = Hashes::of(bytes)?;
        let mut best = Nearest { of: bytes, found: None };
        best.look(self, hashes.whole());
        hashes.without_one().for_each(|key| best.look(self, key));
        if best.found.is_none() && bytes.len() >= LONG - 1 {
            hashes.without_two().for_each(|key| best.look(self, key));
        }
        best.found.map(|(_, id)| id)
    }

    /// Whether a known word begins with letters of this hash; now and then said of others, too.
    pub(crate) fn may_begin(&self, key: u64) -> bool {
        self.prefixes.may_hold(key)
    }

    /// The word in two or more known words, where it is nothing else: `suspectvehicle`.
    pub(crate) fn segments(&self, word: &str) -> Option<Vec<Id>> {
        let bytes = word.as_bytes();
        if !(SHORTEST_NEAR..=40).contains(&bytes.len()) || !word.is_ascii() {
            return None;
        }
        // By the end of each part: the fewest words up to there, and where the last begins.
        let mut best: Vec<Option<(usize, usize, Id)>> = vec![None; bytes.len() + 1];
        for from in 0..bytes.len() {
            let so_far = match from {
                0 => 0,
                _ => match best.get(from).copied().flatten() {
                    Some((parts, _, _)) => parts,
                    None => continue,
                },
            };
            let mut running = hashes::EMPTY;
            for (length, byte) in (1..).zip(bytes.iter().skip(from).take(16)) {
                running = add(running, *byte);
                if !self.may_begin(spread(running)) {
                    break;
                }
                // A word of one letter is none here.
                if length < 2 || (from == 0 && length == bytes.len()) {
                    continue;
                }
                let Some(id) = self.by_hash(spread(running)) else { continue };
                if let Some(slot) = best.get_mut(from + length)
                    && slot.is_none_or(|(parts, _, _)| so_far + 1 < parts)
                {
                    *slot = Some((so_far + 1, from, id));
                }
            }
        }
        let mut parts = Vec::new();
        let mut end = bytes.len();
        while end > 0 {
            let (_, from, id) = best.get(end).copied().flatten()?;
            parts.push(id);
            end = from;
        }
        parts.reverse();
        Some(parts)
    }
}

/// The known word that is nearest so far, and how far.
struct Nearest<'w> {
    of: &'w [u8],
    found: Option<(usize, Id)>,
}

impl Nearest<'_> {
    fn look(&mut self, lexicon: &Lexicon, key: u64) {
        if !lexicon.may_be_near.may_hold(key) {
            return;
        }
        for id in lexicon.near.get(&key).into_iter().flatten() {
            if self.found.is_some_and(|(_, kept)| kept == *id) {
                continue;
            }
            let known = lexicon.undoubled.get(usize::from(*id)).map_or("", |word| &**word);
            let long = known.len() >= LONG && self.of.len() >= LONG - 1;
            let apart = apart(self.of, known.as_bytes());
            // The first letter is seldom mistaken, and short words differ by it.
            let head =
                self.of.first() == known.as_bytes().first() || self.of.len() >= SHORTEST_NEAR + 2;
            let nearer = self.found.is_none_or(|(least, _)| apart < least);
            if apart <= if long { 2 } else { 1 } && head && nearer {
                self.found = Some((apart, *id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(words: &[&str]) -> Lexicon {
        let mut lexicon = Lexicon::default();
        for word in words {
            lexicon.add(word);
        }
        lexicon
    }

    fn finds(lexicon: &Lexicon, word: &str) -> Option<String> {
        lexicon.spelled(word).or_else(|| lexicon.near(word)).map(|id| lexicon.word(id).to_owned())
    }

    #[test]
    fn words_are_found_through_endings_doubles_and_mistakes() {
        let lexicon = known(&["robbery", "burglary", "assault", "immigration", "deport", "rape"]);
        for (typed, known) in [
            ("robbery", Some("robbery")),
            ("robberies", Some("robbery")),
            ("robery", Some("robbery")),
            ("burgulary", Some("burglary")),
            ("assualt", Some("assault")),
            ("assaulting", Some("assault")),
            ("immigratlon", Some("immigration")),
            ("imigraton", Some("immigration")),
            ("deportes", Some("deport")),
            ("deprot", Some("deport")),
            ("rope", None),
            ("report", None),
            ("table", None),
        ] {
            assert_eq!(finds(&lexicon, typed).as_deref(), known, "{typed}");
        }
    }

    #[test]
    fn a_word_that_is_several_is_taken_apart() {
        let lexicon = known(&["suspect", "vehicle", "hit", "and", "run"]);
        let parts = |word: &str| {
            let parts = lexicon.segments(word)?;
            Some(parts.iter().map(|id| lexicon.word(*id).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(parts("suspectvehicle").unwrap(), ["suspect", "vehicle"]);
        assert_eq!(parts("hitandrun").unwrap(), ["hit", "and", "run"]);
        assert_eq!(parts("suspectx"), None);
        assert_eq!(parts("suspect"), None);
    }
}
