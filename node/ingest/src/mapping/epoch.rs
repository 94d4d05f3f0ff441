//! Times as numbers.

use schemas::time::Timestamp;

use crate::instant::EARLIEST_MILLIS;

/// Seconds since 1970, or thousandths, millionths or billionths of them, which their size tells; exactly.
/// `/Date(1772384645250)/` is how some programs write them into JSON.
pub(super) fn epoch(text: &str) -> Option<Timestamp> {
    let text = text.strip_prefix("/Date(").and_then(|text| text.strip_suffix(")/")).unwrap_or(text);
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let millis = match whole {
        ..EARLIEST_MILLIS => {
            let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
            whole.checked_mul(1_000)?.checked_add(thousandths.parse().ok()?)?
        }
        EARLIEST_MILLIS..MICROS_FROM => whole,
        MICROS_FROM..NANOS_FROM => whole / 1_000,
        NANOS_FROM.. => whole / 1_000_000,
    };
    Timestamp::from_millis(millis)
}

/// From here on a number is in millionths of a second, and from there on in billionths: as thousandths it
/// would be in no year that a reader can mean.
const MICROS_FROM: i64 = 100_000_000_000_000;
const NANOS_FROM: i64 = 100_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_its_unit_by_its_size() {
        let read = |text: &str| epoch(text).map(|at| at.to_string());
        for text in [
            "1772384645.25",
            "1772384645250",
            "1772384645250.9",
            "1772384645250999",
            "1772384645250999999",
            "/Date(1772384645250)/",
        ] {
            assert_eq!(read(text).as_deref(), Some("2026-03-01T17:04:05.250Z"), "{text}");
        }
        assert_eq!(read("0").as_deref(), Some("1970-01-01T00:00:00.000Z"));
        for text in
            ["", "-5", "0x10", "1e9", "1.7723846E+09", "NaN", "1.-5", "99999999999999999999", "1 2"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
