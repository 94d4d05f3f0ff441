//! Why a query is refused.

use schemas::refusal::Reason;

/// Why a query is refused: at least one reason, in the order of the published codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reasons(Vec<Reason>);

impl Reasons {
    /// One reason.
    #[must_use]
    pub fn of(reason: Reason) -> Self {
        Self(vec![reason])
    }

    /// Several, put in order; `None` if there are none.
    #[must_use]
    pub fn ordered(mut reasons: Vec<Reason>) -> Option<Self> {
        reasons.sort_by_key(|reason| reason.code);
        (!reasons.is_empty()).then_some(Self(reasons))
    }

    /// The reasons.
    #[must_use]
    pub fn as_slice(&self) -> &[Reason] {
        &self.0
    }

    /// The reasons.
    #[must_use]
    pub fn into_vec(self) -> Vec<Reason> {
        self.0
    }
}
