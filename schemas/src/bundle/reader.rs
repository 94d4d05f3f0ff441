//! Reading a bundle: a line at a time, each bounded.

use std::io::{self, BufRead, Read as _};

use super::{BundleError, Head, LARGEST_HEAD, LARGEST_LINE, Line};

/// Reads a bundle line by line.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    line: u64,
    offset: u64,
}

/// A line, and where in the file it begins.
#[derive(Debug)]
pub struct At {
    /// Bytes before it.
    pub offset: u64,
    /// What it says.
    pub line: Result<Line, BundleError>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is not that of a bundle.
    pub fn open(from: R) -> Result<(Head, Self), BundleError> {
        let mut reader = Self { from, line: 0, offset: 0 };
        let wrong = |what: String| BundleError::Line { line: 1, what };
        let line = reader.read(LARGEST_HEAD)?.ok_or_else(|| wrong("is missing".into()))?;
        let head = line.and_then(|line| Head::parse(&line)).map_err(wrong)?;
        Ok((head, reader))
    }

    /// Reads on where a line begins.
    pub fn at(from: R) -> Self {
        Self { from, line: 0, offset: 0 }
    }

    /// The next line, or why it is none of a bundle; `None` at the end.
    pub fn line(&mut self) -> Option<At> {
        let offset = self.offset;
        let line = match self.read(LARGEST_LINE) {
            Ok(None) => return None,
            Ok(Some(line)) => line
                .and_then(|line| Line::parse(&line))
                .map_err(|what| BundleError::Line { line: self.line, what }),
            Err(error) => Err(error),
        };
        Some(At { offset, line })
    }

    /// The next line without its line feed, or what is wrong with it.
    fn read(&mut self, largest: usize) -> Result<Option<Result<Vec<u8>, String>>, BundleError> {
        self.line = self.line.saturating_add(1);
        let number = self.line;
        let failed = |error| BundleError::Read { line: number, error };
        let mut line = Vec::new();
        let most = u64::try_from(largest).unwrap_or(u64::MAX).saturating_add(1);
        let read = (&mut self.from).take(most).read_until(b'\n', &mut line).map_err(failed)?;
        self.offset = self.offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if read == 0 {
            return Ok(None);
        }
        if line.pop() == Some(b'\n') {
            // A blank line at the end, as an editor or a mail leaves it, is nothing of the log.
            let blank = line.iter().all(u8::is_ascii_whitespace);
            if blank && self.from.fill_buf().map_err(failed)?.is_empty() {
                return Ok(None);
            }
            return Ok(Some(Ok(line)));
        }
        if read <= largest {
            return Ok(Some(Err("breaks off: the end of the file is missing".into())));
        }
        self.skip().map_err(failed)?;
        Ok(Some(Err(format!("is longer than {largest} bytes"))))
    }

    /// Passes over the rest of a line that is too long.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let here = self.from.fill_buf()?;
            if here.is_empty() {
                return Ok(());
            }
            let end = here.iter().position(|b| *b == b'\n').map(|at| at.saturating_add(1));
            let passed = end.unwrap_or(here.len());
            self.from.consume(passed);
            self.offset = self.offset.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX));
            if end.is_some() {
                return Ok(());
            }
        }
    }
}
