//! Documents as TOML: read strictly, written back.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a document cannot be taken for what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not the TOML it must be; says line, key and what is expected.
    #[error("{file}: {what}")]
    Form {
        /// The file or the sort of document.
        file: String,
        /// What is wrong, and where.
        what: String,
    },
    /// Readable, but it does not hold together or does not fit what is recorded.
    #[error("{0}")]
    Sense(String),
}

pub(crate) fn sense(what: impl Into<String>) -> DocumentError {
    DocumentError::Sense(what.into())
}

pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, DocumentError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        // The library's message is of several lines with a drawing; its first line names the place
        // and its last line says what was expected.
        let whole = error.to_string();
        let place = whole.lines().next().unwrap_or_default();
        let said = error.message();
        let what = if place == said { said.to_owned() } else { format!("{place}: {said}") };
        DocumentError::Form { file: file.to_owned(), what }
    })
}

pub(crate) fn write<T: Serialize>(what: &str, value: &T) -> Result<String, DocumentError> {
    toml::to_string(value)
        .map_err(|error| DocumentError::Form { file: what.to_owned(), what: error.to_string() })
}

/// Reading and writing for documents that need no check beyond their form.
macro_rules! toml_form {
    ($($name:ident, $what:literal);* $(;)?) => {$(
        impl $name {
            #[doc = concat!("Reads a ", $what, ".")]
            ///
            /// # Errors
            /// With file, line, key and what is expected.
            pub fn from_toml(file: &str, text: &str) -> Result<Self, $crate::DocumentError> {
                $crate::document::read(file, text)
            }

            /// The TOML that is signed.
            ///
            /// # Errors
            /// When it cannot be written.
            pub fn to_toml(&self) -> Result<String, $crate::DocumentError> {
                $crate::document::write($what, self)
            }
        }
    )*};
}
pub(crate) use toml_form;
