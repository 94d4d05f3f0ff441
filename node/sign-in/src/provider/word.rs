//! What a provider says of somebody.

use schemas::time::Timestamp;

/// What a provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Who she is there. No other person of the same issuer ever is.
    pub subject: String,
    /// How she proved it (RFC 8176).
    pub amr: Vec<String>,
    /// Of which class that is.
    pub acr: Option<String>,
    /// When, at the latest now.
    pub proved: Timestamp,
    /// When, by the provider's clock.
    pub told: Timestamp,
    /// Groups that she is in, where they matter.
    pub groups: Vec<String>,
}

impl Word {
    /// How she proved it, in words.
    #[must_use]
    pub fn ways(&self) -> String {
        let amr = self.amr.iter().map(|way| format!("`{way}`")).collect::<Vec<_>>().join(", ");
        match (amr.is_empty(), &self.acr) {
            (true, None) => "ways that it does not tell".into(),
            (true, Some(acr)) => format!("class `{acr}`"),
            (false, None) => amr,
            (false, Some(acr)) => format!("{amr} (class `{acr}`)"),
        }
    }
}
