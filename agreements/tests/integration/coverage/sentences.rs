//! Splitting a policy's text into its sentences, each under the section it stands in.

use std::collections::BTreeMap;

/// Where a sentence stands before the first section.
const PREFACE: &str = "preface";

/// Goes through a text line by line: a line is a paragraph.
struct Splitter<'a> {
    heads: &'a [String],
    /// The section of plain paragraphs: `461.7`, `IV.A`.
    section: String,
    /// The item of a list in it, with its section: `461.7(a)`, `IV.A.3`.
    item: Option<String>,
    counted: BTreeMap<String, usize>,
    sentences: Vec<(String, usize, String)>,
}

/// The sentences of a text: section, number in the section, sentence.
pub(super) fn sentences(text: &str, heads: &[String]) -> Vec<(String, usize, String)> {
    let mut splitter = Splitter {
        heads,
        section: PREFACE.to_owned(),
        item: None,
        counted: BTreeMap::new(),
        sentences: Vec::new(),
    };
    for line in text.lines() {
        splitter.line(&collapsed(line));
    }
    splitter.sentences
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Splitter<'_> {
    fn line(&mut self, line: &str) {
        if line.is_empty() || self.heads.iter().any(|head| collapsed(head) == line) {
            return;
        }
        if let Some(section) = self.heading(line) {
            self.section = section;
            self.item = None;
            return;
        }
        let bare = line.strip_prefix("- ").unwrap_or(line);
        let (at, body) = match self.marked(bare) {
            Some(marked) => marked,
            None if bare.len() < line.len() => {
                (self.item.clone().unwrap_or_else(|| self.section.clone()), bare)
            }
            None => {
                self.item = None;
                (self.section.clone(), bare)
            }
        };
        for sentence in split(body) {
            let n = self.counted.entry(at.clone()).or_default();
            *n += 1;
            self.sentences.push((at.clone(), *n, sentence));
        }
    }

    /// `461.2.1 ALPR ADMINISTRATOR`, `IV. GENERAL`, `A. Mobile Equipment`.
    fn heading(&self, line: &str) -> Option<String> {
        let (number, title) = line.split_once(' ')?;
        let capitals = !title.chars().any(char::is_lowercase);
        let decimal = number.contains('.') && number.split('.').all(numeric);
        if decimal && capitals {
            return Some(number.to_owned());
        }
        let letters = number.strip_suffix('.')?;
        if capitals && !letters.is_empty() && letters.chars().all(|c| "IVX".contains(c)) {
            return Some(letters.to_owned());
        }
        let letter = letters.len() == 1 && letters.chars().all(|c| c.is_ascii_uppercase());
        let part = self.section.split('.').next().unwrap_or_default();
        (letter && !title.ends_with(['.', ':'])).then(|| format!("{part}.{letters}"))
    }

    /// An item's section and what follows its mark: `(a)`, `1.`, `a.`
    fn marked<'b>(&mut self, line: &'b str) -> Option<(String, &'b str)> {
        let (mark, body) = line.split_once(' ')?;
        let one = |mark: &str| mark.len() == 1 && mark.chars().all(|c| c.is_ascii_lowercase());
        if mark.strip_prefix('(').and_then(|m| m.strip_suffix(')')).is_some_and(one) {
            let at = format!("{}{mark}", self.section);
            self.item = Some(at.clone());
            return Some((at, body));
        }
        let mark = mark.strip_suffix('.')?;
        let decimal = self.section.starts_with(|c: char| c.is_ascii_digit());
        let item = self.item.as_ref().unwrap_or(&self.section);
        if numeric(mark) && decimal {
            return Some((format!("{item}{mark}"), body));
        }
        if numeric(mark) {
            let at = format!("{}.{mark}", self.section);
            self.item = Some(at.clone());
            return Some((at, body));
        }
        one(mark).then(|| (format!("{item}.{mark}"), body))
    }
}

fn numeric(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// The sentences of a paragraph whose words stand one space apart. One ends at a full stop, a
/// question or an exclamation mark before a word that could begin another, unless the stop is an
/// abbreviation's.
fn split(paragraph: &str) -> Vec<String> {
    let words: Vec<&str> = paragraph.split(' ').collect();
    let mut sentences = Vec::new();
    let mut sentence: Vec<&str> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        sentence.push(word);
        let bare = word.trim_end_matches([')', ']', '"', '”', '’', '\'']);
        let ends = bare.ends_with(['.', '?', '!']) && !abbreviates(bare);
        let begins = words.get(i + 1).is_none_or(|next| begins(next));
        if ends && begins {
            sentences.push(sentence.join(" "));
            sentence.clear();
        }
    }
    if !sentence.is_empty() {
        sentences.push(sentence.join(" "));
    }
    sentences
}

/// Whether a stop within a sentence may stand before a capital: `Dr.`, an initial. After `seq.` and
/// `etc.` a capital begins a sentence.
fn abbreviates(word: &str) -> bool {
    const ABBREVIATIONS: [&str; 10] =
        ["i.e.", "e.g.", "no.", "nos.", "sec.", "subd.", "mr.", "mrs.", "ms.", "dr."];
    let word = word.trim_start_matches(['(', '[', '"', '“']);
    let initial = word.chars().count() == 2 && word.starts_with(char::is_uppercase);
    initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Whether a word could begin a sentence. After `et seq.` a bracket goes on with it.
fn begins(word: &str) -> bool {
    word.trim_start_matches(['(', '[', '"', '“', '‘', '\'']).starts_with(char::is_uppercase)
}
