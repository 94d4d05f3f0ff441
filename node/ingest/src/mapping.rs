//! A mapping: how a table or list of objects that no vendor's format describes becomes reads.
//!
//! Decides what a mapping file may say. Every key is checked when it is read, so a file of a million
//! rows never fails on its last for a misspelt key.
//!
//! The keys are listed in `docs/importing.md` and by `accord reads mapping`.

use std::str::FromStr;

use encoding_rs::Encoding;
use schemas::agency::State;
use schemas::read::Source as ReadSource;
use schemas::text::Text;
use serde::Deserialize;

use crate::encoding;
use crate::field::clean;
use crate::place::PlaceOrder;
use crate::region::state_named;
use crate::rows::Cut;

mod column;
mod columns;
mod epoch;
mod error;
mod otherwise;
mod path;
mod pattern;
mod skip;
mod time;

pub(crate) use self::column::{Column, ColumnValue, MappedLayout};
pub(crate) use self::columns::Columns;
pub use self::error::MappingError;
pub(crate) use self::path::{Bases, Leads, Path};
pub(crate) use self::skip::SkipWhere;
pub(crate) use self::time::Times;

/// The largest mapping file, in bytes.
const LARGEST: usize = 16 << 10;
/// Most paths to the reads of an object.
const MOST_RECORDS: usize = 4;
/// Most words for no plate.
const MOST_WORDS: usize = 32;

/// A mapping that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub(crate) source: ReadSource,
    pub(crate) layout: MappedLayout,
    pub(crate) encoding: Option<&'static Encoding>,
    /// The sheet of a workbook that is read; the first that is shown, where none is named.
    pub(crate) sheet: Option<String>,
    pub(crate) skip_lines: u32,
    pub(crate) skip_beginning: Vec<String>,
    pub(crate) skip_where: Vec<SkipWhere>,
    pub(crate) no_plate: Vec<String>,
    /// Where the reads of each object stand: the first that leads somewhere.
    pub(crate) records: Vec<Path>,
    pub(crate) place_order: PlaceOrder,
    /// 1 or 100.
    pub(crate) full_confidence: f64,
    pub(crate) columns: Columns,
    pub(crate) times: Times,
    pub(crate) constants: Constants,
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
    sheet: Option<String>,
    #[serde(default)]
    skip_lines: u32,
    #[serde(default)]
    skip_beginning: Vec<String>,
    #[serde(default)]
    skip_where: Vec<skip::Written>,
    #[serde(default)]
    no_plate: Vec<String>,
    encoding: Option<String>,
    confidence: Option<String>,
    records: Option<WrittenRecords>,
    place_order: Option<String>,
    columns: columns::Written,
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
    Xml,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a path such as `results`, or a list of them")]
enum WrittenRecords {
    One(String),
    First(Vec<String>),
}

impl WrittenRecords {
    fn checked(self) -> Result<Vec<Path>, MappingError> {
        let paths = match self {
            Self::One(path) => vec![path],
            Self::First(paths) if (1..=MOST_RECORDS).contains(&paths.len()) => paths,
            Self::First(_) => {
                return Err(MappingError::new(format_args!(
                    "records has 1 to {MOST_RECORDS} paths"
                )));
            }
        };
        paths.iter().map(|path| path.parse()).collect()
    }
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

impl Mapping {
    /// Whether it reads rows or lines.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.layout, MappedLayout::Rows { .. } | MappedLayout::Fixed)
    }

    /// Whether it says that confidences are in percent.
    pub(crate) fn in_percent(&self) -> bool {
        self.full_confidence > 1.0
    }

    /// Whether it reads rows of cells.
    pub(crate) fn is_delimited(&self) -> bool {
        matches!(self.layout, MappedLayout::Rows { .. })
    }

    /// The encoding that a source is made into UTF-8 from before it is cut into records. In one of
    /// single bytes each cell is read by itself, so that what is no UTF-8 costs no other.
    pub(crate) fn transcoded(&self) -> Option<&'static Encoding> {
        self.encoding.filter(|of| !of.is_single_byte() && *of != encoding_rs::UTF_8)
    }

    /// A cell as text, and whether it is in another encoding than was said.
    pub(crate) fn text(&self, bytes: &[u8]) -> (String, bool) {
        match self.encoding.filter(|of| of.is_single_byte()) {
            Some(of) if !bytes.is_ascii() => {
                (of.decode_without_bom_handling(bytes).0.into_owned(), false)
            }
            _ => {
                let (text, recoded) = encoding::text(bytes);
                (text.into_owned(), recoded)
            }
        }
    }
}

impl Written {
    fn checked(self) -> Result<Mapping, MappingError> {
        let layout = self.layout()?;
        let objects = matches!(layout, MappedLayout::Json | MappedLayout::Xml);
        let encoding = match self.encoding.as_deref() {
            None => None,
            Some(word) => match encoding::named(word) {
                Some(encoding) => Some(encoding),
                None => {
                    let word = clean(word, 40);
                    return Err(MappingError::new(format_args!(
                        "encoding = `{word}`; expected such as `utf-8`, `utf-16`, `windows-1252` or \
                         `latin-1`"
                    )));
                }
            },
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
        let records = match self.records {
            None => Vec::new(),
            Some(paths) if objects => paths.checked()?,
            Some(_) => {
                return Err(MappingError::new(
                    "records goes with layout = \"json\" and layout = \"xml\"",
                ));
            }
        };
        let place_order = match self.place_order.as_deref() {
            None | Some("lat,lon" | "lat-lon") => PlaceOrder::LatitudeFirst,
            Some("lon,lat" | "lon-lat") => PlaceOrder::LongitudeFirst,
            Some(other) => {
                let other = clean(other, 40);
                return Err(MappingError::new(format_args!(
                    "place_order = `{other}`; expected `lat,lon` or `lon,lat`"
                )));
            }
        };
        if self.no_plate.len() > MOST_WORDS {
            return Err(MappingError::new(format_args!("no_plate has at most {MOST_WORDS} words")));
        }
        let beginning = self.skip_beginning.iter().any(String::is_empty);
        if beginning || self.skip_beginning.len() > 100 {
            return Err(MappingError::new("skip_beginning needs one to 100 texts, none empty"));
        }
        if objects && (self.skip_lines > 0 || !self.skip_beginning.is_empty()) {
            return Err(MappingError::new("skip_lines and skip_beginning go with tables"));
        }
        let source = self.source.parse().map_err(MappingError::new)?;
        let columns = self.columns.checked(layout)?.with_one_place();
        let constants = self.constants.checked()?;
        let fixed = constants.latitude.is_some();
        if fixed && !(columns.latitude.is_empty() && columns.place.is_empty()) {
            return Err(MappingError::new("latitude is both a column and a constant"));
        }
        if !columns.place.is_empty() && !columns.latitude.is_empty() {
            return Err(MappingError::new("place holds both coordinates; leave latitude out"));
        }
        Ok(Mapping {
            source,
            layout,
            encoding,
            sheet: self.sheet,
            skip_lines: self.skip_lines,
            skip_beginning: self.skip_beginning,
            skip_where: skip::Written::all(self.skip_where, layout)?,
            no_plate: self.no_plate,
            records,
            place_order,
            full_confidence,
            columns,
            times: self.time.checked()?,
            constants,
        })
    }

    fn layout(&self) -> Result<MappedLayout, MappingError> {
        let tabular = self.delimiter.is_some()
            || self.quote.is_some()
            || self.header.is_some()
            || self.sheet.is_some();
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
            _ if tabular => Err(MappingError::new(
                "delimiter, quote, header and sheet go with layout = \"delimited\"",
            )),
            WrittenLayout::Fixed => Ok(MappedLayout::Fixed),
            WrittenLayout::Json => Ok(MappedLayout::Json),
            WrittenLayout::Xml => Ok(MappedLayout::Xml),
        }
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
