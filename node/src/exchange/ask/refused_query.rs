//! A query of one's own that its owner refused: what a written request follows, and what runs again
//! once that request is approved.

use schemas::envelope::{Envelope, Kind};
use schemas::outcome::OutcomeCode;
use schemas::query::{Query, QueryId};

use crate::permission::{ActError, OwnAgency};
use store::ReadStore;

/// The refused query, as it was signed.
///
/// # Errors
/// When no query of this id was sent from here, it was not refused, or it is kept no longer.
pub async fn refused_query(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    id: QueryId,
) -> Result<Query, ActError> {
    let none =
        || ActError::usage(format!("no query `{id}` was sent from here; see `accord audit log`"));
    let asked = store.asked(id).await?.ok_or_else(none)?;
    if asked.outcome != Some(OutcomeCode::Refused) {
        return Err(ActError::usage(format!(
            "query `{id}` was not refused ({}); a request follows a refusal",
            asked.outcome.map_or("open", OutcomeCode::code)
        )));
    }
    let exact = asked
        .envelope
        .ok_or_else(|| ActError::usage(format!("query `{id}` is kept no longer; ask it anew")))?;
    let envelope = Envelope::parse(exact.as_bytes())?;
    Ok(agency.own_signed(&envelope, Kind::Query)?)
}
