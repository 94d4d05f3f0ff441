//! How records lie in a file, and where in a record a value stands.

use serde::Deserialize;

use super::error::MappingError;
use crate::field::clean;
use crate::rows::Cut;

/// Most columns that one value is joined of.
const MOST_JOINED: usize = 8;
/// The farthest column or character that can be named.
const FARTHEST: usize = 100_000;
/// Longest path into an object.
const LONGEST_PATH: usize = 16;

/// How records lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MappedLayout {
    /// Rows; whether the first names the columns.
    Rows { cut: Cut, header: bool },
    /// Columns by their place in each line.
    Fixed,
    /// Objects.
    Json,
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
    Path(Vec<Step>),
}

/// One step into an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Element(usize),
}

/// As the file writes it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a column: a name, a number from 1, or a list of them")]
pub(super) enum Written {
    Number(i64),
    Name(String),
    Joined(Vec<WrittenOne>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a column: a name or a number from 1")]
pub(super) enum WrittenOne {
    Number(i64),
    Name(String),
}

impl Written {
    pub(super) fn checked(self, layout: MappedLayout) -> Result<Vec<Column>, MappingError> {
        let list = match self {
            Self::Number(number) => vec![WrittenOne::Number(number)],
            Self::Name(name) => vec![WrittenOne::Name(name)],
            Self::Joined(list) => list,
        };
        if list.is_empty() || list.len() > MOST_JOINED {
            return Err(MappingError::new(format_args!(
                "a list of columns has 1 to {MOST_JOINED} of them"
            )));
        }
        list.into_iter().map(|one| one.checked(layout)).collect()
    }
}

impl WrittenOne {
    fn checked(self, layout: MappedLayout) -> Result<Column, MappingError> {
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
            (MappedLayout::Json, Self::Name(path)) => Column::path(&path),
            (_, Self::Name(name)) => refused(&name, "a name of the header"),
            (_, Self::Number(number)) => refused(&number, "a text"),
        }
    }
}

impl Column {
    /// A path such as `vehicle.make` or `results[0].plate`.
    pub(super) fn path(path: &str) -> Result<Self, MappingError> {
        let refused = || {
            let path = clean(path, 60);
            MappingError::new(format_args!(
                "path `{path}`: expected such as `vehicle.make` or `results[0].plate`"
            ))
        };
        let mut steps = Vec::new();
        for part in path.split('.') {
            let mut pieces = part.split('[');
            let key = pieces.next().filter(|key| !key.is_empty()).ok_or_else(refused)?;
            steps.push(Step::Key(key.to_owned()));
            for piece in pieces {
                let index = piece.strip_suffix(']').and_then(|n| n.parse::<usize>().ok());
                let index = index.filter(|n| *n <= FARTHEST).ok_or_else(refused)?;
                steps.push(Step::Element(index));
            }
        }
        if steps.len() > LONGEST_PATH { Err(refused()) } else { Ok(Self::Path(steps)) }
    }
}

impl std::fmt::Display for Column {
    /// As the mapping file names it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Numbered(index) => write!(f, "{}", index.saturating_add(1)),
            Self::Characters(from, end) => write!(f, "{}-{end}", from.saturating_add(1)),
            Self::Path(steps) => {
                for (nth, step) in steps.iter().enumerate() {
                    match step {
                        Step::Key(key) if nth == 0 => f.write_str(key)?,
                        Step::Key(key) => write!(f, ".{key}")?,
                        Step::Element(index) => write!(f, "[{index}]")?,
                    }
                }
                Ok(())
            }
        }
    }
}
