//! A source's bytes: unpacked where they are packed, with their beginning looked at first.
//!
//! Decides whether a source is gzip and what lies in it. A file may unpack to far more than anyone
//! would write by hand or by machine: past [`FREE`] bytes at most [`RATIO`] come out for each byte
//! that went in, and never more than [`MOST`]. Then reading fails; what came before stands.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// How far into a source its layout is looked for.
pub(crate) const SNIFFED: usize = 64 << 10;

/// Bytes that may come out of any packed file.
const FREE: u64 = 16 << 20;
/// Bytes that may come out for one that went in. JSON and XML of readers pack about 20 to 1;
/// gzip itself reaches 1,030.
const RATIO: u64 = 200;
/// Most bytes that come out of one packed file.
const MOST: u64 = 64 << 30;

/// A source whose first bytes were looked at and are read again.
type Begun<R> = Chain<Cursor<Vec<u8>>, R>;

/// A source, unpacked if need be.
pub(crate) enum Source<R: Read> {
    Plain(Begun<R>),
    Gzip(Box<Begun<Unpacked<Begun<R>>>>),
}

impl<R: Read> Source<R> {
    /// Opens `source` and hands each longer beginning of it, and whether it has ended, to `look`
    /// until that answers.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open<T>(
        mut source: R,
        mut look: impl FnMut(&[u8], bool) -> Option<T>,
    ) -> io::Result<(Self, Option<T>)> {
        let packed = |head: &[u8], ended: bool| match head {
            [0x1F, 0x8B, ..] => Some(true),
            [0x1F] | [] if !ended => None,
            _ => Some(false),
        };
        let (head, gzip) = begin(&mut source, Vec::new(), packed)?;
        if gzip == Some(true) {
            let mut unpacked = Unpacked::new(Cursor::new(head).chain(source));
            let (head, found) = begin(&mut unpacked, Vec::new(), look)?;
            Ok((Self::Gzip(Box::new(Cursor::new(head).chain(unpacked))), found))
        } else {
            let (head, found) = begin(&mut source, head, &mut look)?;
            Ok((Self::Plain(Cursor::new(head).chain(source)), found))
        }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(room),
            Self::Gzip(source) => source.read(room),
        }
    }
}

/// Reads on until `look` has seen enough, or the source ends or has shown [`SNIFFED`] bytes.
fn begin<T>(
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
