//! Sections of California codes in the spellings in which officers write them: `459 PC`, `PC459`,
//! `187(a) P.C.`, `459/460 PC`, `10851(a)CVC`, `11378 H&S`, `5150 WIC`; and the few that are known by
//! their number alone.

use schemas::statute::{Code, Section};

use super::fold::Token;

const NAMES: [(&[&str], Code); 36] = [
    (&["penal", "code"], Code::Penal),
    (&["penal"], Code::Penal),
    (&["cpc"], Code::Penal),
    (&["pc"], Code::Penal),
    (&["p", "c"], Code::Penal),
    (&["vehicle", "code"], Code::Vehicle),
    (&["veh", "code"], Code::Vehicle),
    (&["cvc"], Code::Vehicle),
    (&["c", "v", "c"], Code::Vehicle),
    (&["vc"], Code::Vehicle),
    (&["v", "c"], Code::Vehicle),
    (&["health", "and", "safety", "code"], Code::HealthAndSafety),
    (&["health", "and", "safety"], Code::HealthAndSafety),
    (&["health", "safety", "code"], Code::HealthAndSafety),
    (&["health", "safety"], Code::HealthAndSafety),
    (&["hsc"], Code::HealthAndSafety),
    (&["hs"], Code::HealthAndSafety),
    (&["h", "s"], Code::HealthAndSafety),
    (&["h", "and", "s"], Code::HealthAndSafety),
    (&["h", "s", "c"], Code::HealthAndSafety),
    (&["hands"], Code::HealthAndSafety),
    (&["welfare", "and", "institutions", "code"], Code::WelfareAndInstitutions),
    (&["welfare", "and", "institutions"], Code::WelfareAndInstitutions),
    (&["welfare", "institutions"], Code::WelfareAndInstitutions),
    (&["wic"], Code::WelfareAndInstitutions),
    (&["wi"], Code::WelfareAndInstitutions),
    (&["w", "i"], Code::WelfareAndInstitutions),
    (&["w", "i", "c"], Code::WelfareAndInstitutions),
    (&["w", "and", "i"], Code::WelfareAndInstitutions),
    (&["business", "and", "professions", "code"], Code::BusinessAndProfessions),
    (&["business", "and", "professions"], Code::BusinessAndProfessions),
    (&["business", "professions"], Code::BusinessAndProfessions),
    (&["bpc"], Code::BusinessAndProfessions),
    (&["bp"], Code::BusinessAndProfessions),
    (&["b", "p"], Code::BusinessAndProfessions),
    (&["b", "and", "p"], Code::BusinessAndProfessions),
];

/// The code that the tokens from `at` on name, and how many they are.
fn named(tokens: &[Token<'_>], at: usize) -> Option<(Code, usize)> {
    // Most words are none.
    let begins = |word: &str| word.starts_with(['p', 'c', 'v', 'h', 'w', 'b']);
    let rest = tokens.get(at..).filter(|rest| rest.first().is_some_and(|of| begins(of.word)))?;
    NAMES.iter().find_map(|(name, code)| {
        let same = rest.len() >= name.len()
            && rest.iter().zip(*name).all(|(token, word)| token.word == *word)
            // `p c`, but not `p, c`.
            && rest.iter().take(name.len()).skip(1).all(|token| token.before.trim().len() <= 1
                && !token.before.contains(','));
        same.then_some((*code, name.len()))
    })
}

/// The number and `parts` of the parts of a section: how lists of sections name it.
pub(crate) fn key(section: &Section, parts: usize) -> String {
    let mut key = section.number().to_owned();
    for part in section.parts().iter().take(parts) {
        key.push(' ');
        key.push_str(part);
    }
    key
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

/// Most sections of one list.
const MOST: usize = 8;

/// The section whose number is the token at `at`, and the token after it.
fn section(tokens: &[Token<'_>], at: usize) -> Option<(Section, usize)> {
    let mut section = Section::of(tokens.get(at)?.word)?;
    let mut next = at + 1;
    while let Some(token) = tokens.get(next) {
        let opened = token.before.trim_start().starts_with('(')
            || (token.before.starts_with(')') && token.before.trim_end().ends_with('('));
        // `496d`, `245a2`: letters and digits that touch.
        let glued = token.touches()
            && token.word.len() == 1
            && (!token.is_number() || !section.parts().is_empty());
        if !(opened || glued) || !section.add(token.word, glued) {
            break;
        }
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
    let before = named(tokens, at);
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
        if before.is_none() && named(tokens, next).is_some() {
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
        let used = named(tokens, last.until).map_or(0, |(_, used)| used);
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
    near.then(|| named(tokens, at)).flatten().map(|(code, _)| code)
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
