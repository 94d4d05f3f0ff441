//! Areas on the ground: a circle, and a polygon of a few corners.
//!
//! A polygon's edges are straight in degrees, as on a plate carrée map; over the few kilometres
//! that a search may be wide this differs from the great circle by centimetres.

use serde::{Deserialize, Serialize};

use crate::read::Location;

/// The earth's mean radius in metres.
const EARTH_M: f64 = 6_371_008.8;
/// By how much a box is drawn wider than what it bounds, in degrees: a tenth of a millimetre.
const SLACK: f64 = 1e-9;
/// Most corners of a polygon.
pub const MOST_CORNERS: usize = 64;

/// Metres between two places on the great circle.
fn metres(one: &Location, other: &Location) -> f64 {
    let (a, b) = (one.latitude().to_radians(), other.latitude().to_radians());
    let across = (other.longitude() - one.longitude()).to_radians();
    let half = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * (across / 2.0).sin().powi(2);
    2.0 * EARTH_M * half.sqrt().min(1.0).asin()
}

/// A box between two parallels and two meridians, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Its southern edge.
    pub south: f64,
    /// Its northern edge.
    pub north: f64,
    /// Its western edge.
    pub west: f64,
    /// Its eastern edge, never below the western.
    pub east: f64,
}

impl Bounds {
    /// The box that both have in common, which may be empty.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        Self {
            south: self.south.max(other.south),
            north: self.north.min(other.north),
            west: self.west.max(other.west),
            east: self.east.min(other.east),
        }
    }
}

/// A circle on the ground.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Near {
    /// Its middle.
    pub center: Location,
    /// Its radius in metres.
    pub radius_m: u32,
}

impl Near {
    /// Metres from its middle to `place`, on the great circle.
    #[must_use]
    pub fn metres_to(&self, place: &Location) -> f64 {
        metres(&self.center, place)
    }

    /// Whether `place` lies in it.
    #[must_use]
    pub fn holds(&self, place: &Location) -> bool {
        self.metres_to(place) <= f64::from(self.radius_m)
    }

    /// Whether the whole of `other` lies in it.
    #[must_use]
    pub fn encloses(&self, other: &Self) -> bool {
        self == other
            || self.metres_to(&other.center) + f64::from(other.radius_m) <= f64::from(self.radius_m)
    }

    /// Whether the whole of a polygon lies in it.
    #[must_use]
    pub fn encloses_polygon(&self, polygon: &Polygon) -> bool {
        polygon.corners().iter().all(|corner| self.holds(corner))
    }

    /// A box that it lies in. One that would reach over a pole or the 180th meridian goes once
    /// around the globe.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let angle = f64::from(self.radius_m) / EARTH_M;
        let (latitude, longitude) = (self.center.latitude(), self.center.longitude());
        let high = angle.to_degrees() + SLACK;
        let (south, north) = (latitude - high, latitude + high);
        let wide = (angle.sin() / latitude.to_radians().cos()).asin().to_degrees() + SLACK;
        let (west, east) = (longitude - wide, longitude + wide);
        // Not a number where the circle holds a pole.
        let plain = south >= -90.0 && north <= 90.0 && west >= -180.0 && east <= 180.0;
        if plain {
            Bounds { south, north, west, east }
        } else {
            Bounds { south: south.max(-90.0), north: north.min(90.0), west: -180.0, east: 180.0 }
        }
    }
}

/// A polygon on the ground: 3 to [`MOST_CORNERS`] different corners in order around it, the last one
/// joined to the first, without edges that cross or touch. Its edge belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Vec<Location>", into = "Vec<Location>")]
#[cfg_attr(feature = "json-schema", schemars(with = "Vec<Location>"))]
pub struct Polygon(Vec<Location>);

/// Why corners make no polygon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolygonError {
    /// Too few or too many corners.
    #[error("a polygon of {0} corners is none; expected 3 to {MOST_CORNERS}")]
    Corners(usize),
    /// Two edges meet elsewhere than at a common corner.
    #[error(
        "edges {0} and {1} of the polygon cross or touch; give the corners once each, in order around it"
    )]
    Edges(usize, usize),
    /// It reaches around the globe.
    #[error("a polygon 180 degrees of longitude wide, or across the 180th meridian, is not taken")]
    Wide,
}

/// Twice the area of a triangle, positive when its corners turn to the left.
fn turn(a: &Location, b: &Location, c: &Location) -> f64 {
    (b.longitude() - a.longitude()) * (c.latitude() - a.latitude())
        - (b.latitude() - a.latitude()) * (c.longitude() - a.longitude())
}

/// Whether `place`, on the line through an edge, lies between its ends.
fn between((a, b): (&Location, &Location), place: &Location) -> bool {
    let within = |a: f64, b: f64, c: f64| a.min(b) <= c && c <= a.max(b);
    within(a.longitude(), b.longitude(), place.longitude())
        && within(a.latitude(), b.latitude(), place.latitude())
}

fn on_edge(edge: (&Location, &Location), place: &Location) -> bool {
    turn(edge.0, edge.1, place) == 0.0 && between(edge, place)
}

/// Whether two edges have any place in common.
fn meet(one: (&Location, &Location), other: (&Location, &Location)) -> bool {
    let apart = |edge: (&Location, &Location), a: &Location, b: &Location| {
        let (left, right) = (turn(edge.0, edge.1, a), turn(edge.0, edge.1, b));
        (left > 0.0 && right < 0.0) || (left < 0.0 && right > 0.0)
    };
    (apart(one, other.0, other.1) && apart(other, one.0, one.1))
        || on_edge(one, other.0)
        || on_edge(one, other.1)
        || on_edge(other, one.0)
        || on_edge(other, one.1)
}

impl Polygon {
    /// A polygon of these corners.
    ///
    /// # Errors
    /// When they make none.
    pub fn new(corners: Vec<Location>) -> Result<Self, PolygonError> {
        if !(3..=MOST_CORNERS).contains(&corners.len()) {
            return Err(PolygonError::Corners(corners.len()));
        }
        let polygon = Self(corners);
        let bounds = polygon.bounds();
        if bounds.east - bounds.west >= 180.0 {
            return Err(PolygonError::Wide);
        }
        let edges: Vec<_> = polygon.edges().collect();
        for (n, one) in edges.iter().enumerate() {
            for (m, other) in edges.iter().enumerate().skip(n.saturating_add(1)) {
                // Neighbours have a corner in common, and nothing else.
                let touch = if m == n.saturating_add(1) {
                    on_edge(*one, other.1) || on_edge(*other, one.0)
                } else if n == 0 && m.saturating_add(1) == edges.len() {
                    on_edge(*one, other.0) || on_edge(*other, one.1)
                } else {
                    meet(*one, *other)
                };
                if touch {
                    return Err(PolygonError::Edges(n.saturating_add(1), m.saturating_add(1)));
                }
            }
        }
        Ok(polygon)
    }

    /// Its corners, in order around it.
    #[must_use]
    pub fn corners(&self) -> &[Location] {
        &self.0
    }

    fn edges(&self) -> impl Iterator<Item = (&Location, &Location)> {
        self.0.iter().zip(self.0.iter().cycle().skip(1))
    }

    /// Whether `place` lies in it or on its edge.
    #[must_use]
    pub fn holds(&self, place: &Location) -> bool {
        let mut inside = false;
        for (a, b) in self.edges() {
            if on_edge((a, b), place) {
                return true;
            }
            // Edges that a line to the east crosses; each edge has its lower end and not its upper.
            let (a, b) = if a.latitude() <= b.latitude() { (a, b) } else { (b, a) };
            let level = a.latitude() <= place.latitude() && place.latitude() < b.latitude();
            if level && turn(a, b, place) > 0.0 {
                inside = !inside;
            }
        }
        inside
    }

    /// The box that it lies in.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let least = |of: fn(&Location) -> f64| self.0.iter().map(of).fold(f64::INFINITY, f64::min);
        let most =
            |of: fn(&Location) -> f64| self.0.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        Bounds {
            south: least(Location::latitude),
            north: most(Location::latitude),
            west: least(Location::longitude),
            east: most(Location::longitude),
        }
    }

    /// Metres between the two corners that are farthest apart.
    #[must_use]
    pub fn across_m(&self) -> f64 {
        let pairs = self.0.iter().enumerate().flat_map(|(n, one)| {
            self.0.iter().skip(n.saturating_add(1)).map(move |other| metres(one, other))
        });
        pairs.fold(0.0, f64::max)
    }
}

impl TryFrom<Vec<Location>> for Polygon {
    type Error = PolygonError;

    fn try_from(corners: Vec<Location>) -> Result<Self, PolygonError> {
        Self::new(corners)
    }
}

impl From<Polygon> for Vec<Location> {
    fn from(polygon: Polygon) -> Self {
        polygon.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(latitude: f64, longitude: f64) -> Location {
        Location::new(latitude, longitude).unwrap().unwrap()
    }

    fn polygon(corners: &[(f64, f64)]) -> Result<Polygon, PolygonError> {
        Polygon::new(corners.iter().map(|(a, b)| at(*a, *b)).collect())
    }

    const YARD: [(f64, f64); 6] = [
        (34.0, -118.0),
        (34.0, -117.0),
        (35.0, -117.0),
        (35.0, -117.5),
        (34.5, -117.5),
        (34.5, -118.0),
    ];

    #[test]
    fn corners_make_a_polygon_or_it_is_said_why_not() {
        assert!(polygon(&YARD).is_ok());
        let mut other_way = YARD;
        other_way.reverse();
        assert!(polygon(&other_way).is_ok());
        assert_eq!(polygon(&YARD[..2]), Err(PolygonError::Corners(2)));
        let bow = [(34.0, -118.0), (35.0, -117.0), (35.0, -118.0), (34.0, -117.0)];
        assert_eq!(polygon(&bow), Err(PolygonError::Edges(1, 3)));
        let line = [(34.0, -118.0), (34.0, -117.0), (34.0, -116.0)];
        assert!(matches!(polygon(&line), Err(PolygonError::Edges(..))));
        let closed = [(34.0, -118.0), (34.0, -117.0), (35.0, -117.0), (34.0, -118.0)];
        assert!(matches!(polygon(&closed), Err(PolygonError::Edges(..))));
        let spike = [(34.0, -118.0), (34.0, -117.0), (34.0, -117.5), (35.0, -117.5)];
        assert!(matches!(polygon(&spike), Err(PolygonError::Edges(..))));
        let around = [(34.0, -179.0), (34.0, 179.0), (35.0, 0.5)];
        assert_eq!(polygon(&around), Err(PolygonError::Wide));
    }

    #[test]
    fn a_polygon_holds_what_is_in_it_and_its_edge() {
        let yard = polygon(&YARD).unwrap();
        for (latitude, longitude, inside) in [
            (34.25, -117.75, true),
            (34.75, -117.25, true),
            (34.75, -117.75, false),
            (34.5, -117.75, true),
            (34.0, -118.0, true),
            (35.0, -117.0, true),
            (34.5, -118.1, false),
            (34.0, -116.9, false),
            (35.1, -117.2, false),
        ] {
            assert_eq!(yard.holds(&at(latitude, longitude)), inside, "{latitude}, {longitude}");
        }
    }

    #[test]
    fn its_width_is_that_of_its_farthest_corners() {
        let block = polygon(&[(34.0, -118.0), (34.0, -117.99), (34.01, -118.0)]).unwrap();
        assert!((block.across_m() - 1_443.0).abs() < 5.0, "{}", block.across_m());
    }

    #[test]
    fn a_circle_at_the_edge_of_the_map_is_bounded_all_around() {
        let near = |latitude, longitude| Near { center: at(latitude, longitude), radius_m: 1_000 };
        for circle in [near(89.999, 10.0), near(10.0, 179.999), near(-10.0, -179.999)] {
            let bounds = circle.bounds();
            assert_eq!((bounds.west, bounds.east), (-180.0, 180.0));
        }
    }

    fn within(bounds: &Bounds, place: &Location) -> bool {
        (bounds.south..=bounds.north).contains(&place.latitude())
            && (bounds.west..=bounds.east).contains(&place.longitude())
    }

    proptest! {
        #[test]
        fn what_an_area_holds_is_within_its_bounds(
            center in (-90.0f64..90.0, -180.0f64..180.0), radius_m in 1u32..20_000,
            off in (-0.3f64..0.3, -0.3f64..0.3),
            corners in prop::collection::vec((33.0f64..34.0, -118.0f64..-117.0), 3..8),
        ) {
            let (latitude, longitude) = (center.0 + off.0, center.1 + off.1);
            if let Ok(Some(place)) = Location::new(latitude, longitude) {
                let circle = Near { center: at(center.0, center.1), radius_m };
                prop_assert!(!circle.holds(&place) || within(&circle.bounds(), &place));
            }
            if let Ok(polygon) = polygon(&corners) {
                let place = at(33.5 + off.0, -117.5 + off.1);
                prop_assert!(!polygon.holds(&place) || within(&polygon.bounds(), &place));
                prop_assert!(polygon.corners().iter().all(|corner| polygon.holds(corner)));
                let text = serde_json::to_string(&polygon).unwrap();
                prop_assert_eq!(serde_json::from_str::<Polygon>(&text).unwrap(), polygon);
            }
        }
    }
}
