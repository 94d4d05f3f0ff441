//! What a peer's frames show of its log: checked, compared with what it showed before, and kept in
//! the entry that the frame leads to. So its own signed words stand in this log.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::answer::Receipt;
use schemas::checkpoint::{CheckpointError, SignedCheckpoint};
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::entry_proof::{EntryProof, EntryProofError};
use schemas::envelope::Envelope;
use schemas::note::{NoteError, Vkey};
use schemas::query::Query;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::answer::Asked;
use crate::context::NodeContext;
use audit_log::append::{AppendError, Moved};
use audit_log::entry::{Entry, Guard};
use peer::link::Dial;
use registry::{Alarm, Change, Peer};
use schemas::alarm::AlarmKind;

/// How long shown heads are gathered before a proof is asked for.
const GATHER: Duration = Duration::from_millis(200);
/// How long a peer has to prove what it showed.
const PROOF: Duration = Duration::from_secs(20);
/// Most heads of one peer that wait to be proven; what is shown beyond them stands in the log alone,
/// where reconciling looks at it.
const MOST_WAITING: usize = 1_024;

/// What peers have shown of their logs since the node started.
#[derive(Debug, Default)]
pub struct Heads {
    by_peer: Mutex<HashMap<AgencyId, OfPeer>>,
    /// A head was shown that nothing proves yet.
    more: Notify,
}

/// What one peer has shown.
#[derive(Debug, Default)]
struct OfPeer {
    /// The largest head that is proven to be of one log with all before it.
    proven: Option<SignedCheckpoint>,
    /// Signed heads, by their size, that are not proven yet to be of one log with it.
    waiting: BTreeMap<u64, SignedCheckpoint>,
    /// A proof is being asked for.
    asked: bool,
}

/// What stood beside a frame.
#[derive(Debug)]
pub(super) enum Shown {
    /// Nothing that proves anything: a peer need not, and then its log is told by its statements
    /// and its witnessed heads alone.
    Nothing,
    /// A proven place in its log.
    Proven(EntryProof),
    /// Something that an honest log does not show.
    Wrong(AlarmKind, Vec<String>),
}

impl Heads {
    fn by_peer(&self) -> MutexGuard<'_, HashMap<AgencyId, OfPeer>> {
        self.by_peer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The heads of a peer that wait to be proven, smallest first.
    pub(super) fn waiting(&self, peer: &AgencyId) -> Vec<SignedCheckpoint> {
        let heads = self.by_peer();
        heads.get(peer).map_or_else(Vec::new, |of| of.waiting.values().cloned().collect())
    }

    /// These heads of a peer are proven to be of one log.
    pub(super) fn proven(&self, peer: &AgencyId, heads: &[SignedCheckpoint]) {
        let mut by_peer = self.by_peer();
        let of = by_peer.entry(peer.clone()).or_default();
        for head in heads {
            of.waiting.remove(&head.unverified().size);
        }
        let largest = |head: &SignedCheckpoint| head.unverified().size;
        of.proven = of.proven.take().into_iter().chain(heads.last().cloned()).max_by_key(largest);
    }

    /// Forgets what a peer has shown: an auditor resolved what it showed.
    pub(crate) fn forget(&self, peer: &AgencyId) {
        drop(self.by_peer().remove(peer));
    }

    /// Compares a verified head with the known ones, for one size has one root; one that is not
    /// known waits to be proven.
    fn fork(&self, peer: &AgencyId, head: &SignedCheckpoint) -> Option<Vec<String>> {
        let mut by_peer = self.by_peer();
        let of = by_peer.entry(peer.clone()).or_default();
        let shown = head.unverified();
        let proven = of.proven.as_ref().filter(|known| known.unverified().size == shown.size);
        match of.waiting.get(&shown.size).or(proven) {
            Some(known) if known.unverified().root == shown.root => None,
            Some(known) => Some(vec![known.to_string(), head.to_string()]),
            None => {
                if of.waiting.len() < MOST_WAITING {
                    of.waiting.insert(shown.size, head.clone());
                    self.more.notify_one();
                }
                None
            }
        }
    }

    /// Peers whose heads wait to be proven and that are not asked yet; they are from now on.
    fn begin(&self) -> Vec<AgencyId> {
        let mut by_peer = self.by_peer();
        let due = by_peer.iter_mut().filter(|(_, of)| !of.asked && !of.waiting.is_empty());
        due.map(|(peer, of)| {
            of.asked = true;
            peer.clone()
        })
        .collect()
    }

    /// A peer was asked; what it showed meanwhile is asked for next.
    fn end(&self, peer: &AgencyId, again: bool) {
        let mut by_peer = self.by_peer();
        let Some(of) = by_peer.get_mut(peer) else { return };
        of.asked = false;
        if again && !of.waiting.is_empty() {
            self.more.notify_one();
        }
    }
}

/// Has each peer prove what it showed as soon as it did, until `stop`: a log that tells two
/// histories is found out by the next proof. One peer that is slow or silent keeps back no other;
/// what it does not prove, the rounds of cosigning ask for again.
pub(crate) async fn prove_shown<D: Dial>(
    context: NodeContext,
    dial: Arc<D>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.observed.more.notified() => {}
        }
        // Under load one proof then covers many heads.
        tokio::time::sleep(GATHER).await;
        let state = context.agency.registry.state();
        for id in context.observed.begin() {
            let peer = state.peers.get(&id).filter(|peer| peer.blocked.is_none());
            let (context, dial, peer) = (context.clone(), dial.clone(), peer.cloned());
            tokio::spawn(async move {
                let proven = match &peer {
                    Some(peer) => {
                        let asked = context.check_shown(dial.as_ref(), peer);
                        matches!(tokio::time::timeout(PROOF, asked).await, Ok(Ok(())))
                    }
                    None => false,
                };
                context.observed.end(&id, proven);
            });
        }
    }
}

/// Whether no key of this peer's log that was ever known signed the head: it may be one that a card
/// names which has not come yet.
fn unknown_key(peer: &Peer, standing: &EntryProof) -> bool {
    let untrusted = |key: &Vkey| {
        let said = standing.verified(key).err();
        matches!(
            said,
            Some(EntryProofError::Checkpoint(CheckpointError::Note(NoteError::Untrusted)))
        )
    };
    peer.log_keys_ever().iter().all(untrusted)
}

impl NodeContext {
    /// Checks what stands beside a frame of `peer`; `fits` says whether the header is that of the
    /// entry which the frame must have.
    pub(super) fn shown(
        &self,
        peer: &Peer,
        beside: &[u8],
        fits: impl FnOnce(&Header) -> bool,
    ) -> Shown {
        let Ok(standing) = serde_json::from_slice::<EntryProof>(beside) else {
            return Shown::Nothing;
        };
        let exact = || vec![String::from_utf8_lossy(beside).into_owned()];
        let keys = peer.log_keys(self.agency.clock.now());
        match keys.iter().find_map(|key| standing.verified(key).ok()) {
            Some((header, head)) => {
                if !fits(&header) {
                    return Shown::Wrong(AlarmKind::Proof, exact());
                }
                match self.observed.fork(&peer.card.value.id, &head) {
                    Some(evidence) => Shown::Wrong(AlarmKind::Fork, evidence),
                    None => Shown::Proven(standing),
                }
            }
            // The card that names the key comes by itself; until then this is as if nothing stood here.
            None if unknown_key(peer, &standing) => Shown::Nothing,
            None => Shown::Wrong(AlarmKind::Proof, exact()),
        }
    }

    /// What stands beside a query: the requester's entry of having sent it.
    pub(super) fn shown_with_query(&self, peer: &Peer, beside: &[u8], asked: &Asked) -> Shown {
        let envelope = Some(Digest::of(asked.envelope.as_bytes()));
        self.shown(peer, beside, |header| {
            header.kind == EntryKind::QuerySent
                && header.query == Some(asked.query.id.digest())
                && header.peer.as_ref() == Some(&self.agency.id)
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
                && header.peer.as_ref() == Some(&self.agency.id)
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
                && header.peer.as_ref() == Some(&self.agency.id)
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
        loop {
            let state = self.agency.registry.state();
            let open = state.alarms.values().any(|raised| {
                raised.resolved.is_none() && raised.what.peer == *peer && raised.what.kind == kind
            });
            if open {
                return Ok(());
            }
            let evidence = evidence.clone();
            let alarm = Alarm { peer: peer.clone(), kind, evidence, at: self.agency.clock.now() };
            // Two conversations may show the same: the second finds the alarm of the first.
            let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
            let entry = Entry::new(EntryKind::AlarmRaised, self.agency.node_actor())
                .with_peer(peer)
                .with_detail("alarm", kind.words())
                .untyped_changing(Change::Alarm { alarm })
                .guarded(guard);
            match self.agency.log.append(entry).await {
                Err(AppendError::Moved(Moved::Registry)) => {}
                appended => {
                    tracing::error!(%peer, alarm = kind.words(), "alarm");
                    return appended.map(drop);
                }
            }
        }
    }
}
