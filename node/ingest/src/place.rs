//! Places: degrees as they are written, and which of them nobody was at.
//!
//! Decides what a coordinate says. `0, 0` and `-1, -1` are what readers without a position send, and
//! `0°22' N, 111° E` is what one maker's devices are shipped with.

use schemas::read::Location;

use crate::field::{Fault, Scalar, clean};
use crate::nothing::says_nothing;

/// Places that devices are shipped with, to about a kilometre.
const SHIPPED: [(f64, f64); 1] = [(22.0 / 60.0, 111.0)];

/// The place of two coordinates, where both are given and somebody was there.
pub(crate) fn location(
    latitude: (&Scalar, &str),
    longitude: (&Scalar, &str),
) -> Result<Option<Location>, Fault> {
    match (degrees(latitude.0, latitude.1)?, degrees(longitude.0, longitude.1)?) {
        (Some(latitude), Some(longitude)) => at(latitude, longitude),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Fault::new(format_args!(
            "`{}` stands alone; expected `{}` beside it",
            latitude.1, longitude.1
        ))),
        (None, Some(_)) => Err(Fault::new(format_args!(
            "`{}` stands alone; expected `{}` beside it",
            longitude.1, latitude.1
        ))),
    }
}

/// A place, unless it is one that means nowhere.
pub(crate) fn at(latitude: f64, longitude: f64) -> Result<Option<Location>, Fault> {
    let near = |of: f64, is: f64| (of - is).abs() < 0.01;
    let shipped = SHIPPED.iter().any(|(lat, lon)| near(latitude, *lat) && near(longitude, *lon));
    if shipped || (latitude == -1.0 && longitude == -1.0) {
        return Ok(None);
    }
    Ok(Location::new(latitude, longitude)?)
}

/// Which of two coordinates in one value comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PlaceOrder {
    #[default]
    LatitudeFirst,
    LongitudeFirst,
}

/// The place of a value that holds both, such as `(37.8, -122.3)`, `POINT (-122.3 37.8)` or a list.
pub(crate) fn of_both(
    text: &str,
    order: PlaceOrder,
    field: &str,
) -> Result<Option<Location>, Fault> {
    if says_nothing(text) {
        return Ok(None);
    }
    let refused = || {
        let text = clean(text, 60);
        Fault::new(format_args!("`{field}` is `{text}`; expected two coordinates"))
    };
    let inner = text.trim().trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let inner = inner.trim_matches(|c| matches!(c, '(' | ')' | '[' | ']' | '"' | ' '));
    let comma = |c: char| matches!(c, ',' | ';' | '|');
    let parts: Vec<&str> = if inner.contains(comma) {
        inner.split(comma).collect()
    } else {
        inner.split_whitespace().collect()
    };
    let [first, second] = parts.as_slice() else { return Err(refused()) };
    let (first, second) = (angle(first).ok_or_else(refused)?, angle(second).ok_or_else(refused)?);
    match order {
        PlaceOrder::LatitudeFirst => at(first, second),
        PlaceOrder::LongitudeFirst => at(second, first),
    }
}

fn degrees(value: &Scalar, field: &str) -> Result<Option<f64>, Fault> {
    match value {
        Scalar::Text(text) if says_nothing(text) => Ok(None),
        Scalar::Text(text) => angle(text)
            .map(Some)
            .ok_or_else(|| value.refused(field, "degrees such as `33.7381` or `33° 44.286' N`")),
        _ => value.number(field),
    }
}

/// `33.7381`, `33,7381`, `33.7381 N`, `33° 44.286' N`, `118°15'45" W`.
fn angle(text: &str) -> Option<f64> {
    let text = text.trim();
    let side = |c: char| matches!(c.to_ascii_uppercase(), 'N' | 'S' | 'E' | 'W');
    let letter =
        text.chars().last().filter(|c| side(*c)).or(text.chars().next().filter(|c| side(*c)));
    let bare = text.trim_matches(side).trim();
    let mark =
        |c: char| matches!(c, '°' | 'º' | '\'' | '’' | '′' | '"' | '”' | '″') || c.is_whitespace();
    let parts: Vec<&str> = bare.split(mark).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > 3 {
        return None;
    }
    let (mut sum, mut share) = (0.0, 1.0);
    let mut negative = bare.starts_with('-');
    for (nth, part) in parts.iter().enumerate() {
        let plain = part
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b',' | b'-' | b'+' | b'e' | b'E'));
        let number: f64 = part.replace(',', ".").parse().ok().filter(|_| plain)?;
        if !number.is_finite() || (nth > 0 && !(0.0..60.0).contains(&number)) {
            return None;
        }
        sum += number.abs() / share;
        share *= 60.0;
    }
    if let Some(letter) = letter {
        negative = negative || matches!(letter.to_ascii_uppercase(), 'S' | 'W');
    }
    Some(if negative { -sum } else { sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Scalar {
        Scalar::Text(text.to_owned())
    }

    #[test]
    fn degrees_are_read_as_people_write_them() {
        for (written, degrees) in [
            ("33.7381", 33.7381),
            ("33,7381", 33.7381),
            ("-118,2625", -118.2625),
            ("33° 30' N", 33.5),
            ("33°30'36\"N", 33.51),
            ("118° 15.75' W", -118.2625),
            ("W 118.25", -118.25),
            ("33.5 S", -33.5),
        ] {
            let found = angle(written).unwrap();
            assert!((found - degrees).abs() < 1e-9, "{written}: {found}");
        }
        for written in ["", "N", "here", "1 2 3 4", "33 61", "1e999"] {
            assert_eq!(angle(written), None, "{written}");
        }
    }

    #[test]
    fn two_coordinates_in_one_value_stand_in_either_order() {
        use PlaceOrder::{LatitudeFirst, LongitudeFirst};
        for (written, order) in [
            ("(37.5, -122.25)", LatitudeFirst),
            ("37.5 -122.25", LatitudeFirst),
            ("[-122.25,37.5]", LongitudeFirst),
            ("POINT (-122.25 37.5)", LongitudeFirst),
        ] {
            let place = of_both(written, order, "Place").unwrap().unwrap();
            assert_eq!((place.latitude(), place.longitude()), (37.5, -122.25), "{written}");
        }
        assert_eq!(of_both("N/A", LatitudeFirst, "Place"), Ok(None));
        assert!(of_both("Main St", LatitudeFirst, "Place").is_err());
        assert!(of_both("-122.25, 37.5", LatitudeFirst, "Place").is_err());
    }

    #[test]
    fn where_nobody_was_is_nowhere() {
        for (lat, lon) in [("0", "0.0"), ("-1", "-1.0"), ("NULL", "NULL"), ("0.3667", "111.0")] {
            let found = location((&text(lat), "Lat"), (&text(lon), "Lon"));
            assert_eq!(found, Ok(None), "{lat}, {lon}");
        }
        let swapped = location((&text("-118.26"), "Lat"), (&text("33.73"), "Lon"));
        assert!(swapped.unwrap_err().into_sentence().contains("is no place"));
        assert!(location((&text("33.7"), "Lat"), (&text("-"), "Lon")).is_err());
    }
}
