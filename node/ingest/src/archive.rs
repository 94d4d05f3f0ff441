//! Archives: .zip files, which the workbooks of spreadsheets are too.
//!
//! Decides what a .zip file holds and which of it is read. Its list of files stands at its end, so it is
//! held whole, [`LARGEST`] bytes at most. What its files unpack to is bounded together, in proportion to the
//! archive; no byte belongs to two files, and an archive inside an archive is named and left alone. Names of
//! files tell people where something stands, and no path is ever made of them.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive};

use crate::field::clean;
use crate::source::{FREE, MOST, RATIO};

mod files;

pub(crate) use self::files::Files;

/// The largest archive, in bytes.
const LARGEST: usize = 64 << 20;
/// Most files of one.
const MOST_FILES: usize = 10_000;

/// How an archive begins, whether it holds anything or not.
pub(crate) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// An archive and what it lists.
pub(crate) struct Archive {
    bytes: Arc<Vec<u8>>,
    files: Vec<File>,
    /// How many bytes may still come out of it.
    left: Arc<AtomicU64>,
}

/// A file of an archive.
struct File {
    name: String,
    packing: Packing,
    from: usize,
    end: usize,
    crc: u32,
    size: u64,
}

/// How a file is packed.
#[derive(Clone, Copy, PartialEq)]
enum Packing {
    Stored,
    Deflated,
    Encrypted,
    Other,
}

impl Archive {
    /// Reads a whole archive.
    ///
    /// # Errors
    /// When it is too large, damaged, or holds more than is looked through.
    pub(crate) fn read(source: impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        source.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > LARGEST {
            return Err(io::Error::other(format!(
                "it is an archive or a workbook of more than {LARGEST} bytes; take the file out of it, or \
                 save the sheet as CSV (UTF-8), and bring in that"
            )));
        }
        let damaged = |error: rawzip::Error| match error.kind() {
            rawzip::ErrorKind::MissingEndOfCentralDirectory | rawzip::ErrorKind::Eof => {
                io::Error::other(
                    "it is an archive whose list of files is missing; the file may be cut off",
                )
            }
            _ => io::Error::other(format!("it is an archive that is damaged: {error}")),
        };
        let bytes = Arc::new(bytes);
        let archive = ZipArchive::from_slice(bytes.as_slice()).map_err(damaged)?;
        let mut files = Vec::new();
        for entry in archive.entries() {
            let entry = entry.map_err(damaged)?;
            let path = entry.file_path();
            let name = String::from_utf8_lossy(path.as_ref()).into_owned();
            if entry.is_dir() || is_of_the_machine(&name) {
                continue;
            }
            if files.len() >= MOST_FILES {
                return Err(io::Error::other(format!(
                    "it is an archive of more than {MOST_FILES} files; divide it"
                )));
            }
            let packing = match entry.compression_method() {
                _ if entry.flags().is_encrypted() => Packing::Encrypted,
                CompressionMethod::STORE => Packing::Stored,
                CompressionMethod::DEFLATE => Packing::Deflated,
                _ => Packing::Other,
            };
            let held = archive.get_entry(entry.wayfinder()).map_err(damaged)?;
            let (from, end) = held.compressed_data_range();
            let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            let (from, end) = (index(from), index(end));
            let size = entry.uncompressed_size_hint();
            files.push(File { name, packing, from, end, crc: entry.crc32(), size });
        }
        let mut ranges: Vec<(usize, usize)> = files
            .iter()
            .map(|file| (file.from, file.end))
            .filter(|(from, end)| from < end)
            .collect();
        ranges.sort_unstable();
        let overlap = |pair: &[(usize, usize)]| matches!(pair, [(_, end), (from, _)] if from < end);
        if ranges.windows(2).any(overlap) {
            return Err(io::Error::other(
                "it is an archive in which files share bytes, as no honest program writes it",
            ));
        }
        let most = FREE.saturating_add((bytes.len() as u64).saturating_mul(RATIO)).min(MOST);
        Ok(Self { bytes, files, left: Arc::new(AtomicU64::new(most)) })
    }

    /// The names of its files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    /// The file of this name, in whatever case it is written; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be unpacked.
    pub(crate) fn file(&self, name: &str) -> io::Result<Option<Member>> {
        let is = |file: &&File| file.name.trim_start_matches('/').eq_ignore_ascii_case(name);
        self.files.iter().find(is).map(|file| self.open(file)).transpose()
    }

    /// The file of an archive that holds no other.
    ///
    /// # Errors
    /// When it holds none or several.
    pub(crate) fn only(&self) -> io::Result<Member> {
        match self.files.as_slice() {
            [file] => self.open(file),
            files => Err(io::Error::other(format!(
                "it is an archive of {} files; take out the one that is meant",
                files.len()
            ))),
        }
    }

    /// A file that may be named and may be there.
    ///
    /// # Errors
    /// When it cannot be unpacked.
    pub(crate) fn optional(&self, name: Option<&str>) -> io::Result<Option<Member>> {
        name.map_or(Ok(None), |name| self.file(name))
    }

    fn open(&self, file: &File) -> io::Result<Member> {
        let data = Slice { bytes: Arc::clone(&self.bytes), at: file.from, end: file.end };
        let data = match file.packing {
            Packing::Stored => Data::Stored(data),
            Packing::Deflated => Data::Deflated(Box::new(DeflateDecoder::new(data))),
            Packing::Encrypted => {
                return Err(io::Error::other(
                    "it is encrypted; take it out of the archive by its password",
                ));
            }
            Packing::Other => {
                return Err(io::Error::other(
                    "it is packed in a way that is not read; pack the archive anew as usual",
                ));
            }
        };
        Ok(Member {
            data,
            left: Arc::clone(&self.left),
            read: 0,
            sum: Crc::new(),
            crc: file.crc,
            size: file.size,
        })
    }
}

/// What machines put into archives for themselves.
fn is_of_the_machine(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.starts_with("__MACOSX/")
        || last.starts_with("._")
        || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&last)
}

/// A file of an archive as it is read.
pub(crate) struct Member {
    data: Data,
    left: Arc<AtomicU64>,
    read: u64,
    sum: Crc,
    crc: u32,
    size: u64,
}

enum Data {
    Stored(Slice),
    Deflated(Box<DeflateDecoder<Slice>>),
}

/// Bytes of an archive that is held.
struct Slice {
    bytes: Arc<Vec<u8>>,
    at: usize,
    end: usize,
}

impl BufRead for Slice {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.bytes.get(self.at..self.end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.at.saturating_add(amount).min(self.end);
    }
}

impl Read for Slice {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.fill_buf()?;
        let read = Read::read(&mut rest, room)?;
        self.consume(read);
        Ok(read)
    }
}

impl Read for Member {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.data {
            Data::Stored(data) => data.read(room)?,
            Data::Deflated(data) => data.read(room).map_err(|error| {
                io::Error::other(format!("its data in the archive is damaged: {error}"))
            })?,
        };
        let bytes = room.get(..read).unwrap_or_default();
        self.sum.update(bytes);
        self.read = self.read.saturating_add(read as u64);
        let took = |left: u64| left.checked_sub(read as u64);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, took).is_err() {
            return Err(io::Error::other(format!(
                "its archive unpacks to more than {RATIO} times its size, or {MOST} bytes; unpack it \
                 yourself if it is honest"
            )));
        }
        if read == 0 && !room.is_empty() && (self.sum.sum() != self.crc || self.read != self.size) {
            return Err(io::Error::other(
                "its data in the archive is damaged: it is not what was packed",
            ));
        }
        Ok(read)
    }
}

/// A name of an archive's file, for sentences.
pub(crate) fn shown(name: &str) -> String {
    clean(name, 80)
}

#[cfg(test)]
#[path = "archive/tests.rs"]
pub(crate) mod tests;
