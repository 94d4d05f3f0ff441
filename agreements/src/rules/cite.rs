//! How the rules say why: reasons, what they cite, and lists in sentences.

use schemas::agency::AgencyId;
use schemas::refusal::{Citation, Reason, RefusalCode};

/// The statute that binds every operator and end-user.
pub(super) const STATUTE: &str = "California Civil Code";

pub(super) fn statute(section: &str) -> Citation {
    Citation::new(STATUTE, section)
}

pub(super) fn reason(
    code: RefusalCode,
    message: impl Into<String>,
    citations: Vec<Citation>,
) -> Reason {
    Reason { code, message: message.into(), citations }
}

/// A rule of the node's own, where the texts are silent.
pub(super) fn own_rule(section: &str) -> Citation {
    Citation::new("Accord protocol", section)
}

/// Agency ids as a sentence lists them.
pub(super) fn listed<'a>(ids: impl IntoIterator<Item = &'a AgencyId>) -> String {
    ids.into_iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}
