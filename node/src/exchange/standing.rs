//! What peers' logs must hold of exchanges and have not proven: asked for until it is, counted, and
//! beyond a bound a reason to refuse.
//!
//! Each exchange leaves the other side owing the place of its own entry in its own log. Mostly the proof
//! stands beside the message. What did not, or could not be checked yet, is asked for here, of many
//! exchanges at once, while the peer can be reached: so an honest peer pays without a person, after a
//! crash, a change of keys or a long absence alike. Only time over a connection that stands counts
//! against it. Debts are rows of the database: they survive a crash, and a proof is an entry of this
//! log before its debt is gone.

mod collecting;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemas::agency::AgencyId;
use schemas::frame::Frame;
use schemas::standing::StandingRequest;

use super::not_served::NotServed;
use crate::config::Bounds;
use crate::context::{NodeContext, ObservedCheckpoints};
use crate::permission::OwnAgency;
use audit_log::append::AuditLog;
use audit_log::release::Released;
use registry::Peer;
use store::{ReadStore, StoreError};

pub use collecting::{Collector, collect_until};

/// Exchanges that a peer may leave unproven for any time: a log that was put back from a backup may have
/// lost some entries that nobody had seen, and can never show them.
const TOLERATED: u32 = 16;

/// How much a peer leaves unproven. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ProofBook {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    bounds: Bounds,
    shown: Arc<ObservedCheckpoints>,
}

/// What a peer leaves unproven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unproven {
    /// Entries of its log that it owes.
    pub(crate) owed: u32,
    /// Those of them that are owed longer than is allowed, where that was looked at.
    pub(crate) overdue: u32,
    /// Whether it has shown signed heads of its log and not proven them to be of one log although it was
    /// there.
    pub(crate) heads: bool,
    /// Whether it is more than is allowed.
    pub(crate) beyond: bool,
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = match self.owed {
            1 => "1 entry about an exchange".to_owned(),
            owed => format!("{owed} entries about exchanges"),
        };
        match self.heads {
            false => f.write_str(&entries),
            true if self.owed == 0 => write!(f, "that the heads it signed are of one log"),
            true => write!(f, "{entries}, and that the heads it signed are of one log"),
        }
    }
}

impl ProofBook {
    /// The book of a node.
    pub(crate) fn of(context: &NodeContext) -> Self {
        Self {
            agency: context.agency.clone(),
            store: context.store.clone(),
            bounds: context.bounds,
            shown: context.observed.clone(),
        }
    }

    /// What `peer` leaves unproven at this moment.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn unproven(&self, peer: &AgencyId) -> Result<Unproven, StoreError> {
        let owed = self.agency.log.counters().unproven.get(peer).copied().unwrap_or(0);
        let overdue = match owed {
            0..=TOLERATED => 0,
            _ => self.store.overdue(peer, self.bounds.unproven_seconds).await?,
        };
        let seconds = self.shown.unproven_seconds(peer);
        let beyond = owed >= self.bounds.unproven_exchanges
            || overdue > TOLERATED
            || (seconds > 0 && seconds >= u64::from(self.bounds.unproven_seconds));
        Ok(Unproven { owed, overdue, heads: seconds > 0, beyond })
    }

    /// What every peer leaves unproven that leaves something.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn all(&self) -> Result<BTreeMap<AgencyId, Unproven>, StoreError> {
        let counters = self.agency.log.counters();
        let mut all = BTreeMap::new();
        let owing = counters.unproven.iter().filter(|(_, owed)| **owed > 0);
        for peer in owing.map(|(peer, _)| peer.clone()).chain(self.shown.proving_nothing()) {
            let unproven = self.unproven(&peer).await?;
            all.insert(peer, unproven);
        }
        Ok(all)
    }

    /// What somebody who asks `peer` is to know of its log; nothing while it owes no more than it may.
    pub(crate) async fn warning(&self, peer: &AgencyId) -> Option<String> {
        // What cannot be looked at now, `accord doctor` tells.
        let unproven = self.unproven(peer).await.ok().filter(|unproven| unproven.beyond)?;
        Some(format!(
            "the log of `{peer}` has not proven {unproven}: what it says of exchanges may have been written later; see `accord doctor`"
        ))
    }
}

/// Shows a peer where those entries of this log stand that it asks for and that concern it; whether
/// there were any. Served whatever else is refused: nothing is said but headers of entries that tell of
/// messages which the peer has.
pub(super) async fn serve(
    log: &AuditLog,
    peer: &Peer,
    frame: &Frame,
) -> Result<(Released, bool), NotServed> {
    let request: StandingRequest = serde_json::from_slice(&frame.body)
        .map_err(|_| NotServed::unverifiable("a request for proofs that cannot be read"))?;
    if !request.is_bounded() {
        return Err(NotServed::unverifiable("a request for no proof, or for too many"));
    }
    let (reply, found) = log.standing(&peer.card.value.id, &request).await?;
    Ok((reply, found > 0))
}
