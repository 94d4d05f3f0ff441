//! Sections of California codes in the spellings in which officers write them: `459 PC`, `PC459`,
//! `187(a) P.C.`, `459/460 PC`, `10851(a)CVC`, `11378 H&S`, `5150 WIC`; and the few that are known by
//! their number alone.

use std::fmt;

use super::fold::Token;

/// A California code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Code {
    Penal,
    Vehicle,
    HealthAndSafety,
    WelfareAndInstitutions,
    BusinessAndProfessions,
}

impl Code {
    /// How a section of it is written in a signed query.
    pub(crate) const fn short(self) -> &'static str {
        match self {
            Self::Penal => "PC",
            Self::Vehicle => "VC",
            Self::HealthAndSafety => "HS",
            Self::WelfareAndInstitutions => "WI",
            Self::BusinessAndProfessions => "BP",
        }
    }

    const NAMES: [(&'static [&'static str], Self); 36] = [
        (&["penal", "code"], Self::Penal),
        (&["penal"], Self::Penal),
        (&["cpc"], Self::Penal),
        (&["pc"], Self::Penal),
        (&["p", "c"], Self::Penal),
        (&["vehicle", "code"], Self::Vehicle),
        (&["veh", "code"], Self::Vehicle),
        (&["cvc"], Self::Vehicle),
        (&["c", "v", "c"], Self::Vehicle),
        (&["vc"], Self::Vehicle),
        (&["v", "c"], Self::Vehicle),
        (&["health", "and", "safety", "code"], Self::HealthAndSafety),
        (&["health", "and", "safety"], Self::HealthAndSafety),
        (&["health", "safety", "code"], Self::HealthAndSafety),
        (&["health", "safety"], Self::HealthAndSafety),
        (&["hsc"], Self::HealthAndSafety),
        (&["hs"], Self::HealthAndSafety),
        (&["h", "s"], Self::HealthAndSafety),
        (&["h", "and", "s"], Self::HealthAndSafety),
        (&["h", "s", "c"], Self::HealthAndSafety),
        (&["hands"], Self::HealthAndSafety),
        (&["welfare", "and", "institutions", "code"], Self::WelfareAndInstitutions),
        (&["welfare", "and", "institutions"], Self::WelfareAndInstitutions),
        (&["welfare", "institutions"], Self::WelfareAndInstitutions),
        (&["wic"], Self::WelfareAndInstitutions),
        (&["wi"], Self::WelfareAndInstitutions),
        (&["w", "i"], Self::WelfareAndInstitutions),
        (&["w", "i", "c"], Self::WelfareAndInstitutions),
        (&["w", "and", "i"], Self::WelfareAndInstitutions),
        (&["business", "and", "professions", "code"], Self::BusinessAndProfessions),
        (&["business", "and", "professions"], Self::BusinessAndProfessions),
        (&["business", "professions"], Self::BusinessAndProfessions),
        (&["bpc"], Self::BusinessAndProfessions),
        (&["bp"], Self::BusinessAndProfessions),
        (&["b", "p"], Self::BusinessAndProfessions),
        (&["b", "and", "p"], Self::BusinessAndProfessions),
    ];

    /// The code that the tokens from `at` on name, and how many they are.
    fn named(tokens: &[Token<'_>], at: usize) -> Option<(Self, usize)> {
        Self::NAMES.iter().find_map(|(name, code)| {
            let rest = tokens.get(at..)?;
            let same = rest.len() >= name.len()
                && rest.iter().zip(*name).all(|(token, word)| token.word == *word)
                // `p c`, but not `p, c`.
                && rest.iter().take(name.len()).skip(1).all(|token| token.before.trim().len() <= 1
                    && !token.before.contains(','));
            same.then_some((*code, name.len()))
        })
    }
}

/// A section, such as `245(a)(2)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Section {
    /// Its number, such as `273.5`.
    pub(crate) number: String,
    /// What belongs to it, such as `a` and `2`.
    pub(crate) parts: Vec<String>,
    /// Whether the first of these is written as part of the number, as in `496d`.
    pub(crate) lettered: bool,
}

impl Section {
    /// The number and `parts` of its parts: how lists of sections name it.
    pub(crate) fn key(&self, parts: usize) -> String {
        let mut key = self.number.clone();
        for part in self.parts.iter().take(parts) {
            key.push(' ');
            key.push_str(part);
        }
        key
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)?;
        self.parts.iter().enumerate().try_for_each(|(at, part)| match at == 0 && self.lettered {
            true => f.write_str(part),
            false => write!(f, "({part})"),
        })
    }
}

/// A section found in a text, with the code where one is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cited {
    pub(crate) code: Option<Code>,
    pub(crate) section: Section,
    /// The first of its tokens, and the one after the last; of a list, those of the section itself.
    pub(crate) from: usize,
    pub(crate) until: usize,
}

/// Most sections of one list, and most subsections of one section.
const MOST: usize = 8;

/// The section whose number is the token at `at`, and the token after it.
fn section(tokens: &[Token<'_>], at: usize) -> Option<(Section, usize)> {
    let number = tokens.get(at)?;
    let whole = number.word.split('.').next().unwrap_or_default();
    if !number.is_number() || !(2..=5).contains(&whole.len()) || whole.starts_with('0') {
        return None;
    }
    let mut section =
        Section { number: number.word.to_owned(), parts: Vec::new(), lettered: false };
    let mut next = at + 1;
    while let Some(token) = tokens.get(next) {
        let short = token.word.len() <= 2;
        let opened = token.before.trim_start().starts_with('(')
            || (token.before.starts_with(')') && token.before.trim_end().ends_with('('));
        // `496d`, `245a2`: letters and digits that touch.
        let glued = token.touches()
            && token.word.len() == 1
            && (!token.is_number() || !section.parts.is_empty());
        if !short || !(opened || glued) || section.parts.len() >= MOST {
            break;
        }
        section.lettered |= glued && section.parts.is_empty();
        section.parts.push(token.word.to_owned());
        next += 1;
    }
    Some((section, next))
}

/// Whether a separator joins the items of a list of sections.
fn lists(before: &str) -> bool {
    let plain = before.trim_matches([' ', ')']);
    matches!(plain, "/" | "," | ";" | "&" | "+" | "" | "-")
}

/// The sections that begin at `at`: a list with its code before or after it, or one number alone.
pub(crate) fn cited(tokens: &[Token<'_>], at: usize) -> Vec<Cited> {
    let before = Code::named(tokens, at);
    // `PC 459`, `PC §459`, `PC sec. 459`.
    let mut next = before.map_or(at, |(_, used)| at + used);
    if before.is_some() {
        let word = |n: usize| tokens.get(n).map(|token| token.word);
        if matches!(word(next), Some("section" | "sec" | "sect" | "s")) {
            next += 1;
        }
    }
    let first = next;
    let mut found = Vec::new();
    while found.len() < MOST {
        if next > first && !tokens.get(next).is_some_and(|token| joins(tokens, next, token)) {
            break;
        }
        let skip = usize::from(next > first && is_and(tokens, next));
        let Some((section, until)) = section(tokens, next + skip) else { break };
        found.push(Cited { code: None, section, from: next + skip, until });
        next = until;
        if before.is_none() && Code::named(tokens, next).is_some() {
            break;
        }
    }
    let code = match before {
        Some((code, _)) => Some(code),
        None => found.last().and_then(|last| named_after(tokens, last.until)),
    };
    if let Some(code) = code {
        found.iter_mut().for_each(|cited| cited.code = Some(code));
    } else {
        found.truncate(1);
    }
    if let (Some((_, _)), Some(first)) = (before, found.first_mut()) {
        first.from = at;
    }
    if let (None, Some(code), Some(last)) = (before, code, found.last_mut()) {
        let used = Code::named(tokens, last.until).map_or(0, |(_, used)| used);
        last.until += used;
        debug_assert!(last.code == Some(code));
    }
    found
}

fn is_and(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.word == "and")
}

fn joins(tokens: &[Token<'_>], at: usize, token: &Token<'_>) -> bool {
    let next = if is_and(tokens, at) { tokens.get(at + 1) } else { Some(token) };
    next.is_some_and(|token| token.is_number() && !token.touches() && lists(token.before))
}

/// The code named right after a section.
fn named_after(tokens: &[Token<'_>], at: usize) -> Option<Code> {
    let token = tokens.get(at)?;
    let near = token.before.trim_matches([' ', ')', '-', '.', '/', '§']).is_empty();
    near.then(|| Code::named(tokens, at)).flatten().map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screening::fold::{folded, tokens};

    fn read(text: &str) -> Vec<String> {
        let folded = folded(text);
        let tokens = tokens(&folded);
        let mut at = 0;
        let mut all = Vec::new();
        while at < tokens.len() {
            let found = cited(&tokens, at);
            at = found.last().map_or(at + 1, |last| last.until.max(at + 1));
            all.extend(found.into_iter().map(|cited| {
                let code = cited.code.map_or("?", Code::short);
                format!("{code} {}", cited.section)
            }));
        }
        all
    }

    #[test]
    fn every_spelling_is_read() {
        for (text, sections) in [
            ("459 PC", vec!["PC 459"]),
            ("PC 459", vec!["PC 459"]),
            ("pc459", vec!["PC 459"]),
            ("459PC", vec!["PC 459"]),
            ("459 P.C.", vec!["PC 459"]),
            ("187(a) P.C.", vec!["PC 187(a)"]),
            ("PC187(a)", vec!["PC 187(a)"]),
            ("245(a)(2)PC", vec!["PC 245(a)(2)"]),
            ("487 (d) (1) PC", vec!["PC 487(d)(1)"]),
            ("273.5(a) PC", vec!["PC 273.5(a)"]),
            ("496d PC", vec!["PC 496d"]),
            ("459/460 PC", vec!["PC 459", "PC 460"]),
            ("459, 211 and 245 pc", vec!["PC 459", "PC 211", "PC 245"]),
            ("CVC 10851(a)", vec!["VC 10851(a)"]),
            ("10851(a)CVC", vec!["VC 10851(a)"]),
            ("Vehicle Code 10851", vec!["VC 10851"]),
            ("Penal Code § 459", vec!["PC 459"]),
            ("Penal Code section 459", vec!["PC 459"]),
            ("HS 11377", vec!["HS 11377"]),
            ("11378 H&S", vec!["HS 11378"]),
            ("11352 Health & Safety", vec!["HS 11352"]),
            ("5150 W&I", vec!["WI 5150"]),
            ("5150 WIC", vec!["WI 5150"]),
            ("25658(a) B&P", vec!["BP 25658(a)"]),
            ("288 PC; 311.11 PC", vec!["PC 288", "PC 311.11"]),
            ("288PC;311.11PC", vec!["PC 288", "PC 311.11"]),
            ("459 PC 496 PC", vec!["PC 459", "PC 496"]),
            ("211", vec!["? 211"]),
            ("459 suspect", vec!["? 459"]),
            ("PC for the arrest", vec![]),
            ("8ktr392", vec!["? 392"]),
        ] {
            assert_eq!(read(text), sections, "{text}");
        }
    }
}
