//! Which forbidden uses a text betrays.

use super::fold::{self, Token};
use super::forbidden::{Beside, Betrayed, Certainty, FORBIDDEN, Forbidden, Present};
use super::hashes::Joined;
use super::lexicon::Id;
use super::vocabulary::{VOCABULARY, Vocabulary};
use crate::policy::Prohibition;

/// Words that stand so near belong together.
const WINDOW: usize = 16;
/// Most words that are looked up with mistakes, or taken apart, in one text.
const MOST_NEAR: usize = 64;
/// Longest word that is made of pieces, and of how many.
const LONGEST: usize = 24;
const PIECES: usize = 20;

/// Whether a word that is on no list comes near to one that betrays a use by itself.
pub(super) fn may_be_forbidden(word: &str) -> bool {
    let Some(forbidden) = FORBIDDEN.as_ref() else { return true };
    forbidden.lexicon.near(word).is_some_and(|id| forbidden.betrays_alone(id))
}

/// The words of a text that may betray a use.
pub(super) struct Found {
    forbidden: &'static Forbidden,
    words: Words,
    /// Why the text was not looked at in full, where it was not.
    passed_over: Option<&'static str>,
}

/// Looks for them; `None` when that cannot be done.
pub(super) fn found(text: &str) -> Option<Found> {
    let (forbidden, vocabulary) = (FORBIDDEN.as_ref()?, VOCABULARY.as_ref()?);
    let folded = fold::folded(text);
    let tokens = fold::tokens(&folded);
    let (words, whole) = Finder { forbidden, vocabulary, tokens: &tokens, looked: 0 }.words();
    let passed_over = if !fold::is_plain(&folded) {
        Some("letters that are not read here")
    } else {
        (!whole).then_some("more unknown words than are looked at")
    };
    Some(Found { forbidden, words, passed_over })
}

impl Found {
    pub(super) fn nothing(&self) -> bool {
        self.passed_over.is_none() && self.words.iter().all(Vec::is_empty)
    }

    /// What they betray, beside what else is said.
    pub(super) fn betrayed(&self, beside: Beside) -> Vec<Betrayed> {
        let mut all: Vec<Betrayed> = Vec::new();
        let mut from = 0;
        let mut last = Present::default();
        loop {
            let mut present = Present::default();
            for (id, stands) in self.words.iter().skip(from).take(WINDOW).flatten() {
                present.add(*id, *stands);
            }
            // The same words betray the same.
            if !present.is_empty() && present != last {
                for betrayed in self.forbidden.betrayed(&present, beside) {
                    stronger(&mut all, betrayed);
                }
            }
            last = present;
            from += WINDOW / 2;
            if from + WINDOW / 2 >= self.words.len() {
                break;
            }
        }
        // What was not looked at in full is for the auditor, where nothing is clear.
        if let Some(why) = self.passed_over {
            let look = Betrayed {
                prohibition: Prohibition::ImmigrationEnforcement,
                certainty: Certainty::Doubtful,
                words: why.to_owned(),
            };
            stronger(&mut all, look);
        }
        all
    }
}

/// Keeps of each use what betrays it most.
pub(super) fn stronger(all: &mut Vec<Betrayed>, betrayed: Betrayed) {
    match all.iter_mut().find(|known| known.prohibition == betrayed.prohibition) {
        Some(known) if known.certainty < betrayed.certainty => *known = betrayed,
        Some(_) => {}
        None => all.push(betrayed),
    }
}

/// By token, the words of the lists that begin there, and whether each stands there as a word.
type Words = Vec<Vec<(Id, bool)>>;

struct Finder<'a, 't> {
    forbidden: &'a Forbidden,
    vocabulary: &'a Vocabulary,
    tokens: &'a [Token<'t>],
    looked: usize,
}

impl Finder<'_, '_> {
    /// The words found, and whether all were looked at.
    fn words(mut self) -> (Words, bool) {
        let spelled: Vec<Option<Id>> =
            self.tokens.iter().map(|token| self.forbidden.lexicon.spelled(token.word)).collect();
        let mut found: Words = vec![Vec::new(); self.tokens.len()];
        let mut at = 0;
        while at < self.tokens.len() {
            if let Some(used) = self.forbidden.innocent(spelled.get(at..).unwrap_or_default()) {
                at += used.max(1);
                continue;
            }
            let here = self.at(at, spelled.get(at).copied().flatten());
            if let Some(slot) = found.get_mut(at) {
                *slot = here;
            }
            at += 1;
        }
        (found, self.looked <= MOST_NEAR)
    }

    fn at(&mut self, at: usize, spelled: Option<Id>) -> Vec<(Id, bool)> {
        let mut here = Vec::new();
        let Some(token) = self.tokens.get(at) else { return here };
        if let Some(id) = spelled {
            if self.forbidden.lists(id) {
                here.push((id, true));
            }
        } else if !token.is_number() && self.vocabulary.lexicon.spelled(token.word).is_none() {
            self.unknown(token.word, &mut here);
        }
        self.joined(at, &mut here);
        self.disguised(at, &mut here);
        here
    }

    fn unknown(&mut self, word: &str, here: &mut Vec<(Id, bool)>) {
        if word.len() < 4 {
            return;
        }
        self.looked += 1;
        if self.looked > MOST_NEAR {
            return;
        }
        if let Some(id) = self.forbidden.lexicon.near(word)
            && self.forbidden.lists(id)
        {
            here.push((id, true));
            return;
        }
        let lexicon = &self.forbidden.lexicon;
        let parts = lexicon.segments(word).unwrap_or_default();
        let listed = parts.into_iter().filter(|id| self.forbidden.lists(*id));
        here.extend(listed.map(|id| (id, lexicon.word(id).len() >= 6)));
    }

    /// A word whose letters stand apart: `i c e`, `immigr ation`, `1mm igration`.
    fn joined(&self, at: usize, here: &mut Vec<(Id, bool)>) {
        for one in ['i', 'l'] {
            self.joined_as(at, one, here);
            // Without digits both come to the same.
            let run = self.tokens.iter().skip(at).take(PIECES);
            if !run.into_iter().any(Token::is_number) {
                break;
            }
        }
    }

    /// With `one` in the place of the digit 1.
    fn joined_as(&self, at: usize, one: char, here: &mut Vec<(Id, bool)>) {
        let mut joined = Joined::new();
        let mut length = 0;
        for (nth, token) in self.tokens.iter().skip(at).take(PIECES).enumerate() {
            if token.is_number() && token.word.contains('.') {
                break;
            }
            length += token.word.len();
            if length > LONGEST {
                break;
            }
            joined = joined.and(token.word, |byte| as_letter(char::from(byte), one));
            if !self.forbidden.lexicon.may_begin(joined.key()) {
                break;
            }
            if nth == 0 {
                continue;
            }
            let Some(id) = self.forbidden.lexicon.by_hash(joined.key()) else { continue };
            let word = self.forbidden.lexicon.word(id);
            let pieces = || self.tokens.iter().skip(at).take(nth + 1);
            let unknown = |word: &str| self.vocabulary.lexicon.exact(word).is_none();
            let odd = || pieces().any(|token| token.is_letter() || unknown(token.word));
            let enough = word.len() >= 6 || nth + 1 == length || (word.len() >= 3 && odd());
            if self.forbidden.lists(id) && word.len() == length && enough {
                here.push((id, true));
            }
        }
    }

    /// A word with digits in the place of letters: `1mmigrat10n`.
    fn disguised(&mut self, at: usize, here: &mut Vec<(Id, bool)>) {
        let run = self.tokens.get(at..).unwrap_or_default();
        let tail = run.iter().skip(1).take_while(|token| token.touches()).count();
        let begins = at == 0 || self.tokens.get(at).is_some_and(|token| !token.touches());
        if tail == 0 || !begins {
            return;
        }
        let run = run.get(..=tail).unwrap_or_default();
        let letters: usize =
            run.iter().filter(|token| !token.is_number()).map(|token| token.word.len()).sum();
        let whole: usize = run.iter().map(|token| token.word.len()).sum();
        if letters * 2 < whole || !(3..=LONGEST).contains(&whole) {
            return;
        }
        for one in ['i', 'l'] {
            let word: String = run
                .iter()
                .flat_map(|token| token.word.chars())
                .map(|c| as_letter(c, one))
                .collect();
            let lexicon = &self.forbidden.lexicon;
            let id = lexicon.spelled(&word).or_else(|| {
                self.looked += 1;
                (self.looked <= MOST_NEAR && word.len() >= 6).then(|| lexicon.near(&word)).flatten()
            });
            here.extend(id.filter(|id| self.forbidden.lists(*id)).map(|id| (id, true)));
        }
    }
}

fn as_letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' => one,
        '2' => 'z',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '6' | '9' => 'g',
        '7' => 't',
        '8' => 'b',
        c => c,
    }
}
