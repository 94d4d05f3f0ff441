//! A source's bytes: unpacked where they are packed, with their beginning looked at first.
//!
//! Decides whether a source is gzip and what lies in it, and whether its bytes are UTF-16. A file may
//! unpack to far more than anyone would write by hand or by machine: past [`FREE`] bytes at most
//! [`RATIO`] come out for each byte that went in, and never more than [`MOST`]. Then reading fails; what
//! came before stands.

use std::io::{self, BufReader, Chain, Cursor, Read};

use encoding_rs::Encoding;
use flate2::read::MultiGzDecoder;

use crate::encoding::{Transcoded, of_beginning};

/// How far into a source its layout is looked for.
pub(crate) const SNIFFED: usize = 64 << 10;

/// Bytes that may come out of any packed file.
pub(crate) const FREE: u64 = 16 << 20;
/// Bytes that may come out for one that went in. JSON and XML of readers pack about 20 to 1;
/// gzip itself reaches 1,030.
pub(crate) const RATIO: u64 = 200;
/// Most bytes that come out of one packed file.
pub(crate) const MOST: u64 = 64 << 30;

/// A source whose first bytes were looked at and are read again.
pub(crate) type Begun<R> = Chain<Cursor<Vec<u8>>, R>;

/// A source as it lies in the file, or as it was before it was packed.
pub(crate) enum Packed<R: Read> {
    Plain(Begun<R>),
    Gzip(Box<Unpacked<Begun<R>>>),
}

/// A source, unpacked and made into UTF-8 if need be.
pub(crate) struct Source<R: Read>(Begun<Transcoded<Begun<Packed<R>>>>);

/// What is said of a source before it is opened.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said {
    /// The encoding that its bytes are made into UTF-8 from. One that each cell is read in is none.
    pub(crate) encoding: Option<&'static Encoding>,
    /// Whether it is a table, in which lines may end with a carriage return alone.
    pub(crate) table: bool,
}

impl<R: Read> Source<R> {
    /// Opens `source` and hands each longer beginning of it, and whether it has ended, to `look`
    /// until that answers.
    ///
    /// # Errors
    /// When it cannot be read, or is a file of a kind in which no reads are looked for.
    pub(crate) fn open<T>(
        mut source: R,
        said: Said,
        look: impl FnMut(&[u8], bool) -> Option<T>,
    ) -> io::Result<(Self, Option<T>)> {
        let packed = |head: &[u8], ended: bool| match head {
            [0x1F, 0x8B, ..] => Some(true),
            [0x1F] | [] if !ended => None,
            _ => Some(false),
        };
        let (head, gzip) = begin(&mut source, Vec::new(), packed)?;
        let begun = Cursor::new(head).chain(source);
        let mut packed = if gzip == Some(true) {
            Packed::Gzip(Box::new(Unpacked::new(begun)))
        } else {
            Packed::Plain(begun)
        };
        let (head, found) = begin(&mut packed, Vec::new(), of_beginning)?;
        let encoding = found.flatten().or(said.encoding);
        if let Some(kind) = kind_of_file(&head) {
            return Err(io::Error::other(kind));
        }
        let mut plain = Transcoded::new(Cursor::new(head).chain(packed), encoding);
        let returns = |head: &[u8], ended: bool| match (head.contains(&b'\n'), ended) {
            (true, _) => Some(false),
            (false, true) => Some(head.contains(&b'\r')),
            (false, false) => None,
        };
        let mut head = Vec::new();
        if said.table {
            let (begins, lone) = begin(&mut plain, head, returns)?;
            head = begins;
            if lone == Some(true) {
                plain.with_lone_returns(&mut head);
            }
        }
        let (head, found) = begin(&mut plain, head, look)?;
        Ok((Self(Cursor::new(head).chain(plain)), found))
    }
}

impl<R: Read> Source<R> {
    /// A source that is text in UTF-8 and nothing else, as [`Self::open`] would have made it.
    pub(crate) fn of_text<T>(
        source: R,
        look: impl FnMut(&[u8], bool) -> Option<T>,
    ) -> io::Result<(Self, Option<T>)> {
        let packed = Packed::Plain(Cursor::new(Vec::new()).chain(source));
        let mut plain = Transcoded::new(Cursor::new(Vec::new()).chain(packed), None);
        let (head, found) = begin(&mut plain, Vec::new(), look)?;
        Ok((Self(Cursor::new(head).chain(plain)), found))
    }
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(room),
            Self::Gzip(source) => source.read(room),
        }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room)
    }
}

/// What a file is in which no reads are looked for, and what to do about it.
fn kind_of_file(head: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 13] = [
        (
            b"PK\x03\x04",
            "it is an archive or a workbook inside another archive; take it out, and bring in that",
        ),
        (b"\xFF\xFE\0\0", "it is text in UTF-32; save it as UTF-8"),
        (b"\0\0\xFE\xFF", "it is text in UTF-32; save it as UTF-8"),
        (b"PK\x05\x06", "it is an archive inside another, with nothing in it"),
        (b"\x1F\x8B", "it is packed twice; unpack it once, and bring in that"),
        (
            b"\xD0\xCF\x11\xE0",
            "it is an .xls workbook, or one that a password protects; save the sheet as CSV (UTF-8) or \
             as .xlsx without a password",
        ),
        (b"%PDF", "it is a PDF, from which nothing is read; export the reads as CSV"),
        (b"{\\rtf", "it is an RTF document; export the reads as CSV"),
        (b"\x28\xB5\x2F\xFD", "it is packed with zstd; unpack it, or pack it with gzip"),
        (b"BZh", "it is packed with bzip2; unpack it, or pack it with gzip"),
        (b"\xFD7zXZ", "it is packed with xz; unpack it, or pack it with gzip"),
        (b"7z\xBC\xAF", "it is a .7z archive; take the file out of it"),
        (b"SQLite format 3", "it is an SQLite database; export the reads as CSV"),
    ];
    kinds.iter().find(|(begins, _)| head.starts_with(begins)).map(|(_, said)| *said)
}

/// Reads on until `look` has seen enough, or the source ends or has shown [`SNIFFED`] bytes.
pub(crate) fn begin<T>(
    source: &mut impl Read,
    mut head: Vec<u8>,
    mut look: impl FnMut(&[u8], bool) -> Option<T>,
) -> io::Result<(Vec<u8>, Option<T>)> {
    let mut ended = false;
    loop {
        let enough = ended || head.len() >= SNIFFED;
        if let Some(found) = look(&head, enough) {
            return Ok((head, Some(found)));
        }
        if enough {
            return Ok((head, None));
        }
        let before = head.len();
        head.resize(before + 4_096, 0);
        let read = match source.read(head.get_mut(before..).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                head.truncate(before);
                continue;
            }
            other => other?,
        };
        head.truncate(before + read);
        ended = read == 0;
    }
}

/// Counts what goes into a decoder.
struct Counted<R> {
    source: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(room)?;
        self.bytes = self.bytes.saturating_add(read as u64);
        Ok(read)
    }
}

/// What comes out of gzip, as long as it is in proportion.
pub(crate) struct Unpacked<R: Read> {
    decoder: MultiGzDecoder<BufReader<Counted<R>>>,
    bytes: u64,
}

impl<R: Read> Unpacked<R> {
    fn new(source: R) -> Self {
        let counted = Counted { source, bytes: 0 };
        // A small buffer: what it holds counts as gone in.
        let buffered = BufReader::with_capacity(4_096, counted);
        Self { decoder: MultiGzDecoder::new(buffered), bytes: 0 }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(room).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::other("its gzip data ends too early; the file may be cut off")
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                io::Error::other(format!("its gzip data is damaged: {error}"))
            }
            _ => error,
        })?;
        self.bytes = self.bytes.saturating_add(read as u64);
        let gone_in = self.decoder.get_ref().get_ref().bytes;
        let most = FREE.saturating_add(gone_in.saturating_mul(RATIO)).min(MOST);
        if self.bytes > most {
            return Err(io::Error::other(format!(
                "its gzip data unpacks to more than {RATIO} times its size, or {MOST} bytes; \
                 unpack it yourself if it is honest"
            )));
        }
        Ok(read)
    }
}
