//! What every format says of a reading, and the read made of it.
//!
//! Decides what a plate's text is: a plate, none, or one that nobody can compare. Only that and the time
//! can cost a read; whatever else could not be read is among its notes.

use schemas::agency::State;
use schemas::digest::Digest;
use schemas::plate::{NoPlate, Plate, UNREAD};
use schemas::read::{Confidence, Location, Read, ReadId, Vehicle};
use schemas::text::{Text, hidden};
use schemas::time::Timestamp;

use crate::field::{Fault, Scalar, clean};
use crate::imported_read::ImportedRead;
use crate::note::{NoteKind, Notes};
use crate::nothing::{is_no_plate, may_be_none};
use crate::outcome::RecordSink;

/// Longest plate that is kept as it was written, in characters.
const LONGEST_RAW: usize = 100;

/// One reading, its values read.
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a str,
    /// The source's own id, where it gives one: then that is the read's identity, else camera, time
    /// and plate are.
    pub(crate) vendor_id: Option<Text>,
    pub(crate) camera: Text,
    pub(crate) at: Timestamp,
    pub(crate) plate_raw: Text,
    pub(crate) plate_state: Option<State>,
    pub(crate) location: Option<Location>,
    pub(crate) direction: Option<Text>,
    pub(crate) confidence: Option<Confidence>,
    pub(crate) vehicle: Vehicle,
    pub(crate) record: Digest,
    pub(crate) notes: Notes,
}

impl Reading<'_> {
    /// The read, without photographs yet; `None` where no character of its plate was read.
    pub(crate) fn into_read(mut self) -> Result<Option<ImportedRead>, Fault> {
        let raw = self.plate_raw.as_str();
        let read = match Plate::of_reader(raw) {
            Err(NoPlate::Blank) => return Ok(None),
            Err(why) => {
                let raw = clean(raw, 40);
                return Err(Fault::new(format_args!("plate `{raw}` cannot be used: {why}")));
            }
            Ok(read) => read,
        };
        let plate = read.plate;
        let shown = clean(raw, 40);
        if read.cut || read.unwrapped || (read.folded && !is_thousands(raw)) {
            let said = format_args!("`{shown}` is compared as `{plate}`");
            self.notes.add(NoteKind::Plate, said);
        } else if is_month(raw) {
            let said = format_args!("`{shown}` may be a date that a spreadsheet made of a plate");
            self.notes.add(NoteKind::Plate, said);
        } else if is_fraction(raw) {
            let said = format_args!("`{shown}` may be a number that a spreadsheet made of a plate");
            self.notes.add(NoteKind::Plate, said);
        }
        if plate.as_str().contains(UNREAD) {
            let said = format_args!("`{shown}` is found by searches for a part of a plate");
            self.notes.add(NoteKind::PartialPlate, said);
        }
        if may_be_none(plate.as_str()) {
            let said = format_args!(
                "`{shown}` is kept; if no plate is meant, name it in `no_plate` of a mapping"
            );
            self.notes.add(NoteKind::PlateWord, said);
        }
        // An id that is never set is none, or all reads of its source would be one.
        self.vendor_id = self.vendor_id.filter(|id| !is_unset(id.as_str()));
        let id = match &self.vendor_id {
            Some(vendor_id) => ReadId::of_vendor_id(self.source, vendor_id.as_str()),
            None => ReadId::of_sighting(self.camera.as_str(), self.at, &plate),
        };
        let mut imported = ImportedRead::new(Read {
            id,
            plate,
            plate_raw: self.plate_raw,
            plate_state: self.plate_state,
            at: self.at,
            reader_clock: None,
            camera: self.camera,
            location: self.location,
            direction: self.direction,
            confidence: self.confidence,
            vehicle: self.vehicle,
            source: self.source.parse()?,
            vendor_id: self.vendor_id,
            record: self.record,
            earlier_of: None,
            images: Vec::new(),
        });
        imported.notes = self.notes.into_vec();
        Ok(Some(imported))
    }
}

/// `1,234,568`: a number whose thousands are divided, and nothing else of it changes.
fn is_thousands(raw: &str) -> bool {
    raw.bytes().all(|b| b.is_ascii_digit() || b == b',')
}

/// `0`, and a GUID of nothing but zeros.
fn is_unset(id: &str) -> bool {
    id.contains('0') && id.bytes().all(|b| matches!(b, b'0' | b'-' | b'{' | b'}'))
}

/// `123456.5`: a point among digits alone, and no zeros behind it.
fn is_fraction(raw: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    raw.trim().split_once('.').is_some_and(|(whole, part)| digits(whole) && digits(part))
}

/// `2-Mar`, `Mar-26`.
fn is_month(raw: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = |part: &str| MONTHS.iter().any(|of| part.eq_ignore_ascii_case(of));
    let number =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    raw.trim().split_once('-').is_some_and(|(first, second)| {
        (number(first) && month(second)) || (month(first) && number(second))
    })
}

/// The plate that a value writes, as it is kept; `None` where it writes none, by a blank or one of
/// the words that this source has for that.
pub(crate) fn plate_text(
    value: &Scalar,
    field: &str,
    no_plate: &[&str],
) -> Result<Option<Text>, Fault> {
    let text = match value {
        Scalar::Missing => return Ok(None),
        Scalar::Text(text) => text.clone(),
        Scalar::Whole(number) => number.to_string(),
        Scalar::Number(number) => format!("{number:?}"),
        _ => return Err(value.refused(field, "a text")),
    };
    let printed = text.chars().filter(|c| !hidden(*c)).take(LONGEST_RAW).collect::<String>();
    let none = |word: &&str| printed.trim().eq_ignore_ascii_case(word);
    if is_no_plate(&printed) || no_plate.iter().any(none) {
        return Ok(None);
    }
    let raw: Text = printed.parse()?;
    Ok(Some(raw).filter(|raw| !raw.is_empty()))
}

/// Words of a description: each is left out, and told, where it is none.
pub(crate) fn described(value: &Scalar, field: &str, notes: &mut Notes) -> Option<Text> {
    notes.take(NoteKind::Vehicle, value.said(field))
}

/// The camera that a record names, as far as it prints; else the one that was said for its source.
pub(crate) fn camera_or_said(
    named: Result<Option<Text>, Fault>,
    sink: &RecordSink<'_>,
    notes: &mut Notes,
) -> Text {
    if let Some(camera) = notes.take(NoteKind::Camera, named) {
        return camera;
    }
    if let Some(camera) = &sink.options.camera {
        return camera.clone();
    }
    notes.add(
        NoteKind::Camera,
        "no camera is named; the read says `unknown`. Name it with --camera",
    );
    "unknown".parse().unwrap_or_default()
}
