//! What a cell says, by what it is and how it is shown.

use super::styles::Shown;
use crate::serial;

/// Days from 1899-12-30 to 1904-01-01, from which some workbooks count.
const UNTIL_1904: f64 = 1_462.0;

/// What a cell's value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Number,
    /// A text that cells share, by its number.
    Shared,
    /// A text, a date in words, or what a formula came to that cannot be computed.
    Text,
    Truth,
}

impl Kind {
    pub(super) fn of(word: Option<&str>) -> Self {
        match word {
            None | Some("n") => Self::Number,
            Some("s") => Self::Shared,
            Some("b") => Self::Truth,
            Some(_) => Self::Text,
        }
    }
}

/// A number as people see it.
pub(super) fn as_shown(text: &str, shown: Shown, since_1904: bool) -> String {
    let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite()) else {
        return text.to_owned();
    };
    let days = if since_1904 { number + UNTIL_1904 } else { number };
    let at = |wanted: bool| {
        serial::civil(days).filter(|_| wanted).map(|at| at.to_string().replacen('T', " ", 1))
    };
    let day = || serial::civil(days).map(|at| at.date().to_string());
    let dated = match shown {
        Shown::Percent => Some(percent(number)),
        Shown::Date if number.fract() == 0.0 => day(),
        Shown::Time if (0.0..1.0).contains(&number) => serial::time(number),
        Shown::Date | Shown::Time | Shown::DateAndTime => at(true),
        Shown::Padded(digits) if number >= 0.0 && number.fract() == 0.0 => {
            Some(format!("{number:0>width$}", width = usize::from(digits)))
        }
        Shown::Number | Shown::Padded(_) => None,
    };
    dated.unwrap_or_else(|| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.to_owned() } else { of_15_digits(number).to_string() }
    })
}

/// A number as spreadsheets show it at most: what its digits beyond the fifteenth are comes of computing in
/// binary.
fn of_15_digits(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

/// A share in percent, without what computing in binary adds.
fn percent(share: f64) -> String {
    let text = format!("{:.9}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_people_see() {
        for (text, shown, expected) in [
            ("1234567", Shown::Number, "1234567"),
            ("1234567.0", Shown::Number, "1234567"),
            ("1.7958903E12", Shown::Number, "1795890300000"),
            ("33.738100000000003", Shown::Number, "33.7381"),
            ("-118.2625", Shown::Number, "-118.2625"),
            ("1.2345670000000001E7", Shown::Number, "12345670"),
            ("12345669.999999998", Shown::Number, "12345670"),
            ("123456", Shown::Padded(7), "0123456"),
            ("12345678", Shown::Padded(7), "12345678"),
            ("1.5", Shown::Padded(7), "1.5"),
            ("0.29", Shown::Percent, "29%"),
            ("0.985", Shown::Percent, "98.5%"),
            ("46354", Shown::Date, "2026-11-28"),
            ("46354", Shown::DateAndTime, "2026-11-28 00:00:00"),
            ("46354.435416666667", Shown::DateAndTime, "2026-11-28 10:27:00"),
            ("46354.435416666667", Shown::Date, "2026-11-28 10:27:00"),
            ("0.43541666666666667", Shown::Time, "10:27:00"),
            ("1.5", Shown::Time, "1.5"),
            ("12", Shown::Date, "12"),
            ("#N/A", Shown::Number, "#N/A"),
        ] {
            assert_eq!(as_shown(text, shown, false), expected, "{text}");
        }
        assert_eq!(as_shown("44892", Shown::Date, true), "2026-11-28");
    }
}
