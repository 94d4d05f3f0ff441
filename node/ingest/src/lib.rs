//! Importers: files of reads, in the formats that readers and vendors write, become
//! [`ImportedRead`]s:
//! reads, and the photographs that came with them.
//!
//! Decides which format a record is in, and hands on for each record its reads, or why it has
//! none. Never stores, never logs, reads no clock and opens no file. It holds one record at a time,
//! at most 8 MiB and its photographs, however long the file. A record that cannot be read is
//! reported with its place and never stops the rest; only a source that cannot be read at all does.
//!
//! A crate of its own because it is pure: bytes in, reads out. So its parsers, which take in what
//! anybody sends, are fuzzed without the node around them.
//!
//! Importing is idempotent because a read's identity is computed from the record alone: the same
//! file imported again, after a crash or by mistake, yields the same ids.
//!
//! ```text
//! opened    archive and workbook, within bounds   source   gzip unpacked within bounds
//! layout    JSON, XML, multipart or a table, by its beginning
//! framer, xml, multipart, rows   one record at a time    field, reading   values, and a read made of them
//! encoding, instant, place, region, nothing   texts, times, places, states and words for none of them
//! native rekor platerecognizer stream_csv genetec axis hikvision dahua mapped   a file a format
//! ```

mod archive;
mod audit_export;
mod axis;
mod cutter;
mod dahua;
mod dispatch;
mod encoding;
mod fault;
mod field;
mod foreign;
mod format;
mod framer;
mod genetec;
mod hikvision;
mod imported_read;
mod instant;
mod items;
mod json;
mod layout;
mod mapped;
mod mapping;
mod multipart;
mod native;
mod note;
mod nothing;
mod opened;
mod options;
mod outcome;
mod place;
mod platerecognizer;
mod position;
pub mod python;
mod reading;
mod records;
mod region;
mod rekor;
mod relaxed;
mod rows;
mod serial;
mod shipped;
mod source;
mod stream;
mod stream_csv;
pub mod synthesis;
mod workbook;
mod xml;
mod zone_word;

pub use self::foreign::{ForeignSearch, ForeignSearches};
pub use self::format::{Format, FormatError};
pub use self::imported_read::ImportedRead;
pub use self::instant::{Zone, ZoneError};
pub use self::items::{Items, items};
pub use self::mapping::{Mapping, MappingError};
pub use self::note::{Note, NoteKind};
pub use self::options::Options;
pub use self::outcome::{Empty, ImportError, Item, Rejected};
pub use self::shipped::{MAPPING_REFERENCE, SHIPPED_MAPPINGS, ShippedMapping};

/// How many reads one record may carry. A frame shows a handful of plates.
const MOST_RESULTS: usize = 1_000;

#[cfg(test)]
mod tests;
