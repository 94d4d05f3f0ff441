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
//! ```compile_fail,E0277
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
            if entry.event.kind() != EntryKind::AuditStated {
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

#[cfg(test)]
mod tests {
    use schemas::body::Actor;
    use schemas::digest::Digest;
    use schemas::envelope::Kind;
    use schemas::event::audit::AuditRecorded;
    use schemas::key::SecretKey;
    use schemas::query::QueryId;
    use schemas::statement::tree_path::TreePath;
    use schemas::statement::{ExchangeRecord, Reached};

    use super::*;
    use crate::arrived::DayBounds;
    use crate::entries::audit::{audit_recorded, statement_asked, statement_given};
    use crate::entry::Auditor;

    fn id(text: &str) -> AgencyId {
        text.parse().unwrap()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn node_itself() -> Auditor {
        Auditor::nobody(Actor {
            user: None,
            full_name: "".parse().unwrap(),
            agency: id("owning-ca-pd"),
            auth: "node".into(),
        })
    }

    /// A request for what was signed from 100 to 199.
    fn request() -> Envelope {
        let (from, to) = (id("asking-ca-pd"), id("owning-ca-pd"));
        let request = StatementRequest {
            from,
            to,
            at: at(0),
            since: at(100),
            until: at(200),
            sessions: Vec::new(),
        };
        Envelope::sign_json(Kind::Statement, &request, &SecretKey::from_seed(&[7; 32])).unwrap()
    }

    fn given() -> NarrowingToken {
        let (request, peer) = (request(), id("asking-ca-pd"));
        NarrowingToken::of(&statement_given(&peer, 1, [&request, &request], DayBounds::NONE))
    }

    fn node(asked_at: i64) -> Node {
        let line = ExchangeRecord {
            query_id: QueryId::from_bytes([0; 16]),
            requester: id("asking-ca-pd"),
            asked_at: at(asked_at),
            reached: Reached::Answered,
            query: Digest::of(b"query"),
            reply: None,
            receipt: None,
            refused_before: Vec::new(),
        };
        Node { place: TreePath::all(), children: Vec::new(), lines: vec![line] }
    }

    #[test]
    fn a_place_is_shown_to_the_peer_and_for_the_period_that_was_stated() {
        let mut token = given();
        let (peer, other) = (id("asking-ca-pd"), id("other-ca-pd"));
        assert!(token.show(&peer, &node(100)).is_ok());
        assert!(token.show(&peer, &node(199)).is_ok());
        assert_eq!(token.show(&peer, &node(99)).unwrap_err(), NotCovered::Period);
        assert_eq!(token.show(&peer, &node(200)).unwrap_err(), NotCovered::Period);
        assert_eq!(token.show(&other, &node(100)).unwrap_err(), NotCovered::Peer);
    }

    #[test]
    fn as_many_places_are_opened_as_one_conversation_may_open() {
        let (mut token, peer) = (given(), id("asking-ca-pd"));
        for _ in 0..MOST_PLACES_IN_ALL {
            assert!(token.show(&peer, &node(100)).is_ok());
        }
        assert_eq!(token.show(&peer, &node(100)).unwrap_err(), NotCovered::Exhausted);
        let (request, owner) = (request(), id("owning-ca-pd"));
        let asked = statement_asked(node_itself(), &owner, at(100), at(200), &request);
        let mut token = NarrowingToken::of(&asked);
        let all = |places| Narrow { places: vec![TreePath::all(); places] };
        assert!(token.ask(&owner, &all(MOST_PLACES_IN_ALL - 1)).is_ok());
        assert_eq!(token.ask(&owner, &all(2)).unwrap_err(), NotCovered::Exhausted);
        assert!(token.ask(&owner, &all(0)).is_ok(), "the end");
        assert_eq!(token.ask(&owner, &all(0)).unwrap_err(), NotCovered::Exhausted);
    }

    #[test]
    fn an_entry_of_another_kind_covers_nothing() {
        let finding = "none".parse().unwrap();
        let recorded = AuditRecorded { sample: None, finding, entries: Vec::new(), ok: true };
        let mut token = NarrowingToken::of(&audit_recorded(node_itself(), recorded));
        let shown = token.show(&id("asking-ca-pd"), &node(100));
        assert_eq!(shown.unwrap_err(), NotCovered::Peer);
    }
}
