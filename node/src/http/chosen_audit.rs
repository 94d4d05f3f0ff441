//! Under which of their open audits somebody looks, as a request says it.

use axum::http::HeaderMap;

use super::error::ApiError;
use crate::permission::ActError;

/// The header that says it: the index of the entry that opened the audit. Who has one open needs none.
pub const AUDIT: &str = "accord-audit";

/// What a request says.
///
/// # Errors
/// When that is no index.
pub(super) fn chosen(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(AUDIT) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let number = number.ok_or_else(|| {
        let shown: String = String::from_utf8_lossy(value.as_bytes()).chars().take(40).collect();
        ActError::usage(format!(
            "Accord-Audit is `{shown}`; expected the number of an audit, as `accord audit list-open` or GET /audits shows it"
        ))
    })?;
    Ok(Some(number))
}
