//! Whether a read is one that was asked for. The owner searches by this, and the requester holds
//! what comes back against it.

use crate::misread::Substitution;
use crate::purpose::QueryKind;
use crate::query::Elements;
use crate::read::Read;
use crate::text::{Text, plain};

impl Elements {
    /// Whether `read` is one that these elements ask for.
    ///
    /// A plate whose state the reader did not make out fits every state. A make is the one asked
    /// for; a colour or a body has the words asked for among its own: `silver-gray` is gray.
    #[must_use]
    pub fn fits(&self, read: &Read) -> bool {
        let plate = self.plate.as_ref();
        let right_plate = match self.kind {
            QueryKind::Exact => plate == Some(&read.plate),
            QueryKind::Misread => plate.is_some_and(|one| one.misread_as(&read.plate).is_some()),
            QueryKind::Partial => self.pattern.as_ref().is_some_and(|one| one.fits(&read.plate)),
            QueryKind::Area | QueryKind::Vehicle => true,
        };
        let vehicle = &read.vehicle;
        right_plate
            && (self.from..self.until).contains(&read.at)
            && self.plate_state.is_none_or(|of| read.plate_state.is_none_or(|is| is == of))
            && self.camera.as_ref().is_none_or(|of| *of == read.camera)
            && self.near.is_none_or(|near| read.location.is_some_and(|place| near.holds(&place)))
            && self
                .polygon
                .as_ref()
                .is_none_or(|area| read.location.is_some_and(|place| area.holds(&place)))
            && said(&self.make, &vehicle.make, |asked, is| asked == is)
            && said(&self.color, &vehicle.color, has_words)
            && said(&self.body, &vehicle.body, has_words)
    }

    /// What the reader must have confused for `read` to be one that was asked for.
    #[must_use]
    pub fn substitutions(&self, read: &Read) -> Vec<Substitution> {
        match (self.kind, &self.plate) {
            (QueryKind::Misread, Some(plate)) => plate.misread_as(&read.plate).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Whether a plate, or a part of one, is asked for.
    #[must_use]
    pub fn names_plate(&self) -> bool {
        self.plate.is_some() || self.pattern.is_some()
    }
}

/// Whether what was asked for, if anything, is what was read.
fn said(asked: &Option<Text>, read: &Option<Text>, same: fn(&str, &str) -> bool) -> bool {
    asked.as_ref().is_none_or(|asked| {
        let asked = plain(asked.as_str());
        !asked.is_empty() && read.as_ref().is_some_and(|is| same(&asked, &plain(is.as_str())))
    })
}

fn has_words(asked: &str, read: &str) -> bool {
    format!(" {read} ").contains(&format!(" {asked} "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read() -> Value {
        json!({
            "id": "00".repeat(32), "plate": "8ABC123", "plate_raw": "8ABC123", "plate_state": "CA",
            "at": "2026-03-01T12:00:00.000Z", "camera": "Fixed 12",
            "location": { "latitude": 34.15, "longitude": -118.0 },
            "vehicle": { "make": "Mercedes-Benz", "color": "silver-gray", "body": "suv-crossover" },
            "source": "native", "record": "00".repeat(32),
        })
    }

    fn with(mut value: Value, changes: &Value) -> Value {
        for (key, change) in changes.as_object().unwrap() {
            match change {
                Value::Null => drop(value.as_object_mut().unwrap().remove(key)),
                change => value[key] = change.clone(),
            }
        }
        value
    }

    #[test]
    fn a_read_fits_what_was_asked_for_or_does_not() {
        let asked = json!({
            "kind": "exact", "plate": "8ABC123",
            "from": "2026-03-01T00:00:00.000Z", "until": "2026-03-02T00:00:00.000Z",
        });
        let vehicle = |of: Value| with(json!({ "kind": "vehicle", "plate": null }), &of);
        let circle = |radius_m: u32| json!({ "near": { "center": { "latitude": 34.15, "longitude": -118.01 }, "radius_m": radius_m } });
        let triangle = |north: f64| {
            let corner = |a: f64, b: f64| json!({ "latitude": a, "longitude": b });
            json!({ "polygon": [corner(34.1, -118.1), corner(34.1, -117.9), corner(north, -118.0)] })
        };
        let none = json!({});
        for (elements, of_read, fits) in [
            (none.clone(), none.clone(), true),
            (json!({ "plate": "8ABC124" }), none.clone(), false),
            (json!({ "until": "2026-03-01T12:00:00.000Z" }), none.clone(), false),
            (json!({ "from": "2026-03-01T12:00:00.000Z" }), none.clone(), true),
            (json!({ "plate_state": "CA" }), none.clone(), true),
            (json!({ "plate_state": "NV" }), none.clone(), false),
            (json!({ "plate_state": "NV" }), json!({ "plate_state": null }), true),
            (json!({ "plate": "BABCI23" }), none.clone(), false),
            (json!({ "kind": "misread", "plate": "BABCI23" }), none.clone(), true),
            (json!({ "kind": "misread", "plate": "BABC723" }), none.clone(), false),
            (json!({ "kind": "partial", "plate": null, "pattern": "*C12?" }), none.clone(), true),
            (json!({ "kind": "partial", "plate": null, "pattern": "*C12" }), none.clone(), false),
            (json!({ "kind": "partial", "plate": null }), none.clone(), false),
            (circle(1_000), none.clone(), true),
            (circle(900), none.clone(), false),
            (circle(1_000), json!({ "location": null }), false),
            (triangle(34.2), none.clone(), true),
            (triangle(34.14), none.clone(), false),
            (triangle(34.2), json!({ "location": null }), false),
            (vehicle(json!({ "camera": "Fixed 12" })), none.clone(), true),
            (vehicle(json!({ "camera": "Fixed 1" })), none.clone(), false),
            (vehicle(json!({ "make": "mercedes benz" })), none.clone(), true),
            (vehicle(json!({ "make": "mercedes" })), none.clone(), false),
            (vehicle(json!({ "make": "-" })), none.clone(), false),
            (vehicle(json!({ "color": "Gray" })), none.clone(), true),
            (vehicle(json!({ "color": "gra" })), none.clone(), false),
            (vehicle(json!({ "color": "gray", "body": "suv" })), none.clone(), true),
            (vehicle(json!({ "color": "gray", "body": "van" })), none.clone(), false),
            (vehicle(json!({ "color": "gray" })), json!({ "vehicle": {} }), false),
        ] {
            let asked: Elements = serde_json::from_value(with(asked.clone(), &elements)).unwrap();
            let read: Read = serde_json::from_value(with(read(), &of_read)).unwrap();
            assert_eq!(asked.fits(&read), fits, "{elements} {of_read}");
        }
    }
}
