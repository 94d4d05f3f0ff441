//! Reading a stream piece by piece, each of bounded length.

use std::io::{self, BufRead};

/// Appends to `into` up to and with `stop`, at most about `limit` bytes; less at the end.
pub(crate) fn until(
    source: &mut impl BufRead,
    stop: u8,
    limit: usize,
    into: &mut Vec<u8>,
) -> io::Result<()> {
    loop {
        let bytes = match source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if bytes.is_empty() {
            return Ok(());
        }
        let found = bytes.iter().position(|b| *b == stop).map(|at| at + 1);
        let taken = found.unwrap_or(bytes.len());
        into.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        source.consume(taken);
        if found.is_some() || into.len() >= limit {
            return Ok(());
        }
    }
}
