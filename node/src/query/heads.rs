//! What a peer's frames show of its log: checked, compared with what it showed before, and kept in
//! the entry that the frame leads to. So its own signed words stand in this log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use schemas::agency::AgencyId;
use schemas::answer::Receipt;
use schemas::checkpoint::{SignedCheckpoint, origin};
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::envelope::Envelope;
use schemas::note::{KeyType, Vkey};
use schemas::query::Query;
use schemas::standing::Standing;

use super::answer::Asked;
use crate::audit::append::AppendError;
use crate::audit::entry::Entry;
use crate::office::Office;
use crate::registry::{Alarm, AlarmKind, Change, Peer};

/// The largest signed head that each peer has shown since the node started.
#[derive(Debug, Default)]
pub struct Heads(Mutex<HashMap<AgencyId, SignedCheckpoint>>);

/// What stood beside a frame.
#[derive(Debug)]
pub(super) enum Shown {
    /// Nothing that proves anything: a peer need not, and then its log is told by its statements
    /// and its witnessed heads alone.
    Nothing,
    /// A proven place in its log.
    Proven(Standing),
    /// Something that an honest log does not show.
    Wrong(AlarmKind, Vec<String>),
}

impl Heads {
    /// The largest verified head that a peer has shown since the node started.
    pub(super) fn largest(&self, peer: &AgencyId) -> Option<SignedCheckpoint> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(peer).cloned()
    }

    /// Compares a verified head with the largest known one: one size has one root.
    fn fork(&self, peer: &AgencyId, head: &SignedCheckpoint) -> Option<Vec<String>> {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = head.unverified();
        match heads.get(peer).map(|known| (known, known.unverified())) {
            Some((known, of)) if of.size == shown.size && of.root != shown.root => {
                Some(vec![known.to_string(), head.to_string()])
            }
            Some((_, of)) if of.size >= shown.size => None,
            _ => {
                heads.insert(peer.clone(), head.clone());
                None
            }
        }
    }
}

/// The key that signs an agency's checkpoints, as notes name it.
#[must_use]
pub fn log_key(peer: &Peer) -> Vkey {
    let card = &peer.card.value;
    Vkey::new(origin(&card.id), KeyType::Note, card.log_key)
}

impl Office {
    /// Checks what stands beside a frame of `peer`; `fits` says whether the header is that of the
    /// entry which the frame must have.
    pub(super) fn shown(
        &self,
        peer: &Peer,
        beside: &[u8],
        fits: impl FnOnce(&Header) -> bool,
    ) -> Shown {
        let Ok(standing) = serde_json::from_slice::<Standing>(beside) else {
            return Shown::Nothing;
        };
        let exact = || vec![String::from_utf8_lossy(beside).into_owned()];
        match standing.verified(&log_key(peer)) {
            Ok((header, head)) => {
                if !fits(&header) {
                    return Shown::Wrong(AlarmKind::Proof, exact());
                }
                match self.heads.fork(&peer.card.value.id, &head) {
                    Some(evidence) => Shown::Wrong(AlarmKind::Fork, evidence),
                    None => Shown::Proven(standing),
                }
            }
            Err(_) => Shown::Wrong(AlarmKind::Proof, exact()),
        }
    }

    /// What stands beside a query: the requester's entry of having sent it.
    pub(super) fn shown_with_query(&self, peer: &Peer, beside: &[u8], asked: &Asked) -> Shown {
        let envelope = Some(Digest::of(asked.envelope.as_bytes()));
        self.shown(peer, beside, |header| {
            header.kind == EntryKind::QuerySent
                && header.query == Some(asked.query.id.digest())
                && header.peer.as_ref() == Some(&self.me)
                && header.envelope == envelope
        })
    }

    /// What stands beside a reply: the owner's entry of it. Beside that entry stand the query and
    /// the reply, but not again when a reply is delivered again.
    pub(super) fn shown_with_reply(
        &self,
        peer: &Peer,
        beside: &[u8],
        query: &Query,
        envelopes: [&Envelope; 2],
    ) -> Shown {
        let both =
            envelopes.map(|envelope| String::from_utf8_lossy(envelope.as_bytes())).join("\n");
        let both = Digest::of(both.as_bytes());
        self.shown(peer, beside, |header| {
            let replied = matches!(
                header.kind,
                EntryKind::QueryAnswered | EntryKind::QueryRefused | EntryKind::AnswerRedelivered
            );
            replied
                && header.query == Some(query.id.digest())
                && header.peer.as_ref() == Some(&self.me)
                && header.envelope.is_none_or(|digest| digest == both)
        })
    }

    /// What stands beside a receipt: the requester's entry of the answer, beside which the answer
    /// stands alone.
    pub(super) fn shown_with_receipt(
        &self,
        peer: &Peer,
        beside: &[u8],
        receipt: &Receipt,
    ) -> Shown {
        self.shown(peer, beside, |header| {
            header.kind == EntryKind::AnswerReceived
                && header.query == Some(receipt.query_id.digest())
                && header.peer.as_ref() == Some(&self.me)
                && header.envelope == Some(receipt.answer_digest)
        })
    }

    /// Raises an alarm about a peer, unless the same one is open already.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub(crate) async fn raise(
        &self,
        peer: &AgencyId,
        kind: AlarmKind,
        evidence: Vec<String>,
    ) -> Result<(), AppendError> {
        let state = self.registry.state();
        let open = state.alarms.values().any(|raised| {
            raised.resolved.is_none() && raised.what.peer == *peer && raised.what.kind == kind
        });
        if open {
            return Ok(());
        }
        tracing::error!(%peer, alarm = kind.words(), "alarm");
        let alarm = Alarm { peer: peer.clone(), kind, evidence, at: self.clock.now() };
        let entry = Entry::new(EntryKind::AlarmRaised, self.node_actor())
            .with_peer(peer)
            .with("alarm", kind.words())
            .changing(Change::Alarm { alarm });
        self.log.append(entry).await.map(drop)
    }
}
