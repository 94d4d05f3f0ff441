//! A read: one plate seen by one camera at one instant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agency::State;
use crate::digest::Digest;
use crate::image::Image;
use crate::plate::Plate;
use crate::text::Text;
use crate::time::Timestamp;

/// A read's identity: equal for equal readings, however often and wherever they are imported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ReadId(Digest);

impl ReadId {
    /// Identity by the source's own id, where it gives one.
    #[must_use]
    pub fn of_vendor_id(source: &str, vendor_id: &str) -> Self {
        Self::of_parts("accord read v1 vendor", &[source, vendor_id])
    }

    /// Identity by camera, time and plate as it is compared, where the source gives no id.
    #[must_use]
    pub fn of_sighting(camera: &str, at: Timestamp, plate: &Plate) -> Self {
        Self::of_parts("accord read v1 sighting", &[camera, &at.to_string(), plate.as_str()])
    }

    /// Identity of a reading whose source gave the id to another one too: by that id, and the
    /// `sighting` of camera, time and plate.
    #[must_use]
    pub fn of_reading(source: &str, vendor_id: &str, sighting: Self) -> Self {
        Self::of_parts("accord read v1 reading", &[source, vendor_id, &sighting.to_string()])
    }

    /// Identity of an earlier reading: by the read that tells the same sighting better, and the plate as
    /// it was read.
    #[must_use]
    pub fn of_earlier(better: Self, plate: &Plate) -> Self {
        Self::of_parts("accord read v1 earlier", &[&better.to_string(), plate.as_str()])
    }

    fn of_parts(domain: &str, parts: &[&str]) -> Self {
        let mut bytes = domain.as_bytes().to_vec();
        for part in parts {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        Self(Digest::of(&bytes))
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl FromStr for ReadId {
    type Err = crate::digest::DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for ReadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ReadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a read was made, WGS 84 degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Coordinates", into = "Coordinates")]
#[cfg_attr(feature = "json-schema", schemars(with = "Coordinates"))]
pub struct Location {
    latitude: f64,
    longitude: f64,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Coordinates {
    latitude: f64,
    longitude: f64,
}

/// Why coordinates are no place.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{0}, {1}` is no place; expected latitude -90 to 90 and longitude -180 to 180")]
pub struct LocationError(f64, f64);

impl Location {
    /// A place; `Ok(None)` for 0.0, 0.0, by which readers without a position mean "unknown".
    ///
    /// # Errors
    /// When a coordinate is outside the globe or not a number.
    pub fn new(latitude: f64, longitude: f64) -> Result<Option<Self>, LocationError> {
        if latitude == 0.0 && longitude == 0.0 {
            return Ok(None);
        }
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            Ok(Some(Self { latitude, longitude }))
        } else {
            Err(LocationError(latitude, longitude))
        }
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(&self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(&self) -> f64 {
        self.longitude
    }
}

impl TryFrom<Coordinates> for Location {
    type Error = LocationError;

    fn try_from(c: Coordinates) -> Result<Self, LocationError> {
        Self::new(c.latitude, c.longitude)?.ok_or(LocationError(0.0, 0.0))
    }
}

impl From<Location> for Coordinates {
    fn from(l: Location) -> Self {
        Self { latitude: l.latitude, longitude: l.longitude }
    }
}

/// How sure the reader was, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "f64", into = "f64")]
#[cfg_attr(feature = "json-schema", schemars(with = "f64"))]
pub struct Confidence(f64);

/// Why a number is no confidence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{0}` is not a confidence; expected 0 to 1")]
pub struct ConfidenceError(f64);

impl TryFrom<f64> for Confidence {
    type Error = ConfidenceError;

    fn try_from(value: f64) -> Result<Self, ConfidenceError> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(ConfidenceError(value)) }
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

/// What the reader made out of the vehicle. Empty fields were not reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Vehicle {
    /// Make, as the source writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub make: Option<Text>,
    /// Model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Text>,
    /// Colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Text>,
    /// Body type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Text>,
    /// Year or range of years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<Text>,
}

impl Vehicle {
    /// Whether nothing was reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The format a read came in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Source(String);

/// Why a text names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a source; expected 1 to 40 of a-z, 0-9, `-` and `_`")]
pub struct SourceError(String);

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let plain = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        if plain && (1..=40).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SourceError(text.chars().take(60).collect()))
        }
    }
}

impl TryFrom<String> for Source {
    type Error = SourceError;

    fn try_from(text: String) -> Result<Self, SourceError> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One read. Its JSON is the native format: what a node exports it imports unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Identity, by which importing twice stores once.
    pub id: ReadId,
    /// The plate as it is compared; `?` in it stands for a character that the reader could not make out.
    pub plate: Plate,
    /// The plate as the reader wrote it.
    pub plate_raw: Text,
    /// The plate's state or province, where the reader made one out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate_state: Option<State>,
    /// When the plate was seen; by a reader whose clock was ahead, when it came in.
    pub at: Timestamp,
    /// What the reader's clock showed, where that was ahead of the time at which the read came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader_clock: Option<Timestamp>,
    /// The camera, as the source names it.
    pub camera: Text,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Direction of travel in degrees from north, or the source's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Text>,
    /// The reader's confidence in the plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// The vehicle.
    #[serde(default, skip_serializing_if = "Vehicle::is_empty")]
    pub vehicle: Vehicle,
    /// The format it came in.
    pub source: Source,
    /// The source's own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<Text>,
    /// Digest of the whole source record.
    pub record: Digest,
    /// The read that tells the same sighting better: this one is an earlier reading of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier_of: Option<ReadId>,
    /// Its photographs, at most [`crate::image::MOST_IMAGES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
}

impl Read {
    /// The plate as the reader read it, whatever a person made of it later.
    #[must_use]
    pub fn plate_as_read(&self) -> Plate {
        let written = Plate::of_reader(self.plate_raw.as_str());
        written.map_or_else(|_| self.plate.clone(), |one| one.plate)
    }

    /// What the reader's clock showed.
    #[must_use]
    pub fn clock(&self) -> Timestamp {
        self.reader_clock.unwrap_or(self.at)
    }

    /// Its identity, as long as no other read has that: by its source's own id, or by camera, time and
    /// plate.
    #[must_use]
    pub fn first_id(&self) -> ReadId {
        match &self.vendor_id {
            Some(id) => ReadId::of_vendor_id(&self.source.to_string(), id.as_str()),
            None => self.id_of_sighting(),
        }
    }

    /// Its identity where another read has the id that its source gave it; `None` where its source gave
    /// it none.
    #[must_use]
    pub fn own_id(&self) -> Option<ReadId> {
        let vendor_id = self.vendor_id.as_ref()?;
        let source = self.source.to_string();
        Some(ReadId::of_reading(&source, vendor_id.as_str(), self.id_of_sighting()))
    }

    fn id_of_sighting(&self) -> ReadId {
        ReadId::of_sighting(self.camera.as_str(), self.clock(), &self.plate_as_read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_zero_is_unknown_and_the_rest_must_be_on_the_globe() {
        assert_eq!(Location::new(0.0, 0.0), Ok(None));
        assert!(Location::new(34.1, -118.0).unwrap().is_some());
        assert!(Location::new(91.0, 0.0).is_err());
        assert!(Location::new(f64::NAN, 1.0).is_err());
    }

    #[test]
    fn parts_of_an_identity_do_not_run_together() {
        assert_ne!(ReadId::of_vendor_id("ab", "c"), ReadId::of_vendor_id("a", "bc"));
    }
}
