//! Reading a policy: strictly, and with everything that is wrong.

use serde::Deserialize;

use super::malformed::malformed;
use super::{FORMAT, Fault, LARGEST_TEXT, Policy};
use crate::document::{DocumentError, line_of, read, sense};

/// The one key that every version of the format has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// With file, line, key and what is expected, or what does not hold together.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, DocumentError> {
        let size = schemas::posted::size(text);
        if size > LARGEST_TEXT {
            return Err(sense(format!(
                "{file}: a policy of {size} bytes is too large; peers are sent it, and at most {LARGEST_TEXT} are read, quotation marks and line ends counted twice"
            )));
        }
        let version: Version = read(file, text)?;
        if version.format != FORMAT {
            return Err(sense(format!(
                "{file}: {}`format` is {}; this version reads {FORMAT}",
                line_of(text, "format").map_or(String::new(), |line| format!("line {line}: ")),
                version.format
            )));
        }
        let policy: Self = read(file, text)?;
        match policy.faults(text).as_slice() {
            [] => Ok(policy),
            [fault] => Err(sense(format!("{file}: {fault}"))),
            [fault, more @ ..] => Err(sense(format!(
                "{file}: {fault} (and {} more; `accord policy check` tells them all)",
                more.len()
            ))),
        }
    }

    /// Everything that is wrong with a text, in its order; nothing where it is a policy.
    #[must_use]
    pub fn check(text: &str) -> Vec<Fault> {
        match read::<Self>("policy", text) {
            Ok(policy) if policy.format == FORMAT => policy.faults(text),
            Ok(_) => vec![Fault {
                line: line_of(text, "format"),
                key: "format".into(),
                what: format!("`format` must be {FORMAT}"),
            }],
            Err(error) => malformed(text, &error),
        }
    }
}
