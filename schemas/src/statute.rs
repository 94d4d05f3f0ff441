//! Sections of California codes: what a section is made of, and how it is written.

use std::fmt;
use std::str::FromStr;

/// A California code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The Penal Code, `PC`.
    Penal,
    /// The Vehicle Code, `VC`.
    Vehicle,
    /// The Health and Safety Code, `HS`.
    HealthAndSafety,
    /// The Welfare and Institutions Code, `WI`.
    WelfareAndInstitutions,
    /// The Business and Professions Code, `BP`.
    BusinessAndProfessions,
}

impl Code {
    const ALL: [Self; 5] = [
        Self::Penal,
        Self::Vehicle,
        Self::HealthAndSafety,
        Self::WelfareAndInstitutions,
        Self::BusinessAndProfessions,
    ];

    /// How a section of it is written: two capitals.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Penal => "PC",
            Self::Vehicle => "VC",
            Self::HealthAndSafety => "HS",
            Self::WelfareAndInstitutions => "WI",
            Self::BusinessAndProfessions => "BP",
        }
    }
}

/// A section of a code that is not named with it, such as `245(a)(2)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Section {
    number: String,
    parts: Vec<String>,
    lettered: bool,
}

/// A section with its code, such as `PC 245(a)(2)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Statute {
    /// The code.
    pub code: Code,
    /// The section of it.
    pub section: Section,
}

/// A text is no section of a code in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no section of a California code; write `PC`, `VC`, `HS`, `WI` or `BP`, one space, and the section, as in `PC 245(a)(2)`"
)]
pub struct NoStatute;

impl Section {
    /// Most subsections that one names.
    pub const MOST_PARTS: usize = 8;

    /// A section by its number; `None` where that is none. See [`Section::is_number`].
    #[must_use]
    pub fn of(number: &str) -> Option<Self> {
        let number = Self::is_number(number).then(|| number.to_owned())?;
        Some(Self { number, parts: Vec::new(), lettered: false })
    }

    /// Whether a text is the number of a section: two to five digits, the first no zero, and after a
    /// point one to three more.
    #[must_use]
    pub fn is_number(text: &str) -> bool {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        (2..=5).contains(&whole.len())
            && (1..=3).contains(&decimals.len())
            && digits(whole)
            && digits(decimals)
            && !whole.starts_with('0')
    }

    /// Whether a text is a subsection: one or two small letters or digits, or a small roman numeral of
    /// at most five.
    #[must_use]
    pub fn is_part(text: &str) -> bool {
        match text.len() {
            1 | 2 => text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
            3..=5 => text.bytes().all(|b| matches!(b, b'i' | b'v' | b'x')),
            _ => false,
        }
    }

    /// Adds a subsection; `joined` where its letter is written as part of the number, as in `496d`. Says
    /// whether it can be one: see [`Section::is_part`], and at most [`Section::MOST_PARTS`].
    pub fn add(&mut self, part: &str, joined: bool) -> bool {
        let fits = Self::is_part(part) && self.parts.len() < Self::MOST_PARTS;
        if fits {
            self.lettered |= joined && self.parts.is_empty();
            self.parts.push(part.to_owned());
        }
        fits
    }

    /// Its number, such as `273.5`.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// What belongs to it, such as `a` and `2`.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.parts
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

impl fmt::Display for Statute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code.short(), self.section)
    }
}

impl FromStr for Statute {
    type Err = NoStatute;

    /// Reads the one form in which it is displayed.
    fn from_str(text: &str) -> Result<Self, NoStatute> {
        let (code, section) = text.split_once(' ').ok_or(NoStatute)?;
        let code = Code::ALL.into_iter().find(|known| known.short() == code).ok_or(NoStatute)?;
        let (head, parts) = match section.split_once('(') {
            Some((head, parts)) => (head, Some(parts.strip_suffix(')').ok_or(NoStatute)?)),
            None => (section, None),
        };
        let number = head.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let mut section = Section::of(number).ok_or(NoStatute)?;
        let letter = head.get(number.len()..).filter(|letter| !letter.is_empty());
        let taken = letter.is_none_or(|letter| letter.len() == 1 && section.add(letter, true))
            && parts.is_none_or(|parts| parts.split(")(").all(|part| section.add(part, false)));
        if taken { Ok(Self { code, section }) } else { Err(NoStatute) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statute_has_one_form() {
        for text in
            ["PC 459", "PC 245(a)(2)", "VC 2800.2(a)", "PC 496d", "PC 496d(a)", "HS 11362(b)(iii)"]
        {
            assert_eq!(text.parse::<Statute>().unwrap().to_string(), text);
        }
        for text in [
            "PC",
            "PC ",
            "PC 4",
            "PC 045",
            "PC 4590000",
            "PC 459(",
            "PC 459()",
            "PC 459(a)x",
            "PC 459(A)",
            "PC 459(a",
            "PC 459(a)b(c)",
            "PC 459 (a)",
            "PC 459ab",
            "PC 1.2.3",
            "PC 11.",
            "PC 459(abc)",
            "PC 459(a)(a)(a)(a)(a)(a)(a)(a)(a)",
            "459 PC",
            "XX 459",
            "pc 459",
        ] {
            assert_eq!(text.parse::<Statute>(), Err(NoStatute), "{text}");
        }
    }
}
