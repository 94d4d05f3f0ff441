//! Cuts the lines of one row into its cells.
//!
//! Decides what a quote encloses. Blanks before and behind quotes are no part of a cell; a quote inside a cell
//! that does not begin with one is itself.

/// Most cells of one row.
const MOST_CELLS: usize = 1_000;

/// Where in a row the next byte stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    CellStart,
    /// Behind blanks with which a cell begins.
    Blank,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first of two that mean one.
    AfterQuote,
}

/// One row that is being cut.
pub(crate) struct Cutter {
    delimiter: u8,
    quote: Option<u8>,
    pub(crate) cells: Vec<Vec<u8>>,
    cell: Vec<u8>,
    at: At,
}

impl Cutter {
    pub(crate) fn new(delimiter: u8, quote: Option<u8>) -> Self {
        Self { delimiter, quote, cells: Vec::new(), cell: Vec::new(), at: At::CellStart }
    }

    /// Takes a line; whether the row ends with it.
    pub(crate) fn line(&mut self, line: &[u8]) -> Result<bool, String> {
        let text = bare(line);
        for (offset, byte) in text.iter().copied().enumerate() {
            let is_quote = Some(byte) == self.quote;
            match self.at {
                At::CellStart if is_quote => self.at = At::Quoted,
                At::Blank if is_quote => {
                    self.cell.clear();
                    self.at = At::Quoted;
                }
                At::Quoted if is_quote => self.at = At::AfterQuote,
                At::Quoted => self.cell.push(byte),
                At::AfterQuote if is_quote => {
                    self.cell.push(byte);
                    self.at = At::Quoted;
                }
                _ if byte == self.delimiter => self.end_cell()?,
                At::AfterQuote if matches!(byte, b' ' | b'\t') => {}
                At::AfterQuote => {
                    let column = offset.saturating_add(1);
                    return Err(format!(
                        "after a closing quote stands `{}` at byte {column}; expected the \
                         delimiter or the line's end",
                        byte.escape_ascii()
                    ));
                }
                At::CellStart | At::Blank if byte == b' ' => {
                    self.cell.push(byte);
                    self.at = At::Blank;
                }
                At::CellStart | At::Blank | At::Plain => {
                    self.cell.push(byte);
                    self.at = At::Plain;
                }
            }
        }
        if self.at == At::Quoted {
            self.cell.extend_from_slice(line.get(text.len()..).unwrap_or_default());
            return Ok(false);
        }
        self.end_cell()?;
        Ok(true)
    }

    fn end_cell(&mut self) -> Result<(), String> {
        if self.cells.len() >= MOST_CELLS {
            return Err(format!("the row has more than {MOST_CELLS} cells"));
        }
        self.cells.push(std::mem::take(&mut self.cell));
        self.at = At::CellStart;
        Ok(())
    }
}

/// A line without its end.
pub(crate) fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
