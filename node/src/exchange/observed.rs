//! What a peer's frames show of its log: checked, compared with what it showed before, and kept in
//! the entry that the frame leads to. So its own signed words stand in this log.

use std::collections::BTreeMap;
use std::sync::Arc;

use audit_log::append::AppendError;
use audit_log::entries::exchange::SignedQuery;
use registry::Peer;
use schemas::alarm::AlarmKind;
use schemas::answer::Receipt;
use schemas::checkpoint::{CheckpointError, LARGEST_HEAD};
use schemas::entry::{EntryKind, Header};
use schemas::entry_proof::{EntryProof, EntryProofError};
use schemas::envelope::Envelope;
use schemas::frame::LARGEST_BESIDE;
use schemas::note::{NoteError, Vkey};
use schemas::standing::EntryAsked;
use schemas::time::CLOCK_AHEAD_MS;
use store::Debt;

use super::alarms::raise;
use crate::context::{NodeContext, ObservedCheckpoints};
use crate::permission::OwnAgency;

/// What stood beside a frame.
enum Observation {
    /// Nothing that proves anything, or not yet: the peer owes it.
    Nothing,
    /// A proven place in its log.
    Proven(EntryProof),
    /// Something that an honest log does not show.
    Contradiction(AlarmKind, Vec<String>),
}

/// Checks what stands beside peers' frames. Each check gives the proven place of the peer's own entry,
/// if the frame shows one. What an honest log does not show raises an alarm; the frame itself is
/// proven by its signature. Cheap to clone.
#[derive(Clone)]
pub(super) struct Observer {
    agency: OwnAgency,
    checkpoints: Arc<ObservedCheckpoints>,
}

impl Observer {
    /// An observer that remembers checkpoints in those of `context`.
    pub(super) fn of(context: &NodeContext) -> Self {
        Self { agency: context.agency.clone(), checkpoints: context.observed.clone() }
    }

    /// What stands beside a query: the requester's entry of having sent it.
    pub(super) async fn beside_query(
        &self,
        peer: &Peer,
        beside: &[u8],
        query: SignedQuery<'_>,
    ) -> Result<Option<EntryProof>, AppendError> {
        let envelope = Some(query.envelope.digest());
        let fits = |header: &Header| {
            header.kind == EntryKind::QuerySent
                && header.query == Some(query.query.id.digest())
                && header.peer.as_ref() == Some(&self.agency.id)
                && header.envelope == envelope
        };
        self.proven(peer, self.check(peer, beside, fits)).await
    }

    /// What stands beside a reply: the owner's entry of it. Beside that entry stand the query and
    /// the reply, but not again when a reply is delivered again: that says nothing of which reply it
    /// was, so the entry of the reply itself stays owed.
    pub(super) async fn beside_reply(
        &self,
        peer: &Peer,
        beside: &[u8],
        query: SignedQuery<'_>,
        reply: &Envelope,
    ) -> Result<Option<EntryProof>, AppendError> {
        let both = query.digest_with(reply);
        let fits = |header: &Header| {
            let replied = matches!(
                header.kind,
                EntryKind::QueryAnswered | EntryKind::QueryRefused | EntryKind::AnswerRedelivered
            );
            replied
                && header.query == Some(query.query.id.digest())
                && header.peer.as_ref() == Some(&self.agency.id)
                && header.envelope.is_none_or(|digest| digest == both)
        };
        let mut committed = false;
        let shown = self.check(peer, beside, |header| {
            committed = header.envelope.is_some();
            fits(header)
        });
        let proven = self.proven(peer, shown).await?;
        Ok(proven.filter(|_| committed))
    }

    /// What stands beside a receipt: the requester's entry of the answer, beside which the answer
    /// stands alone.
    pub(super) async fn beside_receipt(
        &self,
        peer: &Peer,
        beside: &[u8],
        receipt: &Receipt,
    ) -> Result<Option<EntryProof>, AppendError> {
        let fits = |header: &Header| {
            header.kind == EntryKind::AnswerReceived
                && header.query == Some(receipt.query_id.digest())
                && header.peer.as_ref() == Some(&self.agency.id)
                && header.envelope == Some(receipt.answer_digest)
        };
        self.proven(peer, self.check(peer, beside, fits)).await
    }

    /// What a peer shows of its log because it was asked for what it owes: each proof with the debts that
    /// it pays. What pays none is of no use, and no fault.
    pub(super) async fn paid(
        &self,
        peer: &Peer,
        proofs: Vec<EntryProof>,
        debts: &[Debt],
    ) -> Result<Vec<(EntryProof, Vec<Debt>)>, AppendError> {
        let mut left: BTreeMap<EntryAsked, Vec<Debt>> = BTreeMap::new();
        for debt in debts {
            left.entry(asked_of(debt)).or_default().push(debt.clone());
        }
        let mut paid = Vec::with_capacity(proofs.len());
        for proof in proofs {
            let mut pays = None;
            let exact = serde_json::to_vec(&proof).unwrap_or_default();
            // Larger than what may stand beside a message: no entry would have room for it.
            if exact.len() > LARGEST_BESIDE {
                continue;
            }
            let observation = self.check(peer, &exact, |header| {
                pays = left.keys().find(|asked| asked.is(header, &self.agency.id)).copied();
                true
            });
            let proven = self.proven(peer, observation).await?;
            let debts = pays.filter(|_| proven.is_some()).and_then(|asked| left.remove(&asked));
            paid.extend(proven.zip(debts));
        }
        Ok(paid)
    }

    async fn proven(
        &self,
        peer: &Peer,
        observation: Observation,
    ) -> Result<Option<EntryProof>, AppendError> {
        match observation {
            Observation::Nothing => Ok(None),
            Observation::Proven(entry_proof) => Ok(Some(entry_proof)),
            Observation::Contradiction(kind, evidence) => {
                raise(&self.agency, &peer.card.value.id, kind, evidence).await.map(|()| None)
            }
        }
    }

    /// Checks what stands beside a frame of `peer`; `fits` says whether the header is that of the
    /// entry which the frame must have.
    fn check(&self, peer: &Peer, beside: &[u8], fits: impl FnOnce(&Header) -> bool) -> Observation {
        let entry_proof = serde_json::from_slice::<EntryProof>(beside).ok();
        // Larger than any head that is signed for another node: as if nothing stood here.
        let entry_proof = entry_proof.filter(|proof| proof.checkpoint.len() <= LARGEST_HEAD);
        let Some(mut entry_proof) = entry_proof else { return Observation::Nothing };
        let exact = || vec![String::from_utf8_lossy(beside).into_owned()];
        let keys = peer.log_keys(self.agency.clock.now());
        let id = &peer.card.value.id;
        let head = self.checkpoints.verified(id, &entry_proof.checkpoint, &keys);
        let stands = head.and_then(|head| {
            let header = entry_proof.stands_under(head.unverified()).ok()?;
            Some((header, head))
        });
        match stands {
            Some((header, head)) => {
                if !fits(&header) {
                    return Observation::Contradiction(AlarmKind::Proof, exact());
                }
                // Whoever keeps it says that the entry it stands in was made later.
                let latest = self.agency.clock.now().plus_millis(CLOCK_AHEAD_MS);
                if header.at > latest {
                    let entry = header.index;
                    tracing::warn!(peer.id = %id, entry.index = entry, "a peer's entry is of a time to come and is not kept; one of the two clocks is wrong");
                    return Observation::Nothing;
                }
                entry_proof.checkpoint = head.to_string();
                match self.checkpoints.observe(id, &head) {
                    Some(forked) => Observation::Contradiction(
                        AlarmKind::Fork,
                        forked.iter().map(ToString::to_string).collect(),
                    ),
                    None => Observation::Proven(entry_proof),
                }
            }
            // The card that names the key comes by itself; until then this is as if nothing stood here.
            None if unknown_key(peer, &entry_proof) => Observation::Nothing,
            None => Observation::Contradiction(AlarmKind::Proof, exact()),
        }
    }
}

/// The entry that a debt is of.
pub(super) fn asked_of(debt: &Debt) -> EntryAsked {
    EntryAsked { query: debt.query_id.digest(), envelope: debt.envelope }
}

/// Whether no key of this peer's log that was ever known signed the head: it may be one that a card
/// names which has not come yet.
fn unknown_key(peer: &Peer, entry_proof: &EntryProof) -> bool {
    let untrusted = |key: &Vkey| {
        let said = entry_proof.verified(key).err();
        matches!(
            said,
            Some(EntryProofError::Checkpoint(CheckpointError::Note(NoteError::Untrusted)))
        )
    };
    peer.log_keys_ever().iter().all(untrusted)
}
