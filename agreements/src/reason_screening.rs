//! What an officer's words say, and what they do not: placeholders and forbidden uses, by lists
//! that are data (`words/`).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use schemas::query::{Elements, Justification, Query};
use schemas::text::Text;
use serde::Deserialize;

use crate::document::read;
use crate::policy::Prohibition;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholders {
    empty: Vec<String>,
    restated: Vec<String>,
    joining: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrases {
    phrases: Vec<String>,
}

/// A list that does not read leaves nothing that says anything, and no use that could be told from
/// a forbidden one: fail closed. The test below sees that both read.
static PLACEHOLDERS: LazyLock<Option<HashSet<String>>> = LazyLock::new(|| {
    let lists: Placeholders =
        read("placeholders.toml", include_str!("../words/placeholders.toml")).ok()?;
    Some([lists.empty, lists.restated, lists.joining].into_iter().flatten().collect())
});

/// Phrases by their first word.
type ByFirst = HashMap<String, Vec<(Vec<String>, Prohibition)>>;

static FORBIDDEN: LazyLock<Option<ByFirst>> = LazyLock::new(|| {
    let lists: BTreeMap<Prohibition, Phrases> =
        read("prohibited.toml", include_str!("../words/prohibited.toml")).ok()?;
    let mut by_first = ByFirst::new();
    for (prohibition, list) in lists {
        for phrase in list.phrases {
            let words: Vec<String> = phrase.split(' ').map(str::to_owned).collect();
            let first = words.first()?.clone();
            by_first.entry(first).or_default().push((words, prohibition));
        }
    }
    Some(by_first)
});

/// The words of a text, lower case, split at everything that is neither letter nor digit.
fn words(text: &str) -> Vec<Cow<'_, str>> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(lowered)
        .collect()
}

/// Most words are written lower case already.
fn lowered(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(word.to_lowercase())
    }
}

/// A word that repeats one character, such as `xxxx`.
fn repeats(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_none_or(|first| chars.all(|c| c == first))
}

/// Whether `least` different words of `text` say something: are no placeholder (of the common list
/// or of `more`), no number, no repeated character, and not the query's case, plate or purpose
/// again.
pub(crate) fn is_meaningful(text: &Text, query: &Query, more: &[Text], least: usize) -> bool {
    meaningful_words(text, &query.why, &query.elements, more, least) == least
}

/// How many different words of `text` say something, counted up to `most`.
pub(crate) fn meaningful_words(
    text: &Text,
    why: &Justification,
    elements: &Elements,
    more: &[Text],
    most: usize,
) -> usize {
    // A list that does not read leaves nothing that says anything.
    let Some(placeholders) = PLACEHOLDERS.as_ref() else { return 0 };
    let mut said: Vec<Cow<'_, str>> = Vec::new();
    for known in [why.case.as_str(), why.cad.as_str(), why.purpose.code()] {
        said.extend(words(known));
    }
    said.extend(elements.pattern.iter().flat_map(|pattern| words(pattern.as_str())));
    let mut words = words(text.as_str());
    if let Some(plate) = &elements.plate {
        drop_spelled(&mut words, &plate.as_str().to_lowercase());
    }
    let telling = words.into_iter().filter(|word| {
        let tells = word.chars().any(char::is_alphabetic)
            && !repeats(word)
            && !said.contains(word)
            && !placeholders.contains(word.as_ref())
            && !more.iter().any(|more| more.as_str().eq_ignore_ascii_case(word));
        if tells {
            said.push(word.clone());
        }
        tells
    });
    telling.take(most).count()
}

/// Drops the words that together spell `plate`, as in `8KTR-392`.
fn drop_spelled(words: &mut Vec<Cow<'_, str>>, plate: &str) {
    let mut from = 0;
    while from < words.len() {
        let mut rest = plate;
        let spelled = words.iter().skip(from).take_while(|word| {
            let fits = rest.strip_prefix(word.as_ref());
            rest = fits.unwrap_or(rest);
            fits.is_some()
        });
        let count = spelled.count();
        if rest.is_empty() {
            words.drain(from..from + count);
        } else {
            from += 1;
        }
    }
}

fn begins(words: &[Cow<'_, str>], phrase: &[String]) -> bool {
    words.len() >= phrase.len() && words.iter().zip(phrase).all(|(word, of)| word == of)
}

/// Forbidden uses that `texts` betray, each with the words that do; `None` when that cannot be
/// told.
pub(crate) fn prohibited_uses<'a>(
    texts: impl IntoIterator<Item = &'a Text>,
) -> Option<Vec<(Prohibition, String)>> {
    let by_first = FORBIDDEN.as_ref()?;
    let mut found: Vec<(Prohibition, String)> = Vec::new();
    for text in texts {
        let words = words(text.as_str());
        for (at, word) in words.iter().enumerate() {
            let rest = words.get(at..).unwrap_or_default();
            let longest = by_first
                .get(word.as_ref())
                .into_iter()
                .flatten()
                .filter(|(phrase, _)| begins(rest, phrase))
                .max_by_key(|(phrase, _)| phrase.len());
            if let Some((phrase, prohibition)) = longest
                && !found.iter().any(|(known, _)| known == prohibition)
            {
                found.push((*prohibition, phrase.join(" ")));
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_read_and_every_entry_can_match() {
        let placeholders = PLACEHOLDERS.as_ref().unwrap();
        assert!(placeholders.len() > 150);
        for word in placeholders {
            assert_eq!(words(word), [word.as_str()], "as a text is split");
        }
        let forbidden = FORBIDDEN.as_ref().unwrap();
        for (phrase, _) in forbidden.values().flatten() {
            assert_eq!(words(&phrase.join(" ")), *phrase, "as a text is split");
        }
    }

    #[test]
    fn phrases_count_as_whole_words_however_they_are_written() {
        let found = |text: &str| prohibited_uses([&text.parse::<Text>().unwrap()]).unwrap();
        assert_eq!(
            found("Stopped by ICE-agents near the depot"),
            [(Prohibition::ImmigrationEnforcement, "ice agents".to_owned())]
        );
        assert_eq!(found("list of PROTEST attendees downtown").len(), 1);
        assert_eq!(found("8 U.S.C. 1325").len(), 1);
        for innocent in [
            "robbed a shop for ice cream",
            "found in possession of crystal ice",
            "suspect protested his innocence",
            "arson at a mosque on Friday night",
            "illegal entry through the garage window",
        ] {
            assert_eq!(found(innocent), [], "{innocent}");
        }
    }
}
