//! A record as text, and where it stops being JSON.

use crate::field::Fault;
use crate::framer::Position;

/// The record as text.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let offset = error.valid_up_to();
        Fault::new(format_args!(
            "byte `0x{byte:02X}` at offset {offset} of the record is no UTF-8; expected UTF-8 text"
        ))
    })
}

/// A record that is no JSON, and where in the file that shows.
pub(crate) fn syntax(error: serde_json::Error, position: Position) -> Fault {
    if error.is_data() {
        return Fault::from(error);
    }
    let column = error.column();
    let of = match position {
        Position::Line { line, .. } if error.line() > 1 => {
            let line = line.saturating_add(error.line() as u64).saturating_sub(1);
            format!("line {line}, column {column}")
        }
        Position::Part(_) if error.line() > 1 => {
            format!("line {}, column {column} of the part", error.line())
        }
        _ => format!("column {column} of the record"),
    };
    let said = Fault::from(error).into_sentence();
    Fault::new(format_args!("the record is no JSON at {of}: {said}"))
}
