//! A plate as a reader wrote it: what it is compared by, and what was done to it for that.
//!
//! Decides which characters a plate is compared by. Letters and digits of other widths are those of
//! ASCII, letters with accents are without them, letters of other scripts that look like one of
//! `A`-`Z` are that one, and symbols are left out, as NCIC's and the states' manuals have plates
//! entered. A mark for a character that the reader could not make out stays, as
//! [`UNREAD`]: without it the plate would be another, shorter one. What a spreadsheet made of a
//! number is undone where that is certain, and refused where it is not.

use crate::alike::read_as;

/// Longest plate, in characters.
pub const LONGEST: usize = 10;

/// Stands in a plate for a character that the reader could not make out.
pub const UNREAD: char = '?';

/// Whether a character only divides others.
pub(crate) fn separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '\u{B7}' | '\u{2010}'..='\u{2015}')
}

/// What readers write for a character that they could not make out.
const MARKS: [char; 10] =
    ['?', '*', '_', '#', '\u{FFFD}', '\u{25A0}', '\u{25A1}', '\u{25AF}', '\u{2610}', '\u{BF}'];

/// What a plate that a reader wrote is compared by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) text: String,
    pub(super) cut: bool,
    pub(super) folded: bool,
    pub(super) unwrapped: bool,
}

/// Why a text is no plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlate {
    /// Nothing stands there but blanks, separators and marks for what was not read.
    #[error("no character of the plate was read")]
    Blank,
    /// A spreadsheet wrote a number with an exponent: digits of the plate are gone.
    #[error(
        "a spreadsheet made a number with an exponent of the plate, and its digits are gone; format the column as text and export it again"
    )]
    Exponent,
    /// A spreadsheet made a date of the plate.
    #[error(
        "a spreadsheet made a date of the plate, and what it was is gone; format the column as text and export it again"
    )]
    Date,
    /// A spreadsheet wrote a formula, and not what it comes to.
    #[error(
        "a formula of a spreadsheet stands where the plate should; export what it comes to, as text"
    )]
    Formula,
    /// It is in letters that no plate here is compared by.
    #[error("none of its characters is a letter A-Z or a digit")]
    OtherScript,
}

/// The characters by which the plate that a reader wrote is compared.
pub(super) fn folded(text: &str) -> Result<Folded, NoPlate> {
    let bare = unwrapped(text.trim())?;
    if has_exponent(bare) {
        return Err(NoPlate::Exponent);
    }
    if is_date(bare) {
        return Err(NoPlate::Date);
    }
    let whole = without_state(without_fraction(bare));
    let mut folding = Folding::default();
    for c in whole.chars() {
        folding.take(c);
    }
    let Folding { kept, folded, other, cut } = folding;
    if !kept.contains(|c: char| c != UNREAD) {
        return Err(if other { NoPlate::OtherScript } else { NoPlate::Blank });
    }
    let unwrapped = whole.len() != text.trim().len();
    Ok(Folded { text: kept, cut, folded, unwrapped })
}

#[derive(Default)]
struct Folding {
    kept: String,
    folded: bool,
    /// Whether a letter was left out that is none of `A`-`Z` and looks like none.
    other: bool,
    cut: bool,
}

impl Folding {
    fn take(&mut self, c: char) {
        if c.is_ascii_alphanumeric() {
            self.keep(c.to_ascii_uppercase());
        } else if MARKS.contains(&c) {
            self.keep(UNREAD);
        } else if separator(c) || c.is_control() {
        } else if c.is_ascii() {
            self.folded = true;
        } else {
            self.folded = true;
            self.fold(c);
        }
    }

    fn fold(&mut self, c: char) {
        if let Some(digit) = digit(c) {
            return self.keep(digit);
        }
        // A plate is in capitals, whatever case its reader wrote.
        for c in c.to_uppercase().flat_map(read_as) {
            match c.to_ascii_uppercase() {
                c if c.is_ascii_alphanumeric() => self.keep(c),
                c if MARKS.contains(&c) => self.keep(UNREAD),
                c => self.other = self.other || c.is_alphabetic(),
            }
        }
    }

    fn keep(&mut self, c: char) {
        if self.kept.len() < LONGEST {
            self.kept.push(c);
        } else {
            self.cut = true;
        }
    }
}

/// Zeros of scripts whose digits no compatibility form makes plain: of Arabic in both its rows, and of
/// scripts of India and Thailand.
const ZEROS: [u32; 5] = [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50];

fn digit(c: char) -> Option<char> {
    ZEROS.iter().find_map(|zero| {
        let nth = u32::from(c).checked_sub(*zero).filter(|nth| *nth < 10)?;
        char::from_digit(nth, 10)
    })
}

/// A plate that a spreadsheet was told to leave alone: `="0123"`, `=T("0123")` and `'0123`. What another
/// formula comes to, nobody can tell from it.
fn unwrapped(text: &str) -> Result<&str, NoPlate> {
    let quoted = || text.strip_prefix('\'').filter(|rest| !rest.contains('\''));
    let Some(formula) = text.strip_prefix('=') else { return Ok(quoted().unwrap_or(text).trim()) };
    let plain = |c: char| c.is_alphanumeric() || separator(c);
    let mut parts = formula.split('"').map(str::trim);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(bare), None, ..) if bare.chars().all(plain) => Ok(bare),
        (Some(""), Some(inside), Some(""), None) => Ok(inside),
        (Some(name), Some(inside), Some(")"), None) if name.eq_ignore_ascii_case("t(") => {
            Ok(inside)
        }
        _ => Err(NoPlate::Formula),
    }
}

/// `1.23E+07`. A plate such as `12E4567` has neither the point nor the plus.
fn has_exponent(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let is_number = digits(whole) && (fraction.is_empty() || digits(fraction));
    let plus = exponent.strip_prefix('+');
    is_number && digits(plus.unwrap_or(exponent)) && (plus.is_some() || number.len() > whole.len())
}

/// `3/2/2026`, `2.3.2026`, `2026-03-02 00:00:00`: a day with its year. `2-Mar` is none: its letters and digits are all that
/// the plate had.
fn is_date(text: &str) -> bool {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let rest = text.get(day.len()..).unwrap_or_default();
    if !(rest.trim().is_empty() || rest.contains(':')) {
        return false;
    }
    let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
    let number = |text: &str, most: u32| {
        let plain = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        plain && text.parse::<u32>().is_ok_and(|number| (1..=most).contains(&number))
    };
    let day_and_month = |one: &str, other: &str| {
        one.len() < 3
            && other.len() < 3
            && number(one, 31)
            && number(other, 31)
            && (number(one, 12) || number(other, 12))
    };
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 => number(year, 2_199) && day_and_month(month, day),
        [one, other, year] if year.len() == 4 => number(year, 2_199) && day_and_month(one, other),
        // Plates of some countries have hyphens between pairs of digits; none has strokes.
        [one, other, year] => day.contains('/') && year.len() == 2 && day_and_month(one, other),
        _ => false,
    }
}

/// `8ABC123 (CA)` without the state that is written behind it.
fn without_state(text: &str) -> &str {
    let behind = text.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
    match behind {
        Some((plate, state))
            if state.len() == 2 && state.bytes().all(|b| b.is_ascii_alphabetic()) =>
        {
            plate.trim_end()
        }
        _ => text,
    }
}

/// `1234567.0` is the number 1234567, and so is `1234567,0` where a comma is the point; no other one stands
/// between digits and nothing but zeros. Three zeros behind a comma are thousands.
fn without_fraction(text: &str) -> &str {
    let Some((whole, zeros)) = text.rfind(['.', ',']).and_then(|at| text.split_at_checked(at))
    else {
        return text;
    };
    let comma = zeros.starts_with(',');
    let zeros = zeros.get(1..).unwrap_or_default();
    let divides = |b: u8| b == b' ' || b == if comma { b'.' } else { b',' };
    let is_number = whole.bytes().any(|b| b.is_ascii_digit())
        && whole.bytes().all(|b| b.is_ascii_digit() || divides(b));
    // Behind so many zeros come the digits that computing in binary adds.
    let digits = zeros.bytes().all(|b| b.is_ascii_digit());
    let nothing = digits && (zeros.starts_with("000000") || zeros.bytes().all(|b| b == b'0'));
    let none = !zeros.is_empty() && nothing && !(comma && zeros.len() == 3);
    if is_number && none { whole } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        match folded(text) {
            Ok(Folded { text, cut, folded, unwrapped }) => {
                let mut said = text;
                for (is, word) in [(cut, " cut"), (folded, " folded"), (unwrapped, " unwrapped")] {
                    said.push_str(if is { word } else { "" });
                }
                said
            }
            Err(why) => format!("{why:?}"),
        }
    }

    #[test]
    fn a_plate_is_compared_by_letters_and_digits_whatever_was_written() {
        for (text, expected) in [
            ("7abc-123", "7ABC123"),
            (" 8 xyz·999 ", "8XYZ999"),
            ("KID♥123", "KID123 folded"),
            ("AB/C12", "ABC12 folded"),
            ("AB&C12+'", "ABC12 folded"),
            ("８ＸＹＺ９", "8XYZ9 folded"),
            ("АВС777", "ABC777 folded"),
            ("ΑΒΕ77", "ABE77 folded"),
            ("ÑÅØ12", "NAO12 folded"),
            ("粤B12345", "B12345 folded"),
            ("ABCDEFGHIJKL", "ABCDEFGHIJ cut"),
            ("7AB_30", "7AB?30"),
            ("7A?*#0", "7A???0"),
            ("2345678.0", "2345678 unwrapped"),
            ("2345678.00", "2345678 unwrapped"),
            ("=\"0012345\"", "0012345 unwrapped"),
            ("'0012345", "0012345 unwrapped"),
            ("2,345,678", "2345678 folded"),
            ("2345678,0", "2345678 unwrapped"),
            ("2345678.000000002", "2345678 unwrapped"),
            ("2.345.678,00", "2345678 unwrapped"),
            ("2.345.678", "2345678"),
            ("2,345,000", "2345000 folded"),
            ("=T(\"0012345\")", "0012345 unwrapped"),
            ("=2345678", "2345678 unwrapped"),
            ("=A1&\"2345\"", "Formula"),
            ("=IF(A1>0,\"12345\",\"\")", "Formula"),
            ("٧٨٩ABC", "789ABC folded"),
            ("7AB■30", "7AB?30"),
            ("12.34.56", "123456"),
            ("12E4567", "12E4567"),
            ("1E5", "1E5"),
            ("5E-12", "5E12"),
            ("1.23E+07", "Exponent"),
            ("1E+05", "Exponent"),
            ("1.2e6", "Exponent"),
            ("3/2/2026", "Date"),
            ("12/31/26", "Date"),
            ("2026-03-02", "Date"),
            ("2026-03-02 00:00:00", "Date"),
            ("03-02-2026", "Date"),
            ("14.10.2026", "Date"),
            ("2-Mar", "2MAR"),
            ("12-34-56", "123456"),
            ("33/44/2026", "33442026 folded"),
            ("8ABC123 (CA)", "8ABC123 unwrapped"),
            ("8ABC (123)", "8ABC123 folded"),
            ("---/--", "Blank"),
            ("*******", "Blank"),
            ("", "Blank"),
            ("♥", "Blank"),
            ("无车牌", "OtherScript"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_compared_stays_as_it_is(text in ".{0,40}") {
            if let Ok(one) = folded(&text) {
                prop_assert!((1..=LONGEST).contains(&one.text.len()));
                let again = folded(&one.text).unwrap();
                prop_assert_eq!(again.text, one.text);
            }
        }
    }
}
