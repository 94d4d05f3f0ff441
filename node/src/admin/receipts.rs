//! More time for the receipts of a peer: whoever owes one for long is refused, unless a person says
//! otherwise, on record.

use schemas::agency::AgencyId;
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::cards::receipts_extended;

/// Most days that receipts are waited for.
const MOST_DAYS: u32 = 30;

/// Gives `peer` until `until` to send the receipts that it owes, however old they are.
///
/// # Errors
/// When there is no card of it, `until` has passed or is too far, no reason is given, or the actor may
/// not.
pub async fn extend(
    agency: &OwnAgency,
    by: &Principal,
    peer: &AgencyId,
    until: Timestamp,
    reason: &Text,
) -> Result<(), ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    let extended = agency.act(|state, now| {
        let user = authorize(state, by, Permission::Administer, now)?;
        if !state.peers.contains_key(peer) {
            return Err(ActError::usage(format!(
                "no card of `{peer}` is recorded; see `accord card list`"
            )));
        }
        let latest = now.plus_days(MOST_DAYS);
        if until <= now || until > latest {
            return Err(ActError::usage(format!(
                "--until {until} is not after {now} and by {latest}, {MOST_DAYS} days on"
            )));
        }
        let actor = agency.actor(&user, by);
        Ok((receipts_extended(state, actor, peer, until, reason), ()))
    });
    extended.await.map(drop)
}
