//! Texts that are not UTF-8.
//!
//! Decides how bytes become text: by what a mapping or an XML declaration says, by a byte order mark,
//! and, where nothing says anything and they are no UTF-8, as Windows-1252, in which every byte is
//! something. Never fails: what has no character becomes U+FFFD.

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes decoded at a time.
const PIECE: usize = 16 << 10;

/// The encoding that a word names. `latin-1` is Windows-1252, as on the web: the 32 bytes by which they
/// differ are letters and dashes in one and nothing that prints in the other.
pub(crate) fn named(word: &str) -> Option<&'static Encoding> {
    match word.trim().to_ascii_lowercase().as_str() {
        "latin-1" => Some(WINDOWS_1252),
        "utf-16" => Some(UTF_16LE),
        word => Encoding::for_label_no_replacement(word.as_bytes()),
    }
}

/// The encoding by which a source begins, if its first bytes tell one: by a byte order mark, or by the
/// zeros of UTF-16 between the letters of markup or of a header. `None` as the outer option: more
/// bytes are needed.
pub(crate) fn of_beginning(head: &[u8], ended: bool) -> Option<Option<&'static Encoding>> {
    let zeros = |at: usize| [at, at + 2].iter().all(|at| head.get(*at) == Some(&0));
    let letters = |at: usize| {
        [at, at + 2].iter().all(|at| head.get(*at).is_some_and(|b| (0x09..0x7F).contains(b)))
    };
    match head {
        _ if head.len() < 4 && !ended => None,
        [0xFF, 0xFE, ..] => Some(Some(UTF_16LE)),
        [0xFE, 0xFF, ..] => Some(Some(UTF_16BE)),
        _ if letters(0) && zeros(1) => Some(Some(UTF_16LE)),
        _ if zeros(0) && letters(1) => Some(Some(UTF_16BE)),
        _ => Some(None),
    }
}

/// Bytes as text, and whether they had to be read as Windows-1252 though nothing said so.
pub(crate) fn text(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
    }
}

/// An XML document as text, by its declaration.
pub(crate) fn document(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match declared(bytes) {
        // A source in UTF-16 is UTF-8 by now, whatever it declares.
        Some(of) if of != UTF_8 && of != UTF_16LE && of != UTF_16BE => {
            (of.decode_without_bom_handling(bytes).0, false)
        }
        _ => text(bytes),
    }
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(200))?;
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?.strip_prefix("<?xml")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    named(value.get(1..)?.split(quote).next()?)
}

/// A source whose bytes are made into UTF-8 as they are read.
pub(crate) struct Transcoded<R> {
    source: R,
    decoder: Option<Decoder>,
    /// Whether a carriage return alone ends a line.
    lone_returns: bool,
    raw: Vec<u8>,
    /// Decoded, from `at` on not yet handed out.
    text: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Transcoded<R> {
    pub(crate) fn new(source: R, encoding: Option<&'static Encoding>) -> Self {
        let decoder = encoding.map(Encoding::new_decoder_with_bom_removal);
        let (raw, text) = (Vec::new(), Vec::new());
        Self { source, decoder, lone_returns: false, raw, text, at: 0, ended: false }
    }

    /// From here on, and in what was read ahead, a carriage return ends a line.
    pub(crate) fn with_lone_returns(&mut self, head: &mut [u8]) {
        self.lone_returns = true;
        ended_lines(head);
    }

    /// Decodes the next piece.
    fn fill(&mut self, decoder: &mut Decoder) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() && !self.ended {
            let before = self.raw.len();
            self.raw.resize(before + PIECE, 0);
            let read = self.source.read(self.raw.get_mut(before..).unwrap_or_default());
            self.raw.truncate(before + read.as_ref().copied().unwrap_or(0));
            self.ended = read? == 0;
            let room = decoder.max_utf8_buffer_length(self.raw.len()).unwrap_or(4 * PIECE);
            self.text.resize(room, 0);
            let (result, read, written, _) =
                decoder.decode_to_utf8(&self.raw, &mut self.text, self.ended);
            debug_assert_eq!(result, CoderResult::InputEmpty, "there is room for all of it");
            self.text.truncate(written);
            self.raw.drain(..read);
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = match self.decoder.take() {
            None => self.source.read(room)?,
            Some(mut decoder) => {
                let filled =
                    if self.at >= self.text.len() { self.fill(&mut decoder) } else { Ok(()) };
                self.decoder = Some(decoder);
                filled?;
                let mut rest = self.text.get(self.at..).unwrap_or_default();
                let read = Read::read(&mut rest, room)?;
                self.at = self.at.saturating_add(read);
                read
            }
        };
        if self.lone_returns {
            ended_lines(room.get_mut(..read).unwrap_or_default());
        }
        Ok(read)
    }
}

fn ended_lines(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf_16_is_told_by_its_mark_or_its_zeros_and_read_piece_by_piece() {
        let text = "Plate,Camera\r\n8ABC123,Peña — 1 🚗\r\n".repeat(2_000);
        for (mark, big) in [(true, false), (true, true), (false, false), (false, true)] {
            let marked = if mark { format!("\u{FEFF}{text}") } else { text.clone() };
            let bytes = utf16(&marked, big);
            let encoding = of_beginning(&bytes, false).unwrap();
            assert!(encoding.is_some(), "{mark} {big}");
            let mut read = String::new();
            Transcoded::new(bytes.as_slice(), encoding).read_to_string(&mut read).unwrap();
            assert_eq!(read, text, "{mark} {big}");
        }
        for head in [&b"Plate,Seen"[..], b"\xEF\xBB\xBFPl", b"{}", b"", b"\x1F\x8B\0\0"] {
            assert_eq!(of_beginning(head, true), Some(None), "{head:?}");
        }
        assert_eq!(of_beginning(b"\xFF\xFE", false), None);
    }

    #[test]
    fn a_document_is_what_it_declares() {
        for (bytes, expected) in [
            (&b"<?xml version='1.0' encoding='GB2312'?><a>\xC4\xCF</a>"[..], "南"),
            (b"<?xml version=\"1.0\" encoding = \"windows-1252\"?><a>\x97</a>", "—"),
            ("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>é</a>".as_bytes(), "é"),
            ("<a>é</a>".as_bytes(), "é"),
        ] {
            let (text, recoded) = document(bytes);
            assert!(text.contains(expected) && !recoded, "{text}");
        }
        let (text, recoded) = document(b"<a>\xF1</a>");
        assert!(text.contains('ñ') && recoded);
    }

    #[test]
    fn words_name_encodings() {
        for (word, encoding) in [
            ("latin-1", WINDOWS_1252),
            ("cp1252", WINDOWS_1252),
            ("Windows-1252", WINDOWS_1252),
            ("iso-8859-1", WINDOWS_1252),
            ("utf-16", UTF_16LE),
            ("gb2312", encoding_rs::GBK),
        ] {
            assert_eq!(named(word), Some(encoding), "{word}");
        }
        assert_eq!(named("klingon"), None);
    }
}
