//! Outlines of counties in and around California: from `cb_2023_us_county_5m` of the U.S. Census Bureau, which
//! is in the public domain (17 U.S.C. 105), thinned to some eighty metres.
//!
//! A line of the file is one run of borders: latitude and longitude in ten thousandths of a degree, and then
//! how far each corner is from the one before.

use std::sync::LazyLock;

/// Corners, by latitude and longitude in degrees.
type Line = Vec<(f64, f64)>;

/// Every run of borders.
pub(super) static COUNTIES: LazyLock<Vec<Line>> =
    LazyLock::new(|| include_str!("counties.txt").lines().map(line).collect());

fn line(text: &str) -> Line {
    let (mut at, mut longitude) = (0_i32, 0_i32);
    let corner = |corner: &str| {
        let (north, east) = corner.split_once(' ')?;
        at = at.checked_add(north.parse().ok()?)?;
        longitude = longitude.checked_add(east.parse().ok()?)?;
        Some((f64::from(at) / 10_000.0, f64::from(longitude) / 10_000.0))
    };
    text.split(',').map_while(corner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_file_is_read_whole() {
        let corners: usize = COUNTIES.iter().map(Vec::len).sum();
        let written = include_str!("counties.txt").split([',', '\n']).filter(|one| !one.is_empty());
        assert_eq!(corners, written.count());
        let far = |(at, longitude): &&(f64, f64)| {
            !(30.0..=45.0).contains(at) || !(-126.0..=-110.0).contains(longitude)
        };
        assert_eq!(COUNTIES.iter().flatten().find(far), None);
    }
}
