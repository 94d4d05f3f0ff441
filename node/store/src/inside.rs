//! What of an entry stands in its body alone: a body is packed, so no statement reads it.

use serde_json::Value;

use super::StoreError;

/// The body of an entry, as its JSON.
pub(super) struct Inside(Value);

impl Inside {
    /// What a body says.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn of(body: &str) -> Result<Self, StoreError> {
        serde_json::from_str(body)
            .map(Self)
            .map_err(|error| StoreError::Corrupt(format!("the body of an entry: {error}")))
    }

    fn text(&self, at: &str) -> Option<&str> {
        self.0.pointer(at).and_then(Value::as_str)
    }

    /// The agency that acted.
    pub(super) fn agency(&self) -> Option<&str> {
        self.text("/actor/agency")
    }

    /// The user who acted.
    pub(super) fn user(&self) -> Option<&str> {
        self.text("/actor/user")
    }

    /// The user for whom it was asked.
    pub(super) fn for_user(&self) -> Option<&str> {
        self.text("/event/access/for_user")
    }

    /// The case that it was asked for.
    pub(super) fn case(&self) -> Option<&str> {
        self.text("/event/access/why/case")
    }

    /// The plate that was asked for.
    pub(super) fn plate(&self) -> Option<&str> {
        self.text("/event/access/elements/plate")
    }
}
