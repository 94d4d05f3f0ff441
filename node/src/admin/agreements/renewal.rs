//! Another term for an agreement: the same text, as the next version, until later.

use ::agreements::agreement::Agreement;
use schemas::authority::AuthorityName;
use schemas::time::Timestamp;

use super::{TextChoice, choosing};
use crate::permission::{ActError, OwnAgency};

/// The next version of an agreement, which says what the present one says and ends at `until`.
///
/// # Errors
/// When there is no such agreement, or it would end no later.
pub fn renewed(
    agency: &OwnAgency,
    name: &AuthorityName,
    until: Timestamp,
) -> Result<Agreement, ActError> {
    let state = agency.registry.state();
    let id = choosing::named(&state, name, |_| true)?;
    let known = choosing::text(&agency.id, &state, id, TextChoice::default())?;
    let present = &known.recorded.agreement;
    if until <= present.expires {
        return Err(ActError::usage(format!(
            "version {} of `{id}` lasts until {} already; give a later end",
            present.version, present.expires
        )));
    }
    Ok(Agreement {
        version: present.version.saturating_add(1),
        supersedes: Some(known.recorded.text),
        expires: until,
        ..present.clone()
    })
}
