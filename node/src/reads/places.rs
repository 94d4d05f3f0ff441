//! Where cameras are, as their reads say: one that is suddenly far from where it was lost a sign, or has
//! its coordinates from somebody else.

use std::collections::HashMap;

use schemas::read::{Location, Read};
use schemas::text::Text;

/// From how far on it is told, in kilometres.
const FAR_KM: f64 = 500.0;
/// From how far on a new camera is told to be far from every other one: states are long.
const FAR_FROM_OTHERS_KM: f64 = 2_000.0;
/// Most cameras whose places are remembered.
const MOST: usize = 20_000;
/// Cameras that a new one is compared with.
const COMPARED: usize = 100;
/// Guam, near which are the only places of the United States far east of Greenwich, beside the outermost
/// Aleutians.
const GUAM: (f64, f64) = (14.0, 145.0);
/// From here on east are the outermost Aleutians.
const ALEUTIANS_FROM: f64 = 172.0;
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
            let said = self.of_new(&read.camera, here);
            if self.of.len() < MOST {
                self.of.insert(read.camera.clone(), here);
            }
            return said;
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

impl Places {
    /// What is told of a camera at its first place: that the minus is missing, or that it is far from all
    /// others.
    fn of_new(&mut self, camera: &Text, here: Location) -> Option<String> {
        if self.told.contains_key(camera) {
            return None;
        }
        let at = format!("camera `{camera}` is at {}, {}", here.latitude(), here.longitude());
        let mut others = self.of.values().take(COMPARED).peekable();
        let why = if is_east(here) {
            ", east of Greenwich: its longitude may lack the minus".to_owned()
        } else if others.peek().is_some()
            && others.all(|other| apart(*other, here) >= FAR_FROM_OTHERS_KM)
        {
            format!(", {FAR_FROM_OTHERS_KM} km or more from every other camera")
        } else {
            return None;
        };
        if self.told.len() < MOST {
            self.told.insert(camera.clone(), ());
        }
        Some(at + &why)
    }
}

/// Whether a place is where no camera of the United States is, and the one with a minus before its longitude
/// might be.
fn is_east(here: Location) -> bool {
    let guam = Location::new(GUAM.0, GUAM.1).ok().flatten();
    (0.0..ALEUTIANS_FROM).contains(&here.longitude())
        && !guam.is_some_and(|guam| apart(guam, here) < FAR_KM)
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
        assert_eq!(places.note(&read("Yard", 33.9, -118.0)), None, "another camera");
        let said = places.note(&read("Lot", 33.7, 118.2)).unwrap();
        assert!(said.contains("may lack the minus"), "{said}");
        assert_eq!(places.note(&read("Lot", 33.7, 118.2)), None, "once");
        let said = places.note(&read("Dock", 21.3, -157.8)).unwrap();
        assert!(said.contains("from every other camera"), "{said}");
        for (island, latitude, longitude) in [("Hagåtña", 13.5, 144.8), ("Shemya", 52.7, 174.1)] {
            let first = Places::default().note(&read(island, latitude, longitude));
            assert_eq!(first, None, "{island}");
        }
    }
}
