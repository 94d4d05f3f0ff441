//! Words that a policy names as its own: split as the words of a reason are, once.

use std::fmt;

use schemas::text::{Text, TextError};
use serde::{Deserialize, Serialize};

use super::fold;

/// A word or phrase of a policy's own lists, as it was written and as it is found in a reason.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(from = "Text", into = "Text")]
#[cfg_attr(feature = "json-schema", schemars(with = "Text"))]
pub struct OwnPhrase {
    text: Text,
    words: Vec<String>,
}

impl OwnPhrase {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Its words, as the words of a text are split.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }
}

impl From<Text> for OwnPhrase {
    fn from(text: Text) -> Self {
        Self { words: fold::words(text.as_str()), text }
    }
}

impl From<OwnPhrase> for Text {
    fn from(phrase: OwnPhrase) -> Self {
        phrase.text
    }
}

impl std::str::FromStr for OwnPhrase {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        text.parse::<Text>().map(Self::from)
    }
}

impl PartialEq for OwnPhrase {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for OwnPhrase {}

impl fmt::Display for OwnPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text, f)
    }
}

impl fmt::Debug for OwnPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
