//! Steps into an object: `vehicle.make`, `results[0].plate`, `ai_dump[api=alpr].found`, and from the
//! outside in: `$.camera` from the whole record, `^.camera` from the object that holds the list.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::error::MappingError;
use crate::field::clean;

/// The farthest element, column or character that can be named.
pub(super) const FARTHEST: usize = 100_000;
/// Longest path into an object.
const LONGEST: usize = 16;

/// Where a path begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Base {
    /// One read's object.
    #[default]
    Read,
    /// The object that holds the list of reads.
    Holder,
    /// The whole record.
    Record,
}

/// Steps into an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    base: Base,
    steps: Vec<Step>,
}

/// One step into an object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Element(usize),
    /// The first element whose value of this key is this text.
    Where(String, String),
}

/// The objects that paths begin at.
#[derive(Clone, Copy)]
pub(crate) struct Bases<'a> {
    pub(crate) read: &'a Value,
    pub(crate) holder: &'a Value,
    pub(crate) record: &'a Value,
}

/// Where a path to a list of reads leads.
pub(crate) enum Leads<'a> {
    /// To this, in this object.
    To(&'a Value, &'a Value),
    /// To an element chosen by its content that is not among those there, or to nothing.
    ToNothing,
    /// Nowhere: the record has no such key.
    Nowhere,
}

impl Path {
    /// What stands at its end.
    pub(crate) fn value<'a>(&self, of: Bases<'a>) -> Option<&'a Value> {
        let from = match self.base {
            Base::Read => of.read,
            Base::Holder => of.holder,
            Base::Record => of.record,
        };
        self.steps.iter().try_fold(from, |value, step| step.of(value))
    }

    /// Where it leads in a record, as a path to the reads.
    pub(crate) fn leads<'a>(&self, record: &'a Value) -> Leads<'a> {
        let (mut value, mut holder) = (record, record);
        for (nth, step) in self.steps.iter().enumerate() {
            if let Step::Key(_) = step {
                holder = value;
            }
            match step.of(value) {
                Some(next) => value = next,
                None if nth == 0 => return Leads::Nowhere,
                None => return Leads::ToNothing,
            }
        }
        if value.is_null() { Leads::ToNothing } else { Leads::To(value, holder) }
    }
}

impl Step {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match (self, value) {
            (Self::Key(key), Value::Object(object)) => object.get(key),
            // An element that stands alone in an XML document is no list there.
            (Self::Key(key), Value::Array(list)) => match list.as_slice() {
                [Value::Object(object)] => object.get(key),
                _ => None,
            },
            (Self::Element(index), Value::Array(list)) => list.get(*index),
            (Self::Element(0), value) => Some(value),
            (Self::Where(key, text), Value::Array(list)) => {
                list.iter().find(|value| says(value, key, text))
            }
            (Self::Where(key, text), value) => Some(value).filter(|value| says(value, key, text)),
            _ => None,
        }
    }
}

fn says(value: &Value, key: &str, text: &str) -> bool {
    match value.get(key) {
        Some(Value::String(found)) => found == text,
        Some(Value::Number(number)) => number.to_string().as_str() == text,
        Some(Value::Bool(value)) => text == if *value { "true" } else { "false" },
        _ => false,
    }
}

impl FromStr for Path {
    type Err = MappingError;

    fn from_str(path: &str) -> Result<Self, MappingError> {
        let refused = || {
            let path = clean(path, 60);
            MappingError::new(format_args!(
                "path `{path}`: expected such as `vehicle.make`, `results[0].plate`, \
                 `list[key=value].plate`, or `$.camera` and `^.camera` for what stands outside the list"
            ))
        };
        let (base, mut rest) = match path.split_at_checked(1) {
            Some(("$", rest)) => (Base::Record, rest),
            Some(("^", rest)) => (Base::Holder, rest),
            _ => (Base::Read, path),
        };
        let mut steps = Vec::new();
        if base != Base::Read {
            if rest.is_empty() {
                return Ok(Self { base, steps });
            }
            rest = rest.strip_prefix('.').ok_or_else(refused)?;
        }
        loop {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at_checked(end).ok_or_else(refused)?;
            if key.is_empty() {
                return Err(refused());
            }
            steps.push(Step::Key(key.to_owned()));
            rest = after;
            while let Some(inside) = rest.strip_prefix('[') {
                let (inside, after) = inside.split_once(']').ok_or_else(refused)?;
                steps.push(Step::inside(inside).ok_or_else(refused)?);
                rest = after;
            }
            if rest.is_empty() {
                break;
            }
            rest = rest.strip_prefix('.').ok_or_else(refused)?;
        }
        if steps.len() > LONGEST { Err(refused()) } else { Ok(Self { base, steps }) }
    }
}

impl Step {
    fn inside(text: &str) -> Option<Self> {
        if let Some((key, value)) = text.split_once('=') {
            return (!key.is_empty()).then(|| Self::Where(key.into(), value.into()));
        }
        let index = text.parse::<usize>().ok().filter(|n| *n <= FARTHEST)?;
        Some(Self::Element(index))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = match self.base {
            Base::Read => "",
            Base::Holder => "^",
            Base::Record => "$",
        };
        f.write_str(base)?;
        for (nth, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if nth == 0 && base.is_empty() => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
                Step::Where(key, value) => write!(f, "[{key}={value}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_is_written_as_it_was_and_leads_where_it_says() {
        let record = json!({
            "camera": "Gate", "list": [{"api": "other"}, {"api": "plates", "of": {"all": [{"p": 7}]}}],
        });
        let read = json!({"p": 7, "q": ["a", "b"]});
        let holder = json!({"all": [], "zone": 3});
        let bases = Bases { read: &read, holder: &holder, record: &record };
        for (path, expected) in [
            ("p", json!(7)),
            ("q[1]", json!("b")),
            ("p[0]", json!(7)),
            ("$.camera", json!("Gate")),
            ("^.zone", json!(3)),
            ("$.list[api=plates].of.all[0].p", json!(7)),
        ] {
            let parsed: Path = path.parse().unwrap();
            assert_eq!(parsed.to_string(), path);
            assert_eq!(parsed.value(bases), Some(&expected), "{path}");
        }
        for path in ["nothing", "q[2]", "$.list[api=none].of", "p.q"] {
            assert_eq!(path.parse::<Path>().unwrap().value(bases), None, "{path}");
        }
        for path in ["", ".a", "a.", "a[", "a[x]", "a[=x]", "a[0]b", "$a", "a..b"] {
            assert!(path.parse::<Path>().is_err(), "{path}");
        }
        let leads = |path: &str| path.parse::<Path>().unwrap().leads(&record);
        assert!(matches!(leads("list[api=plates].of.all"), Leads::To(Value::Array(_), _)));
        assert!(matches!(leads("list[api=faces].of.all"), Leads::ToNothing));
        assert!(matches!(leads("reads"), Leads::Nowhere));
        assert!(matches!(leads("$"), Leads::To(Value::Object(_), _)));
    }
}
