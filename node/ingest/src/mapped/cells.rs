//! Values out of one record, wherever the mapping says that they stand.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::mapping::{Bases, Column, ColumnValue};
use crate::nothing::says_nothing;
use crate::xml::Element;

/// One record.
pub(super) enum Cells<'a> {
    Row { header: &'a [String], cells: &'a [String] },
    Line(Vec<char>),
    Object(Bases<'a>),
}

impl Cells<'_> {
    /// The value: its columns joined by blanks, or the first that says something; and the part of it that
    /// the mapping wants. `None` where there is none.
    pub(super) fn value(&self, of: &ColumnValue) -> Option<String> {
        let whole = if of.first.is_empty() {
            self.joined(&of.joined)
        } else {
            let said = |value: &ColumnValue| self.value(value).filter(|text| !says_nothing(text));
            of.first.iter().find_map(said)
        }?;
        match &of.pattern {
            None => Some(whole),
            Some(pattern) => pattern
                .part(&whole)
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned),
        }
    }

    fn joined(&self, columns: &[Column]) -> Option<String> {
        let mut joined = String::new();
        for column in columns {
            let Some(one) = self.one(column) else { continue };
            let one = one.trim();
            if !joined.is_empty() && !one.is_empty() {
                joined.push(' ');
            }
            joined.push_str(one);
        }
        (!joined.is_empty()).then_some(joined)
    }

    fn one(&self, column: &Column) -> Option<Cow<'_, str>> {
        match (self, column) {
            (Self::Row { header, cells }, Column::Named(name)) => {
                let index = header.iter().position(|known| known == name);
                index.and_then(|index| cells.get(index)).map(|cell| cell.as_str().into())
            }
            (Self::Row { cells, .. }, Column::Numbered(index)) => {
                cells.get(*index).map(|cell| cell.as_str().into())
            }
            (Self::Line(line), Column::Characters(from, end)) => {
                // A line whose blanks at the end were cut off ends early.
                let cell = line.get(*from..line.len().min(*end)).unwrap_or_default();
                Some(cell.iter().collect::<String>().into())
            }
            (Self::Object(bases), Column::Path(path)) => path.value(*bases).and_then(written),
            // A mapping's columns are checked against its layout when it is read.
            _ => None,
        }
    }
}

/// A value as a text: an element of XML by what stands in it, several values of a list one after the
/// other.
fn written(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(value) => Some(value.to_string().into()),
        Value::Object(object) => object.get(TEXT).and_then(written),
        Value::Array(list) if list.is_empty() || list.len() > MOST_LISTED => None,
        Value::Array(list) => {
            let parts: Vec<Cow<'_, str>> = list.iter().filter_map(written).collect();
            Some(parts.join(", ").into())
        }
    }
}

/// Most values of a list that are one value together, such as both of a place.
const MOST_LISTED: usize = 8;
/// The key under which the text of an element of XML stands that has attributes or holds others.
const TEXT: &str = "#text";

/// An element as an object: its attributes under `@name`, what it holds by name, several of one name as
/// a list, and its text; where it has nothing but text, that text.
pub(super) fn as_object(element: &Element) -> Value {
    let text = element.text.trim();
    if element.children.is_empty() && element.attributes.is_empty() {
        return Value::from(text);
    }
    let mut object = Map::new();
    for (name, value) in &element.attributes {
        object.insert(format!("@{name}"), Value::from(value.as_str()));
    }
    for child in &element.children {
        let value = as_object(child);
        match object.get_mut(&child.name) {
            None => drop(object.insert(child.name.clone(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    if !text.is_empty() {
        object.insert(TEXT.to_owned(), Value::from(text));
    }
    Value::Object(object)
}
