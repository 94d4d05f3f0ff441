//! A mapping: how a table or list of objects that no vendor's format describes becomes reads.
//!
//! Decides what a mapping file may say. Every key is checked when it is read, so a file of a million
//! rows never fails on its last for a misspelt key.
//!
//! ```toml
//! source = "vigilant"            # what the reads say they come from
//! layout = "delimited"           # or "fixed" (columns by place), "json" (fields by path)
//! delimiter = ","                # one character; "\t" for tabs
//! quote = '"'                    # "" where nothing is quoted
//! header = true                  # the first row names the columns
//! skip_lines = 0                 # lines before the header
//! skip_beginning = ["TOTAL"]     # lines that begin so are no reads
//! encoding = "utf-8"             # or "latin-1"
//! confidence = "percent"         # or "share" (0 to 1)
//! records = "detections"         # json: where the list of reads stands in each object
//!
//! [columns]                      # a name of the header, a number from 1, or "9-16" (fixed);
//! plate = "Plate Number"         # several are joined by a blank
//! at = ["Date", "Time"]
//!
//! [time]
//! formats = ["%m/%d/%Y %H:%M:%S"]  # tried in order; also "rfc3339", "unix_seconds", "unix_millis"
//! zone = "America/Los_Angeles"     # of formats without an offset
//! fold = "earlier"                 # or "later", "reject": an hour that the clock shows twice
//!
//! [constants]                    # for what no column says
//! camera = "Main St N"
//! state = "CA"
//! ```

use std::str::FromStr;

use schemas::agency::State;
use schemas::read::Source as ReadSource;
use schemas::text::Text;
use serde::Deserialize;

use crate::field::clean;
use crate::region::state_named;
use crate::rows::Cut;

mod column;
mod error;
mod time;

pub(crate) use self::column::{Column, MappedLayout, Step};
pub use self::error::MappingError;
pub(crate) use self::time::Times;

/// The largest mapping file, in bytes.
const LARGEST: usize = 16 << 10;

/// A mapping that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub(crate) source: ReadSource,
    pub(crate) layout: MappedLayout,
    pub(crate) latin_1: bool,
    pub(crate) skip_lines: u32,
    pub(crate) skip_beginning: Vec<String>,
    pub(crate) records: Option<Column>,
    /// 1 or 100.
    pub(crate) full_confidence: f64,
    pub(crate) columns: Columns,
    pub(crate) times: Times,
    pub(crate) constants: Constants,
}

/// Which column says what.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns {
    pub(crate) plate: Vec<Column>,
    pub(crate) at: Vec<Column>,
    pub(crate) id: Vec<Column>,
    pub(crate) camera: Vec<Column>,
    pub(crate) state: Vec<Column>,
    pub(crate) latitude: Vec<Column>,
    pub(crate) longitude: Vec<Column>,
    pub(crate) direction: Vec<Column>,
    pub(crate) confidence: Vec<Column>,
    pub(crate) make: Vec<Column>,
    pub(crate) model: Vec<Column>,
    pub(crate) color: Vec<Column>,
    pub(crate) body: Vec<Column>,
    pub(crate) year: Vec<Column>,
}

/// What holds for every record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Constants {
    pub(crate) camera: Option<Text>,
    pub(crate) state: Option<State>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) direction: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    source: String,
    #[serde(default)]
    layout: WrittenLayout,
    delimiter: Option<String>,
    quote: Option<String>,
    header: Option<bool>,
    #[serde(default)]
    skip_lines: u32,
    #[serde(default)]
    skip_beginning: Vec<String>,
    encoding: Option<String>,
    confidence: Option<String>,
    records: Option<String>,
    columns: WrittenColumns,
    time: time::Written,
    #[serde(default)]
    constants: WrittenConstants,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum WrittenLayout {
    #[default]
    Delimited,
    Fixed,
    Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenColumns {
    plate: column::Written,
    at: column::Written,
    id: Option<column::Written>,
    camera: Option<column::Written>,
    state: Option<column::Written>,
    latitude: Option<column::Written>,
    longitude: Option<column::Written>,
    direction: Option<column::Written>,
    confidence: Option<column::Written>,
    make: Option<column::Written>,
    model: Option<column::Written>,
    color: Option<column::Written>,
    body: Option<column::Written>,
    year: Option<column::Written>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenConstants {
    camera: Option<String>,
    state: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    direction: Option<String>,
}

impl FromStr for Mapping {
    type Err = MappingError;

    fn from_str(text: &str) -> Result<Self, MappingError> {
        if text.len() > LARGEST {
            let length = text.len();
            return Err(MappingError::new(format_args!(
                "it has {length} bytes; at most {LARGEST} are read"
            )));
        }
        let written: Written = toml::from_str(text).map_err(MappingError::new)?;
        written.checked()
    }
}

impl Written {
    fn checked(self) -> Result<Mapping, MappingError> {
        let layout = self.layout()?;
        let latin_1 = match self.encoding.as_deref() {
            None | Some("utf-8") => false,
            Some("latin-1") if layout != MappedLayout::Json => true,
            Some(other) => {
                return Err(MappingError::new(format_args!(
                    "encoding = `{other}`; expected `utf-8`, or `latin-1` for a table"
                )));
            }
        };
        let full_confidence = match self.confidence.as_deref() {
            Some("percent") => 100.0,
            Some("share") => 1.0,
            None if self.columns.confidence.is_none() => 1.0,
            found => {
                let found = found.unwrap_or("missing");
                return Err(MappingError::new(format_args!(
                    "confidence is `{found}`; expected `percent` or `share`, the unit of the column"
                )));
            }
        };
        let records = match (self.records, layout) {
            (None, _) => None,
            (Some(path), MappedLayout::Json) => Some(Column::path(&path)?),
            (Some(_), _) => {
                return Err(MappingError::new("records goes with layout = \"json\""));
            }
        };
        let beginning = self.skip_beginning.iter().any(String::is_empty);
        if beginning || self.skip_beginning.len() > 100 {
            return Err(MappingError::new("skip_beginning needs one to 100 texts, none empty"));
        }
        if layout == MappedLayout::Json && (self.skip_lines > 0 || !self.skip_beginning.is_empty())
        {
            return Err(MappingError::new("skip_lines and skip_beginning go with tables"));
        }
        let source = self.source.parse().map_err(MappingError::new)?;
        let columns = self.columns.checked(layout)?;
        let constants = self.constants.checked()?;
        if constants.latitude.is_some() && !columns.latitude.is_empty() {
            return Err(MappingError::new("latitude is both a column and a constant"));
        }
        Ok(Mapping {
            source,
            layout,
            latin_1,
            skip_lines: self.skip_lines,
            skip_beginning: self.skip_beginning,
            records,
            full_confidence,
            columns,
            times: self.time.checked()?,
            constants,
        })
    }

    fn layout(&self) -> Result<MappedLayout, MappingError> {
        let tabular = self.delimiter.is_some() || self.quote.is_some() || self.header.is_some();
        match self.layout {
            WrittenLayout::Delimited => {
                let one = |key: &str, text: &str| match text.as_bytes() {
                    [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
                    _ => {
                        let text = clean(text, 20);
                        Err(MappingError::new(format_args!(
                            "{key} = `{text}`; expected one ASCII character"
                        )))
                    }
                };
                let delimiter = one("delimiter", self.delimiter.as_deref().unwrap_or(","))?;
                let quote = match self.quote.as_deref() {
                    None => Some(b'"'),
                    Some("") => None,
                    Some(text) => Some(one("quote", text)?),
                };
                if quote == Some(delimiter) {
                    return Err(MappingError::new("delimiter and quote are the same character"));
                }
                let cut = Cut::Delimited { delimiter, quote };
                Ok(MappedLayout::Rows { cut, header: self.header.unwrap_or(true) })
            }
            _ if tabular => {
                Err(MappingError::new("delimiter, quote and header go with layout = \"delimited\""))
            }
            WrittenLayout::Fixed => Ok(MappedLayout::Fixed),
            WrittenLayout::Json => Ok(MappedLayout::Json),
        }
    }
}

impl WrittenColumns {
    fn checked(self, layout: MappedLayout) -> Result<Columns, MappingError> {
        let some = |written: Option<column::Written>| match written {
            Some(written) => written.checked(layout),
            None => Ok(Vec::new()),
        };
        Ok(Columns {
            plate: self.plate.checked(layout)?,
            at: self.at.checked(layout)?,
            id: some(self.id)?,
            camera: some(self.camera)?,
            state: some(self.state)?,
            latitude: some(self.latitude)?,
            longitude: some(self.longitude)?,
            direction: some(self.direction)?,
            confidence: some(self.confidence)?,
            make: some(self.make)?,
            model: some(self.model)?,
            color: some(self.color)?,
            body: some(self.body)?,
            year: some(self.year)?,
        })
    }
}

impl WrittenConstants {
    fn checked(self) -> Result<Constants, MappingError> {
        let text = |value: Option<String>| -> Result<Option<Text>, MappingError> {
            value.map(|value| value.parse().map_err(MappingError::new)).transpose()
        };
        let state = match self.state {
            None => None,
            Some(state) => Some(state_named(&state).ok_or_else(|| {
                let state = clean(&state, 20);
                MappingError::new(format_args!(
                    "constants.state = `{state}`; expected such as `CA`"
                ))
            })?),
        };
        if self.latitude.is_some() != self.longitude.is_some() {
            return Err(MappingError::new("constants.latitude and .longitude go together"));
        }
        if let (Some(latitude), Some(longitude)) = (self.latitude, self.longitude) {
            schemas::read::Location::new(latitude, longitude).map_err(MappingError::new)?;
        }
        Ok(Constants {
            camera: text(self.camera)?,
            state,
            latitude: self.latitude,
            longitude: self.longitude,
            direction: text(self.direction)?,
        })
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
