//! How records lie in a file, and where in a record a value stands.

use serde::Deserialize;

use super::error::MappingError;
use super::path::{FARTHEST, Path};
use super::pattern::Pattern;
use crate::field::clean;
use crate::rows::Cut;

/// Most columns that one value is joined of, and most of which the first that says something counts.
const MOST_JOINED: usize = 8;

/// How records lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MappedLayout {
    /// Rows; whether the first names the columns.
    Rows { cut: Cut, header: bool },
    /// Columns by their place in each line.
    Fixed,
    /// Objects.
    Json,
    /// XML documents, as objects of their elements.
    Xml,
}

/// One place of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// By its name in the header.
    Named(String),
    /// By its number, from 0.
    Numbered(usize),
    /// Characters of the line, from 0, the end exclusive.
    Characters(usize, usize),
    /// Steps into an object.
    Path(Path),
}

/// Where a value stands: columns that are joined, or others whose first that says something counts; and
/// which part of the text it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ColumnValue {
    pub(crate) joined: Vec<Column>,
    pub(crate) first: Vec<ColumnValue>,
    pub(crate) pattern: Option<Pattern>,
}

impl ColumnValue {
    /// Whether it stands nowhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.first.is_empty()
    }

    /// All columns that it may come from.
    pub(crate) fn columns(&self) -> Vec<&Column> {
        let mut all: Vec<&Column> = self.joined.iter().collect();
        all.extend(self.first.iter().flat_map(Self::columns));
        all
    }
}

/// As the file writes it.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a column: a name, a number from 1, a list of them, or a table with `column` or \
                 `first`, and `pattern`"
)]
pub(super) enum Written {
    Number(i64),
    Name(String),
    Joined(Vec<WrittenOne>),
    Table(WrittenTable),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a column: a name or a number from 1")]
pub(super) enum WrittenOne {
    Number(i64),
    Name(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTable {
    column: Option<Box<Written>>,
    #[serde(default)]
    first: Vec<Written>,
    pattern: Option<String>,
}

impl Written {
    pub(super) fn checked(self, layout: MappedLayout) -> Result<ColumnValue, MappingError> {
        self.within(layout, 0)
    }

    fn within(self, layout: MappedLayout, depth: usize) -> Result<ColumnValue, MappingError> {
        let list = match self {
            Self::Number(number) => vec![WrittenOne::Number(number)],
            Self::Name(name) => vec![WrittenOne::Name(name)],
            Self::Joined(list) => list,
            Self::Table(table) => return table.checked(layout, depth),
        };
        if list.is_empty() || list.len() > MOST_JOINED {
            return Err(MappingError::new(format_args!(
                "a list of columns has 1 to {MOST_JOINED} of them"
            )));
        }
        let joined = list.into_iter().map(|one| one.checked(layout));
        let joined = joined.collect::<Result<_, _>>()?;
        Ok(ColumnValue { joined, ..ColumnValue::default() })
    }
}

impl WrittenTable {
    fn checked(self, layout: MappedLayout, depth: usize) -> Result<ColumnValue, MappingError> {
        if depth > 2 || self.column.is_some() != self.first.is_empty() {
            return Err(MappingError::new(
                "a table of a column has either `column` or `first`, and they nest no deeper than 2",
            ));
        }
        if self.first.len() > MOST_JOINED {
            return Err(MappingError::new(format_args!("`first` has 1 to {MOST_JOINED} columns")));
        }
        let below = depth.saturating_add(1);
        let mut value = match self.column {
            Some(column) => column.within(layout, below)?,
            None => ColumnValue::default(),
        };
        let first = self.first.into_iter().map(|one| one.within(layout, below));
        let first: Vec<ColumnValue> = first.collect::<Result<_, _>>()?;
        if !first.is_empty() {
            value.first = first;
        }
        if let Some(pattern) = self.pattern {
            value.pattern = Some(pattern.parse()?);
        }
        Ok(value)
    }
}

impl WrittenOne {
    pub(super) fn checked(self, layout: MappedLayout) -> Result<Column, MappingError> {
        let refused = |found: &dyn std::fmt::Display, expected: &str| {
            let found = clean(&found.to_string(), 60);
            Err(MappingError::new(format_args!("column `{found}`: expected {expected}")))
        };
        let index = |number: i64| {
            usize::try_from(number).ok().filter(|n| (1..=FARTHEST).contains(n)).map(|n| n - 1)
        };
        match (layout, self) {
            (MappedLayout::Rows { header: true, .. }, Self::Name(name)) if !name.is_empty() => {
                Ok(Column::Named(name))
            }
            (MappedLayout::Rows { .. }, Self::Number(number)) => match index(number) {
                Some(index) => Ok(Column::Numbered(index)),
                None => refused(&number, "a number from 1"),
            },
            (MappedLayout::Rows { header: false, .. }, Self::Name(name)) => {
                refused(&name, "a number from 1, since the table has no header")
            }
            (MappedLayout::Fixed, Self::Name(range)) => {
                let ends = range.split_once('-').map(|(from, to)| (from.trim(), to.trim()));
                let ends = ends.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
                match ends.and_then(|(from, to)| Some((index(from)?, index(to)?))) {
                    Some((from, to)) if from <= to => Ok(Column::Characters(from, to + 1)),
                    _ => refused(&range, "characters such as `9-16`, counted from 1"),
                }
            }
            (MappedLayout::Json | MappedLayout::Xml, Self::Name(path)) => {
                Ok(Column::Path(path.parse()?))
            }
            (_, Self::Name(name)) => refused(&name, "a name of the header"),
            (_, Self::Number(number)) => refused(&number, "a text"),
        }
    }
}

impl std::fmt::Display for Column {
    /// As the mapping file names it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Numbered(index) => write!(f, "{}", index.saturating_add(1)),
            Self::Characters(from, end) => write!(f, "{}-{end}", from.saturating_add(1)),
            Self::Path(path) => path.fmt(f),
        }
    }
}

impl std::fmt::Display for ColumnValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.columns().iter().map(ToString::to_string).collect();
        let between = if self.first.is_empty() { " " } else { "` or `" };
        f.write_str(&clean(&names.join(between), 80))
    }
}
