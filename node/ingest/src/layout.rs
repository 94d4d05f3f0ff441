//! How a source is laid out, told from its beginning.

use crate::field::clean;
use crate::framer::between;

/// What the bytes of a source are, before anything is said of what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// JSON objects, in any order and framing.
    Json,
    /// XML documents, one after the other.
    Xml,
    /// A multipart body: documents and photographs.
    Multipart,
    /// A line a value, as Dahua's cameras send events.
    Events,
    /// The CSV of Plate Recognizer Stream, known by its header.
    StreamCsv,
}

/// What `head` is the beginning of; `None` when more of it is needed. The error is its first line,
/// when it looks like nothing that is known.
pub(crate) fn look(head: &[u8], enough: bool) -> Option<Result<Layout, String>> {
    let bytes = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    if !enough && b"\xEF\xBB\xBF".starts_with(head) {
        return None;
    }
    let begins = bytes.iter().position(|b| !between(*b));
    let rest = begins.and_then(|at| bytes.get(at..)).unwrap_or_default();
    if rest.is_empty() {
        return enough.then_some(Ok(Layout::Json));
    }
    if rest.starts_with(b"<") {
        return Some(Ok(Layout::Xml));
    }
    if rest.starts_with(b"Events[") {
        return Some(Ok(Layout::Events));
    }
    let end = rest.iter().position(|b| *b == b'\n');
    let line = end.and_then(|at| rest.get(..at)).unwrap_or(rest);
    if end.is_some() || enough {
        if line.starts_with(b"--") && line.trim_ascii().len() > 2 {
            return Some(Ok(Layout::Multipart));
        }
        if is_stream_header(line) {
            return Some(Ok(Layout::StreamCsv));
        }
    }
    if !rest.starts_with(b"{") && !rest.starts_with(b"[") {
        // Headers of the request, or words for people, may stand before a body.
        let lines: Vec<&[u8]> = rest.split(|b| *b == b'\n').take(PREAMBLE).collect();
        if lines.windows(2).any(|pair| matches!(pair, [line, next] if begins_part(line, next))) {
            return Some(Ok(Layout::Multipart));
        }
        if !enough && lines.len() < PREAMBLE {
            return None;
        }
    }
    let opens = |line: &[u8]| matches!(line.iter().find(|b| !between(**b)), Some(b'{' | b'['));
    if bytes.split(|b| *b == b'\n').any(opens) {
        return Some(Ok(Layout::Json));
    }
    enough.then(|| Err(clean(String::from_utf8_lossy(line).trim(), FIRST_LINE)))
}

/// Whether a line is a boundary and the next a header of a part.
pub(crate) fn begins_part(line: &[u8], next: &[u8]) -> bool {
    let header = next.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case(b"content-"));
    header && line.starts_with(b"--") && line.trim_ascii().len() > 2
}

/// Lines among which the first boundary of a multipart body is looked for.
pub(crate) const PREAMBLE: usize = 32;
/// How much of a first line that is in no format is told, in characters.
const FIRST_LINE: usize = 2_000;

fn is_stream_header(line: &[u8]) -> bool {
    let names: Vec<&[u8]> = line.split(|b| *b == b',').map(<[u8]>::trim_ascii).collect();
    [&b"timestamp"[..], b"plate", b"score", b"dscore"].iter().all(|name| names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_told_by_its_beginning() {
        for (head, expected) in [
            (&b""[..], Ok(Layout::Json)),
            (b"  \n", Ok(Layout::Json)),
            (b"{", Ok(Layout::Json)),
            (b"\xEF\xBB\xBF[", Ok(Layout::Json)),
            (b"junk\n {}", Ok(Layout::Json)),
            (b"\x1E{}\n", Ok(Layout::Json)),
            (b"\xEF\xBB\xBF\r\n<?xml version='1.0'?>", Ok(Layout::Xml)),
            (b"<AutoVu>", Ok(Layout::Xml)),
            (b"--MIME_boundary\r\n", Ok(Layout::Multipart)),
            (
                b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n--x\r\nContent-Type: a\r\n",
                Ok(Layout::Multipart),
            ),
            (b"Events[0].RealUTC=1", Ok(Layout::Events)),
            (b"timestamp,plate,score,dscore,file\r\n", Ok(Layout::StreamCsv)),
            (b"timestamp,plate\n2026,7\n", Err("timestamp,plate")),
            (b"--\nselect 1\n", Err("--")),
            (b"\xFF\xFE{\0", Err("\u{FFFD}\u{FFFD}{\u{FFFD}")),
        ] {
            assert_eq!(look(head, true), Some(expected.map_err(String::from)), "{head:?}");
        }
        assert_eq!(look(b"\xEF", false), None, "half a byte order mark");
        assert_eq!(look(b"--MIME_b", false), None, "half a line");
        assert!(look(b"\xFF\xD8\xFF\xE0", true).unwrap().is_err());
    }
}
