//! Cuts a stream of bytes into the rows of a table, in bounded memory.
//!
//! Decides where a row and its cells begin and end. A quoted cell may hold line breaks. A row that
//! cannot be cut costs its first line alone: reading goes on at the line after it, so a quote that
//! is never closed does not swallow the rest of the file.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read};

use crate::cutter::{Cutter, bare};
use crate::position::Position;
use crate::stream::until;

/// The largest row taken, in bytes.
pub(crate) const LARGEST_ROW: usize = 1 << 20;

/// How rows are cut into cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Cells between delimiters, where `quote` encloses one that holds a delimiter.
    Delimited { delimiter: u8, quote: Option<u8> },
    /// The line as it is: one cell.
    Whole,
}

impl Cut {
    /// Commas and double quotes.
    pub(crate) const CSV: Self = Self::Delimited { delimiter: b',', quote: Some(b'"') };
}

/// One row, or why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Its cells, and the bytes that it was cut from, without the line's end.
    Cells {
        position: Position,
        cells: Vec<Vec<u8>>,
        bytes: Vec<u8>,
        /// Whether a line's end follows it, so that it is whole.
        ended: bool,
    },
    Broken {
        position: Position,
        error: String,
    },
}

/// The reader; see the module.
pub(crate) struct Rows<R> {
    source: BufReader<R>,
    cut: Cut,
    /// Lines that were read ahead of a row that could not be cut.
    ahead: VecDeque<Vec<u8>>,
    line: u64,
    /// Whether the first line holds a tab.
    tabs: bool,
}

impl<R: Read> Rows<R> {
    pub(crate) fn new(source: R, cut: Cut) -> Self {
        let source = BufReader::new(source);
        Self { source, cut, ahead: VecDeque::new(), line: 0, tabs: false }
    }

    /// Whether the first line holds a tab.
    pub(crate) const fn tabs(&self) -> bool {
        self.tabs
    }

    /// Passes over one line; `false` at the end.
    pub(crate) fn skip_line(&mut self) -> io::Result<bool> {
        let found = self.line()?.is_some();
        self.line = self.line.saturating_add(u64::from(found));
        Ok(found)
    }

    /// Takes a first line that does nothing but name the delimiter, `sep=;`, as spreadsheets write and
    /// read it; whether there was one.
    pub(crate) fn take_separator(&mut self) -> io::Result<bool> {
        let Cut::Delimited { quote, .. } = self.cut else { return Ok(false) };
        let Some(first) = self.line()? else { return Ok(false) };
        let bare = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&first);
        let bare = bare.trim_ascii_end().strip_prefix(b"\"").unwrap_or(bare.trim_ascii_end());
        let named = bare.get(..4).filter(|begins| begins.eq_ignore_ascii_case(b"sep="));
        // A tab is blank and was cut off with the line's end.
        let delimiter = named.and_then(|_| bare.get(4).or(first.get(4))).copied();
        match delimiter.filter(|b| b.is_ascii() && !b.is_ascii_alphanumeric()) {
            Some(delimiter) if bare.len() <= 6 => {
                let delimiter = if matches!(delimiter, b'\r' | b'\n') { b',' } else { delimiter };
                self.cut = Cut::Delimited { delimiter, quote };
                self.line = self.line.saturating_add(1);
                Ok(true)
            }
            _ => {
                self.ahead.push_front(first);
                Ok(false)
            }
        }
    }

    /// The next row that is not blank; `None` at the end.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Row>> {
        loop {
            let Some(mut first) = self.line()? else { return Ok(None) };
            self.line = self.line.saturating_add(1);
            if self.line == 1 && first.starts_with(b"\xEF\xBB\xBF") {
                first.drain(..3);
            }
            self.tabs = self.tabs || (self.line == 1 && first.contains(&b'\t'));
            // The zeros with which a file is filled up, and the mark with which some systems end a text.
            if !first.iter().all(|b| b.is_ascii_whitespace() || matches!(b, b'\0' | b'\x1A')) {
                let position = Position::Line { line: self.line, nth: 1 };
                return self.row(position, first).map(Some);
            }
        }
    }

    fn row(&mut self, position: Position, first: Vec<u8>) -> io::Result<Row> {
        let broken = |error: String| Ok(Row::Broken { position, error });
        if first.len() > LARGEST_ROW {
            return broken(row_too_large());
        }
        let Cut::Delimited { delimiter, quote } = self.cut else {
            let (bytes, ended) = (bare(&first).to_vec(), first.ends_with(b"\n"));
            return Ok(Row::Cells { position, cells: vec![bytes.clone()], bytes, ended });
        };
        let mut cutter = Cutter::new(delimiter, quote);
        let mut more: Vec<Vec<u8>> = Vec::new();
        let mut size = first.len();
        let mut outcome = cutter.line(&first);
        while matches!(outcome, Ok(false)) {
            outcome = match self.line()? {
                None => Err("a quote is not closed before the file ends".to_owned()),
                Some(line) => {
                    size = size.saturating_add(line.len());
                    let outcome = cutter.line(&line);
                    more.push(line);
                    outcome
                }
            };
            if size > LARGEST_ROW {
                outcome = Err(format!(
                    "a quote is not closed within {LARGEST_ROW} bytes; a row has at most that many"
                ));
            }
        }
        match outcome {
            Err(error) => {
                more.into_iter().rev().for_each(|line| self.ahead.push_front(line));
                broken(error)
            }
            Ok(_) => {
                self.line = self.line.saturating_add(more.len() as u64);
                let mut bytes = first;
                more.iter().for_each(|line| bytes.extend_from_slice(line));
                let ended = bytes.ends_with(b"\n");
                bytes.truncate(bare(&bytes).len());
                Ok(Row::Cells { position, cells: cutter.cells, bytes, ended })
            }
        }
    }

    /// The next line with its end. One that is too long is cut: it is refused by its length.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        until(&mut self.source, b'\n', LARGEST_ROW + 1, &mut line)?;
        if let Some(first) = self.first_of(&line) {
            return Ok(Some(first));
        }
        let mut ended = line.len() <= LARGEST_ROW || line.last() == Some(&b'\n');
        while !ended {
            let mut rest = Vec::new();
            until(&mut self.source, b'\n', LARGEST_ROW, &mut rest)?;
            ended = rest.is_empty() || rest.last() == Some(&b'\n');
        }
        Ok((!line.is_empty()).then_some(line))
    }
}

impl<R> Rows<R> {
    /// The first of several lines of which those before the last end with a carriage return alone, as where
    /// files of several systems were put together. In a line with a quote it may stand inside a cell.
    fn first_of(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let Cut::Delimited { quote, .. } = self.cut else { return None };
        let text = bare(line);
        if line.len() > LARGEST_ROW
            || !text.contains(&b'\r')
            || quote.is_some_and(|q| text.contains(&q))
        {
            return None;
        }
        let mut lines: VecDeque<Vec<u8>> =
            line.split_inclusive(|b| *b == b'\r').map(<[u8]>::to_vec).collect();
        // The end of the last is the line's own.
        if lines.back().is_some_and(|last| last == b"\n") {
            lines.pop_back();
        }
        let last = lines.len().saturating_sub(1);
        for (nth, line) in lines.iter_mut().enumerate() {
            if nth < last || !line.ends_with(b"\n") {
                let ended = line.pop() == Some(b'\r');
                line.extend_from_slice(if ended { b"\n" } else { b"" });
            }
        }
        let first = lines.pop_front()?;
        self.ahead = lines;
        Some(first)
    }
}

fn row_too_large() -> String {
    format!("the row is larger than {LARGEST_ROW} bytes; at most that many are taken")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CSV: Cut = Cut::Delimited { delimiter: b',', quote: Some(b'"') };

    fn rows(cut: Cut, source: &[u8]) -> Vec<String> {
        let mut rows = Rows::new(source, cut);
        let mut all = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            all.push(match row {
                Row::Cells { position, cells, .. } => {
                    let cells: Vec<_> =
                        cells.iter().map(|cell| String::from_utf8_lossy(cell)).collect();
                    format!("{position}: {}", cells.join("|"))
                }
                Row::Broken { position, error } => format!("{position}! {error}"),
            });
        }
        all
    }

    #[test]
    fn rows_are_cut_into_cells() {
        let closing = "after a closing quote stands `x` at byte 4; expected the delimiter or the \
                       line's end";
        let table: &[(&[u8], &[&str])] = &[
            (b"", &[]),
            (b"\n\r\n  \n", &[]),
            (b"a,b\r\n1,2", &["line 1: a|b", "line 2: 1|2"]),
            (b"\xEF\xBB\xBFa,\n", &["line 1: a|"]),
            (b"\"a,\"\"b\",c\n", &["line 1: a,\"b|c"]),
            (b"\"a\nb\",c\nd,e\n", &["line 1: a\nb|c", "line 3: d|e"]),
            (b"a\"b,c\n", &["line 1: a\"b|c"]),
            (b"a, \"b, c\" ,d\n", &["line 1: a|b, c|d"]),
            (b"a b, c,  \n", &["line 1: a b| c|  "]),
            (
                b"a,b\rc,d\re,f\r\n1,2\n",
                &["line 1: a|b", "line 2: c|d", "line 3: e|f", "line 4: 1|2"],
            ),
            (b"a,\"b\rc\"\r\n1,2", &["line 1: a|b\rc", "line 2: 1|2"]),
            (b"a,b\n\x1A", &["line 1: a|b"]),
            (b"a,b\n\0\0\0", &["line 1: a|b"]),
            (
                b"\"never,closed\n1,2\n3,4\n",
                &[
                    "line 1! a quote is not closed before the file ends",
                    "line 2: 1|2",
                    "line 3: 3|4",
                ],
            ),
            (b"\"a\"x,b\n1,2\n", &[&format!("line 1! {closing}"), "line 2: 1|2"]),
        ];
        for (source, expected) in table {
            assert_eq!(rows(CSV, source), *expected, "{:?}", source.escape_ascii().to_string());
        }
        let pipes = Cut::Delimited { delimiter: b'|', quote: None };
        assert_eq!(rows(pipes, b"\"a|b\"|c"), ["line 1: \"a|b\"|c"]);
        assert_eq!(rows(Cut::Whole, b"a,\"b\r\nc"), ["line 1: a,\"b", "line 2: c"]);
    }

    #[test]
    fn a_row_past_the_limit_costs_itself() {
        let long = "x".repeat(3 * LARGEST_ROW);
        let source = format!("1,2\n{long},b\n3,\"{long}\n4,5\n");
        let found = rows(CSV, source.as_bytes());
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[1].contains("larger than 1048576 bytes"), "{}", found[1]);
        assert_eq!(found[3], "line 4: 4|5");
        // A quote that stays open over many lines.
        let open = format!("\"open\n{}", "1,2\n".repeat(LARGEST_ROW / 3));
        let found = rows(CSV, open.as_bytes());
        assert!(found[0].contains("not closed within 1048576 bytes"), "{}", found[0]);
        assert_eq!(found.len(), 1 + LARGEST_ROW / 3);
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_cut_as_it_was(
            cells in prop::collection::vec("[a,\"\n|é]{0,8}", 2..6),
        ) {
            let quoted: Vec<String> =
                cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            let source = format!("{}\r\nend,of\r\n", quoted.join(","));
            let mut rows = Rows::new(source.as_bytes(), CSV);
            let Some(Row::Cells { cells: found, bytes, .. }) = rows.next().unwrap() else {
                panic!("no row")
            };
            let expected: Vec<Vec<u8>> = cells.iter().map(|c| c.clone().into_bytes()).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(bytes, quoted.join(",").into_bytes());
            prop_assert_eq!(rows.next().unwrap().is_some(), true);
            prop_assert_eq!(rows.next().unwrap(), None);
        }

        #[test]
        fn no_bytes_hang_or_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut rows = Rows::new(bytes.as_slice(), CSV);
            let mut count = 0;
            while rows.next().unwrap().is_some() {
                count += 1;
            }
            prop_assert!(count <= bytes.len());
        }
    }
}
