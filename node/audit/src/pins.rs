//! The agency keys that whoever checks a log knows by another way, such as a telephone call.

use std::collections::BTreeMap;
use std::str::FromStr;

use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::key::Fingerprint;

/// Fingerprints of the agency keys that are trusted, by agency. Of an agency that is named here no
/// other key counts.
pub type Pins = BTreeMap<AgencyId, Vec<Fingerprint>>;

/// One trusted key, written `ID=FINGERPRINT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    agency: AgencyId,
    fingerprint: Fingerprint,
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoPin(String);

impl FromStr for Pin {
    type Err = NoPin;

    fn from_str(text: &str) -> Result<Self, NoPin> {
        let (agency, fingerprint) = text.split_once('=').ok_or_else(|| {
            NoPin(format!(
                "`{text}` is no key; expected `ID=FINGERPRINT`, as `accord card show` tells it"
            ))
        })?;
        Ok(Self {
            agency: agency.parse().map_err(|e| NoPin(format!("{e}")))?,
            fingerprint: fingerprint.parse().map_err(|e| NoPin(format!("{e}")))?,
        })
    }
}

/// The agency keys that signed these cards: what people at a node confirmed, where that node itself is
/// asked for its own log.
#[must_use]
pub fn of_cards<'a>(cards: impl IntoIterator<Item = &'a str>) -> Pins {
    let mut pins = Pins::new();
    for text in cards {
        let card = Envelope::parse(text.as_bytes()).ok().and_then(|card| Card::open(&card).ok());
        let Some(card) = card else { continue };
        let known = pins.entry(card.id.clone()).or_default();
        let key = card.agency_key.fingerprint();
        if !known.contains(&key) {
            known.push(key);
        }
    }
    pins
}

/// The pins of a command line, by agency.
#[must_use]
pub fn by_agency(given: &[Pin]) -> Pins {
    let mut pins = Pins::new();
    for pin in given {
        pins.entry(pin.agency.clone()).or_default().push(pin.fingerprint);
    }
    pins
}
