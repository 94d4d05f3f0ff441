//! The one line of a search, as somebody types or pastes it: `7AB* @ 33.74,-118.26 2km since sat`.

use jiff::civil::Weekday;
use jiff::{ToSpan as _, Zoned};
use schemas::agency::State;

use super::zone::Zone;
use crate::permission::ActError;
use schemas::time::Timestamp;

/// States whose two letters before a plate are the state of the plate.
const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY";

/// What a line says, as fields of the form.
pub(super) fn read(
    line: &str,
    zone: &Zone,
    now: Timestamp,
) -> Result<Vec<(&'static str, String)>, ActError> {
    let mut words = line.split_whitespace().peekable();
    let (mut plate, mut fields) = (Vec::new(), Vec::new());
    let mut near = false;
    while let Some(word) = words.next() {
        match word.to_ascii_lowercase().as_str() {
            "@" | "near" => {
                let mut at = words.next().ok_or_else(|| missing("a place", "@"))?.to_owned();
                if at.ends_with(',') {
                    at += words.next().ok_or_else(|| missing("a longitude", &at))?;
                }
                fields.push(("near", at));
                near = true;
            }
            "since" | "from" => {
                let typed = words.next().ok_or_else(|| missing("a day", word))?;
                fields.push(("from", day(typed, zone, now)?));
            }
            "until" | "to" => {
                let typed = words.next().ok_or_else(|| missing("a day", word))?;
                fields.push(("until", day(typed, zone, now)?));
            }
            "case" => {
                let number = words.next().ok_or_else(|| missing("a number", "case"))?;
                fields.push(("case", number.to_owned()));
            }
            lower => match metres(lower) {
                Some(metres) if near => fields.push(("radius", metres.to_string())),
                _ => plate.push(word),
            },
        }
    }
    if near && !fields.iter().any(|(name, _)| *name == "radius") {
        fields.push(("radius", "1000".into()));
    }
    if let [state, _, ..] = plate.as_slice()
        && STATES.split(' ').any(|one| one.eq_ignore_ascii_case(state))
        && let Ok(known) = state.parse::<State>()
    {
        fields.push(("plate_state", known.to_string()));
        plate.remove(0);
    }
    fields.push(("plate", plate.concat()));
    Ok(fields)
}

fn missing(what: &str, after: &str) -> ActError {
    ActError::usage(format!(
        "`{after}` takes {what} after it; a line is such as `7AB* @ 33.74,-118.26 2km since sat`"
    ))
}

/// Metres of `2km` or `500m`.
fn metres(word: &str) -> Option<u32> {
    let (number, by) = match word.strip_suffix("km") {
        Some(number) => (number, 1_000.0),
        None => (word.strip_suffix('m')?, 1.0),
    };
    let metres = number.parse::<f64>().ok()? * by;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds")]
    (1.0..=1e6).contains(&metres).then_some(metres.round() as u32)
}

/// A day as people say it: `today`, `yesterday`, `sat`, `3d`, `2026-11-20`.
fn day(typed: &str, zone: &Zone, now: Timestamp) -> Result<String, ActError> {
    let lower = typed.to_ascii_lowercase();
    let today = zone.zoned(now).ok_or_else(|| ActError::failed("the clock shows no day".into()))?;
    let back = |days: i64| today.checked_sub(days.days()).ok();
    let named = |zoned: Zoned| zoned.date().to_string();
    let found = match lower.as_str() {
        "today" => Some(named(today.clone())),
        "yesterday" => back(1).map(named),
        _ => match (weekday(&lower), lower.strip_suffix('d').map(str::parse::<i64>)) {
            (Some(weekday), _) => {
                let since = today.weekday().since(weekday);
                back(if since == 0 { 7 } else { i64::from(since) }).map(named)
            }
            (None, Some(Ok(days))) if (0..=3_660).contains(&days) => back(days).map(named),
            _ => zone.begins(&lower).map(|_| lower.clone()),
        },
    };
    found.ok_or_else(|| {
        ActError::usage(format!(
            "`{typed}` is no day; expected such as `2026-11-20`, `today`, `yesterday`, `sat` or `3d`"
        ))
    })
}

fn weekday(typed: &str) -> Option<Weekday> {
    let name = typed.get(..3)?;
    let (weekday, whole) = match name {
        "mon" => (Weekday::Monday, "monday"),
        "tue" => (Weekday::Tuesday, "tuesday"),
        "wed" => (Weekday::Wednesday, "wednesday"),
        "thu" => (Weekday::Thursday, "thursday"),
        "fri" => (Weekday::Friday, "friday"),
        "sat" => (Weekday::Saturday, "saturday"),
        "sun" => (Weekday::Sunday, "sunday"),
        _ => return None,
    };
    whole.starts_with(typed).then_some(weekday)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday.
    const NOW: &str = "2026-11-30T20:00:00Z";

    fn said(line: &str) -> String {
        let zone = Zone::named("America/Los_Angeles");
        match read(line, &zone, NOW.parse().unwrap()) {
            Ok(mut fields) => {
                fields.sort_unstable();
                let shown = fields.iter().map(|(name, value)| format!("{name}={value}"));
                shown.collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_line_is_read_as_people_type_and_paste_it() {
        for (line, fields) in [
            ("7abc123", "plate=7abc123"),
            ("CA 7abc 123", "plate=7abc123 plate_state=CA"),
            ("CAB 123", "plate=CAB123"),
            ("CA", "plate=CA"),
            (
                "7AB* @ 33.74,-118.26 2km since sat",
                "from=2026-11-28 near=33.74,-118.26 plate=7AB* radius=2000",
            ),
            ("@ 33.74, -118.26 since 3d", "from=2026-11-27 near=33.74,-118.26 plate= radius=1000"),
            ("7ABC123 since mon until yesterday", "from=2026-11-23 plate=7ABC123 until=2026-11-29"),
            ("7ABC123 case 26-417 since 2026-11-20", "case=26-417 from=2026-11-20 plate=7ABC123"),
            ("500m", "plate=500m"),
        ] {
            assert_eq!(said(line), fields, "{line}");
        }
    }

    #[test]
    fn what_is_no_line_is_told_with_one_that_is() {
        for (line, part) in [
            ("7ABC123 since", "`since` takes a day"),
            ("7ABC123 since soon", "`soon` is no day"),
            ("@", "`@` takes a place"),
        ] {
            assert!(said(line).contains(part), "{line}: {}", said(line));
        }
    }
}
