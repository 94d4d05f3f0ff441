//! The passwords that others guess first: a list as a file, which says how old it is, since it is to
//! be refreshed every quarter (CJISSECPOL, IA-5(1)(a)).

use std::collections::HashSet;

use host::home::{Home, HomeError, read_text};
use schemas::time::Timestamp;

/// The list that the node comes with.
const BUILT_IN: &str = include_str!("../data/blocked-passwords.txt");
/// An agency's own, in the home.
const OWN: &str = "blocked-passwords.txt";
/// The line that begins a list.
const AS_OF: &str = "# as of ";
/// How old a list may be, in days.
pub const FRESH_DAYS: u32 = 92;
/// Longest piece of a password that is looked up.
const LONGEST_WORD: usize = 40;

/// What passwords may not be made of.
#[derive(Debug, Clone)]
pub struct BlockList {
    words: HashSet<String>,
    /// How old it is.
    pub as_of: Timestamp,
}

/// A list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the list begins with no line such as `# as of 2026-11-29`")]
pub struct NoDate;

/// A password as it is compared: small letters, and the digits and signs that are written for
/// letters as those letters.
fn plain(text: &str) -> Vec<char> {
    let letter = |c: char| match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '0' => 'o',
        '$' | '5' => 's',
        '!' | '1' => 'i',
        '7' => 't',
        other => other,
    };
    text.to_lowercase().chars().map(letter).collect()
}

impl BlockList {
    /// From its text: a date, then a word a line.
    ///
    /// # Errors
    /// When it has no date.
    pub fn parse(text: &str) -> Result<Self, NoDate> {
        let mut lines = text.lines();
        let date = lines.next().and_then(|line| line.strip_prefix(AS_OF)).ok_or(NoDate)?;
        let as_of = format!("{}T00:00:00Z", date.trim()).parse().map_err(|_| NoDate)?;
        let words = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Self { words: words.map(|word| plain(word).into_iter().collect()).collect(), as_of })
    }

    /// The list that the node comes with.
    #[must_use]
    pub fn built_in() -> Self {
        // A test sees that it is read.
        let none = |_| Self { words: HashSet::new(), as_of: Timestamp::MIN };
        Self::parse(BUILT_IN).unwrap_or_else(none)
    }

    /// The list that the node comes with, and the agency's own, by whose date it is judged then.
    ///
    /// # Errors
    /// When the agency's own cannot be read.
    pub fn of(home: &Home) -> Result<Self, HomeError> {
        let (mut list, path) = (Self::built_in(), home.dir().join(OWN));
        if path.exists() {
            let own = Self::parse(&read_text(&path)?)
                .map_err(|e| HomeError::Content { path, error: e.to_string() })?;
            list.words.extend(own.words);
            list.as_of = list.as_of.max(own.as_of);
        }
        Ok(list)
    }

    /// Whether it is to be refreshed.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        self.as_of < now.minus_days(FRESH_DAYS)
    }

    /// Whether `password` is made of nothing but words of the list, repetitions, and digits and signs
    /// between them.
    #[must_use]
    pub fn blocks(&self, password: &str) -> bool {
        let given: Vec<char> = password.to_lowercase().chars().collect();
        let plain = plain(password);
        // From which places on the rest is made of nothing else.
        let mut made: Vec<bool> = vec![false; plain.len().saturating_add(1)];
        if let Some(end) = made.last_mut() {
            *end = true;
        }
        for start in (0..plain.len()).rev() {
            let filler = given.get(start).is_some_and(|c| !c.is_alphabetic());
            let reaches = |end: usize| made.get(end).copied().unwrap_or(false);
            let word = || {
                let longest = plain.len().min(start.saturating_add(LONGEST_WORD));
                (start.saturating_add(1)..=longest).filter(|end| reaches(*end)).any(|end| {
                    let (given, plain) = (given.get(start..end), plain.get(start..end));
                    let listed = |word: Option<&[char]>| {
                        word.is_some_and(|word| {
                            self.words.contains(&word.iter().collect::<String>())
                        })
                    };
                    let same = |word: &[char]| {
                        word.len() >= 3
                            && word.first().is_some_and(|one| word.iter().all(|c| c == one))
                    };
                    listed(plain) || listed(given) || given.is_some_and(same)
                })
            };
            let is = (filler && reaches(start.saturating_add(1))) || word();
            if let Some(place) = made.get_mut(start) {
                *place = is;
            }
        }
        made.first().copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_comes_with_the_node_is_read_and_has_its_date() {
        let list = BlockList::built_in();
        assert!(list.words.len() > 300, "{}", list.words.len());
        assert!(!list.is_old(list.as_of.plus_millis(91 * 86_400_000)));
        assert!(list.is_old(list.as_of.plus_millis(93 * 86_400_000)));
        assert_eq!(BlockList::parse("password\n").unwrap_err(), NoDate);
    }

    #[test]
    fn an_agencys_own_words_are_refused_too() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::create(&dir.path().join("home")).unwrap();
        assert!(!BlockList::of(&home).unwrap().blocks("oakvalley oakvalley"));
        let own = home.dir().join(OWN);
        std::fs::write(&own, "# as of 2099-01-01\noakvalley\n").unwrap();
        let list = BlockList::of(&home).unwrap();
        assert!(list.blocks("0akV4lley oakvalley!1") && list.blocks("dragon oakvalley 77"));
        assert!(!list.blocks("oakvalley hedgehog trombone"));
        assert_eq!(list.as_of.day(), "2099-01-01");
        std::fs::write(&own, "oakvalley\n").unwrap();
        assert!(BlockList::of(&home).unwrap_err().to_string().contains("as of"));
    }
}
