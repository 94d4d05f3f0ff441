//! The formats read, and the words for them.

use std::fmt;
use std::str::FromStr;

use crate::field::clean;

/// The formats read, for sentences.
pub(crate) const SUPPORTED: &str = "`native`, `rekor`, `platerecognizer`, `platerecognizer-csv`, \
                                    `genetec`, `axis`, `hikvision`, `dahua`, and `csv` with a mapping";

/// The format a file is said to be in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// The file, and each record in it, tells by its content.
    #[default]
    Auto,
    /// JSON Lines of [`schemas::read::Read`], as a node exports them.
    Native,
    /// Rekor Scout (OpenALPR) webhook bodies.
    Rekor,
    /// Plate Recognizer: webhook bodies of Stream and bodies of Snapshot, bare or multipart with the
    /// frame's photograph.
    PlateRecognizer,
    /// The CSV that Plate Recognizer Stream writes.
    PlateRecognizerCsv,
    /// Genetec: JSON and XML of AutoVu SharpV over HTTP, XML of its FTP template, and XML of Security
    /// Center's exporter.
    Genetec,
    /// Axis License Plate Verifier push events.
    Axis,
    /// Hikvision ISAPI alerts, bare or multipart with photographs.
    Hikvision,
    /// Dahua traffic events, as JSON or as the text that its cameras send in multipart.
    Dahua,
    /// Any table or list of objects, by a [`crate::Mapping`].
    Csv,
}

impl Format {
    /// Every format that can be asked for, with the word for it.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Auto, "auto"),
        (Self::Native, "native"),
        (Self::Rekor, "rekor"),
        (Self::PlateRecognizer, "platerecognizer"),
        (Self::PlateRecognizerCsv, "platerecognizer-csv"),
        (Self::Genetec, "genetec"),
        (Self::Axis, "axis"),
        (Self::Hikvision, "hikvision"),
        (Self::Dahua, "dahua"),
        (Self::Csv, "csv"),
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(format, _)| format == self);
        f.write_str(word.map_or("", |(_, word)| word))
    }
}

/// Why a word names no format that is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a format; expected `auto`, {SUPPORTED}")]
pub struct FormatError(String);

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(word: &str) -> Result<Self, FormatError> {
        let known = Self::ALL.iter().find(|(_, known)| *known == word);
        known.map(|(format, _)| *format).ok_or_else(|| FormatError(clean(word, 40)))
    }
}
