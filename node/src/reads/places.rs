//! Where cameras are, as their reads say: one that is suddenly far from where it was lost a sign, or has
//! its coordinates from somebody else.

use std::collections::HashMap;

use schemas::read::{Location, Read};
use schemas::text::Text;

/// From how far on it is told, in kilometres.
const FAR_KM: f64 = 500.0;
/// Most cameras whose places are remembered.
const MOST: usize = 20_000;
/// Kilometres of a degree of latitude.
const DEGREE_KM: f64 = 111.2;

/// The places of cameras since the node started.
#[derive(Debug, Default)]
pub(super) struct Places {
    of: HashMap<Text, Location>,
    /// Cameras of which it was told.
    told: HashMap<Text, ()>,
}

impl Places {
    /// Notes where a read was made; a sentence where that is far from where its camera was. It is told
    /// once of each camera.
    pub(super) fn note(&mut self, read: &Read) -> Option<String> {
        let here = read.location?;
        let Some(was) = self.of.get(&read.camera) else {
            if self.of.len() < MOST {
                self.of.insert(read.camera.clone(), here);
            }
            return None;
        };
        if *was == here || apart(*was, here) < FAR_KM || self.told.contains_key(&read.camera) {
            return None;
        }
        self.told.insert(read.camera.clone(), ());
        Some(format!(
            "camera `{}` is at {}, {} and was at {}, {}",
            read.camera,
            here.latitude(),
            here.longitude(),
            was.latitude(),
            was.longitude()
        ))
    }
}

/// How far two places are apart, in kilometres; good enough to tell hundreds of them.
fn apart(one: Location, other: Location) -> f64 {
    let north = one.latitude() - other.latitude();
    let around = (one.longitude() - other.longitude()).abs();
    let around = around.min(360.0 - around);
    let middle = (one.latitude() + other.latitude()) / 2.0;
    north.hypot(around * middle.to_radians().cos()) * DEGREE_KM
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_camera_that_is_suddenly_far_away_is_told_once() {
        let read = |camera: &str, latitude: f64, longitude: f64| -> Read {
            serde_json::from_value(json!({
                "id": "00".repeat(32), "plate": "7ABC123", "plate_raw": "7ABC123",
                "at": "2026-03-01T12:00:00.000Z", "camera": camera, "source": "x",
                "record": "00".repeat(32), "location": {"latitude": latitude, "longitude": longitude},
            }))
            .unwrap()
        };
        let mut places = Places::default();
        assert_eq!(places.note(&read("Gate", 33.7, -118.2)), None);
        assert_eq!(places.note(&read("Gate", 34.9, -117.0)), None);
        let said = places.note(&read("Gate", 33.7, 118.2)).unwrap();
        assert!(said.contains("is at 33.7, 118.2 and was at 33.7, -118.2"), "{said}");
        assert_eq!(places.note(&read("Gate", 33.7, 118.2)), None, "once");
        assert_eq!(places.note(&read("Yard", 33.7, 118.2)), None, "another camera");
    }
}
