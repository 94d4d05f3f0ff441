//! When programs were used last.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use registry::ProgramName;
use schemas::time::Timestamp;

/// When programs were used last, since the node started.
#[derive(Debug, Default)]
pub struct ProgramUses(Mutex<BTreeMap<ProgramName, Timestamp>>);

impl ProgramUses {
    /// When it was used last.
    #[must_use]
    pub fn of(&self, program: &ProgramName) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(program).copied()
    }

    /// It is used now.
    pub(super) fn note(&self, program: &ProgramName, at: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(program.clone(), at);
    }
}
