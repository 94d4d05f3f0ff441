//! Values out of one record, wherever the mapping says that they stand.

use serde_json::Value;

use crate::field::{Fault, clean};
use crate::mapping::{Column, Columns, Step};

/// One record.
pub(super) enum Cells<'a> {
    Row { header: &'a [String], cells: &'a [String] },
    Line(Vec<char>),
    Object(&'a Value),
}

impl Cells<'_> {
    /// The value of the columns, joined by blanks; `None` where all are empty.
    pub(super) fn value(&self, columns: &[Column]) -> Result<Option<String>, Fault> {
        let mut joined = String::new();
        for column in columns {
            let Some(one) = self.one(column)? else { continue };
            let one = one.trim();
            if !joined.is_empty() && !one.is_empty() {
                joined.push(' ');
            }
            joined.push_str(one);
        }
        Ok((!joined.is_empty()).then_some(joined))
    }

    fn one(&self, column: &Column) -> Result<Option<String>, Fault> {
        match (self, column) {
            (Self::Row { header, cells }, Column::Named(name)) => {
                let index = header.iter().position(|known| known == name);
                Ok(index.and_then(|index| cells.get(index)).cloned())
            }
            (Self::Row { cells, .. }, Column::Numbered(index)) => match cells.get(*index) {
                Some(cell) => Ok(Some(cell.clone())),
                None => Err(Fault::new(format_args!(
                    "the row has {} cells; the mapping names column {column}",
                    cells.len()
                ))),
            },
            (Self::Line(line), Column::Characters(from, end)) => {
                // A line whose blanks at the end were cut off ends early.
                let cell = line.get(*from..line.len().min(*end)).unwrap_or_default();
                Ok(Some(cell.iter().collect()))
            }
            (Self::Object(value), Column::Path(_)) => match step_into(value, column) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text.clone())),
                Some(Value::Number(number)) => Ok(Some(number.to_string())),
                Some(Value::Bool(value)) => Ok(Some(value.to_string())),
                Some(Value::Array(_) | Value::Object(_)) => {
                    let name = clean(&column.to_string(), 60);
                    Err(Fault::new(format_args!(
                        "`{name}` is a list or an object; expected a single value"
                    )))
                }
            },
            // A mapping's columns are checked against its layout when it is read.
            _ => Ok(None),
        }
    }
}

/// What stands at the end of a path.
pub(super) fn step_into<'a>(value: &'a Value, column: &Column) -> Option<&'a Value> {
    let Column::Path(steps) = column else { return None };
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Element(index) => value.get(index),
    })
}

/// The columns as the mapping names them.
pub(super) fn named(columns: &[Column]) -> String {
    let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
    clean(&names.join(" "), 80)
}

impl Columns {
    /// All that are named.
    pub(super) fn all(&self) -> impl Iterator<Item = &Column> {
        [
            &self.plate,
            &self.at,
            &self.id,
            &self.camera,
            &self.state,
            &self.latitude,
            &self.longitude,
            &self.direction,
            &self.confidence,
            &self.make,
            &self.model,
            &self.color,
            &self.body,
            &self.year,
        ]
        .into_iter()
        .flatten()
    }
}
