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

/// A place, unless it is one that means nowhere. Where one coordinate is nothing the other says nothing, and
/// the ends of the scale are what is written where there is no value.
pub(crate) fn at(latitude: f64, longitude: f64) -> Result<Option<Location>, Fault> {
    let near = |of: f64, is: f64| (of - is).abs() < 0.01;
    let shipped = SHIPPED.iter().any(|(lat, lon)| near(latitude, *lat) && near(longitude, *lon));
    // A computed zero is hardly ever exactly none.
    let nowhere = near(latitude, 0.0) && near(longitude, 0.0);
    if shipped || nowhere || (latitude == -1.0 && longitude == -1.0) {
        return Ok(None);
    }
    let half = (latitude == 0.0) != (longitude == 0.0);
    if half || latitude.abs() == 90.0 || longitude.abs() == 180.0 {
        let said = format_args!("`{latitude}, {longitude}` is where no camera is; it is left out");
        return Err(Fault::new(said));
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
    if text.trim_start().starts_with('{') {
        return of_object(text, field).unwrap_or_else(|| Err(refused()));
    }
    let inner = text
        .trim()
        .rsplit_once(';')
        .filter(|(id, _)| id.starts_with("SRID="))
        .map_or(text.trim(), |(_, rest)| rest);
    let point = inner.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("point"));
    let inner = if point { inner.get(5..).unwrap_or_default() } else { inner }.trim();
    let inner = inner.trim_start_matches(['Z', ' ']);
    let inner = inner.trim_matches(|c| matches!(c, '(' | ')' | '[' | ']' | '"' | ' '));
    // What divides more than numbers first: commas may be the points of both.
    let between = [';', '|', ','].into_iter().find(|c| inner.contains(*c));
    let parts: Vec<&str> = match between {
        Some(c) => inner.split(c).collect(),
        None => inner.split_whitespace().collect(),
    };
    let parts = match parts.as_slice() {
        // `-118,26 33,74`
        [_, _, _] if between == Some(',') && inner.split_whitespace().count() == 2 => {
            inner.split_whitespace().collect()
        }
        _ => parts,
    };
    // A third is a height.
    let (first, second) = match parts.as_slice() {
        [first, second] | [first, second, _] => (first.trim(), second.trim()),
        _ => return Err(refused()),
    };
    if says_nothing(first) && says_nothing(second) {
        return Ok(None);
    }
    let axis = |text: &str| (angle(text), hemisphere(text));
    match (axis(first), axis(second), order) {
        // What they say of themselves counts before the order.
        ((Some(first), Some('N' | 'S')), (Some(second), Some('E' | 'W')), _) => at(first, second),
        ((Some(first), Some('E' | 'W')), (Some(second), Some('N' | 'S')), _) => at(second, first),
        ((Some(first), _), (Some(second), _), PlaceOrder::LatitudeFirst) => at(first, second),
        ((Some(first), _), (Some(second), _), PlaceOrder::LongitudeFirst) => at(second, first),
        _ => Err(refused()),
    }
}

/// The place of an object in a cell, by the names of its values; of GeoJSON, longitude comes first.
fn of_object(text: &str, field: &str) -> Option<Result<Option<Location>, Fault>> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let named = |names: &[&str]| {
        let found =
            object.iter().find(|(key, _)| names.iter().any(|of| key.eq_ignore_ascii_case(of)));
        found.and_then(|(_, value)| serde_json::from_value::<Scalar>(value.clone()).ok())
    };
    if let Some(list) = object.get("coordinates") {
        let list: Vec<Scalar> = serde_json::from_value(list.clone()).ok()?;
        let (longitude, latitude) = (list.first()?, list.get(1)?);
        return Some(location((latitude, field), (longitude, field)));
    }
    let latitude = named(&["lat", "latitude", "y"])?;
    let longitude = named(&["lon", "lng", "long", "longitude", "x"])?;
    Some(location((&latitude, field), (&longitude, field)))
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

/// The letter of a hemisphere that a coordinate has.
fn hemisphere(text: &str) -> Option<char> {
    let text = text.trim();
    let words = [("north", 'N'), ("south", 'S'), ("east", 'E'), ("west", 'W')];
    let lower = text.to_ascii_lowercase();
    if let Some((_, letter)) =
        words.iter().find(|(word, _)| lower.ends_with(word) || lower.starts_with(word))
    {
        return Some(*letter);
    }
    // `33d44m17s`: seconds.
    if lower.contains('m') && lower.ends_with('s') && !text.ends_with(" s") {
        return None;
    }
    let side = |c: char| matches!(c, 'N' | 'S' | 'E' | 'W');
    let ends = [text.chars().last(), text.chars().next()];
    ends.into_iter().flatten().map(|c| c.to_ascii_uppercase()).find(|c| side(*c))
}

/// `33.7381`, `33,7381`, `33.7381 N`, `33° 44.286' N`, `118°15'45" W`, `33d44m17s`, `-118:15:45`.
fn angle(text: &str) -> Option<f64> {
    let text = text.trim();
    let letter = hemisphere(text);
    let side = |c: char| matches!(c.to_ascii_uppercase(), 'N' | 'S' | 'E' | 'W');
    let words = ["north", "south", "east", "west", "lat", "lon", "deg"];
    let lower = text.to_ascii_lowercase();
    let lower = words.iter().fold(lower, |text, word| text.replace(word, " "));
    let bare = match letter {
        // An `s` at the end of `17s N` is seconds.
        Some(letter) => {
            lower.trim().trim_end_matches(letter.to_ascii_lowercase()).trim_start_matches(side)
        }
        None => lower.as_str(),
    };
    let bare = bare.trim().replace('\u{2212}', "-");
    let mark = |c: char| {
        matches!(c, '°' | 'º' | '\'' | '’' | '′' | '"' | '”' | '″' | ':' | 'd' | 'm' | 's')
            || c.is_whitespace()
    };
    let (negative, bare) = match bare.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, bare.strip_prefix('+').unwrap_or(&bare)),
    };
    let parts: Vec<&str> = bare.split(mark).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > 3 {
        return None;
    }
    let (mut sum, mut share) = (0.0, 1.0);
    for (nth, part) in parts.iter().enumerate() {
        let plain =
            part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b',' | b'-' | b'+' | b'e'));
        let number: f64 = part.replace(',', ".").parse().ok().filter(|_| plain)?;
        if !number.is_finite() || number < 0.0 || (nth > 0 && number >= 60.0) {
            return None;
        }
        sum += number / share;
        share *= 60.0;
    }
    let negative = negative || matches!(letter, Some('S' | 'W'));
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
            ("33.5S", -33.5),
            ("33:30:36", 33.51),
            ("-118:15:45", -118.2625),
            ("33d30m36s N", 33.51),
            ("33d30m36s", 33.51),
            ("118d15m45s W", -118.2625),
            ("- 118.25", -118.25),
            ("\u{2212}118.25", -118.25),
            ("+33.5", 33.5),
            ("33.5 north", 33.5),
            ("118.25 West", -118.25),
            ("lat 33.5", 33.5),
            ("3.35E1", 33.5),
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
            ("SRID=4326;POINT(-122.25 37.5)", LongitudeFirst),
            ("POINT Z (-122.25 37.5 12)", LongitudeFirst),
            ("-122.25,37.5,12.5", LongitudeFirst),
            ("-122,25; 37,5", LongitudeFirst),
            ("-122,25 37,5", LongitudeFirst),
            ("W122.25 N37.5", LatitudeFirst),
            ("37.5N, 122.25W", LongitudeFirst),
            (r#"{"lat":37.5,"lng":-122.25}"#, LongitudeFirst),
            (r#"{"type":"Point","coordinates":[-122.25,37.5]}"#, LatitudeFirst),
        ] {
            let place = of_both(written, order, "Place").unwrap().unwrap();
            assert_eq!((place.latitude(), place.longitude()), (37.5, -122.25), "{written}");
        }
        for written in ["N/A", "[null, null]", "0,0", "(0.0 0.0)"] {
            assert_eq!(of_both(written, LatitudeFirst, "Place"), Ok(None), "{written}");
        }
        assert!(of_both("Main St", LatitudeFirst, "Place").is_err());
        assert!(of_both("-122.25, 37.5", LatitudeFirst, "Place").is_err());
    }

    #[test]
    fn where_nobody_was_is_nowhere() {
        for (lat, lon) in [
            ("0", "0.0"),
            ("-1", "-1.0"),
            ("NULL", "NULL"),
            ("0.3667", "111.0"),
            ("1e-9", "0.00001"),
        ] {
            let found = location((&text(lat), "Lat"), (&text(lon), "Lon"));
            assert_eq!(found, Ok(None), "{lat}, {lon}");
        }
        let swapped = location((&text("-118.26"), "Lat"), (&text("33.73"), "Lon"));
        assert!(swapped.unwrap_err().into_sentence().contains("is no place"));
        assert!(location((&text("33.7"), "Lat"), (&text("-"), "Lon")).is_err());
        for (lat, lon) in [("33.7", "0"), ("0", "-118.2"), ("90", "180"), ("-90", "0")] {
            let found = location((&text(lat), "Lat"), (&text(lon), "Lon")).unwrap_err();
            assert!(found.into_sentence().contains("where no camera is"), "{lat}, {lon}");
        }
    }
}
