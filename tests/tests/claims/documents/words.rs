//! What differs from run to run, and what a document has in its place.
//!
//! A word of a document that names something of one run (an id, a digest, a fingerprint, a key)
//! stands for the word of the same kind that this run prints in that place, there and wherever it
//! comes again. Times and dates stand for any. Every other word must be the same.

use std::collections::BTreeMap;

/// Learnt in one run of a document.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    of_run: BTreeMap<String, String>,
}

/// What a word is, if it differs from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Varies {
    /// So many hexadecimal digits.
    Hex(usize),
    /// So many groups of four.
    Fingerprint(usize),
    /// The number of a written request.
    Request,
    /// The code of a one-time enrolment.
    Enrolment,
    /// A public key, or a token.
    Base64(usize),
    /// `2026-11-23`.
    Date,
    /// `00:10:01`.
    Clock,
    /// RFC 3339, in UTC.
    Instant,
    /// Milliseconds since 1970.
    Millis,
    /// Standard time or daylight saving time.
    Zone,
}

/// Fewest hexadecimal digits that are an id and no number.
const SHORTEST_HEX: usize = 16;
/// Fewest characters that are a key or a token and no name.
const SHORTEST_KEY: usize = 40;

fn varies(word: &str) -> Option<Varies> {
    let hex = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let code = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    // `0000-00-00` in place of digits: the shape of dates and times.
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let groups: Vec<&str> = word.split('-').collect();
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
    match shape.as_str() {
        "0000-00-00" => Some(Varies::Date),
        "00:00:00" => Some(Varies::Clock),
        "0000-00-00T00:00:00.000Z" | "0000-00-00T00:00:00Z" => Some(Varies::Instant),
        "0000000000000" => Some(Varies::Millis),
        "PST" | "PDT" => Some(Varies::Zone),
        _ if word.len() >= SHORTEST_HEX && hex(word) => Some(Varies::Hex(word.len())),
        _ if groups.len() >= 4 && groups.iter().all(|group| group.len() == 4 && hex(group)) => {
            Some(Varies::Fingerprint(groups.len()))
        }
        _ if groups.len() == 4 && groups.iter().all(|group| group.len() == 6 && code(group)) => {
            Some(Varies::Enrolment)
        }
        _ if word
            .rsplit('/')
            .next()
            .and_then(|slug| slug.strip_prefix("req-"))
            .is_some_and(hex) =>
        {
            Some(Varies::Request)
        }
        _ if word.len() >= SHORTEST_KEY
            && word.bytes().all(base64)
            && word.bytes().any(|b| b.is_ascii_uppercase())
            && word.bytes().any(|b| b.is_ascii_lowercase()) =>
        {
            Some(Varies::Base64(word.len()))
        }
        _ => None,
    }
}

impl Varies {
    /// Whether the same word comes again wherever the same thing is meant.
    const fn names_something(self) -> bool {
        matches!(
            self,
            Self::Hex(_) | Self::Fingerprint(_) | Self::Request | Self::Enrolment | Self::Base64(_)
        )
    }
}

/// A line as words and what stands between them; blanks count as one, since a table's columns are
/// as wide as what stands in them.
fn split(line: &str) -> Vec<&str> {
    let part_of_word =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '+');
    let mut parts = Vec::new();
    let mut rest = line.trim_end();
    while let Some(first) = rest.chars().next() {
        let end = |wanted: fn(char) -> bool| rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        let end = match first {
            ' ' => end(|c| c == ' '),
            c if part_of_word(c) => rest.find(|c| !part_of_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (part, more) = rest.split_at(end);
        parts.push(if first == ' ' { " " } else { part });
        rest = more;
    }
    parts
}

impl Words {
    /// Whether `printed` is what `expected` shows; then this has learnt what stands for what. With
    /// `begins` it is enough that it begins so.
    pub(super) fn fit(&mut self, expected: &[String], printed: &[String], begins: bool) -> bool {
        match self.lines(expected, printed, begins) {
            Some(learnt) => {
                *self = learnt;
                true
            }
            None => false,
        }
    }

    fn lines(&self, expected: &[String], printed: &[String], begins: bool) -> Option<Self> {
        let Some((line, expected)) = expected.split_first() else {
            return (begins || printed.is_empty()).then(|| self.clone());
        };
        if line.trim() == "…" {
            return (0..=printed.len())
                .find_map(|left_out| self.lines(expected, &printed[left_out..], begins));
        }
        let (first, printed) = printed.split_first()?;
        self.line(&split(line), &split(first))?.lines(expected, printed, begins)
    }

    fn line(&self, expected: &[&str], printed: &[&str]) -> Option<Self> {
        let Some((word, rest)) = expected.split_first() else {
            return printed.is_empty().then(|| self.clone());
        };
        if *word == "…" {
            return (0..=printed.len()).find_map(|from| self.line(rest, &printed[from..]));
        }
        let (found, printed) = printed.split_first()?;
        self.word(word, found)?.line(rest, printed)
    }

    fn word(&self, expected: &str, found: &str) -> Option<Self> {
        if let Some(known) = self.of_run.get(expected) {
            return (known == found).then(|| self.clone());
        }
        match (varies(expected), varies(found)) {
            (Some(one), Some(other)) if one == other && one.names_something() => {
                let mut learnt = self.clone();
                learnt.of_run.insert(expected.to_owned(), found.to_owned());
                Some(learnt)
            }
            (Some(one), Some(other)) if one == other => Some(self.clone()),
            _ => (expected == found).then(|| self.clone()),
        }
    }

    /// What is typed for what the document says.
    pub(super) fn typed(&self, text: &str) -> String {
        let longest_first = self.longest_first();
        longest_first.iter().fold(text.to_owned(), |text, (ours, runs)| text.replace(*ours, runs))
    }

    /// What the document says for what a run printed.
    pub(super) fn told(&self, text: &str) -> String {
        let longest_first = self.longest_first();
        longest_first.iter().fold(text.to_owned(), |text, (ours, runs)| text.replace(*runs, ours))
    }

    /// The beginning of a fingerprint is a word of its own.
    fn longest_first(&self) -> Vec<(&String, &String)> {
        let mut words: Vec<_> = self.of_run.iter().collect();
        words.sort_by_key(|(ours, _)| std::cmp::Reverse(ours.len()));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    const ONE: &str = "b2caab5dec45aa8551beb2df782b0b77";
    const OTHER: &str = "0d929bc378edbe76ab3f53c300d073b6";

    #[test]
    fn an_id_stands_for_one_id_wherever_it_comes() {
        let mut words = Words::default();
        let run = "11112222333344445555666677778888";
        assert!(words.fit(&lines(&format!("query {ONE}")), &lines(&format!("query {run}")), false));
        assert_eq!(words.typed(&format!("--again {ONE}")), format!("--again {run}"));
        assert_eq!(words.told(run), ONE);
        // The beginning of a fingerprint, and all of it.
        let short = ("9e0e-04f6-8852-7367", "0000-1111-2222-3333");
        let long = (format!("{}-74de", short.0), format!("{}-4444", short.1));
        assert!(words.fit(&lines(short.0), &lines(short.1), false));
        assert!(words.fit(&lines(&long.0), &lines(&long.1), false));
        assert_eq!((words.typed(&long.0), words.told(&long.1)), (long.1, long.0));
        // The same id again, or another one: the document says which.
        let twice = lines(&format!("{ONE} {OTHER}"));
        assert!(!words.clone().fit(&twice, &lines(&format!("{OTHER} {run}")), false));
        assert!(words.fit(&twice, &lines(&format!("{run} {ONE}")), false));
    }

    #[test]
    fn times_are_any_and_everything_else_is_itself() {
        for (expected, printed, fits) in [
            ("2026-11-23 00:10:01 PST", "2027-06-01 23:59:59 PDT", true),
            ("at 2026-11-23T08:10:16.738Z", "at 2027-06-01T00:00:00.000Z", true),
            ("at 2026-11-23T08:10:16.738Z", "at 2027-06-01", false),
            ("1 read under plates-2026", "2 reads under plates-2026", false),
            ("1 read under plates-2026", "1 read under plates-2027", false),
            ("a   table  of  widths", "a table of     widths  ", true),
            ("a table", "a  tableau", false),
            ("9e0e-04f6-8852-7367… x", "0000-1111-2222-3333… x", true),
            ("camera 2041", "camera 2042", false),
            ("15 of … entries", "15 of 21 entries", true),
            ("15 of … entries", "16 of 21 entries", false),
            ("one\n…\nfour", "one\ntwo\nthree\nfour", true),
            ("one\n    …\nfour", "one\nfour", true),
            ("one\n…\nfive", "one\ntwo\nthree\nfour", false),
            ("one", "one\ntwo", false),
            ("", "", true),
        ] {
            let fit = Words::default().fit(&lines(expected), &lines(printed), false);
            assert_eq!(fit, fits, "{expected} | {printed}");
        }
        assert!(Words::default().fit(&lines("one"), &lines("one\ntwo"), true), "it begins so");
    }
}
