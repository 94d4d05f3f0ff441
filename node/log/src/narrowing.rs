//! Narrowing down what a statement covers: its places, until the exchanges that differ are found.
//!
//! The entry of a statement, or of the request for one, lets out its first frame and a token for what
//! follows. The token is bound to the peer and the period of the request that stands beside the entry,
//! and to as many places as one conversation may open; it cannot be copied, and what it has let out is
//! counted.
//!
//! ```
//! # use audit_log::{append::Appended, narrowing::{NarrowingToken, NotCovered}, release::Released};
//! # use schemas::{agency::AgencyId, statement::Node};
//! fn shown(appended: Appended, to: &AgencyId, node: &Node) -> Result<Released, NotCovered> {
//!     let (_, mut token) = appended.release_stating();
//!     token.show(to, node)
//! }
//! ```
//! ```compile_fail,E0423
//! # use audit_log::{append::Appended, narrowing::{NarrowingToken, NotCovered}, release::Released};
//! # use schemas::{agency::AgencyId, statement::Node};
//! fn shown(to: &AgencyId, node: &Node) -> Result<Released, NotCovered> {
//!     let mut token = NarrowingToken(None);
//!     token.show(to, node)
//! }
//! ```
//!
//! It is not kept for later:
//!
//! ```
//! # use audit_log::narrowing::NarrowingToken;
//! fn used(token: NarrowingToken) -> NarrowingToken {
//!     token
//! }
//! ```
//! ```compile_fail,E0599
//! # use audit_log::narrowing::NarrowingToken;
//! fn kept(token: &NarrowingToken) -> NarrowingToken {
//!     NarrowingToken::clone(token)
//! }
//! ```

use std::ops::Range;

use schemas::agency::AgencyId;
use schemas::envelope::Envelope;
use schemas::event::EntryKind;
use schemas::frame::FrameKind;
use schemas::statement::{MOST_PLACES_IN_ALL, Narrow, Node, StatementRequest};
use schemas::time::Timestamp;

use crate::entry::Entry;
use crate::release::Released;

/// Why something is not let out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCovered {
    /// It is no conversation of a statement, or one with another peer.
    #[error("no statement was made to this agency, or asked of it")]
    Peer,
    /// It tells of an exchange outside the period that was asked for.
    #[error("this exchange is outside the period that was stated")]
    Period,
    /// As many places were opened as one conversation may open.
    #[error("more places than one statement opens")]
    Exhausted,
}

#[derive(Debug)]
struct Covered {
    peer: AgencyId,
    period: Range<Timestamp>,
    /// Places that may still be opened.
    left: usize,
}

/// Leave to narrow down one statement. Only a durable append makes one.
#[derive(Debug)]
pub struct NarrowingToken(Option<Covered>);

impl NarrowingToken {
    /// What an entry covers once it is durable: nothing, unless it is of a statement or of the request
    /// for one, whose envelope then stands beside it first.
    pub(crate) fn of(entry: &Entry) -> Self {
        let covered = || {
            if entry.said.kind() != EntryKind::AuditStated {
                return None;
            }
            let request = entry.envelopes.first().map(Envelope::unverified_payload)?;
            let request: StatementRequest = serde_json::from_slice(request).ok()?;
            let peer = entry.peer.clone()?;
            Some(Covered { peer, period: request.since..request.until, left: MOST_PLACES_IN_ALL })
        };
        Self(covered())
    }

    /// A token that covers nothing.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    fn covered(&mut self, peer: &AgencyId) -> Result<&mut Covered, NotCovered> {
        self.0.as_mut().filter(|covered| covered.peer == *peer).ok_or(NotCovered::Peer)
    }

    /// Asks `peer` to show places of what it stated; without any, that is the end.
    ///
    /// # Errors
    /// When this statement is not of that peer, or as many places were opened as may be.
    pub fn ask(&mut self, peer: &AgencyId, wanted: &Narrow) -> Result<Released, NotCovered> {
        self.covered(peer)?.open(wanted.places.len().max(1))?;
        Ok(Released::json(FrameKind::Narrow, wanted))
    }

    /// Shows `peer` a place of what was stated to it.
    ///
    /// # Errors
    /// When nothing was stated to that peer, the place holds an exchange outside the period, or as
    /// many places were opened as may be.
    pub fn show(&mut self, peer: &AgencyId, node: &Node) -> Result<Released, NotCovered> {
        let covered = self.covered(peer)?;
        if !node.lines.iter().all(|line| covered.period.contains(&line.asked_at)) {
            return Err(NotCovered::Period);
        }
        covered.open(1)?;
        Ok(Released::json(FrameKind::Narrow, node))
    }
}

impl Covered {
    fn open(&mut self, places: usize) -> Result<(), NotCovered> {
        self.left = self.left.checked_sub(places).ok_or(NotCovered::Exhausted)?;
        Ok(())
    }
}
