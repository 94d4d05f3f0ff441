//! Vectors of searches: patterns, what readers confuse, polygons.

use schemas::area::Polygon;
use schemas::pattern::PlatePattern;
use schemas::plate::Plate;
use schemas::read::Location;
use serde_json::{Value, json};

use super::string;

fn plate(text: &str) -> Plate {
    text.parse().unwrap()
}

fn place((latitude, longitude): (f64, f64)) -> Location {
    Location::new(latitude, longitude).unwrap().unwrap()
}

fn corners(all: &[(f64, f64)]) -> Vec<Location> {
    all.iter().copied().map(place).collect()
}

/// `searches.json`.
pub(crate) fn searches() -> Value {
    let patterns: Vec<_> = ["7ab-1*", "*?123", "?*?12", "8**A", "*", "7ABC123"]
        .map(|raw| json!({ "raw": raw, "pattern": raw.parse::<PlatePattern>().unwrap() }))
        .into();
    let fits: Vec<_> = [
        ("7AB*", "7ABC123"),
        ("7AB*", "7AB"),
        ("7AB?*", "7AB"),
        ("*123", "7ABC123"),
        ("*123", "7ABC1234"),
        ("7?B*2?", "7ABC123"),
        ("???????", "7ABC123"),
        ("??????", "7ABC123"),
    ]
    .map(|(pattern, read)| {
        let fits = pattern.parse::<PlatePattern>().unwrap().fits(&plate(read));
        json!({ "pattern": pattern, "plate": read, "fits": fits })
    })
    .into();
    let misread: Vec<_> = [
        ("8ABC123", "8ABC123"),
        ("8ABC123", "BABCI23"),
        ("8ABC123", "8ABCL2Z"),
        ("8ABC123", "8A6C123"),
        ("8ABC123", "8ABC12"),
        ("0DOQ", "QODO"),
    ]
    .map(|(asked, read)| {
        let substitutions = plate(asked).misread_as(&plate(read));
        json!({ "asked": asked, "read": read, "substitutions": substitutions })
    })
    .into();
    let yard = [(34.0, -118.0), (34.0, -117.9), (34.1, -117.9), (34.05, -117.95), (34.1, -118.0)];
    let polygon = Polygon::new(corners(&yard)).unwrap();
    let held: Vec<_> = [
        (34.02, -117.99),
        (34.09, -117.99),
        (34.09, -117.95),
        (34.05, -117.95),
        (34.0, -118.0),
        (34.0, -117.95),
        (33.99, -117.95),
    ]
    .map(|at| json!({ "place": place(at), "held": polygon.holds(&place(at)) }))
    .into();
    let no_polygons = [
        ("two corners", vec![(34.0, -118.0), (34.0, -117.9)]),
        ("edges cross", vec![(34.0, -118.0), (34.1, -117.9), (34.1, -118.0), (34.0, -117.9)]),
        (
            "the first corner again",
            vec![(34.0, -118.0), (34.0, -117.9), (34.1, -118.0), (34.0, -118.0)],
        ),
        ("a line", vec![(34.0, -118.0), (34.0, -117.9), (34.0, -117.8)]),
        ("around the globe", vec![(34.0, -170.0), (34.0, 170.0), (35.0, 0.5)]),
    ]
    .map(|(why, all)| json!({ "why": why, "corners": corners(&all) }));
    json!({
        "patterns": patterns,
        "no_patterns": ["", "- ", "7AB%", "7[AB]*", "ABCDEF?????", "7Ä*"],
        "fits": fits,
        "misread": misread,
        "polygon": { "corners": corners(&yard), "places": held },
        "no_polygons": no_polygons,
    })
}

/// Reads the file as a stranger would.
pub(crate) fn read_back(file: &Value) {
    for vector in file["patterns"].as_array().unwrap() {
        let pattern: PlatePattern = string(vector, "raw").parse().unwrap();
        assert_eq!(pattern.as_str(), string(vector, "pattern"));
    }
    for raw in file["no_patterns"].as_array().unwrap() {
        assert!(raw.as_str().unwrap().parse::<PlatePattern>().is_err(), "{raw}");
    }
    for vector in file["misread"].as_array().unwrap() {
        let (asked, read) = (plate(string(vector, "asked")), plate(string(vector, "read")));
        let within = !vector["substitutions"].is_null();
        assert_eq!(asked.variants(usize::MAX).plates.contains(&read), within, "{vector}");
    }
    let polygon: Polygon = serde_json::from_value(file["polygon"]["corners"].clone()).unwrap();
    for vector in file["polygon"]["places"].as_array().unwrap() {
        let place: Location = serde_json::from_value(vector["place"].clone()).unwrap();
        assert_eq!(polygon.holds(&place), vector["held"].as_bool().unwrap(), "{vector}");
    }
    for vector in file["no_polygons"].as_array().unwrap() {
        assert!(serde_json::from_value::<Polygon>(vector["corners"].clone()).is_err(), "{vector}");
    }
}
