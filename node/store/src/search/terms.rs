//! What stands beside a read so that it is found, and what a search looks for there.
//!
//! A store keeps the terms of each read in columns and its statements compare them with a
//! [`Filter`]. Both come from here, so they agree whatever the database.

use std::ops::Range;

use schemas::area::Bounds;
use schemas::query::Elements;
use schemas::read::{Location, Read};
use schemas::text::{Text, plain};

/// Parts of a degree in which places are kept: about a centimetre.
const PARTS: f64 = 1e7;
/// Cells to a degree: about a kilometre across.
const CELLS: f64 = 100.0;
/// Cells around the globe.
const AROUND: i64 = 36_000;
/// Cells from pole to pole.
const ACROSS: i64 = 18_000;
/// Most cells that an area is covered with.
const MOST_CELLS: i64 = 4_096;

/// What a read is found by, beside its plate, time and camera.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Terms {
    /// The plate backwards.
    pub tail: String,
    /// The plate's state.
    pub state: Option<String>,
    /// Latitude in ten-millionths of a degree.
    pub lat: Option<i64>,
    /// Longitude in ten-millionths of a degree.
    pub lon: Option<i64>,
    /// The cell of the grid that the place is in.
    pub cell: Option<i64>,
    /// The make, as it is compared.
    pub make: Option<String>,
    /// The words of the colour, a space before and after each.
    pub color: Option<String>,
    /// The words of the body, a space before and after each.
    pub body: Option<String>,
}

impl Terms {
    /// Nothing that anything is found by.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            tail: String::new(),
            state: None,
            lat: None,
            lon: None,
            cell: None,
            make: None,
            color: None,
            body: None,
        }
    }

    /// The terms of a read.
    #[must_use]
    pub fn of(read: &Read) -> Self {
        let place = read.location.as_ref();
        let vehicle = &read.vehicle;
        Self {
            tail: backwards(read.plate.as_str()),
            state: read.plate_state.map(|state| state.to_string()),
            lat: place.map(|at| part(at.latitude())),
            lon: place.map(|at| part(at.longitude())),
            cell: place.map(cell),
            make: vehicle.make.as_ref().map(make),
            color: vehicle.color.as_ref().map(words),
            body: vehicle.body.as_ref().map(words),
        }
    }
}

/// What a read that fits has beside it. A condition that is absent holds of every read; one that is
/// there does not hold of a read without the term, but for the state: a read without one passes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// A pattern that the plate fits, with `*` and `?`; no other character of it stands for
    /// anything but itself.
    pub pattern: Option<String>,
    /// The same pattern backwards, which the plate backwards fits.
    pub tail: Option<String>,
    /// The plate's state.
    pub state: Option<String>,
    /// The camera.
    pub camera: Option<String>,
    /// The make.
    pub make: Option<String>,
    /// What the colour's words contain.
    pub color: Option<String>,
    /// What the body's words contain.
    pub body: Option<String>,
    /// Least and greatest latitude and longitude, all included.
    pub bounds: Option<BoxParts>,
}

/// A box in ten-millionths of a degree, its edges included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxParts {
    /// Least latitude.
    pub south: i64,
    /// Greatest latitude.
    pub north: i64,
    /// Least longitude.
    pub west: i64,
    /// Greatest longitude.
    pub east: i64,
}

impl Filter {
    /// What reads that fit `elements` have beside them.
    #[must_use]
    pub fn of(elements: &Elements) -> Self {
        Self {
            pattern: elements.pattern.as_ref().map(ToString::to_string),
            tail: elements.pattern.as_ref().map(|pattern| backwards(pattern.as_str())),
            state: elements.plate_state.map(|state| state.to_string()),
            camera: elements.camera.as_ref().map(ToString::to_string),
            make: elements.make.as_ref().map(make),
            color: elements.color.as_ref().map(words),
            body: elements.body.as_ref().map(words),
            bounds: bounds(elements).map(|bounds| BoxParts {
                south: part(bounds.south).saturating_sub(1),
                north: part(bounds.north).saturating_add(1),
                west: part(bounds.west).saturating_sub(1),
                east: part(bounds.east).saturating_add(1),
            }),
        }
    }
}

/// A make as it is compared.
pub(super) fn make(text: &Text) -> String {
    plain(text.as_str())
}

fn words(text: &Text) -> String {
    format!(" {} ", plain(text.as_str()))
}

/// A plate from its end.
pub(super) fn backwards(plate: &str) -> String {
    plate.chars().rev().collect()
}

/// The range of the texts of letters and digits that begin with this.
pub(super) fn ahead(beginning: &str) -> Range<String> {
    // Letters and digits all stand before it, in the order of bytes.
    beginning.to_owned()..format!("{beginning}~")
}

#[expect(clippy::cast_possible_truncation, reason = "degrees are few, and a cast saturates")]
fn part(degrees: f64) -> i64 {
    (degrees * PARTS).floor() as i64
}

#[expect(clippy::cast_possible_truncation, reason = "degrees are few, and a cast saturates")]
fn step(degrees: f64, most: i64) -> i64 {
    ((degrees * CELLS).floor() as i64).clamp(0, most.saturating_sub(1))
}

fn row_and_column(latitude: f64, longitude: f64) -> (i64, i64) {
    (step(latitude + 90.0, ACROSS), step(longitude + 180.0, AROUND))
}

fn number((row, column): (i64, i64)) -> i64 {
    row.saturating_mul(AROUND).saturating_add(column)
}

/// The cell of the grid that a place is in.
fn cell(place: &Location) -> i64 {
    number(row_and_column(place.latitude(), place.longitude()))
}

/// The cells in which everything lies that an area holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cells {
    /// No area is named.
    Anywhere,
    /// These.
    These(Vec<i64>),
    /// More than are worth looking through one by one.
    Many,
}

/// The box that all areas of the elements have in common.
fn bounds(elements: &Elements) -> Option<Bounds> {
    let near = elements.near.map(|near| near.bounds());
    let polygon = elements.polygon.as_ref().map(schemas::area::Polygon::bounds);
    match (near, polygon) {
        (Some(near), Some(polygon)) => Some(near.common(polygon)),
        (near, polygon) => near.or(polygon),
    }
}

pub(super) fn covering(elements: &Elements) -> Cells {
    let Some(Bounds { south, north, west, east }) = bounds(elements) else {
        return Cells::Anywhere;
    };
    let (first, last) = (row_and_column(south, west), row_and_column(north, east));
    let rows = last.0.saturating_sub(first.0).saturating_add(1).max(0);
    let columns = last.1.saturating_sub(first.1).saturating_add(1).max(0);
    if rows.saturating_mul(columns) > MOST_CELLS {
        return Cells::Many;
    }
    let row = |row| (first.1..=last.1).map(move |column| number((row, column)));
    Cells::These((first.0..=last.0).flat_map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use schemas::area::{Near, Polygon};
    use schemas::purpose::QueryKind;

    fn at(latitude: f64, longitude: f64) -> Location {
        Location::new(latitude, longitude).unwrap().unwrap()
    }

    fn area(near: Option<Near>, polygon: Option<Polygon>) -> Elements {
        let from = "2026-03-01T00:00:00Z".parse().unwrap();
        let until = "2026-03-02T00:00:00Z".parse().unwrap();
        let none = None;
        Elements {
            kind: QueryKind::Area,
            plate: None,
            pattern: None,
            plate_state: None,
            from,
            until,
            near,
            polygon,
            make: none.clone(),
            color: none.clone(),
            body: none.clone(),
            camera: none,
        }
    }

    #[test]
    fn a_kilometre_is_a_handful_of_cells_and_a_hemisphere_too_many() {
        let near = |radius_m| Near { center: at(34.15, -118.0), radius_m };
        let Cells::These(cells) = covering(&area(Some(near(1_000)), None)) else { panic!() };
        assert!((4..=12).contains(&cells.len()), "{}", cells.len());
        assert!(matches!(covering(&area(Some(near(10_000)), None)), Cells::These(_)));
        assert_eq!(covering(&area(Some(near(500_000)), None)), Cells::Many);
        assert_eq!(covering(&area(None, None)), Cells::Anywhere);
        let pole = Near { center: at(89.9999, 0.0), radius_m: 1_000 };
        assert_eq!(covering(&area(Some(pole), None)), Cells::Many);
    }

    #[test]
    fn what_begins_alike_is_one_range() {
        let range = ahead("7A");
        for (plate, inside) in
            [("7A", true), ("7AZZZZZ", true), ("7A0", true), ("7B", false), ("79Z", false)]
        {
            assert_eq!(range.contains(&plate.to_owned()), inside, "{plate}");
        }
    }

    proptest! {
        #[test]
        fn what_an_area_holds_is_in_its_cells_and_its_box(
            center in (-90.0f64..90.0, -180.0f64..180.0), radius_m in 1u32..12_000,
            off in (-0.12f64..0.12, -0.12f64..0.12), side in 0.0001f64..0.2,
        ) {
            let Ok(Some(place)) = Location::new(center.0 + off.0, center.1 + off.1) else {
                return Ok(());
            };
            let middle = at(center.0, center.1);
            let corners = [(0.0, 0.0), (0.0, side), (side, 0.0)];
            let corner = |(up, right)| Location::new(center.0 + up, center.1 + right);
            let corners: Option<Vec<_>> =
                corners.map(corner).into_iter().map(|at| at.ok().flatten()).collect();
            let polygon = corners.and_then(|corners| Polygon::new(corners).ok());
            for (near, polygon) in [(Some(Near { center: middle, radius_m }), None), (None, polygon)] {
                let elements = area(near, polygon);
                let held = elements.near.is_some_and(|near| near.holds(&place))
                    || elements.polygon.as_ref().is_some_and(|area| area.holds(&place));
                if !held {
                    continue;
                }
                if let Cells::These(cells) = covering(&elements) {
                    prop_assert!(cells.contains(&cell(&place)));
                }
                let within = Filter::of(&elements).bounds.unwrap();
                prop_assert!((within.south..=within.north).contains(&part(place.latitude())));
                prop_assert!((within.west..=within.east).contains(&part(place.longitude())));
            }
        }
    }
}
