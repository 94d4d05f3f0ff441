//! How numbers of cells are shown: as numbers, in percent, or as dates and times.

use std::collections::HashMap;
use std::io::{self, Read};

use quick_xml::events::Event;

use super::tags::{Tags, attribute};

/// Most styles and formats that are kept; a workbook has at most some 65,000.
const MOST: usize = 100_000;

/// What a number is shown as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shown {
    #[default]
    Number,
    /// With zeros before it until it has so many digits.
    Padded(u8),
    Percent,
    Date,
    Time,
    DateAndTime,
}

/// What each style shows numbers as.
#[derive(Default)]
pub(super) struct Styles(Vec<Shown>);

impl Styles {
    pub(super) fn read(part: impl Read) -> io::Result<Self> {
        let mut tags = Tags::new(part);
        let mut formats: HashMap<u32, Shown> = HashMap::new();
        let (mut styles, mut of_cells) = (Vec::new(), false);
        loop {
            match tags.next()? {
                Event::Eof => return Ok(Self(styles)),
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "cellXfs" => of_cells = true,
                    "numFmt" => {
                        let id = attribute(&tag, "numFmtId").and_then(|id| id.parse().ok());
                        if let (Some(id), Some(code)) = (id, attribute(&tag, "formatCode")) {
                            formats.insert(id, of_code(&code));
                        }
                    }
                    "xf" if of_cells => {
                        let id = attribute(&tag, "numFmtId").and_then(|id| id.parse().ok());
                        let id = id.unwrap_or(0);
                        styles.push(formats.get(&id).copied().unwrap_or_else(|| of_number(id)));
                    }
                    _ => {}
                },
                Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => of_cells = false,
                _ => {}
            }
            if styles.len() > MOST || formats.len() > MOST {
                return Err(io::Error::other(
                    "the workbook has more styles than any spreadsheet writes; save the sheet as CSV (UTF-8)",
                ));
            }
        }
    }

    pub(super) fn shown(&self, style: usize) -> Shown {
        self.0.get(style).copied().unwrap_or_default()
    }
}

/// The formats that every spreadsheet has.
const fn of_number(id: u32) -> Shown {
    match id {
        9 | 10 => Shown::Percent,
        14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => Shown::Date,
        18..=21 | 32..=35 | 45..=47 | 55 | 56 => Shown::Time,
        22 => Shown::DateAndTime,
        _ => Shown::Number,
    }
}

/// A format that a workbook has of its own, such as `yyyy\-mm\-dd h:mm`.
fn of_code(code: &str) -> Shown {
    let (mut date, mut time, mut month, mut percent) = (false, false, false, false);
    let (mut zeros, mut padded) = (0u8, true);
    let mut rest = code.chars();
    while let Some(c) = rest.next() {
        match c.to_ascii_lowercase() {
            '0' => zeros = zeros.saturating_add(1),
            '#' | '?' | '.' | ',' | '/' => padded = false,
            // What follows is shown as it stands, or is no part of the format for positive numbers.
            '"' => drop(rest.find(|c| *c == '"')),
            '\\' | '_' | '*' => drop(rest.next()),
            ';' => break,
            '[' => {
                let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
                time = time
                    || matches!(
                        inside.to_ascii_lowercase().as_str(),
                        "h" | "hh" | "m" | "mm" | "s" | "ss"
                    );
            }
            'y' | 'd' => date = true,
            'h' | 's' => time = true,
            'm' => month = true,
            '%' => percent = true,
            // `General`, and exponents.
            'g' | 'e' if !date && !time => return Shown::Number,
            _ => {}
        }
    }
    match (date || (month && !time), time) {
        (true, true) => Shown::DateAndTime,
        (true, false) => Shown::Date,
        (false, true) => Shown::Time,
        (false, false) if percent => Shown::Percent,
        // As codes that begin with zeros are kept in spreadsheets.
        (false, false) if padded && zeros > 1 => Shown::Padded(zeros),
        (false, false) => Shown::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_tells_what_a_number_is_shown_as() {
        for (code, expected) in [
            ("General", Shown::Number),
            ("#,##0.00", Shown::Number),
            ("0", Shown::Number),
            ("0000000", Shown::Padded(7)),
            ("000\\-0000;@", Shown::Padded(7)),
            ("00.0", Shown::Number),
            ("0.00E+00", Shown::Number),
            ("0.0%", Shown::Percent),
            ("m/d/yyyy", Shown::Date),
            ("mmm-yy", Shown::Date),
            ("h:mm AM/PM", Shown::Time),
            ("[h]:mm:ss", Shown::Time),
            ("mm:ss.0", Shown::Time),
            ("[$-409]m/d/yy h:mm AM/PM;@", Shown::DateAndTime),
            ("yyyy\\-mm\\-dd\\ hh:mm:ss", Shown::DateAndTime),
            ("\"day\" 0", Shown::Number),
            ("[Red]0", Shown::Number),
            ("0;[Red]-0 \"d\"", Shown::Number),
        ] {
            assert_eq!(of_code(code), expected, "{code}");
        }
    }
}
