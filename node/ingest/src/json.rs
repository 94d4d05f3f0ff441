//! Where a record stops being JSON.

use crate::field::Fault;
use crate::position::Position;

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
