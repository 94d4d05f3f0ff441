//! Faults as they are found; they know their place once the file is at hand.

use std::fmt::Display;

use crate::policy::Policy;

/// What was found of a policy so far.
pub(super) struct Faults<'p> {
    pub(super) policy: &'p Policy,
    /// By key: what is wrong with it.
    pub(super) found: Vec<(String, String)>,
}

impl Faults<'_> {
    pub(super) fn fault(&mut self, key: &str, what: impl Display) {
        self.found.push((key.to_owned(), format!("`{key}` {what}")));
    }
}
